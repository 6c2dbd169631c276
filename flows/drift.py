"""Tell when an outlet looks unlike its own history: its layout or its wording changed, and cleaning may fail quietly.

What a run counts of an outlet (`runs.outlets`) is compared with what earlier runs counted of it: shares (no title, no
date, rejects, a language, a way of extraction), removals by kind and rule for each article, the share removed, the
length that stays. A figure is an alarm when it is far from the median of the earlier runs, measured in what runs
usually differ by and in what chance does to so few articles, and far enough to matter. Known misses: outlets with few
articles a run, a change in what only a few articles carry. Known false alarms: a run of another kind of articles.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

MIN_ARTICLES = 20  # fewer tell nothing: half of ten articles may be about anything
MIN_RUNS = 4  # of history; the median of fewer is one run's accident
MAX_RUNS = 30  # a month of daily runs: older ones are another outlet
FAR = 4.0  # standard errors; chosen on the corpus, see benchmarks/drift.py
MIN_SHARE = 0.15  # change of a share that matters
MIN_RATE = 0.2  # of articles that carry a rule or kind, for its absence to be worth a word
MIN_RISE = 0.4  # removals for each article that come beside twice the usual ones
MIN_CUT = 0.03  # change of the share removed that matters
MIN_RATIO = 1.6  # change of a length or a share removed that matters
MAD_TO_DEVIATION = 1.4826  # of a normal distribution


FEW = 2.0  # of four normal values it says 0.73 of the deviation, at worst (a tenth of the times) 0.24: widened by 1.5
LEVEL_DEVIATION = 0.1  # of a logarithm, at least: the mean length of fifty articles has 0.04 to 0.14, median 0.07
LEAST_REMOVED = 0.005  # added to the share removed: nothing against next to nothing is no ratio
SHARES = {
    "without_title": "share without title",
    "without_date": "share without date",
    "without_author": "share without author",
    "flagged": "share flagged",
    "residue": "share that still looks furnished",
}

_Figure = tuple[str, float, float, float]  # what, its median before, now, how far


@dataclass(slots=True)
class Tally:
    """What one run counted of one outlet: the entries of `runs.outlets` of its batches, added up."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)

    def add(self, outlet: Mapping[str, Any]) -> None:
        """Add one entry of `runs.outlets`."""
        for name, value in outlet.items():
            if isinstance(value, int):
                self.counts[name] += value
        for name in ("kind", "rule", "language", "method"):
            counter: Counter[str] = getattr(self, f"{name}s")
            counter.update({one[name]: one["count"] for one in outlet[f"{name}s"]})

    @property
    def rows(self) -> int:
        """Articles and copies."""
        return self.counts["articles"] + self.counts["duplicates"]

    @property
    def documents(self) -> int:
        """Articles, copies and rejects."""
        return self.rows + self.counts["rejects"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One figure of an outlet that left its usual range: `before` is their median, `far` in deviations."""

    source: str
    figure: str
    before: float
    now: float
    documents: int
    far: float

    def sentence(self) -> str:
        """Say it in one line."""
        before, now = (f"{value:,.0f}" if value >= 10 else f"{value:.2f}" for value in (self.before, self.now))
        return f"{self.source}: {self.figure} was {before}, is {now} ({self.documents:,} documents)"


class History:
    """What earlier runs counted, by outlet and run; the run that is going on is told batch by batch."""

    def __init__(self, earlier: Iterable[Mapping[str, Any]]) -> None:
        """Take rows of `runs` in their order; of each only `run` and `outlets` are read."""
        found: defaultdict[str, dict[str, Tally]] = defaultdict(dict)
        for row in earlier:
            for outlet in row["outlets"]:
                if outlet["source"] is not None:
                    found[outlet["source"]].setdefault(row["run"], Tally()).add(outlet)
        self._earlier = {source: list(runs.values()) for source, runs in found.items()}
        self._now: defaultdict[str, Tally] = defaultdict(Tally)
        self._told: set[tuple[str, str]] = set()

    def batch(self, outlets: Iterable[Mapping[str, Any]]) -> list[Alarm]:
        """Add a batch of this run and return what is an alarm now; each figure of an outlet alarms once."""
        touched = [outlet for outlet in outlets if outlet["source"] is not None]
        for outlet in touched:
            self._now[outlet["source"]].add(outlet)
        raised = []
        for source in sorted({outlet["source"] for outlet in touched}):
            for alarm in alarms(source, self._now[source], self._earlier.get(source, ())):
                if (source, alarm.figure) not in self._told:
                    self._told.add((source, alarm.figure))
                    raised.append(alarm)
        return raised


def alarms(source: str, now: Tally, earlier: Sequence[Tally]) -> list[Alarm]:
    """Compare what a run counted of an outlet with earlier runs, oldest first; the farthest alarm comes first."""
    usual = [one for one in earlier if one.documents >= MIN_ARTICLES][-MAX_RUNS:]
    if len(usual) < MIN_RUNS or now.documents < MIN_ARTICLES:
        return []
    found = [
        Alarm(source, figure, before, value, now.documents, far)
        for figure, before, value, far in (*_shares(now, usual), *_rates(now, usual), *_levels(now, usual))
        if far >= FAR
    ]
    return sorted(found, key=lambda alarm: (-alarm.far, alarm.figure))


def _shares(now: Tally, usual: Sequence[Tally]) -> Iterator[_Figure]:
    """Shares of rows or documents: what is missing, flagged, left uncleaned, rejected, of another language or way."""
    for name, said in SHARES.items():
        yield from _share(said, [one.counts[name] for one in usual], now.counts[name], usual, now)
    rejected = [one.counts["rejects"] / one.documents for one in usual]
    yield _far("share of rejects", rejected, now.counts["rejects"] / now.documents, now.documents)
    for name, said in (("languages", "share in"), ("methods", "share extracted by")):
        common = sum((getattr(one, name) for one in usual), Counter[str]()).most_common(1)
        for value, _ in common:
            before, here = [getattr(one, name)[value] for one in usual], getattr(now, name)[value]
            yield from _share(f"{said} {value}", before, here, usual, now)


def _share(said: str, before: Sequence[int], here: int, usual: Sequence[Tally], now: Tally) -> Iterator[_Figure]:
    shares = [count / one.rows for count, one in zip(before, usual, strict=True) if one.rows]
    if now.rows >= MIN_ARTICLES and len(shares) >= MIN_RUNS:
        yield _far(said, shares, here / now.rows, now.rows)


def _far(said: str, before: Sequence[float], here: float, size: int) -> _Figure:
    """How far a share is from its median, in deviations; 0 where the change is too small to matter."""
    usual = median(before)
    chance = max(usual, 1 / size)  # a share that was always 0 is not certain to be 0
    deviation = math.hypot(_spread(before), math.sqrt(chance * max(1 - chance, 1 / size) / size))
    change = abs(here - usual)
    return said, usual, here, change / deviation if change >= MIN_SHARE else 0.0


def _rates(now: Tally, usual: Sequence[Tally]) -> Iterator[_Figure]:
    """Removals for each article: a rule that stopped, a kind that came or went."""
    if now.rows < MIN_ARTICLES:
        return
    for name, said in (("kinds", "removed for each article, {}"), ("rules", "matches for each article of {}")):
        seen = {value for one in usual for value in getattr(one, name)}
        for value in sorted(seen | set(now.kinds if name == "kinds" else ())):
            before = [getattr(one, name)[value] / one.rows for one in usual if one.rows]
            rate, here = median(before or [0.0]), getattr(now, name)[value] / now.rows
            falls = rate >= MIN_RATE and here <= rate / 2
            rises = name == "kinds" and here >= 2 * rate + MIN_RISE  # a rule may take over from another
            if len(before) >= MIN_RUNS and (falls or rises):
                chance = math.sqrt(max(rate, 1 / now.rows) / now.rows)
                yield said.format(value), rate, here, abs(here - rate) / math.hypot(_spread(before), chance)


def _levels(now: Tally, usual: Sequence[Tally]) -> Iterator[_Figure]:
    """The share removed and the length that stays, as ratios: both are of all characters together."""
    if now.rows < MIN_ARTICLES:
        return
    for said, level in (("share removed", _removed), ("characters that stay", _length)):
        before, here = [level(one) for one in usual if one.rows], level(now)
        if len(before) < MIN_RUNS:
            continue
        logs, change = [math.log(one) for one in before], abs(math.log(here / median(before)))
        little = level is _removed and abs(here - median(before)) < MIN_CUT
        if change >= math.log(MIN_RATIO) and not little:
            yield said, median(before), here, change / max(_spread(logs), LEVEL_DEVIATION)


def _removed(one: Tally) -> float:
    return LEAST_REMOVED + one.counts["chars_removed"] / max(1, one.counts["chars_in"])


def _length(one: Tally) -> float:
    return (1 + one.counts["chars_in"] - one.counts["chars_removed"]) / one.rows


def _spread(values: Sequence[float]) -> float:
    """The deviation between runs, by the median of the differences: one strange run does not widen it."""
    middle = median(values)
    return MAD_TO_DEVIATION * median(abs(value - middle) for value in values) * (1 + FEW / len(values))
