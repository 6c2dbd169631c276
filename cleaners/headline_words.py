"""The words of a region of text, and what ordinary text says about them.

A word is what stands between spaces; where a scraper glued two (`AsiaMenurut`) it is cut at the seam, unless the
vocabulary has it whole (`MotoGP`). Every word becomes a row of numbers: flags of how it is written, and statistics.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

MAX_HEADLINE_WORDS = 24  # 9 of 33,000 titles are longer
CONTEXT_WORDS = 9  # words right of the last place that are looked at
MAX_REGION_WORDS = MAX_HEADLINE_WORDS + CONTEXT_WORDS
MAX_REMEMBERED_WORDS = 20_000  # 6 MB; most words of a text come again in the next
SCALE = 16.0  # statistics are stored as int8 sixteenths of a natural logarithm

N_STATS = 9
START, NAME, TITLE_END, TITLE_START, HEADLINE, SENTENCE_END, COUNT, BEFORE_NAME, SECOND = range(N_STATS)
N_FLAGS = 14
CAPITAL, ACRONYM, LOWER, DIGIT, OPENS, CLOSES, COMMA = range(7)
COLON, ASKS, STOP, CONTENT, VERB, BRACKET, UNKNOWN = range(7, N_FLAGS)
N_NUMBERS = N_FLAGS + N_STATS
N_WINDOW = 15


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Lower case inside a Title Case headline: no evidence against it.
FUNCTION_WORDS = _words(
    """
    a agar akan akibat al and antar atas atau bagi bahwa bak bila bisa buat bukan dalam dan dari de demi dengan di dr
    for gara guna hingga in ini itu jadi jelang jika juga kala karena ke kepada lagi lewat maka meski namun of oleh on
    pada para per pun saat sambil sampai sebagai sejak selain selama seperti serta setelah si soal tak tanpa tapi telah
    tentang terhadap the tidak to untuk usai vs yang
    """
)
EDGES = "\"“”'‘’()[]{},.:;?!…-–—•*\u200b"
_TOKEN = re.compile(r"\S+")
_SEAM = re.compile(
    r"""(?x) (?<= [A-Za-z0-9à-ÿ][a-zà-ÿ] ) (?= [A-Z][A-Za-z] ) | (?<= [0-9] ) (?= [A-Z][a-z] )
    | (?<= [A-Z]{2} ) (?= [A-Z][a-z] ) | (?<= ^[A-Z] ) (?= [A-Z][a-z]{3} )
    | (?<= \w ) (?= ["“]\w ) | (?<= \w ) (?= ‘[A-Z] )
    | (?<= \w[?!.,…)”"’'] ) (?= ["“‘(]?[A-Z][A-Za-z] ) | (?<= [.]{3} ) (?= ["“]?[A-Z] )
    | (?<= \w[?!)”’'] ) (?= ["“] \w )"""
)
_VERB = re.compile(r"(?:me[mnlry]|di|ber|ter|mem)[a-z]{3,}")


class Vocabulary:
    """What ordinary text says about words. Row 0 of `stats` stands for every unknown word.

    `pairs` maps `first * 65536 + second` (rows of two neighbours) to a row of `pair_stats`: how much more often than
    by chance they stand together, and how much more often at the start of a sentence than inside.
    """

    __slots__ = ("_seen", "_table", "lock", "pair_stats", "pairs", "rows", "stats")

    def __init__(self, rows: Mapping[str, int], stats: Matrix, pairs: Mapping[int, int], pair_stats: Matrix) -> None:
        self.rows, self.stats, self.pairs, self.pair_stats = rows, stats, pairs, pair_stats
        self.lock = threading.Lock()  # hold it from `split` to `numbers`
        self._seen: dict[str, Word] = {}
        self._table = np.zeros((MAX_REMEMBERED_WORDS, N_NUMBERS + N_WINDOW), np.float32)

    def describe(self, text: str) -> Word:
        """Return what is known of a word as it is written; remembered, since most words come again."""
        word = self._seen.get(text)
        return self._learn(text) if word is None else word

    def numbers(self, words: Sequence[Word]) -> Matrix:
        """Return flags, statistics and what is summed over windows, of words just described, one row each."""
        return self._table[[word.slot for word in words]]

    def forget(self) -> None:
        """Start remembering anew where one more headline might not fit; call between two headlines only."""
        if len(self._seen) > MAX_REMEMBERED_WORDS - 4 * MAX_REGION_WORDS:
            self._seen.clear()

    def _learn(self, text: str) -> Word:
        core = text.strip(EDGES).lower()
        row, slot = self.rows.get(core, 0), len(self._seen)
        seams = () if row or text.islower() else tuple(seam.start() for seam in _SEAM.finditer(text))
        self._table[slot, :N_FLAGS] = _flags(text, core, row)
        self._table[slot, N_FLAGS:N_NUMBERS] = self.stats[row]
        self._table[slot, N_NUMBERS:] = _summed(self._table[slot])
        word = self._seen[text] = Word(core, row, slot, core in FUNCTION_WORDS, text[0].islower(), seams)
        return word


class Word(NamedTuple):
    """What is known of a word as it is written."""

    core: str  # without punctuation and case
    row: int  # of the vocabulary's statistics
    slot: int  # of the numbers remembered
    function: bool
    lower: bool
    seams: tuple[int, ...]  # where a scraper may have glued two words


class Run(NamedTuple):
    """The words of a region, and for each where it begins and ends and whether no space stands before it."""

    words: list[Word]
    begins: list[int]
    ends: list[int]
    glued: list[bool]


def split(text: str, start: int, limit: int, vocabulary: Vocabulary) -> Run:
    """Cut `text[start:limit]` into words, at most `MAX_REGION_WORDS` of them (one glued word may add a few)."""
    vocabulary.forget()
    describe = vocabulary.describe
    run = Run([], [], [], [])
    words, begins, ends, glued = run
    for token in _TOKEN.finditer(text, start, limit):
        begin, end = token.span()
        whole = token.group()
        word = describe(whole)
        cuts = (0, *word.seams, end - begin) if word.seams else ()
        for left, right in pairwise(cuts):
            words.append(describe(whole[left:right]))
            begins.append(begin + left)
            ends.append(begin + right)
            glued.append(left > 0)
        if not cuts:
            words.append(word)
            begins.append(begin)
            ends.append(end)
            glued.append(False)
        if len(words) >= MAX_REGION_WORDS:
            break
    return run


def _flags(text: str, core: str, row: int) -> tuple[bool, ...]:
    inner = text.lstrip(EDGES)
    first, last = text[0], text[-1]
    upper = inner[:1].isupper()
    lower = inner[:1].islower()
    content = core not in FUNCTION_WORDS and bool(core)
    acronym = upper and len(core) > 1 and inner[1:2].isupper()
    return (
        upper and not acronym,
        acronym,
        lower,
        inner[:1].isdigit(),
        first in "\"“‘'",
        last in "\"”’'" or text[-2:] in ('",', "”,", '".', "”."),
        last == ",",
        last in ":;",
        last in "?!",
        last == "." and not acronym,
        content,
        lower and _VERB.match(core) is not None,
        first in "([" or last in ")]",
        row == 0,
    )


def _summed(word: Matrix) -> list[np.float32]:
    """What is worth adding up over many words, from the numbers of one."""
    lower = word[LOWER] * word[CONTENT]
    upper = (word[CAPITAL] + word[ACRONYM]) * word[CONTENT]
    headline, name = word[N_FLAGS + HEADLINE], word[N_FLAGS + NAME]
    marks = [word[flag] for flag in (OPENS, CLOSES, COMMA, COLON, ASKS, STOP, VERB, DIGIT, UNKNOWN)]
    return [lower, upper, *marks, headline, headline * lower, name * lower, name * upper]
