"""Find passages that a scraper delivered twice: a container's text and its paragraphs again, a caption and its alt text.

The first copy stays. A passage counts as a repeat when it is a run of at least `MIN_WORDS` words that already stood in
the article and ends as a sentence does; a chorus or a table row that comes again is shorter or has no stop.
"""

from __future__ import annotations

import re

from cleaners.article import Kind
from cleaners.strip import Match

MIN_WORDS = 16  # a quotation that an article gives twice is shorter
SEED_WORDS = 8

_WORD = re.compile(r"[^\W_]+")
_STOP = re.compile(r"[.!?…][\"”'’)]*$")
_DOUBLED = re.compile(r"(?<![\w])((?:[^\s]+ ){3,40}[^\s]+) \1(?!\w)")
_GLUE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")


def find_repeats(text: str) -> list[Match]:
    """Return the repeated passages of a normalised text, ordered and disjoint, each snapped to whole sentences."""
    words = [found.span() for found in _WORD.finditer(text)]
    if len(words) < 2 * MIN_WORDS:
        return []
    keys = [text[a:b].lower() for a, b in words]
    first: dict[int, int] = {}
    found: list[Match] = []
    at = 0
    while at + SEED_WORDS <= len(keys):
        seed = hash(tuple(keys[at : at + SEED_WORDS]))
        earlier = first.setdefault(seed, at)
        if earlier + SEED_WORDS > at or keys[earlier : earlier + SEED_WORDS] != keys[at : at + SEED_WORDS]:
            at += 1
            continue
        length = _run(keys, earlier, at)
        span = _snap(text, words[at][0], words[at + length - 1][1])
        if length >= MIN_WORDS and span and len(_WORD.findall(text, *span)) >= MIN_WORDS:
            found.append(Match("text/repeat", Kind.REPEAT, *span))
            at += length
        else:
            at += 1
    return found


def _run(keys: list[str], earlier: int, at: int) -> int:
    """How many words from `at` on also stood from `earlier` on, before `at`."""
    length = SEED_WORDS
    while at + length < len(keys) and earlier + length < at and keys[earlier + length] == keys[at + length]:
        length += 1
    return length


def _snap(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Narrow a run of words to the whole sentences inside it."""
    opening = max(text.rfind("\n", 0, start) + 1, 0)
    if text[opening:start].strip(" \"“‘(-•*"):
        opened = re.compile(r"(?<=[.!?…\"”)])[ \n]?(?=[\"“‘(]?\w)").search(text, max(start - 3, 0), end)
        if opened is None:
            return None
        opening = opened.end()
    while end < len(text) and text[end] in ".!?…\"”'’)":
        end += 1
    closing = end
    if closing < len(text) and text[closing] != "\n" and not _STOP.search(text[opening:closing]):
        stops = [m.end() for m in re.finditer(r"[.!?…][\"”'’)]*", text[opening:closing])]
        if not stops:
            return None
        closing = opening + stops[-1]
    elif not _STOP.search(text[opening:closing]):
        return None
    return (opening, closing) if opening < closing else None
