"""Inputs that a slow pattern would choke on: texts of any length, made of rules, of signs, of pages, of fields."""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from articles import ROOT

from cleaners.article import Document

ANCHORS = ("is", "starts", "ends", "contains")
SEED = 20261121
SHUFFLES = 2  # of the pieces of each rule, with signs between them
MIXTURES = 120  # of pieces of all shared rules
MIXED_PIECES = 60
JOINTS = (" ", "", "\n", ", ", ". ", ": ", " (", ") ", " - ", "|", "/", '"')

# What each placeholder is filled with, and what keeps its pattern busy without end.
FILLERS = {
    "place": "Kota Baru",
    "upper": "KOTA BARU",
    "city": "Jakarta",
    "brand": "Kabar Kita",
    "site": "kabar.contoh.co.id",
    "outlet": "kabar kita",
    "name": "Budi van der Santoso",
    "names": "Budi Santoso, Ani Wati dan ",
    "authors": "budi santoso & ani ",
    "editors": "budi santoso, ani ",
    "translators": "budi santoso / ani ",
    "date": "Senin, 12 Januari 2024 | 12:30 ",
    "moment": "Senin, 12 Januari 2024 pukul 12.30 WIB ",
    "signature": "BUDI SANTOSO | ",
    "initials": "abc/de-f",
    "codes": "abc/def|",
    "number": "1.234,",
    "url": "https://a.b/c?d=",
    "code": "var a = (b); ",
    "dash": " -- ",
    "tight": "-",
    "capital": "",
}
ANY = "kata demi kata "

SIGNS = " \n\t\u00a0.,;:!?-–—|/*•#@&\"“”‘'()[]{}<>aA0éİ\u200b€ÃÂ"
PAIRS = {"brackets": "()", "square brackets": "[]", "quotes": "“”", "straight quotes": '""', "braces": "{}"}
UNITS = {
    "short lines": "ab\n",
    "short lines of capitals": "Ab Cd\n",
    "labels": "Kata: kata\n",
    "sentences": "Dia pergi ke pasar. ",
    "glued sentences": "Dia pergi.Lalu pulang.",
    "words without a stop": "kata demi kata ",
    "title case": "Kata Demi Kata ",
    "capitals": "KATA DEMI KATA ",
    "initials": "(ab/cd) ",
    "markers": "Baca juga: ",
    "markers on lines": "Baca juga:\n",
    "markers with headlines": "Baca juga: Warga Kota Baru Menyambut Jembatan Baru\n",
    "markers in flat text": "Baca juga: Warga Kota Baru Menyambut Jembatan Baru Warga pulang ke rumah. ",
    "markers in brackets": "(Baca juga: Warga Kota Baru ",
    "datelines": "KOTA BARU, KABAR KITA - ",
    "entities": "&amp;amp;",
    "mojibake": "â€œkataâ€ ",
    "mac roman": "‚Äúkata‚Äù ",
    "comma joints": "Dia pergi.,Lalu pulang.,",
    "doubled captions": "Foto: warga di pasar kota baru Foto: warga di pasar kota baru ",
    "code": "function(){var a=1;}\n",
    "addresses": "https://www.contoh.example/a/b?c=d ",
    "dates": "12/01/2024 12:30 WIB\n",
    "numbers": "1.234,5 ",
    "tags": "Tags: #satu #dua #tiga\n",
    "credits": "(Foto: Budi/Kabar)\n",
    "stops of tails": "*** --- ... ",
    "sentences broken at every word": "kata demi kata demi kata demi kata\nkata\n",
    "sentences broken at commas": "kata demi kata demi kata demi kata,\n, kata\n",
    "bullets alone on their lines": "-\nkata demi kata\n",
    "paragraphs joined by blanks": "Dia pergi.   Lalu pulang.   ",
    "words that alternate": "satu dua satu tiga ",
    "eight words in two orders": "satu dua tiga empat lima enam tujuh dua satu tiga empat lima enam delapan tujuh ",
    "combining marks": "e\u0301\u0323\u0301",
    "sources in brackets": "Sumber: kata demi kata (Penulis",
    "names without end": "Budi Santoso, Ani Wati, ",
    "labels in a row": "Editor: Penulis: Reporter: ",
    "labelled names in a row": "Editor: Budi Santoso Penulis: Ani Wati ",
    "photo credits in a row": "Foto: Budi/Kabar (Ani) ",
}
PAGES = {
    "paragraphs": "<p>Dia pergi ke pasar pada hari Senin.</p>",
    "divisions opened": "<div>kata ",
    "spans opened": "<span>kata ",
    "links": "<p><a href='/a/b'>Warga Kota Baru Menyambut Jembatan Baru</a></p>",
    "links opened": "<a href='/a/b'>kata ",
    "pointer boxes": "<div class='baca-juga'><a href='/a'>Warga Menyambut Jembatan</a></div><p>Dia pergi ke pasar.</p>",
    "pointers in paragraphs": "<p><strong>Baca juga: <a href='/a'>Warga Menyambut Jembatan</a></strong></p>",
    "pictures": "<figure><img src='a.jpg'><figcaption>Warga (Foto: Budi/Kabar)</figcaption></figure>",
    "tables": "<table><tr><td>kata</td><td>1</td></tr></table>",
    "rows opened": "<tr><td>kata",
    "lists": "<ul><li><a href='/a'>kata demi kata</a></li></ul>",
    "breaks": "kata demi kata<br>",
    "linked data": '<script type="application/ld+json">{"@type":"NewsArticle","author":{"name":"Budi"}}</script>',
    "metas": "<meta property='article:tag' content='kata'>",
    "bylines": "<div class='author'>Penulis: Budi Santoso | Editor: Ani Wati</div>",
    "times": "<time datetime='2024-01-12'>Senin, 12 Januari 2024 12:30 WIB</time>",
    "entities": "&lt;p&gt;&amp;amp;",
    "comments": "<!-- kata --><p>kata</p>",
    "comments opened": "<!-- kata ",
    "tags without an end": "<p class='a' ",
    "less-than signs": "<",
    "headings": "<h1>Warga Menyambut Jembatan</h1><h2>Kata</h2>",
    "lines of pre": "<pre>kata\nkata\n</pre>",
    "scripts": "<script>var a = 1;</script>",
}


@dataclass(frozen=True)
class Input:
    """A document of any length: what a part of it is made of, and the outlet whose rules read it."""

    name: str
    unit: str
    outlet: str | None = None
    opening: str = ""
    closing: str = ""
    part: str = "text"

    def text(self, length: int) -> str:
        """Repeat the unit up to a length in characters."""
        body = length - len(self.opening) - len(self.closing)
        return self.opening + (self.unit * (body // len(self.unit) + 1))[:body] + self.closing

    def document(self, length: int) -> Document:
        """Make the document: a text, a page, or a short text with one long field."""
        made = self.text(length)
        if self.part == "text":
            return Document(text=made, outlet=self.outlet)
        if self.part == "html":
            return Document(html=f"<html><head><title>Warga</title></head><body>{made}", outlet=self.outlet)
        story = {"text": "Warga menyambut jembatan baru itu pada Senin pagi. " * 5}
        value = (made,) if self.part in ("authors", "editors", "keywords") else made
        return Document(**(story | {self.part: value}))  # type: ignore[arg-type]


def all_inputs() -> Iterator[Input]:
    """Every input: made of rules, of mixtures of them, of signs, of pages, of fields."""
    yield from of_rules()
    yield from of_mixtures()
    yield from of_signs()
    yield from of_noise()
    yield Input("removals side by side, story around", "ADVERTISEMENT\n", None, "Ia pulang.\n", "\nIa pergi.")
    for name, unit in PAGES.items():
        yield Input(f"page: {name}", unit, part="html")
    for part in ("title", "url", "date", "authors", "keywords", "description"):
        for name, unit in {
            "words": "Kata Demi Kata ",
            "path": "https://a.b/c/?d=e&",
            "digits": "12/01/2024 12:30 ",
        }.items():
            yield Input(f"field {part}: {name}", unit, part=part)


def of_rules() -> Iterator[Input]:
    """Inputs made from the phrases of each rule of each file."""
    for stem, outlet, rule in _rules():
        yield from of_phrases(f"{stem}/{rule['name']}", phrases_of(rule), outlet)


def of_mixtures() -> Iterator[Input]:
    """Pieces of all shared rules in any order: what no phrase says, but a mixture of several may half say."""
    chance = random.Random(SEED)
    pieces = sorted({piece for _, outlet, rule in _rules() if not outlet for p in phrases_of(rule) for piece in cut(p)})
    for number in range(MIXTURES):
        yield Input(f"mixture {number}", shuffled(pieces, MIXED_PIECES, chance))


def of_phrases(name: str, phrases: list[str], outlet: str | None) -> Iterator[Input]:
    """Inputs made from the phrases of one rule."""
    whole = [filled(phrase) for phrase in phrases]
    heads = [filled(re.split(r"(?<=.)\{", phrase, maxsplit=1)[0] or phrase) for phrase in phrases]
    near = [text[:-2] for text in whole if len(text) > 4] or whole
    yield Input(f"{name}: whole, on lines", "\n".join(whole) + "\n", outlet)
    yield Input(f"{name}: whole, flat", ". ".join(whole) + ". ", outlet)
    yield Input(f"{name}: whole, without a stop", " ".join(whole) + " ", outlet)
    yield Input(f"{name}: near misses, flat", "x ".join(near) + "x ", outlet)
    yield Input(f"{name}: near misses, on lines", "\n".join(near) + "\n", outlet)
    yield Input(f"{name}: prefixes, flat", " ".join(heads) + " ", outlet)
    yield Input(f"{name}: prefixes, glued", "".join(heads), outlet)
    for number, phrase in enumerate(phrases[:3]):
        for opening, filler in endless(phrase):
            yield Input(f"{name}: phrase {number + 1}, {filler!r} without end", filler, outlet, opening)
            yield Input(f"{name}: phrase {number + 1} up to {filler!r} again and again", f"{opening}{filler}", outlet)
    chance = random.Random(name)
    for number in range(SHUFFLES):
        pieces = sorted({piece for phrase in phrases for piece in cut(phrase)})
        yield Input(f"{name}: pieces {number}", shuffled(pieces, 3 * len(pieces), chance), outlet)


def filled(phrase: str) -> str:
    """A phrase as an article could hold it: of each choice the longest branch, of each placeholder its filler."""
    while found := re.search(r"\{([^{}]*)\}", phrase):
        inside = found[1]
        text = max(inside.split("|"), key=len) if "|" in inside else FILLERS.get(inside, ANY)
        phrase = phrase[: found.start()] + text + phrase[found.end() :]
    return phrase


def cut(phrase: str) -> list[str]:
    """The literals and filled placeholders of a phrase, those of its choices too."""
    pieces = re.split(r"[{}|]", re.sub(r"\{(\w[\w-]*)\}", lambda found: "|" + FILLERS.get(found[1], ANY) + "|", phrase))
    return [piece for piece in pieces if piece.strip()]


def endless(phrase: str) -> Iterator[tuple[str, str]]:
    """Of each placeholder of a phrase: what stands before it, and its filler, to be repeated."""
    for found in re.finditer(r"\{(\w[\w-]*)\}", phrase):
        before = phrase[: found.start()]
        if before.count("{") == before.count("}"):
            yield filled(before), FILLERS.get(found[1], ANY) or " "


def of_signs() -> Iterator[Input]:
    """Inputs that no rule is about: signs, brackets, quotes, short lines."""
    for sign in SIGNS:
        yield Input(f"sign {sign!r}", sign)
        yield Input(f"sign {sign!r} between words", f"kata{sign}")
        yield Input(f"sign {sign!r} between capitals", f"Kata{sign} ")
    for name, (opening, closing) in PAIRS.items():
        yield Input(f"{name} opened", f"{opening}kata ")
        yield Input(f"{name} closed", f"kata{closing} ")
        yield Input(f"{name} nested, then closed", f"{opening}a", closing=f"{closing}" * 1000)
    for name, unit in UNITS.items():
        yield Input(name, unit)
        yield Input(f"{name}, glued", unit.strip())


def of_noise() -> Iterator[Input]:
    """Words, lines and letters by chance."""
    chance = random.Random(SEED)
    words = ["".join(chance.choices("abcdefgh", k=chance.randint(1, 9))) for _ in range(20_000)]
    yield Input("noise of words", " ".join(words) + " ")
    yield Input("noise of lines", "\n".join(" ".join(words[i : i + 9]).capitalize() + "." for i in range(0, 20_000, 9)))
    yield Input("noise of letters", "".join(chance.choices("abc .,\n()\"'-:A1", k=100_003)))
    yield Input("noise of two words", " ".join(chance.choices(["satu", "dua"], k=20_000)) + " ")
    yield Input("one long word", "".join(chance.choices("abcdefgh", k=100_003)))
    passage = " ".join(words[:40]).capitalize() + ". "
    yield Input("one passage again and again", passage)
    yield Input("two passages in turns", passage + " ".join(words[40:90]).capitalize() + ". ")


def shuffled(pieces: list[str], count: int, chance: random.Random) -> str:
    """Pieces in any order, with any sign between them."""
    return "".join(chance.choice(pieces) + chance.choice(JOINTS) for _ in range(count))


def phrases_of(rule: dict[str, list[str]]) -> list[str]:
    """The phrases of a rule of a file."""
    return next(rule[anchor] for anchor in ANCHORS if anchor in rule)


def _rules() -> Iterator[tuple[str, str | None, dict[str, list[str]]]]:
    """Every rule of every file: the file's stem, its outlet, the rule as written."""
    for folder in ("rules", "outlets"):
        for file in sorted((ROOT / "cleaners" / folder).glob("*.toml")):
            for rule in tomllib.loads(file.read_text("utf-8")).get("rules", []):
                yield file.stem, file.stem if folder == "outlets" else None, rule
