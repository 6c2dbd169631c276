"""Find the further headlines behind one marker, where the story goes on in the same line.

`Baca Juga H1 H2 H3 Story` is how a box of links reads once its tags are gone. A sub-heading between one headline and
the story looks the same (`Baca Juga: H1 Sub-heading Story`), so the looks of the words are not enough. Two things
tell a row: the rule says that its marker heads one (`row = true`); its headlines are glued to one another, and the
last to the story. Each piece must also be cased as headlines are, and the model must be sure that a
headline stands there. What is not sure is left.

Known misses: rows with bullets; rows in sentence case; the last words of a row whose end is unsure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cleaners.headline import HeadlineEnd, Known, find_end
from cleaners.headline_words import FUNCTION_WORDS

STORY_CHANCE = 0.03  # in 51 boxes of Bisnis story began at 0.048 and above; of the headlines' pieces three did, too
GLUED_STORY_CHANCE = 0.01  # no outlet says that these are rows
TITLE_CASED_SHARE = 0.85  # of the longer words; headlines in those boxes have 0.86 and more, the story under 0.5
MIN_WORDS = 3
MAX_PIECES = 6  # a box holds three headlines; an unsure one is found in two pieces

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_STORY = re.compile(r"(?:^|[ a-z])\d{1,2}\. |(?<!\.)\.[\"”’)]*(?: |$)|;|\(\d-\d-\d")  # list items, full stops, line-ups
_FEW_WORDS = re.compile(r"(?:\s*\S+){1,3}")  # of the headline before; behind more of them the seam is the story's
_SEAM = re.compile(
    r"(?<=[a-z?!])(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})|(?<=[a-z]{3})(?=\d)|(?<=\d)(?=[A-Z][a-z])"
)


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row of headlines ends, the spans of its headlines, and whether its end is certain."""

    end: int
    headlines: tuple[tuple[int, int], ...]
    certain: bool


def find_row(
    text: str, start: int, first: HeadlineEnd, told: bool, title: str | None = None, known: Known | None = None
) -> Row | None:
    """Return the row whose first headline stands at `text[start : first.end]`, or None where no other one follows.

    `told` says that the marker is known to head rows. Headlines between which the border is unsure are one span.
    """
    headlines, end, certain = [(start, first.end)], first.end, first.certain
    for _ in range(MAX_PIECES):
        found = find_end(text, end, title=title, known=known, story=STORY_CHANCE if told else GLUED_STORY_CHANCE)
        begin = _begins(text, end, found)
        if not _is_headline(text[end : found.end]) or not (told or begin):
            break
        headlines = _joined(text, headlines, begin or (end if certain else None), found.end)
        end, certain = found.end, found.certain
    return Row(end, tuple(headlines), certain) if end > first.end else None


def _is_headline(piece: str) -> bool:
    words = [word for word in _WORD.findall(piece) if len(word) > 3 and word.lower() not in FUNCTION_WORDS]
    cased = sum(not word[0].islower() for word in words)
    return len(piece.split()) >= MIN_WORDS and cased >= TITLE_CASED_SHARE * len(words) and not _STORY.search(piece)


def _begins(text: str, start: int, found: HeadlineEnd) -> int | None:
    """Where the next headline begins: where a blank was lost, if the story is glued to it too."""
    if not text[found.end : found.end + 1].strip():
        return None
    if not text[start - 1].isspace() and not text[start].isspace():
        return start
    few = _FEW_WORDS.match(text, start, found.end)
    seam = _SEAM.search(text, start, few.end()) if few and found.certain else None
    return seam.start() if seam else None


def _joined(text: str, headlines: list[tuple[int, int]], begin: int | None, end: int) -> list[tuple[int, int]]:
    """The headlines with the next one, which ends at `end`; without a border it is one with the last."""
    last = headlines[-1][0]
    if begin is None:
        return [*headlines[:-1], (last, end)]
    bare = text[begin:end].lstrip(" -–—•")
    return [*headlines[:-1], (last, len(text[:begin].rstrip(" -–—•"))), (end - len(bare), end)]
