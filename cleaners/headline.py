"""Find where a linked headline ends when the text runs on without a line break.

After a marker (`Baca juga: `) flattened text holds a headline and then, with no stop between them, the story again.
In order of trust: a known title, a hard end (another marker, a byline, the paragraph's end), glue inside a word, and
the casing regime together with the words that open sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_HEADLINE_WORDS = 45  # the longest of 33,000 titles has 31; one more clause of margin
MIN_KNOWN_LETTERS = 12  # a shorter stored title ("Foto", "Profil BI") also starts sentences
PREFIX_LETTERS = 12

# Each begins with a letter of its own, so that the search skips from one possible start to the next.
HARD_ENDS = (
    *(rf"{verb}\s+[Jj]uga\b" for verb in ("Baca", "baca", "Lihat", "Simak", "Tonton")),
    *(rf"{verb}\s+JUGA\b" for verb in ("BACA", "LIHAT", "SIMAK")),
    *(rf"{role}\s?:" for role in ("Pewarta", "Penerjemah", "Translator", "Editor", "Penulis", "Reporter", "Uploader")),
    *(rf"{credit}\s?:" for credit in ("Sumber", "Foto", "FOTO", "Laporan", "Selanjutnya")),
    r"Baca\s[Ss]elengkapnya",
    r"Foto/",
    r"FOTO/",
    r"Copyright\s*(?:©|\(c\))",
    r"COPYRIGHT",
    r"©",
    r"\((?:[a-z]{2,5}(?:/[a-z]{2,5})*|\*+)\)(?=\W*(?:$|[A-Z]))",
    r"\([A-Z]{2,4}\)(?=\s*$)",
    r"Artikel\sini\s(?:telah|sudah)\s",
    r"Berita\sini\s(?:telah|sudah)\s",
    r"Cek\sBerita\sdan\sArtikel",
    r"Dilarang\skeras\smengambil",
    r"A\spost\sshared\sby",
    r"Tampilkan\sSemua",
    r"ADVERTISEMENT",
    r"SCROLL\sTO\s",
    r"Scroll\sto\s",
    r"\[Gambas:",
    r"https?://",
    r"www\.",
    *(rf"{agency}\b" for agency in ("SHUTTERSTOCK", "Shutterstock", "PIXABAY", "Pixabay", "FREEPIK", "UNSPLASH")),
    r"DOK\.\s",
    r"Dok\.\s",
)
HARD_END = re.compile("|".join(HARD_ENDS))
MAX_REGION_CHARS = 320  # 33 words of 9.7 characters
BRACKET = re.compile(r"[()]")
TOKEN = re.compile(r"\S+")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


GLUE = re.compile(
    r"""(?x) (?<= [a-z0-9à-ÿ] [a-zà-ÿ] ) (?= [A-Z] [a-z] ) | (?<= [a-z][a-z] ) (?= ["“‘] \w )
    | (?<= [A-Z]{2} ) (?= [A-Z] [a-z]{2} ) | (?<= \w [?!)”"] ) (?= ["“]?[A-Z][a-z] )
    | (?<= [0-9] ) (?= [A-Z][a-z]{2} )"""
)
STARTERS = _words(
    """
    adapun akan akibat akibatnya apalagi atas bahkan bahwa bagi begitu berdasarkan berikut bila dalam dari demikian
    dengan dia diketahui hal hingga ia ini itu jadi jika justru kala karena kata kedua kemudian kendati ketika
    ketiga keempat kondisi lalu lebih maka melalui mengutip menurut menurutnya mereka meski meskipun misalnya namun
    nantinya oleh pada padahal para pasalnya pertama pihaknya saat sebab sebelumnya sebuah sedangkan sehingga sejak
    sejauh sekedar selain selama selanjutnya sementara seperti sesuai setelah seusai tak tapi terkait terlebih
    tetapi tidak untuk usai walau yang
    """
)
FUNCTION_WORDS = _words(
    """
    agar akan akibat atas atau bagi bahwa bak bila bisa buat bukan dalam dan dari demi dengan di dr gara hingga ini
    itu jadi jika kala karena ke kepada lewat maka meski namun oleh pada per pun saat sambil sampai sebagai sejak
    seperti serta setelah soal tak tanpa tapi telah tentang terhadap tidak untuk usai vs yang
    """
)


@dataclass(frozen=True, slots=True)
class HeadlineEnd:
    """Where a linked headline ends (exclusive); `certain` is False where part of it may stand after `end`.

    `evidence` is one of `known-title`, `hard-end`, `model`, `part`.
    """

    end: int
    certain: bool
    evidence: str


class Known:
    """Look up stored headlines by how a text starts. Letters and digits count; case, quotes and spaces do not."""

    __slots__ = ("_by_prefix", "_count")

    def __init__(self, titles: Iterable[str] = ()) -> None:
        by_prefix: dict[str, set[str]] = {}
        for title in titles:
            folded = _fold(title)
            if len(folded) >= MIN_KNOWN_LETTERS:
                by_prefix.setdefault(folded[:PREFIX_LETTERS], set()).add(folded)
        self._by_prefix = {prefix: sorted(found, key=len, reverse=True) for prefix, found in by_prefix.items()}
        self._count = sum(map(len, self._by_prefix.values()))

    def __len__(self) -> int:
        return self._count

    def end_of(self, text: str, start: int) -> int | None:
        """Return where the longest known title that stands at `start` ends, or None."""
        window = text[start : start + 400]
        places = [i for i, letter in enumerate(window) if letter.isalnum()]
        folded = "".join(window[i].lower() for i in places)
        if len(folded) != len(places):  # a letter that lowers to two
            return None
        for title in self._by_prefix.get(folded[:PREFIX_LETTERS], ()):
            if folded.startswith(title):
                end = places[len(title) - 1] + 1
                following = window[end : end + 1]
                if following.isalnum() and not _is_glue(window, end):
                    continue
                return start + end + _closing(window[end:])
        return None


def _fold(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum())


def _is_glue(window: str, at: int) -> bool:
    return window[at].isupper() or window[at].isdigit() != window[at - 1].isdigit()


def _closing(rest: str) -> int:
    found = re.match(r"[?!…]*(?:[”’'\"](?=\W|$))?", rest)
    return found.end() if found else 0


def known_titles_in_a_row(text: str, start: int, known: Known) -> list[tuple[int, int]]:
    """Return the spans of known titles that follow one another from `start`, across spaces, dashes and bullets."""
    spans = []
    while (end := known.end_of(text, start)) is not None:
        spans.append((start, end))
        gap = re.compile(r"[ \u00a0\-–—•*]*").match(text, end)
        start = gap.end() if gap else end
    return spans


def find_end(text: str, start: int, *, title: str | None = None, known: Known | None = None) -> HeadlineEnd:
    """Say where the headline that begins at `start` ends; story is never taken for headline knowingly.

    `title` is the document's own headline: it shows whether the outlet writes Title Case. Where the end is unsure the
    part that is certainly headline is returned with `certain=False`.
    """
    if known is not None and (end := known.end_of(text, start)) is not None:
        return HeadlineEnd(end, True, "known-title")
    limit, hard = _region(text, start)
    best, sure = _heuristic_end(text, start, limit, hard, title)
    if best is None:
        return HeadlineEnd(start, False, "part")
    if sure:
        return HeadlineEnd(best, True, "hard-end" if best == limit else "model")
    return HeadlineEnd(_certain_part(text, start, best), False, "part")


def _region(text: str, start: int) -> tuple[int, bool]:
    """Where the headline ends at the latest, and whether something hard stands there."""
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    window_end = min(line_end, start + MAX_REGION_CHARS)
    found = HARD_END.search(text, start + 1, window_end)
    limit, hard = (found.start(), True) if found else (window_end, window_end == line_end)
    bracket = _open_bracket_closes(text, start, limit)
    if bracket is not None:
        limit, hard = bracket, True
    if found and bracket is None and found.group().startswith("Tampilkan"):  # its page numbers: `12345Tampilkan Semua`
        limit = start + len(text[start:limit].rstrip("0123456789 "))
    return _trimmed(text, start, limit), hard


def _open_bracket_closes(text: str, start: int, limit: int) -> int | None:
    """The first closing bracket that nothing behind `start` opened: the pointer itself stood in brackets."""
    depth = 0
    for found in BRACKET.finditer(text, start, limit):
        depth += 1 if found.group() == "(" else -1
        if depth < 0:
            return found.start()
    return None


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " \u00a0\u200b-–—•*([":
        end -= 1
    return end


def _candidates(text: str, start: int, limit: int) -> Iterator[int]:
    for word in TOKEN.finditer(text, start, limit):
        for glue in GLUE.finditer(text, word.start() + 1, word.end()):
            yield glue.start()
        yield word.end()


def _heuristic_end(text: str, start: int, limit: int, hard: bool, title: str | None) -> tuple[int | None, bool]:
    words = [(word.group(), word.start(), word.end()) for word in TOKEN.finditer(text, start, limit)]
    title_case = _is_title_case(title or text[start : start + 40])
    lower = 0
    for i, (word, begin, end) in enumerate(words):
        glued = [glue.start() for glue in GLUE.finditer(text, begin + 1, end)]
        if glued and i >= 3:
            return glued[0], True
        core = word.strip("\"“”'‘’()[],.:;?!")
        if i >= 3 and word[0] in '"“' and words[i - 1][0][-1] not in ":," and core[:1].isupper():
            return words[i - 1][2], True
        if i >= 4 and core[:1].isupper() and core.lower() in STARTERS and (not title_case or _story_follows(words, i)):
            return words[i - 1][2], True
        if title_case and core[:1].islower() and core.lower() not in FUNCTION_WORDS:
            lower += 1
            if lower == 2:
                return words[max(0, i - 4)][2], False
    if hard and len(words) <= 20 and lower == 0 and title_case:
        return limit, True
    return (words[min(len(words), 7) - 1][2] if words else None), False


def _story_follows(words: list[tuple[str, int, int]], i: int) -> bool:
    right = [word for word, _, _ in words[i + 1 : i + 6]]
    return sum(word[:1].islower() and word.strip(".,").lower() not in FUNCTION_WORDS for word in right) >= 2


def _is_title_case(title: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]{2,}", title) if word.lower() not in FUNCTION_WORDS]
    capitalised = sum(word[0].isupper() for word in map(str, words))
    return capitalised >= 0.75 * max(1, len(words))


def _certain_part(text: str, start: int, best: int) -> int:
    """The start of the headline up to four words before the best guess, but three words at least."""
    ends = [word.end() for word in TOKEN.finditer(text, start, best)]
    return ends[max(min(3, len(ends)), len(ends) - 4) - 1] if ends else start
