"""What cleaning a lake again changes: how many articles, of which outlets, by which rules, with samples to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lake.schema import LAKE_ONLY, TABLES

CONTEXT = 50  # characters shown on both sides of a change
SAMPLES_OF_RULE = 3  # more of one rule show the same
SAMPLES = 60
_COMPARED = tuple(name for name in TABLES["articles"].names if name not in LAKE_ONLY | {"ruleset", "schema_version"})

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One change: `taken` went and stood there before, or (`back`) stands there again; around it the text as it was."""

    id: str
    source: str | None
    title: str | None
    rule: str
    back: bool
    head: str
    taken: str
    tail: str


@dataclass(slots=True)
class Radius:
    """Counts over the articles and copies that were cleaned again.

    `changed` have another text, `retold` the same text and other fields, `columns` counts what differs. `rules` counts
    spans by rule: removed now and not before, and the other way round. `emptied` became rejects, `left` stayed as they
    were because today's version could not clean them; `became_copies` and `became_articles` moved between the tables.
    """

    ruleset: str
    batches: int = 0
    articles: int = 0
    changed: int = 0
    retold: int = 0
    emptied: int = 0
    left: int = 0
    became_copies: int = 0
    became_articles: int = 0
    decided: bool = False
    same: bool = True
    outlets: dict[str | None, list[int]] = field(default_factory=dict)
    columns: Counter[str] = field(default_factory=Counter)
    rules: dict[str, list[int]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    sampled: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any] | None,
        before: str,
        removed: Sequence[Mapping[str, Any]],
        removes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Count one article: its row and removals as they were (`before` is the text they refer to) and as they are.

        Without `new` it became a reject.
        """
        counts = self.outlets.setdefault(old["source"], [0, 0, 0, 0])
        self.articles += 1
        counts[0] += 1
        counts[2] += old["removed_chars"]
        counts[3] += new["removed_chars"] if new else old["original_length"]
        if new is None:
            self.emptied += 1
            counts[1] += 1
            return
        differ = [name for name in _COMPARED if old[name] != new[name]]
        self.columns.update(differ)
        self.changed += "text" in differ
        counts[1] += "text" in differ
        self.retold += bool(differ) and "text" not in differ
        if old["original_hash"] == new["original_hash"]:
            self._compare(old, before, removed, removes)

    def _compare(
        self,
        old: Mapping[str, Any],
        before: str,
        removed: Sequence[Mapping[str, Any]],
        removes: Sequence[Mapping[str, Any]],
    ) -> None:
        was, now = ({(one["start"], one["end"], one["rule"]) for one in spans} for spans in (removed, removes))
        for at, spans, other in ((0, now - was, was), (1, was - now, now)):
            for start, end, rule in sorted(spans):
                self.rules.setdefault(rule, [0, 0])[at] += 1
                for piece in _outside((start, end), [(a, b) for a, b, _ in sorted(other)]):
                    self._sample(old, before, piece, rule, back=at == 1)

    def _sample(self, old: Mapping[str, Any], before: str, piece: Span, rule: str, *, back: bool) -> None:
        start, end = piece
        if len(self.samples) < SAMPLES and self.sampled[rule] < SAMPLES_OF_RULE and before[start:end].strip():
            self.sampled[rule] += 1
            head, tail = before[max(0, start - CONTEXT) : start], before[end : end + CONTEXT]
            self.samples.append(
                Sample(old["id"], old["source"], old["title"], rule, back, head, before[start:end], tail)
            )

    def json(self) -> dict[str, Any]:
        """Say it for programs."""
        said = {name: getattr(self, name) for name in self.__slots__ if name not in ("sampled", "samples")}
        named = ("articles", "changed", "removed_chars_before", "removed_chars_after")
        said["outlets"] = {
            name or "unknown": dict(zip(named, counts, strict=True)) for name, counts in self._by_outlet()
        }
        said["rules"] = {rule: dict(zip(("more", "fewer"), n, strict=True)) for rule, n in sorted(self.rules.items())}
        return said | {"samples": [asdict(sample) for sample in self.samples]}

    def lines(self) -> Iterator[str]:
        """Say it for people."""
        yield f"{self.articles:,} articles and copies of {self.batches:,} batches cleaned again, ruleset {self.ruleset}"
        yield f"  {self.changed:,} read differently, {self.retold:,} have the same text and other fields"
        if self.emptied:
            yield f"  {self.emptied:,} have no story left (or another language than was asked for) and become rejects"
        if self.left:
            yield f"  {self.left:,} stay as they were: today's version could not clean them (time, memory)"
        if self.decided:
            yield f"  {self.became_copies:,} articles became copies, {self.became_articles:,} copies became articles"
        if touched := [(name, counts) for name, counts in self._by_outlet() if counts[1]]:
            yield "\nRead differently, by outlet (of all its articles; characters removed before and now):"
            for name, (of, changed, was, now) in touched:
                yield f"  {name or '(unknown)':<20} {changed:>8,} of {of:>8,} {was:>12,} {now:>12,}"
        if self.rules:
            yield "\nSpans removed now and not before, before and not now, by rule:"
            most = sorted(self.rules.items(), key=lambda one: (-sum(one[1]), one[0]))
            yield from (f"  {rule:<40} {more:>+8,} {-fewer:>8,}" for rule, (more, fewer) in most)
        if self.columns:
            yield "\nColumns that differ: " + ", ".join(f"{name} {n:,}" for name, n in self.columns.most_common())
        yield from self._samples()
        yield from (f"FAILED {failure}" for failure in self.failures)

    def _samples(self) -> Iterator[str]:
        if self.samples:
            yield "\nSamples, {--goes now--} and {++stands again++}:"
        for one in sorted(self.samples, key=lambda one: (one.rule, one.id)):
            mark = f"{{++{one.taken}++}}" if one.back else f"{{--{one.taken}--}}"
            shown = f"{one.head}{mark}{one.tail}".replace("\n", "¶")
            yield f"  {one.rule}  {one.id[:8]} {one.source or '(unknown)'}: {one.title or '(no title)'}\n    …{shown}…"

    def _by_outlet(self) -> Iterable[tuple[str | None, list[int]]]:
        return sorted(self.outlets.items(), key=lambda one: (-one[1][1], one[0] or "~"))


def _outside(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """The parts of a span that no other covers."""
    at, end = span
    for start, stop in others:
        if stop <= at or start >= end:
            continue
        if start > at:
            yield at, start
        at = max(at, stop)
    if at < end:
        yield at, end
