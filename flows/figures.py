"""Read from a lake what its report shows: totals, days, outlets, who copies whom, removals with the story around them.

Everything is streamed column by column; of texts only those of the few articles that are shown are read.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.drift import Tally
from lake import Lake, layout
from lake.layout import LakeError
from lake.restore import Form, restored

SHOWN_RULES = 25  # those that removed most
SHOWN_SAMPLES = 2  # of each rule
SHOWN_REJECTS = 3  # of each reason
CONTEXT_CHARACTERS = 90  # of the story on each side of a removal
SAMPLE_CHARACTERS = 400  # of a removal
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sample:
    """A removal in its article: the story before it, what went (shortened), the story after it."""

    rule: str
    kind: str
    before: str
    removed: str
    after: str
    title: str | None
    source: str | None


@dataclass
class Day:
    """Articles of one day of publication, Jakarta time: kept, copies, characters that came and that went."""

    kept: int = 0
    copies: int = 0
    chars_in: int = 0
    chars_removed: int = 0


@dataclass
class Figures:
    """What a report shows. `runs` are rows of the table, oldest first; `matrix` counts (original, copy) sources."""

    lake: str
    run: str | None
    runs: list[dict[str, Any]]
    outlets: dict[str, Tally] = field(default_factory=dict)
    days: dict[datetime.date, Day] = field(default_factory=dict)
    undated: int = 0
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds_of_copies: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    rejects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)

    def total(self, name: str) -> int:
        """Add up a column of `runs`."""
        return sum(row[name] for row in self.runs)

    @property
    def rules(self) -> Counter[str]:
        """Removals by rule."""
        return sum((tally.rules for tally in self.outlets.values()), Counter[str]())

    @property
    def kinds(self) -> Counter[str]:
        """Removals by kind."""
        return sum((tally.kinds for tally in self.outlets.values()), Counter[str]())

    @property
    def alarms(self) -> list[tuple[str, str]]:
        """Alarms with the run that raised them, newest first."""
        return [(row["run"], alarm) for row in reversed(self.runs) for alarm in row["alarms"]]


def figures(lake: Lake, run: str | None = None) -> Figures:
    """Read the figures of one run (its name or the beginning of it), or of the whole lake.

    Raises LakeError: no such run, or several.
    """
    rows = lake.runs().to_pylist()
    if run is not None:
        names = sorted({row["run"] for row in rows if row["run"].startswith(run)})
        if len(names) != 1:
            found = "several runs begin" if names else "no run begins"
            raise LakeError(f"In the lake {lake.path} {found} with {run!r}: saring lake status names the last ones.")
        run, rows = names[0], [row for row in rows if row["run"] == names[0]]
    made = Figures(str(lake.path), run, rows)
    for row in rows:
        made.kinds_of_copies.update({one["kind"]: one["count"] for one in row["duplicate_kinds"]})
        made.rejected.update({one["reason"]: one["count"] for one in row["rejected"]})
        for outlet in row["outlets"]:
            made.outlets.setdefault(outlet["source"] or UNKNOWN, Tally()).add(outlet)
    batches = None if run is None else {row["batch"] for row in rows}
    _add_days(made, lake.path, batches)
    _add_matrix(made, lake.path, batches)
    _add_samples(made, lake.path, batches)
    _add_rejects(made, lake.path, batches)
    return made


def _stream(root: Path, table: str, columns: list[str], batches: Collection[str] | None) -> Iterator[pa.RecordBatch]:
    """Stream some columns of a table, newest file first; of some batches only, if they are given."""
    chosen = None if batches is None else pa.array(sorted(batches), pa.string())
    for file in reversed(layout.files(root, table)):
        with pq.ParquetFile(file) as parquet:
            for rows in parquet.iter_batches(columns=[*columns, *([] if "batch" in columns else ["batch"])]):
                yield rows if chosen is None else rows.filter(pc.is_in(rows.column("batch"), value_set=chosen))


def _add_days(made: Figures, root: Path, batches: Collection[str] | None) -> None:
    columns = ["date_published_day", "original_length", "removed_chars"]
    days: defaultdict[datetime.date, Day] = defaultdict(Day)
    for table in ("articles", "duplicates"):
        for rows in _stream(root, table, columns, batches):
            counted = (
                pa.table(rows)
                .group_by("date_published_day")
                .aggregate([([], "count_all"), ("original_length", "sum"), ("removed_chars", "sum")])
            )
            for row in counted.to_pylist():
                if row["date_published_day"] is None:
                    made.undated += row["count_all"]
                    continue
                day = days[row["date_published_day"]]
                day.kept += row["count_all"] if table == "articles" else 0
                day.copies += row["count_all"] if table == "duplicates" else 0
                day.chars_in += row["original_length_sum"]
                day.chars_removed += row["removed_chars_sum"]
    made.days = dict(sorted(days.items()))


def _add_matrix(made: Figures, root: Path, batches: Collection[str] | None) -> None:
    """Count copies by the source of the article kept of their cluster, and their own."""
    copies: Counter[tuple[str, str]] = Counter()
    for rows in _stream(root, "duplicates", ["cluster_id", "source"], batches):
        pairs = zip(rows.column("cluster_id").to_pylist(), rows.column("source").to_pylist(), strict=True)
        copies.update((cluster, source or UNKNOWN) for cluster, source in pairs)
    wanted = pa.array(sorted({cluster for cluster, _ in copies}), pa.string())
    original: dict[str, str] = {}
    for rows in _stream(root, "articles", ["cluster_id", "source"], None) if len(wanted) else ():
        kept = rows.filter(pc.is_in(rows.column("cluster_id"), value_set=wanted))
        sources = (source or UNKNOWN for source in kept.column("source").to_pylist())
        original |= dict(zip(kept.column("cluster_id").to_pylist(), sources, strict=True))
    for (cluster, source), count in copies.items():
        made.matrix[original.get(cluster, UNKNOWN), source] += count


def _add_samples(made: Figures, root: Path, batches: Collection[str] | None) -> None:
    """Find a few removals of the rules that removed most, of the newest files, and the story around them."""
    missing = {rule: SHOWN_SAMPLES for rule, _ in made.rules.most_common(SHOWN_RULES)}
    spans: list[dict[str, Any]] = []
    for rows in _stream(root, "removals", ["article_id", "rule", "kind", "start", "end", "text"], batches):
        if not missing:
            break
        for row in rows.filter(pc.is_in(rows.column("rule"), value_set=pa.array(sorted(missing)))).to_pylist():
            if missing.get(row["rule"], 0) and row["text"].strip():
                missing[row["rule"]] -= 1
                spans.append(row)
        missing = {rule: left for rule, left in missing.items() if left}
    texts, told = _texts(root, {row["article_id"] for row in spans})
    for row in spans:
        if (text := texts.get(row["article_id"])) is not None:
            made.samples.setdefault(row["rule"], []).append(_sample(row, text, told[row["article_id"]]))


def _texts(root: Path, ids: set[str]) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    told: dict[str, Mapping[str, Any]] = {}
    for table in ("articles", "duplicates") if ids else ():
        for rows in _stream(root, table, ["id", "title", "source"], None):
            shown = rows.filter(pc.is_in(rows.column("id"), value_set=pa.array(sorted(ids))))
            told |= {row["id"]: row for row in shown.to_pylist()}
    found = restored(root, sorted(told), Form.NORMALISED) if told else ()
    return {one.id: one.payload.decode() for one in found}, told


def _sample(row: Mapping[str, Any], text: str, told: Mapping[str, Any]) -> Sample:
    start, end = row["start"], row["end"]
    gone = text[start:end]
    return Sample(
        rule=row["rule"],
        kind=row["kind"],
        before=text[max(0, start - CONTEXT_CHARACTERS) : start],
        removed=gone if len(gone) <= SAMPLE_CHARACTERS else f"{gone[: SAMPLE_CHARACTERS - 1]}…",
        after=text[end : end + CONTEXT_CHARACTERS],
        title=told["title"],
        source=told["source"],
    )


def _add_rejects(made: Figures, root: Path, batches: Collection[str] | None) -> None:
    columns = ["reason", "detail", "title", "origin_file", "origin_row"]
    for rows in _stream(root, "rejects", columns, batches):
        for row in rows.to_pylist():
            some = made.rejects.setdefault(row["reason"], [])
            some += [row] if len(some) < SHOWN_REJECTS else []
