"""A rule: a phrase, where it may stand, and how much goes with it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum

from cleaners.article import Kind
from cleaners.placeholders import ANY, PLACEHOLDERS, SITE

# Signs that editors and scrapers leave behind a phrase; they go with it.
TRAILING_SIGNS = " >»›→:.,;|•*–—-"
TRAILING = f"[{TRAILING_SIGNS}]*+"
_REPETITION = re.compile(r"\{\d,\d\}\+?")
_ONE_SENTENCE = r"(?:(?![.!?…] )[^\n]){0,250}+[.!?…]?[\"”)]?"


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


def searched(text: str) -> bytes:
    """Return lower-case text as it is looked for in a folded text (see `cleaners.scan.Folded`)."""
    return text.encode("ascii", "replace")


@dataclass(frozen=True)
class Rule:
    """One rule of a file. Its patterns are compiled when a text first holds one of `needs`: most never are in one run.

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
    case: bool
    sources: tuple[str, ...]
    groups: tuple[str | None, ...]
    needs: frozenset[str]
    openings: frozenset[str]
    closings: frozenset[str]
    file: str
    clears: bool = False  # what stands before it is the head's furniture
    tells: bool = False  # its wording is one outlet's alone and names it where nothing else does
    row: bool = False  # several headlines may follow its marker in one line
    note: str | None = None
    was: tuple[str, ...] = ()

    @functools.cached_property
    def needed(self) -> frozenset[bytes]:
        """The words of `needs` as they are looked for in a folded text."""
        return frozenset(map(searched, self.needs))

    @functools.cached_property
    def opens_with(self) -> tuple[bytes, ...]:
        """The openings as they are looked for in a folded text; empty where nothing is known."""
        return tuple(sorted({searched(opening) for opening in self.openings}))

    def may_stand_among(self, words: frozenset[bytes]) -> bool:
        """Whether one of the words that the rule needs, and one that it starts with, is among `words`."""
        return (not self.needed or not self.needed.isdisjoint(words)) and (
            not self.opens_with or not words.isdisjoint(self.opens_with)
        )

    def may_close_with(self, sign: str) -> bool:
        """Whether the tail pattern can match up to `sign` and the trailing signs behind it."""
        if not self.closings or not sign.isascii() or (self.where is not Where.TAIL and self.anchor is Anchor.STARTS):
            return True
        return sign in self.closings

    @functools.cached_property
    def counts(self) -> bool:
        """Whether every phrase holds a digit: a date, a time or a number."""
        return self._each_holds("date", "moment", "number")

    @functools.cached_property
    def dated(self) -> bool:
        """Whether every phrase holds a date: a year of four digits, or two numbers with a slash or hyphen between."""
        return self._each_holds("date", "moment")

    def _each_holds(self, *placeholders: str) -> bool:
        patterns = [PLACEHOLDERS[name][0] for name in placeholders]
        return all(any(pattern in source for pattern in patterns) for source in self.sources)

    @functools.cached_property
    def signs_only(self) -> bool:
        """Whether it is for lines without any word: `---`, `* * *`."""
        signs = _REPETITION.sub("", "".join(self.sources))
        return self.anchor is Anchor.IS and not any(map(str.isalnum, signs))

    @functools.cached_property
    def dashed(self) -> bool:
        """Whether every phrase holds the dash of a dateline, set off from a word (`{dash}`, `{tight}`)."""
        dashes = (PLACEHOLDERS["dash"][0], PLACEHOLDERS["tight"][0])
        return all(any(dash in source for dash in dashes) for source in self.sources)

    @functools.cached_property
    def sited(self) -> bool:
        """Whether every phrase holds the name of a site (`{site}`)."""
        return all(SITE in source for source in self.sources)

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """The phrases with the anchoring of their place.

        A head pattern is tried with `match` at the head's edge, a tail pattern with `search` up to the tail's edge.
        """
        if self.where is Where.TAIL:
            return self._tail(TRAILING)
        flags = re.MULTILINE | self._case
        if self.where is Where.HEAD:
            return re.compile(self._body + (TRAILING + "$" if self.anchor is Anchor.IS else ""), flags)
        opening = r"^[ \-–—•*\"“(\[]{0,40}" if self.anchor in (Anchor.IS, Anchor.STARTS) else ""
        closing = TRAILING + r"[)\"”]?" + TRAILING + "$" if self.anchor in (Anchor.IS, Anchor.ENDS) else ""
        return re.compile(opening + self._body + closing, flags)

    @functools.cached_property
    def tail_pattern(self) -> re.Pattern[str]:
        """The pattern with which the rule ends a text: of a rule for paragraphs, its phrases up to the text's end.

        It takes one sentence at most, so that a promo's wording inside a story does not reach the end.
        """
        if self.where is Where.TAIL:
            return self.pattern
        return self._tail((_ONE_SENTENCE if self.anchor is Anchor.STARTS else "") + TRAILING)

    @property
    def ends_text(self) -> bool:
        """Whether the rule is tried at the end of a text: a tail's, and one for paragraphs, as flat text has none.

        Marks such as `---`, which no word is needed for, count only as a line.
        """
        paragraph = self.removes is Removes.PARAGRAPH and self.where is Where.ANY
        starts = self.anchor is Anchor.STARTS or (self.anchor is Anchor.IS and bool(self.needs))
        return self.where is Where.TAIL or (paragraph and starts)

    @property
    def _body(self) -> str:
        return "(?:" + "|".join(self.sources) + ")"

    @property
    def _case(self) -> re.RegexFlag:
        return re.NOFLAG if self.case else re.IGNORECASE

    def _tail(self, closing: str) -> re.Pattern[str]:
        last = f"({ANY}?)"  # as few signs as fit, and then more, would try every way to share them with the closing
        sources = (one.removesuffix(last) + f"({ANY}+)" if one.endswith(last) else one for one in self.sources)
        return re.compile("(?:" + "|".join(sources) + ")" + closing + r"\Z", self._case)
