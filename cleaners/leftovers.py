"""Count cleaned texts that still look like holding furniture: the figure `residue` of a run, by source.

No rule is asked, so that a rule that no longer fits cannot hide what it misses. Two signs, one enough: the vocabulary
of furniture where furniture stands (a pointer's marker anywhere, a label or dateline at the start, a label, an
invitation or a sign-off at the end), and first or last words that come again in other texts of the same source.
Known misses: furniture in wordings never seen that no other text shares. Known false alarms: stories that announce
what follows (`Simak penjelasannya.`), formulae of robot stories. So its level tells little, its rise much.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

EDGE_CHARACTERS = 200  # at either end; six words fit
EDGE_WORDS = 6  # five are formulae of reporters ("kata dia kepada wartawan di Jakarta")
LEAST_ALIKE = 3  # texts with the same edge
LEAST_SHARE = 0.01  # of the source's texts
LAST_SENTENCE_WORDS = 40

_ROLE = (
    r"(?:editor|penulis|reporter|pewarta|redaktur|penyunting|kontributor|penerjemah|sumber|source|foto|tags?|topik"
    r"|laporan|oleh|by)"
)
_DAY = r"(?:senin|selasa|rabu|kamis|jum.?at|sabtu|minggu)"
_MARKERS = ("Baca Juga", "BACA JUGA", "ADVERTISEMENT", "[Gambas:", "SCROLL TO", "Scroll to", "Copyright ©")
_POINTER_CHARACTERS = 50  # before its colon
_POINTER = re.compile(
    r"\b(?:baca|simak|lihat|tonton|cek|saksikan) (?:juga|pula|selengkapnya|artikel|berita)\b[^\n.!?:]{0,25}\Z"
)
_FIRST = re.compile(
    rf"\W{{0,3}}(?:{_ROLE} ?[:|]|laporan (?:wartawan|reporter|kontributor|jurnalis)\b"
    rf"|(?:[\w-]{{1,20}} ){{0,3}}(?:[\w-]{{2,30}}\.){{1,3}}(?:com|id|tv|net|news)\b ?(?:[,|/(:–—-]|(?-i:[A-Z]))"
    rf"|{_DAY},? \d{{1,2}}[ /-]\w{{1,9}}[ /-]20\d\d ?(?:[|,–—-]|\d\d[:.]\d\d|pukul|wib)"
    r"|(?-i:[A-Z][A-Z /.,]{2,40}(?:\([^)\n]{1,30}\) ?)?(?:[,.]? [-–—]+|[-–—]{1,3}(?= )) ?[A-Z0-9\"“]))",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"\W{{0,3}}(?:{_ROLE} ?[:|]"
    r"|(?:yuk,? |ayo,? |silakan |mari |jangan lupa |anda (?:juga )?(?:bisa|dapat) )?"
    r"(?:ikuti|follow|dapatkan|baca|simak|tonton|saksikan|unduh|download|klik|subscribe|bergabung|berlangganan)\b"
    r"|(?:artikel|berita|tulisan|konten) (?:ini|asli|lain|terkait|menarik|selengkapnya)\b|halaman \d"
    r"|update (?:berita|informasi)|jangan (?:lewatkan|ketinggalan)|dilarang|hak cipta|copyright|terpopuler)",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"(?:[(\[][a-z]{2,5}(?:[/\-.]\w{2,6}){0,3}[)\]]|[*#]{1,9}|[-–—]{2,9}"
    r"|(?i:whatsapp channel|saluran whatsapp|google news)[^\n.]{0,30})\W{0,3}\Z"
)
_STOP = re.compile(r"(?<=[.!?…”\"]) |\n")
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")


def residue(texts: Iterable[str]) -> int:
    """Count the texts that look like holding furniture; all of one source, cleaned."""
    signed = [(looks_furnished(text), _edges(text)) for text in texts]
    seen = Counter(edge for _, edges in signed for edge in edges)
    least = max(LEAST_ALIKE, LEAST_SHARE * len(signed))
    return sum(furnished or any(seen[edge] >= least for edge in edges) for furnished, edges in signed)


def looks_furnished(text: str) -> bool:
    """Say whether furniture's vocabulary stands in a text where furniture does."""
    if any(marker in text for marker in _MARKERS) or any(_POINTER.search(before) for before in _before_colons(text)):
        return True
    end = text[-2 * EDGE_CHARACTERS :]
    last = _STOP.split(end)[-1]
    ends = len(last.split()) <= LAST_SENTENCE_WORDS and _LAST.match(last)
    return bool(ends or _FIRST.match(text) or _SIGN_OFF.search(end))


def _before_colons(text: str) -> Iterator[str]:
    """What stands before each colon, in lower case."""
    at = text.find(":")
    while at >= 0:
        yield text[max(0, at - _POINTER_CHARACTERS) : at].lower()
        at = text.find(":", at + 1)


def _edges(text: str) -> set[tuple[str, ...]]:
    """The first and the last words, where they are six and hold no number: tables and robot stories are alike."""
    first = _words(text[:EDGE_CHARACTERS])[:EDGE_WORDS]
    last = _words(text[-EDGE_CHARACTERS:])[-EDGE_WORDS:]
    return {
        (end, *words)
        for end, words in (("first", first), ("last", last))
        if len(words) == EDGE_WORDS and not _DIGIT.search("".join(words))
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
