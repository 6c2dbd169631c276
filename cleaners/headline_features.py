"""Describe every place where a linked headline might end, as numbers for the model in `headline.py`.

A place is the end of a word before something that can open a sentence, or a seam inside a word that a scraper glued
(`AsiaMenurut`). The numbers say how the words left of it look as a headline, how those right of it look as a
sentence, whether the two neighbours belong together, and what the rest of the article knows about them. Training and
cleaning call the same functions, so the model never sees other numbers than it was trained on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cleaners.headline_words import (
    ACRONYM,
    ASKS,
    CAPITAL,
    CONTENT,
    DIGIT,
    EDGES,
    FUNCTION_WORDS,
    LOWER,
    MAX_HEADLINE_WORDS,
    N_NUMBERS,
    N_WINDOW,
    STOP,
    Matrix,
    Run,
    Vocabulary,
    split,
)

NEIGHBOURHOOD_CHARS = 4_000  # of the article on each side; more would make many pointers in a long text quadratic
N_KNOWLEDGE = 12
N_SHAPE = N_KNOWLEDGE + 8
N_FEATURES = 5 * N_NUMBERS + 3 * N_WINDOW + 3 * 2 + N_SHAPE


@dataclass(frozen=True, slots=True)
class Places:
    """Where the headline might end (offsets into the text, ascending), each with its row of numbers."""

    ends: tuple[int, ...]
    features: Matrix


def places(text: str, start: int, limit: int, hard: bool, title: str | None, vocabulary: Vocabulary) -> Places:
    """List the places in `text[start:limit]`; `hard` says that something at `limit` ends the headline in any case."""
    with vocabulary.lock:
        run = split(text, start, limit, vocabulary)
        numbers = vocabulary.numbers(run.words)
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
    return Places(ends, _features(text, run, numbers, at, hard, title, vocabulary))


def _features(
    text: str,
    run: Run,
    numbers: Matrix,
    places_at: list[int],
    hard: bool,
    title: str | None,
    vocabulary: Vocabulary,
) -> Matrix:
    n, at = len(run.words), np.array(places_at)
    token = np.zeros((n + 5, N_NUMBERS), np.float32)  # two blank words before, three after
    token[2 : n + 2] = numbers[:, :N_NUMBERS]
    keys = [a.row * 65536 + b.row for a, b in pairwise(run.words)]
    pair = np.zeros((n + 4, 2), np.float32)
    pair[2 : n + 1] = vocabulary.pair_stats[[vocabulary.pairs.get(key, 0) for key in keys]]
    near = token[at[:, None] + np.arange(5)]  # the words -2, -1 | 0, 1, 2
    beside = pair[at[:, None] + np.arange(3)]  # the pairs left of, across and right of the place
    shape = _shape(text, run, places_at, at, hard, numbers, title)
    windows = _windows(numbers[:, N_NUMBERS:], at)
    return np.concatenate((near.reshape(len(at), -1), *windows, beside.reshape(len(at), -1), shape), axis=1)


def _windows(summed: Matrix, at: npt.NDArray[np.int64]) -> tuple[Matrix, Matrix, Matrix]:
    """Sums over all words left of each place and over the next 4 and 9 right of it."""
    n = len(summed)
    total = np.zeros((n + 1, N_WINDOW), np.float32)
    np.cumsum(summed, axis=0, out=total[1:])
    here = total[at]
    return here, total[np.minimum(at + 4, n)] - here, total[np.minimum(at + 9, n)] - here


def _shape(
    text: str, run: Run, places_at: list[int], at: npt.NDArray[np.int64], hard: bool, token: Matrix, title: str | None
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


def _knowledge(text: str, run: Run, places_at: list[int], hard: bool) -> list[tuple[float, ...]]:
    """Position of each place, what repeats across it, and whether the rest of the article has the words around it."""
    words, n = run.words, len(run.words)
    begin, end = run.begins[0], run.ends[-1]
    elsewhere = text[max(0, begin - NEIGHBOURHOOD_CHARS) : begin] + "\n" + text[end : end + NEIGHBOURHOOD_CHARS]
    content = ["" if word.function else word.core for word in words]
    asked = [core or None for core in content]  # nothing is no repetition of nothing
    said: set[str | None] = set()
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
        repeated = sum(map(said.__contains__, asked[i : i + 8]))
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
    return _title_regime(title), head


@lru_cache(maxsize=64)
def _title_regime(title: str) -> float:
    words = [word for word in re.findall(r"[^\W\d_]{2,}", title)[1:] if word.lower() not in FUNCTION_WORDS]
    upper = sum(word[:1].isupper() for word in map(str, words))
    return (upper + 1) / (len(words) + 2)
