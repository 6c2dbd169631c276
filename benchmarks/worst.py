"""Does cleaning take time linear in the length of its input, whatever the input? Adversarial inputs against the clock.

usage: worst.py [--large BYTES] [--all] [--only WORD] [--json FILE]

Inputs are made from every rule of the shipped catalog (its phrases whole, its prefixes, its placeholders filled without
end, near misses; flat and on lines) and from what rules know nothing of (single signs, nested brackets and quotes, long
words, short lines, noise). Each is cleaned at an eighth of the length first; the slowest, and all whose time there grew
faster than their length, are then cleaned at a quarter and at the whole of --large (1 MB). Linear is a ratio of 4; over
6 fails. Times are of the processor, the better of two for the small ones. A line is one input.
"""

import argparse
import json
import random
import re
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from articles import ROOT

from cleaners.article import Document
from cleaners.catalog import Catalog, load_catalog
from cleaners.pipeline import clean

LARGE = 1_000_000
MAX_RATIO = 6.0  # of four times the length: linear is 4, quadratic 16
TIMEOUT_SECONDS = 120
SLOWEST = 40  # of the inputs whose growth looks linear while short, this many are tried at full length too
ANCHORS = ("is", "starts", "ends", "contains")
SEED = 20261121

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


@dataclass(frozen=True)
class Input:
    """A text of any length: what it is made of, and the outlet whose rules read it."""

    name: str
    unit: str
    outlet: str | None = None
    opening: str = ""
    closing: str = ""

    def text(self, length: int) -> str:
        body = length - len(self.opening) - len(self.closing)
        return self.opening + (self.unit * (body // len(self.unit) + 1))[:body] + self.closing


@dataclass
class Timed:
    """Processor seconds of one input at three lengths; None where it was not tried, infinite where it was stopped."""

    input: Input
    growth: float
    small: float | None = None
    large: float | None = None

    @property
    def ratio(self) -> float:
        if self.small is None or self.large is None:
            return 0.0
        return float("inf") if self.large == float("inf") else self.large / self.small


def main() -> None:
    asked = arguments()
    catalog = load_catalog()
    for text in (
        "Warga menyambut jembatan baru itu. " * 9,
        "People welcomed the new bridge on Monday. " * 9,
        "12.3 " * 99,
    ):
        clean(Document(text=text), catalog)  # what is loaded once is not to be timed
    tried = [one for one in (*of_rules(), *of_signs()) if not asked.only or asked.only in one.name]
    print(f"{len(tried):,} inputs", file=sys.stderr, flush=True)
    first = [(screen(one, catalog, asked.large // 8), one) for one in tried]
    ranked = sorted(first, key=lambda pair: -pair[0][1])
    suspects = [Timed(one, growth) for (growth, _), one in ranked if growth > MAX_RATIO / 2]
    steady = [Timed(one, growth) for (growth, _), one in ranked if growth <= MAX_RATIO / 2]
    chosen = suspects + (steady if asked.all else steady[:SLOWEST])
    print(
        f"{len(suspects):,} of them grow faster than their length; trying {len(chosen):,}", file=sys.stderr, flush=True
    )
    print(f"{'input':<64} {'1/4, s':>8} {'whole, s':>9} {'ratio':>6}")
    for one in chosen:
        one.small = seconds(one.input, catalog, asked.large // 4)
        one.large = seconds(one.input, catalog, asked.large)
        print(f"{one.input.name:<64.64} {one.small:>8.2f} {one.large:>9.2f} {one.ratio:>6.1f}", flush=True)
    wrong = [one for one in chosen if one.ratio > MAX_RATIO]
    slowest = max(chosen, key=lambda one: one.large or 0.0)
    print(f"slowest: {slowest.large:.2f} s for {asked.large:,} characters of {slowest.input.name}")
    print(f"over a ratio of {MAX_RATIO:g}: {len(wrong)} of {len(tried):,} inputs")
    if asked.json:
        asked.json.write_text(json.dumps(figures(tried, chosen, slowest, wrong), indent=1) + "\n", "utf-8")
    sys.exit(bool(wrong))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--large", type=int, default=LARGE, metavar="CHARACTERS")
    parser.add_argument("--all", action="store_true", help="try every input at full length: an hour")
    parser.add_argument("--only", metavar="WORD", help="only inputs whose name holds it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def figures(tried: list[Input], chosen: list[Timed], slowest: Timed, wrong: list[Timed]) -> dict[str, Any]:
    return {
        "inputs": len(tried),
        "tried_whole": len(chosen),
        "slowest": slowest.input.name,
        "slowest_s": round(slowest.large or 0.0, 3),
        "largest_ratio": round(max(one.ratio for one in chosen), 2),
        "over": {one.input.name: round(one.ratio, 1) for one in wrong},
    }


# -------------------------------------------------------------------------------------------------------- measuring


def screen(one: Input, catalog: Catalog, length: int) -> tuple[float, float]:
    """How many times longer `length` takes than half of it (linear: 2), and how long it takes."""
    half = min(seconds(one, catalog, length // 2) for _ in range(2))
    whole = seconds(one, catalog, length)
    if whole / half > MAX_RATIO / 2:  # once more: other programs disturb short times
        half, whole = min(half, seconds(one, catalog, length // 2)), min(whole, seconds(one, catalog, length))
    return whole / half, whole


def seconds(one: Input, catalog: Catalog, length: int) -> float:
    document = Document(text=one.text(length), outlet=one.outlet)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(TIMEOUT_SECONDS)
    began = time.process_time()
    try:
        clean(document, catalog)
    except TimeoutError:
        return float("inf")
    finally:
        signal.alarm(0)
    return time.process_time() - began


def _stop(*_: object) -> None:
    raise TimeoutError


# ----------------------------------------------------------------------------------------------------------- inputs


def of_rules() -> Iterator[Input]:
    """Inputs made from the phrases of each rule of each file."""
    for folder in ("rules", "outlets"):
        for file in sorted((ROOT / "cleaners" / folder).glob("*.toml")):
            outlet = file.stem if folder == "outlets" else None
            for rule in tomllib.loads(file.read_text("utf-8")).get("rules", []):
                phrases = next(rule[anchor] for anchor in ANCHORS if anchor in rule)
                yield from of_phrases(f"{file.stem}/{rule['name']}", phrases, outlet)


def of_phrases(name: str, phrases: list[str], outlet: str | None) -> Iterator[Input]:
    whole = [filled(phrase) for phrase in phrases]
    heads = [filled(re.split(r"(?<=.)\{", phrase, maxsplit=1)[0] or phrase) for phrase in phrases]
    near = [text[:-2] for text in whole if len(text) > 4] or whole
    yield Input(f"{name}: whole, on lines", "\n".join(whole) + "\n", outlet)
    yield Input(f"{name}: whole, flat", ". ".join(whole) + ". ", outlet)
    yield Input(f"{name}: whole, without a stop", " ".join(whole) + " ", outlet)
    yield Input(f"{name}: near misses, flat", "x ".join(near) + "x ", outlet)
    yield Input(f"{name}: near misses, on lines", "\n".join(near) + "\n", outlet)
    yield Input(f"{name}: prefixes, flat", " ".join(heads) + " ", outlet)
    for number, phrase in enumerate(phrases[:3]):
        for opening, filler in endless(phrase):
            yield Input(f"{name}: phrase {number + 1}, {filler!r} without end", filler, outlet, opening)


def filled(phrase: str) -> str:
    """A phrase as an article could hold it: of each choice the longest branch, of each placeholder its filler."""
    while found := re.search(r"\{([^{}]*)\}", phrase):
        inside = found[1]
        text = max(inside.split("|"), key=len) if "|" in inside else FILLERS.get(inside, ANY)
        phrase = phrase[: found.start()] + text + phrase[found.end() :]
    return phrase


def endless(phrase: str) -> Iterator[tuple[str, str]]:
    """Of each placeholder of a phrase: what stands before it, and its filler, to be repeated."""
    for found in re.finditer(r"\{(\w+)\}", phrase):
        before = phrase[: found.start()]
        if before.count("{") == before.count("}"):
            yield filled(before), FILLERS.get(found[1], ANY) or " "


def of_signs() -> Iterator[Input]:
    """Inputs that no rule is about: signs, brackets, quotes, long words, short lines, noise."""
    for sign in " \n\t\u00a0.,;:!?-–—|/*•#@&\"“”‘'()[]{}<>aA0éİ\u200b€ÃÂ":
        yield Input(f"sign {sign!r}", sign)
        yield Input(f"sign {sign!r} between words", f"kata{sign}")
        yield Input(f"sign {sign!r} between capitals", f"Kata{sign} ")
    pairs = {"brackets": "()", "square brackets": "[]", "quotes": "“”", "straight quotes": '""', "braces": "{}"}
    for name, (opening, closing) in pairs.items():
        yield Input(f"{name} opened", f"{opening}kata ")
        yield Input(f"{name} closed", f"kata{closing} ")
        yield Input(f"{name} nested, then closed", f"{opening}a", closing=f"{closing}" * 1000)
    units = {
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
    }
    for name, unit in units.items():
        yield Input(name, unit)
        yield Input(f"{name}, glued", unit.strip())
    chance = random.Random(SEED)
    words = ["".join(chance.choices("abcdefgh", k=chance.randint(1, 9))) for _ in range(20_000)]
    yield Input("noise of words", " ".join(words) + " ")
    yield Input("noise of lines", "\n".join(" ".join(words[i : i + 9]).capitalize() + "." for i in range(0, 20_000, 9)))
    yield Input("noise of letters", "".join(chance.choices("abc .,\n()\"'-:A1", k=100_003)))
    yield Input("one long word", "".join(chance.choices("abcdefgh", k=100_003)))
    passage = " ".join(words[:40]).capitalize() + ". "
    yield Input("one passage again and again", passage)
    yield Input("two passages in turns", passage + " ".join(words[40:90]).capitalize() + ". ")


if __name__ == "__main__":
    main()
