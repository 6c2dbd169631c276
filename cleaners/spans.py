"""Disjoint spans under construction, seen from the ends of a text."""

from __future__ import annotations

from collections.abc import Iterable

from cleaners.cutting import Match

LABEL_RULES = frozenset(["tail/rail", "related/marker-alone"])


class Spans:
    """Disjoint spans under construction, with what stands free between them."""

    def __init__(self, matches: Iterable[Match]) -> None:
        self.matches = list(matches)

    def ordered(self) -> list[Match]:
        """The spans in the order of the text."""
        return sorted(self.matches, key=lambda match: match.start)

    def skip_forward(self, text: str, at: int) -> int:
        """Step over white space and spans that begin at `at`."""
        while True:
            while at < len(text) and text[at] in " \n":
                at += 1
            ends = [match.end for match in self.matches if match.start <= at < match.end]
            if not ends:
                return at
            at = max(ends)

    def skip_backward(self, text: str, at: int) -> int:
        """Step back over white space, lone separators and spans that end at `at`."""
        while True:
            while at > 0 and text[at - 1] in " \n,|":
                at -= 1
            starts = [match.start for match in self.matches if match.start < at <= match.end]
            if not starts:
                return at
            at = min(starts)

    def end_at(self, at: int) -> bool:
        """Whether a span ends at `at`, white space aside."""
        return any(match.end <= at <= match.end + 1 for match in self.matches)

    def ends_between(self, start: int, end: int) -> bool:
        """Whether a span that holds `start` ends before `end`: what found it knows where the story goes on."""
        return any(match.start <= start < match.end < end for match in self.matches)

    def overlap(self, match: Match) -> bool:
        """Whether a span is in the way of `match`."""
        return any(match.start < other.end and other.start < match.end for other in self.matches)

    def labels(self, at: int) -> bool:
        """Whether what ends right before `at` is the label of a block of headlines."""
        return any(match.end <= at <= match.end + 1 and match.rule in LABEL_RULES for match in self.matches)

    def add(self, match: Match) -> None:
        """Add a span; spans inside it give way."""
        self.matches = [other for other in self.matches if other.end <= match.start or other.start >= match.end]
        self.matches.append(match)
