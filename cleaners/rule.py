"""A rule: a phrase, where it may stand, and how much goes with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cleaners.article import Kind
from cleaners.phrase import Phrase

# Signs that editors and scrapers leave behind a phrase; they go with it.
TRAILING = r"[ >»›→:.,;|•*\-–—]*"


class Anchor(StrEnum):
    """Which part of a paragraph the phrase must be. In flattened text a sentence stands for a paragraph."""

    IS = "is"
    STARTS = "starts"
    ENDS = "ends"
    CONTAINS = "contains"


class Removes(StrEnum):
    """How much goes: the phrase, its sentence, its paragraph, a pointer with its headline, or all that follows."""

    MATCH = "match"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    HEADLINE = "headline"
    REST = "rest"


class Where(StrEnum):
    """Where it may stand: anywhere, before the first word of the story, or after its last."""

    ANY = "any"
    HEAD = "head"
    TAIL = "tail"


class NextLine(StrEnum):
    """What follows a marker that stands alone on its line: the other headline, the story, or look and decide."""

    LOOK = "look"
    HEADLINE = "headline"
    STORY = "story"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a file, compiled.

    `groups` names the field that each group of `pattern` fills; `needs` are lower-case words of which one must occur.
    `name` is the full name (`kompas/whatsapp-channel`), a column value; `file` says where it was declared.
    """

    name: str
    kind: Kind
    anchor: Anchor
    removes: Removes
    where: Where
    next_line: NextLine
    paragraphs: int
    max_words: int
    pattern: re.Pattern[str]
    groups: tuple[str | None, ...]
    needs: frozenset[str]
    file: str
    clears: bool = False  # what stands before it is the head's furniture
    tail_pattern: re.Pattern[str] | None = None  # the same phrases, ending a flattened text
    note: str | None = None
    was: tuple[str, ...] = ()


def build_pattern(phrases: Iterable[Phrase], anchor: Anchor, where: Where, case: bool) -> re.Pattern[str]:
    """Join the phrases of a rule into one pattern with the anchoring of its place.

    A head pattern is tried with `match` at the head's edge, a tail pattern with `search` up to the tail's edge.
    """
    body = "(?:" + "|".join(phrase.source for phrase in phrases) + ")"
    flags = re.MULTILINE if case else re.MULTILINE | re.IGNORECASE
    if where is Where.TAIL:
        return re.compile(body + TRAILING + r"\Z", flags & ~re.MULTILINE)
    if where is Where.HEAD:
        return re.compile(body + (TRAILING + r"$" if anchor is Anchor.IS else ""), flags)
    opening = r"^[ \-–—•*\"“(]*" if anchor in (Anchor.IS, Anchor.STARTS) else ""
    closing = TRAILING + r"[)\"”]?" + TRAILING + "$" if anchor in (Anchor.IS, Anchor.ENDS) else ""
    return re.compile(opening + body + closing, flags)


def build_tail_pattern(phrases: Iterable[Phrase], case: bool) -> re.Pattern[str]:
    """The pattern of phrases that start a paragraph, for text without paragraphs: from the phrase to the text's end.

    It takes one sentence at most, so that a promo's wording inside a story does not reach the end.
    """
    body = "(?:" + "|".join(phrase.source for phrase in phrases) + ")"
    return re.compile(body + r"(?:(?![.!?…] )[^\n]){0,250}[.!?…]?[\"”)]?" + TRAILING + r"\Z", 0 if case else re.IGNORECASE)
