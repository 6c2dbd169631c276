"""Describe every place where a linked headline might end, as numbers for the model in `headline.py`.

A place is the end of a word before something that can open a sentence, or a seam inside a word that a scraper glued
(`AsiaMenurut`). The numbers say how the words left of it look as a headline, how those right of it look as a
sentence, whether the two neighbours belong together, and what the rest of the article knows about them. Training and
cleaning call the same functions, so the model never sees other numbers than it was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

MAX_HEADLINE_WORDS = 24  # 9 of 33,000 titles are longer
CONTEXT_WORDS = 9  # words right of the last place that are looked at
NEIGHBOURHOOD_CHARS = 4_000  # of the article on each side; more would make many pointers in a long text quadratic
MAX_REGION_WORDS = MAX_HEADLINE_WORDS + CONTEXT_WORDS
MAX_REMEMBERED_WORDS = 20_000  # 6 MB; most words of a text come again in the next
SCALE = 16.0  # statistics are stored as int8 sixteenths of a natural logarithm

N_STATS = 9
START, NAME, TITLE_END, TITLE_START, HEADLINE, SENTENCE_END, COUNT, BEFORE_NAME, SECOND = range(N_STATS)
N_FLAGS = 14
CAPITAL, ACRONYM, LOWER, DIGIT, OPENS, CLOSES, COMMA = range(7)
COLON, ASKS, STOP, CONTENT, VERB, BRACKET, UNKNOWN = range(7, N_FLAGS)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Lower case inside a Title Case headline: no evidence against it.
FUNCTION_WORDS = _words(
    """
    a agar akan akibat al and antar atas atau bagi bahwa bak bila bisa buat bukan dalam dan dari de demi dengan di dr
    for gara guna hingga in ini itu jadi jelang jika juga kala karena ke kepada lagi lewat maka meski namun of oleh on
    pada
    para per pun saat sambil sampai sebagai sejak selain selama seperti serta setelah si soal tak tanpa tapi telah
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

    __slots__ = ("_seen", "_table", "pair_stats", "pairs", "rows", "stats")

    def __init__(self, rows: Mapping[str, int], stats: Matrix, pairs: Mapping[int, int], pair_stats: Matrix) -> None:
        self.rows, self.stats, self.pairs, self.pair_stats = rows, stats, pairs, pair_stats
        self._seen: dict[str, _Word] = {}
        self._table = np.zeros((MAX_REMEMBERED_WORDS, N_FLAGS + N_STATS), np.float32)

    def describe(self, text: str) -> _Word:
        """Return what is known of a word as it is written; remembered, since most words come again."""
        word = self._seen.get(text)
        return self._learn(text) if word is None else word

    def numbers(self, words: Sequence[_Word]) -> Matrix:
        """Return flags and statistics of words just described, one row each."""
        return self._table[[word.slot for word in words]]

    def forget(self) -> None:
        """Start remembering anew where one more headline might not fit; call between two headlines only."""
        if len(self._seen) > MAX_REMEMBERED_WORDS - 4 * MAX_REGION_WORDS:
            self._seen.clear()

    def _learn(self, text: str) -> _Word:
        core = text.strip(EDGES).lower()
        row, slot = self.rows.get(core, 0), len(self._seen)
        seams = () if row or text.islower() else tuple(seam.start() for seam in _SEAM.finditer(text))
        self._table[slot, :N_FLAGS] = _flags(text, core, row)
        self._table[slot, N_FLAGS:] = self.stats[row]
        word = self._seen[text] = _Word(core, row, slot, core in FUNCTION_WORDS, text[0].islower(), seams)
        return word


class _Word(NamedTuple):
    core: str  # without punctuation and case
    row: int  # of the vocabulary's statistics
    slot: int  # of the numbers remembered
    function: bool
    lower: bool
    seams: tuple[int, ...]  # where a scraper may have glued two words


class _Run(NamedTuple):
    """The words of a region, and for each where it begins and ends and whether no space stands before it."""

    words: list[_Word]
    begins: list[int]
    ends: list[int]
    glued: list[bool]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the headline might end (offsets into the text, ascending), each with its row of numbers."""

    ends: tuple[int, ...]
    features: Matrix


def places(text: str, start: int, limit: int, hard: bool, title: str | None, vocabulary: Vocabulary) -> Places:
    """List the places in `text[start:limit]`; `hard` says that something at `limit` ends the headline in any case."""
    run = _split(text, start, limit, vocabulary)
    words, n = run.words, len(run.words)
    if not n:
        return Places((start,), np.zeros((1, N_FEATURES), np.float32))
    at = [
        i
        for i in range(1, min(n, MAX_HEADLINE_WORDS + 1))
        if (run.glued[i] or not words[i].lower) and words[i - 1].core
    ]
    at.insert(0, 0)
    if hard and n <= MAX_HEADLINE_WORDS:
        at.append(n)
    ends = (start, *(run.ends[i - 1] for i in at[1:]))
    return Places(ends, _features(text, run, at, hard, title, vocabulary))


def _split(text: str, start: int, limit: int, vocabulary: Vocabulary) -> _Run:
    vocabulary.forget()
    describe = vocabulary.describe
    run = _Run([], [], [], [])
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


def _features(
    text: str, run: _Run, places_at: list[int], hard: bool, title: str | None, vocabulary: Vocabulary
) -> Matrix:
    n, at = len(run.words), np.array(places_at)
    token = np.zeros((n + 5, N_FLAGS + N_STATS), np.float32)  # two blank words before, three after
    token[2 : n + 2] = vocabulary.numbers(run.words)
    keys = [a.row * 65536 + b.row for a, b in pairwise(run.words)]
    pair = np.zeros((n + 4, 2), np.float32)
    pair[2 : n + 1] = vocabulary.pair_stats[[vocabulary.pairs.get(key, 0) for key in keys]]
    near = token[at[:, None] + np.arange(5)]  # the words -2, -1 | 0, 1, 2
    beside = pair[at[:, None] + np.arange(3)]  # the pairs left of, across and right of the place
    before, after = _windows(token[2 : n + 2], at)
    shape = _shape(text, run, places_at, at, hard, token[2 : n + 2], title)
    return np.concatenate((near.reshape(len(at), -1), before, after, beside.reshape(len(at), -1), shape), axis=1)


def _windows(token: Matrix, at: npt.NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Sums over all words left of each place and over the next 4 and 9 right of it."""
    n = len(token)
    lower_content = token[:, LOWER] * token[:, CONTENT]
    upper_content = (token[:, CAPITAL] + token[:, ACRONYM]) * token[:, CONTENT]
    columns = np.column_stack(
        (
            lower_content,
            upper_content,
            token[:, [OPENS, CLOSES, COMMA, COLON, ASKS, STOP, VERB, DIGIT, UNKNOWN]],
            token[:, N_FLAGS + HEADLINE],
            token[:, N_FLAGS + HEADLINE] * lower_content,
            token[:, N_FLAGS + NAME] * lower_content,
            token[:, N_FLAGS + NAME] * upper_content,
        )
    )
    total = np.zeros((n + 1, columns.shape[1]), np.float32)
    np.cumsum(columns, axis=0, out=total[1:])
    here = total[at]
    return here, np.concatenate((total[np.minimum(at + 4, n)] - here, total[np.minimum(at + 9, n)] - here), axis=1)


def _shape(
    text: str, run: _Run, places_at: list[int], at: npt.NDArray[np.int64], hard: bool, token: Matrix, title: str | None
) -> Matrix:
    n = len(run.words)
    regime, head = _regime(title, token)
    out = np.empty((len(at), N_SHAPE), np.float32)
    out[:, :N_KNOWLEDGE] = _knowledge(text, run, places_at, hard)
    lower = np.flatnonzero(token[:, LOWER] * token[:, CONTENT])
    position = lower.searchsorted(at)
    gaps = np.concatenate(([-1], lower, [n]))
    to_lower = np.minimum(gaps[position + 1] - at, 8)
    stops = np.flatnonzero(token[:, STOP] + token[:, ASKS])
    lower_left = np.minimum(position, 4)
    out[:, N_KNOWLEDGE] = to_lower
    out[:, N_KNOWLEDGE + 1] = np.minimum(at - gaps[position], 8)
    out[:, N_KNOWLEDGE + 2] = np.minimum(np.append(stops, n + 10)[stops.searchsorted(at)] - at, 24)
    out[:, N_KNOWLEDGE + 3] = regime
    out[:, N_KNOWLEDGE + 4] = head
    out[:, N_KNOWLEDGE + 5] = regime * to_lower
    out[:, N_KNOWLEDGE + 6] = regime * lower_left
    out[:, N_KNOWLEDGE + 7] = (1 - regime) * lower_left
    return out


def _knowledge(text: str, run: _Run, places_at: list[int], hard: bool) -> list[tuple[float, ...]]:
    """Position of each place, what repeats across it, and whether the rest of the article has the words around it."""
    words, n = run.words, len(run.words)
    begin, end = run.begins[0], run.ends[-1]
    elsewhere = text[max(0, begin - NEIGHBOURHOOD_CHARS) : begin] + "\n" + text[end : end + NEIGHBOURHOOD_CHARS]
    content = ["" if word.function else word.core for word in words]
    said: set[str] = set()
    rows: list[tuple[float, ...]] = []
    passed = 0
    for j, i in enumerate(places_at):
        said.update(content[passed:i])
        passed = i
        beside = opens = same = again = False
        if 0 < i < n:
            left, right = words[i - 1].core, words[i].core
            beside = not run.glued[i] and text[run.begins[i - 1] : run.ends[i]].strip(EDGES) in elsewhere
            opens = i + 1 < n and text[run.begins[i] : run.ends[i + 1]].strip(EDGES) in elsewhere
            same, again = left == right, right in said
        repeated = sum(core in said for core in content[i : i + 8] if core)
        chars = (run.ends[i - 1] - run.begins[0]) / 10 if i else 0.0
        glue = i < n and run.glued[i]
        rows.append((i == 0, i == n, i == n and hard, i, j / 4, chars, beside, opens, same, again, repeated, glue))
    return rows


def _regime(title: str | None, token: Matrix) -> tuple[float, float]:
    """Share of capitalised content words in the document's headline and in the first words after the marker."""
    first = token[1:6]
    content = first[:, CONTENT]
    upper = (first[:, CAPITAL] + first[:, ACRONYM] + first[:, DIGIT]) * content
    head = float((upper.sum() + 1) / (content.sum() + 2))
    if title is None:
        return head, head
    words = [word for word in re.findall(r"[^\W\d_]{2,}", title)[1:] if word.lower() not in FUNCTION_WORDS]
    return (sum(word[0].isupper() for word in words) + 1) / (len(words) + 2), head


N_KNOWLEDGE = 12
N_SHAPE = N_KNOWLEDGE + 8
N_WINDOW = 15
N_FEATURES = 5 * (N_FLAGS + N_STATS) + 3 * N_WINDOW + 3 * 2 + N_SHAPE
