"""Find passages that a scraper delivered twice: a container and its paragraphs again, a caption and its alt text.

The first copy stays. A passage counts as a repeat when it is a run of at least `MIN_WORDS` words that already stood in
the article and ends as a sentence does; a chorus or a table row that comes again is shorter or has no stop.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from cleaners.article import Kind
from cleaners.cutting import Match

MIN_WORDS = 16  # a quotation that an article gives twice is shorter
SURE_WORDS = 40  # a shorter passage counts only where a good part of the words comes twice: prayers and refrains recur
MIN_SHARE = 0.10
SEED_WORDS = 8
EFFORT = 64  # words compared in vain for each word of a text, beyond which the search ends: `kata kata kata …`
MIN_CAPTION_WORDS = 5
MAX_CAPTION_WORDS = 60
MAX_CREDIT_WORDS = 6

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread

_WORD = re.compile(r"[^\W_]+")
_STOP = re.compile(r"[.!?…][\"”'’)]*$")
_STOP_INSIDE = re.compile(r"[.!?…][\"”'’)]*(?=\s|[\"“‘(]?[A-Z])")  # glued sentences too; no stop inside a number
# What a caption holds, lower and upper case as found; and the same where a caption starts, or its credit in brackets.
_SAID = re.compile(r"[.!?] [A-Z\"“]|[,.!?][\"”]")  # sentences and quotations are no caption
_SIGNS = ("Dok", "Foto", "FOTO", "Ilustrasi", "ilustrasi", "Shutterstock", "shutterstock", "Getty", "/")
_CAPTION_START = re.compile(
    r"dok\b|ilustrasi|foto|shutterstock|thinkstock|getty|freepik|unsplash|pixabay|instagram|ist\b|istimewa",
    re.IGNORECASE,
)
_CREDIT = re.compile(r"\([^()]{0,30}(?:/|foto|dok)[^()]{0,40}\)", re.IGNORECASE)


def find_twice(text: str) -> list[Match]:
    """Return what the scraper delivered twice, ordered and disjoint: captions first, for both of their copies go."""
    words = text.split()
    places = _recurring(words, MIN_CAPTION_WORDS)
    if not places:  # most articles say nothing twice
        return []
    captions = find_doubled_captions(text) if _any_beside(words, places) else []
    repeats = (r for r in find_repeats(text) if not any(r.start < c.end and c.start < r.end for c in captions))
    return sorted([*captions, *repeats], key=lambda match: match.start)


def _recurring(words: Sequence[str], length: int) -> list[int]:
    """Where runs of so many words start that stand elsewhere too, ascending.

    Compared by 64 bits mixed of the words' hashes, in numpy: a set of tuples takes three times as long.
    """
    count = len(words) - length + 1
    if count < 2:
        return []
    hashes = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)
    mixed = hashes[:count].copy()
    for i in range(1, length):
        mixed *= _MIX
        mixed += hashes[i : i + count]
    ordered = np.sort(mixed)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.flatnonzero(np.isin(mixed, again)).tolist() if len(again) else []


def _any_beside(words: Sequence[str], places: Sequence[int]) -> bool:
    """Whether words stand again right behind themselves: where none do, no caption is doubled."""
    for i, at in enumerate(places):
        first = words[at]
        for again in places[i + 1 : bisect_right(places, at + MAX_CAPTION_WORDS)]:
            near = words[again] == first and again - at >= MIN_CAPTION_WORDS  # most are not, which spares the slices
            if near and words[at:again] == words[again : 2 * again - at]:
                return True
    return False


def find_repeats(text: str) -> list[Match]:
    """Return the repeated passages of a normalised text, ordered and disjoint, each snapped to whole sentences."""
    keys = _WORD.findall(text.lower())
    if len(keys) < 2 * MIN_WORDS or not (seeds := _recurring(keys, SEED_WORDS)):
        return []
    words = [found.span() for found in _WORD.finditer(text)]
    if len(words) != len(keys):  # a letter that lowers to two
        return []
    first: dict[tuple[str, ...], int] = {}
    found: list[Match] = []
    effort = EFFORT * len(keys)
    done = 0
    for at in seeds:
        if at < done or effort <= 0:
            continue
        earlier = first.setdefault(tuple(keys[at : at + SEED_WORDS]), at)
        if earlier + SEED_WORDS > at:
            continue
        length = _run(keys, earlier, at)
        begins = at - _glued_before(keys, earlier, at)
        span = _snap(text, words[begins][0], words[at + length - 1][1])
        if length >= MIN_WORDS and span and len(_WORD.findall(text, *span)) >= MIN_WORDS:
            found.append(Match("text/repeat", Kind.REPEAT, *span))
            done = at + length
        else:
            effort -= length
    repeated = sum(len(_WORD.findall(text, match.start, match.end)) for match in found)
    if repeated >= MIN_SHARE * len(keys):
        return found
    return [match for match in found if len(_WORD.findall(text, match.start, match.end)) >= SURE_WORDS]


def find_doubled_captions(text: str) -> list[Match]:
    """Return captions that a scraper took twice, as alternative text and as caption, side by side on one line.

    Both copies go. A doubled passage counts where it carries a caption's sign (a credit, `Ilustrasi`, `Dok.`) or is,
    with at most `MAX_CREDIT_WORDS` of credit before it, the whole line.
    """
    found: list[Match] = []
    at = 0
    for line in text.split("\n"):
        found += [Match("text/doubled-caption", Kind.CAPTION, at + a, at + b) for a, b in _doubled(line)]
        at += len(line) + 1
    return found


def _doubled(line: str) -> list[tuple[int, int]]:
    keys = line.split()
    if len(keys) < 2 * MIN_CAPTION_WORDS or len(set(keys)) > len(keys) - MIN_CAPTION_WORDS:
        return []
    if len(keys) > MAX_CREDIT_WORDS + 2 * MAX_CAPTION_WORDS and not any(sign in line for sign in _SIGNS):
        return []
    words = [found.span() for found in re.finditer(r"\S+", line)]
    credits = [found.span() for found in _CREDIT.finditer(line)]
    places: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        places.setdefault(key, []).append(i)
    spans: list[tuple[int, int]] = []
    at = 0
    while at + 2 * MIN_CAPTION_WORDS <= len(keys):
        start = words[at][0]
        signed = _signed_from(line, start, credits)
        for again in _copies(keys, places[keys[at]], at) if at <= MAX_CREDIT_WORDS or signed is not None else ():
            end = 2 * again - at - 1
            whole = at <= MAX_CREDIT_WORDS and end == len(keys) - 1 and not _SAID.search(" ".join(keys[at:again]))
            if whole or (signed is not None and signed <= words[again - 1][1]):
                spans.append((0 if whole else start, words[end][1]))
                at = end
                break
        at += 1
    return spans


def _copies(keys: list[str], places: list[int], at: int) -> Iterator[int]:
    """Where the words from `at` on stand again right behind themselves."""
    first = bisect_left(places, at + MIN_CAPTION_WORDS)
    for again in places[first : bisect_left(places, at + MAX_CAPTION_WORDS + 1)]:
        if keys[at:again] == keys[again : 2 * again - at]:
            yield again


def _signed_from(line: str, start: int, credits: Sequence[tuple[int, int]]) -> int | None:
    """How far a passage from `start` on must reach to carry a caption's sign, or None where it never does."""
    if _CAPTION_START.match(line, start):
        return start
    at = bisect_left(credits, (start, start))
    return credits[at][1] if at < len(credits) else None


def _run(keys: list[str], earlier: int, at: int) -> int:
    """How many words from `at` on also stood from `earlier` on, before `at`."""
    length = SEED_WORDS
    while at + length < len(keys) and earlier + length < at and keys[earlier + length] == keys[at + length]:
        length += 1
    return length


def _glued_before(keys: list[str], earlier: int, at: int) -> bool:
    """Whether the word before a run stood in the first copy too, glued to another: `15 JuniWarga menyambut`."""
    if not 0 < earlier < at - 1:
        return False
    first, again = keys[earlier - 1], keys[at - 1]
    return len(again) < len(first) and first.endswith(again)


def _snap(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Narrow a run of words to the whole sentences inside it."""
    opening = max(text.rfind("\n", 0, start) + 1, 0)
    if text[opening:start].strip(' "“‘(-•*'):
        opened = re.compile(r"(?<=[.!?…\"”)])[ \n]?(?=[\"“‘(]?\w)").search(text, max(start - 3, 0), end)
        if opened is None:
            return None
        opening = opened.end()
    while end < len(text) and text[end] in ".!?…\"”'’)":
        end += 1
    closing = end
    if not _STOP.search(text[opening:closing]):
        stops = [found.end() for found in _STOP_INSIDE.finditer(text, opening, closing)]
        if not stops:
            return None
        closing = stops[-1]
    return (opening, closing) if opening < closing else None
