"""Disjoint spans under construction, seen from the ends of a text. Kept in order: each question is one bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from cleaners.article import Kind
from cleaners.cutting import Match

LABEL_RULES = frozenset(["tail/rail", "related/marker-alone"])


class Spans:
    """Disjoint spans under construction, with what stands free between them; `matches` are in the text's order."""

    def __init__(self, matches: Iterable[Match]) -> None:
        self.matches = sorted(matches, key=lambda match: match.start)
        self._starts = [match.start for match in self.matches]

    def ordered(self) -> list[Match]:
        """The spans in the order of the text."""
        return list(self.matches)

    def skip_forward(self, text: str, at: int) -> int:
        """Step over white space and spans that begin at `at`."""
        while True:
            while at < len(text) and text[at] in " \n":
                at += 1
            holding = self._last(bisect_right(self._starts, at))
            if holding is None or holding.end <= at:
                return at
            at = holding.end

    def skip_backward(self, text: str, at: int) -> int:
        """Step back over white space, lone separators and spans that end at `at`."""
        while True:
            while at > 0 and text[at - 1] in " \n,|":
                at -= 1
            holding = self._last(bisect_left(self._starts, at))
            if holding is None or holding.end < at:
                return at
            at = holding.start

    def end_at(self, at: int) -> bool:
        """Whether a span ends at `at`, white space aside."""
        return any(True for _ in self._ending(at))

    def ends(self, start: int, end: int) -> Iterator[int]:
        """Where spans that start in `[start, end)`, or the last before, end, and one sign behind it."""
        since = max(0, bisect_left(self._starts, start) - 1)
        for match in self.matches[since : bisect_left(self._starts, end)]:
            yield from (match.end, match.end + 1)

    def ends_between(self, start: int, end: int) -> bool:
        """Whether a span that holds `start` ends before `end`: what found it knows where the story goes on."""
        holding = self._last(bisect_right(self._starts, start))
        return holding is not None and start < holding.end < end

    def overlap(self, match: Match) -> bool:
        """Whether a span is in the way of `match`."""
        before = self._last(bisect_left(self._starts, match.end))
        return before is not None and match.start < before.end

    def labels(self, at: int) -> bool:
        """Whether what ends right before `at` is the label of a block of headlines."""
        return any(match.rule in LABEL_RULES for match in self._ending(at))

    def signed_off(self, text: str, at: int) -> bool:
        """Whether a byline or an end mark is the first thing behind `at`."""
        following = bisect_left(self._starts, at)
        return (
            following < len(self.matches)
            and self.matches[following].kind in (Kind.BYLINE, Kind.ENDMARK)
            and not text[at : self._starts[following]].strip(" \n,|")
        )

    def add(self, match: Match) -> None:
        """Add a span; spans inside it give way."""
        until = bisect_left(self._starts, match.end)
        since = until
        while since > 0 and self.matches[since - 1].end > match.start:
            since -= 1
        self.matches[since:until] = [match]
        self._starts[since:until] = [match.start]

    def _last(self, count: int) -> Match | None:
        """The last of the first `count` spans."""
        return self.matches[count - 1] if count else None

    def _ending(self, at: int) -> Iterator[Match]:
        """Spans that end at `at` or one sign before it: among the last two that start before `at`."""
        count = bisect_left(self._starts, at)
        return (match for match in self.matches[max(0, count - 2) : count] if match.end <= at <= match.end + 1)
