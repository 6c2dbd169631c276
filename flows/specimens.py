"""Pick what the reader of a run's report wants to see: removals of each kind, the strangest and slowest articles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cleaners.article import Kind
from lake.schema import row_id

SHOWN_REMOVALS = 3  # of each kind
SHOWN_ARTICLES = 5  # strangest and slowest
SLOW_SECONDS = 1.0  # an article takes a hundredth; below this it is the machine that was busy
STRANGE_SHARE = 0.25  # of the characters; annotated articles lose less than a third of their words
EXCERPT_CHARACTERS = 120
NO_STORY = (Kind.REPEAT, Kind.EMBED)


@dataclass(frozen=True, slots=True)
class Removed:
    """A span that was removed: its kind and rule, its text (shortened), its article."""

    kind: str
    rule: str
    text: str
    title: str | None
    id: str


@dataclass(frozen=True, slots=True)
class Strange:
    """An article that lost much: share of its characters removed, what it is flagged with, where it came from."""

    id: str
    title: str | None
    source: str | None
    share: float
    flags: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Slow:
    """A document that took long: seconds, and where it came from."""

    seconds: float
    title: str | None
    place: str


def removed(tables: Mapping[str, pa.Table]) -> list[Removed]:
    """Pick a few removals of each kind, each of another rule as far as there are some; the same at every run."""
    titles: dict[str, str | None] = {}
    for name in ("articles", "duplicates"):
        titles |= dict(zip(*(tables[name].column(one).to_pylist() for one in ("id", "title")), strict=True))
    columns = ["kind", "rule", "text", "article_id"]
    by_kind: defaultdict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in tables["removals"].select(columns).to_pylist():
        rows = by_kind[row["kind"]][row["rule"]]
        if len(rows) < SHOWN_REMOVALS and row["text"].strip():
            rows.append(row)
    return [
        Removed(kind, row["rule"], _excerpt(row["text"]), titles[row["article_id"]], row["article_id"])
        for kind, rules in sorted(by_kind.items())
        for row in _spread(rules.values())
    ]


def strangest(tables: Mapping[str, pa.Table]) -> list[Strange]:
    """Pick the articles that lost the largest share, and those kept uncut because they would have.

    What was delivered twice and code do not count: neither can be story that was eaten.
    """
    lost: Counter[str] = Counter()
    for row in tables["removals"].select(["article_id", "kind", "start", "end"]).to_pylist():
        lost[row["article_id"]] += row["end"] - row["start"] if row["kind"] not in NO_STORY else 0
    columns = ["id", "title", "source", "original_length", "flags", "origin_file", "origin_row"]
    found = [
        Strange(
            row["id"],
            row["title"],
            row["source"],
            lost[row["id"]] / max(1, row["original_length"]),
            tuple(row["flags"]),
            _place(row),
        )
        for name in ("articles", "duplicates")
        for row in tables[name].select(columns).to_pylist()
    ]
    return most_strange(one for one in found if one.share >= STRANGE_SHARE or "guard" in one.flags)


def most_strange(found: Iterable[Strange]) -> list[Strange]:
    """Keep the strangest: kept uncut first, then by the share removed."""
    return sorted(found, key=lambda one: ("guard" not in one.flags, -one.share, one.id))[:SHOWN_ARTICLES]


def slowest(seconds: Mapping[int, float], batch: str, tables: Mapping[str, pa.Table]) -> list[Slow]:
    """Name the documents of a batch, by number, that took long."""
    slow = {row_id(batch, at): took for at, took in seconds.items() if took >= SLOW_SECONDS}
    found = [
        Slow(slow[row["id"]], row["title"], _place(row))
        for name in ("articles", "duplicates", "rejects")
        for row in (tables[name].select(["id", "title", "origin_file", "origin_row"]).to_pylist() if slow else ())
        if row["id"] in slow
    ]
    return most_slow(found)


def most_slow(found: Iterable[Slow]) -> list[Slow]:
    """Keep those that took longest."""
    return sorted(found, key=lambda one: (-one.seconds, one.place))[:SHOWN_ARTICLES]


def _spread(rules: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Take one of each rule, then a second of each, until there are enough."""
    ranked = [(rank, place, row) for place, rows in enumerate(rules) for rank, row in enumerate(rows)]
    return [row for _, _, row in sorted(ranked, key=lambda one: one[:2])[:SHOWN_REMOVALS]]


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[: EXCERPT_CHARACTERS - 1]}…"


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['origin_file']}:{row['origin_row']}"
