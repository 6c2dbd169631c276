"""Tell what came into a lake since a batch or a time: `saring lake changes`, the documented query `changes` in Python.

A change is a row that came (new, a copy, a revision of one that was there), was cleaned again, or was forgotten. They
come in the order of their times; those of one batch have one time. Who has read all of them goes on from the cursor.
Memory: some narrow columns of GROUP_ROWS rows, and one entry for each batch and each forgotten row.
"""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout
from lake.layout import LakeError
from lake.schema import JAKARTA
from lake.store import Lake

GROUP_ROWS = 50_000  # rows of `told` columns at once, some 30 MB as Python values
SCAN_ROWS = 65_536
MIN_PREFIX = 4  # characters of a batch's name
TOLD = ("id", "cluster_id", "duplicate_of", "revision", "source", "url", "title", "date_published", "ruleset", "batch")
BEGINNING = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)


class Happened(StrEnum):
    """What a change is."""

    NEW = "new"
    COPY = "copy"
    REVISION = "revision"
    RECLEANED = "recleaned"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: when it could be seen, what happened, and columns of the row (of a forgotten one id and batch)."""

    at: datetime.datetime
    kind: Happened
    row: Mapping[str, Any]

    @property
    def order(self) -> tuple[datetime.datetime, bool, str]:
        """Its place: by time, articles before the copies of their batch, then by id."""
        return self.at, self.kind is not Happened.NEW, self.row["id"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What came after `since`; `cursor` is where to go on when all of `feed` has been read."""

    since: datetime.datetime
    cursor: datetime.datetime
    feed: Iterator[Change]


def changes(lake: Lake, since: str | datetime.datetime | None = None) -> Changes:
    """Tell what came after a time or a batch (its name, or the beginning of it); without either, from the beginning.

    A time without a zone is Jakarta's. Raises LakeError for what is neither.
    """
    runs = lake.runs()  # first: what stands here is complete
    after = BEGINNING if since is None else since if isinstance(since, datetime.datetime) else _time_of(runs, since)
    gone = _forgotten(lake.path)
    times = [*runs.column("finished").to_pylist(), *runs.column("recleaned").drop_null().to_pylist()]
    cursor = max([after, *times, *(change.at for change in gone)])
    lately = (change for change in gone if change.at > after)
    feed = heapq.merge(_came(lake.path, runs, after), sorted(lately, key=_order), key=_order)
    return Changes(after, cursor, feed)


def _order(change: Change) -> tuple[datetime.datetime, bool, str]:
    return change.order


def _time_of(runs: pa.Table, given: str) -> datetime.datetime:
    """When a batch came, or the time that was written."""
    finished = dict(zip(runs.column("batch").to_pylist(), runs.column("finished").to_pylist(), strict=True))
    if given in finished:
        return _aware(finished[given])
    try:
        return _aware(datetime.datetime.fromisoformat(given))
    except ValueError:
        found = [batch for batch in finished if len(given) >= MIN_PREFIX and batch.startswith(given.lower())]
    if len(found) != 1:
        raise LakeError(
            f"{given!r} is no time, such as 2026-10-05T18:00+07:00, and the beginning of {len(found)} batches: "
            "saring lake status names the last ones."
        )
    return _aware(finished[found[0]])


def _aware(time: datetime.datetime) -> datetime.datetime:
    return (time if time.tzinfo else time.replace(tzinfo=JAKARTA)).astimezone(datetime.UTC)


def _forgotten(root: Path) -> list[Change]:
    rows = [row for file in layout.files(root, "tombstones") for row in _read(file, ["id", "batch", "forgotten"])]
    return [
        Change(
            _aware(row["forgotten"]), Happened.FORGOTTEN, dict.fromkeys(TOLD) | {"id": row["id"], "batch": row["batch"]}
        )
        for row in rows
    ]


def _read(file: Path, columns: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(file).read(columns=columns).to_pylist()
    return rows


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch that came, or was cleaned again (`again`), at a time."""

    name: str
    at: datetime.datetime
    again: bool
    rows: int


def _came(root: Path, runs: pa.Table, after: datetime.datetime) -> Iterator[Change]:
    """Rows that came or were cleaned again, some batches at a time."""
    known = frozenset(runs.column("batch").to_pylist())
    for group in _groups(_batches(runs, after)):
        wanted = {batch.name: batch for batch in group}
        found = [
            Change(wanted[row["batch"]].at, _kind(row, again=wanted[row["batch"]].again), row)
            for row in _rows(root, wanted.keys(), known)
        ]
        yield from sorted(found, key=_order)


def _batches(runs: pa.Table, after: datetime.datetime) -> list[_Batch]:
    found = []
    for run in runs.select(["batch", "finished", "recleaned", "articles", "duplicates"]).to_pylist():
        rows = run["articles"] + run["duplicates"]
        if run["finished"] > after:
            found.append(_Batch(run["batch"], run["finished"], False, rows))
        elif run["recleaned"] is not None and run["recleaned"] > after:
            found.append(_Batch(run["batch"], run["recleaned"], True, rows))
    return sorted(found, key=lambda batch: batch.at)


def _groups(batches: Iterable[_Batch]) -> Iterator[list[_Batch]]:
    """Cut batches into groups of some GROUP_ROWS rows; those of one time stay together."""
    group: list[_Batch] = []
    for batch in batches:
        if group and batch.at != group[-1].at and sum(one.rows for one in group) + batch.rows > GROUP_ROWS:
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def _rows(root: Path, wanted: Iterable[str], known: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Columns TOLD of the rows of some batches; a file named after another batch is not opened."""
    names = pa.array(sorted(wanted), pa.string())
    skipped = known.difference(names.to_pylist())
    columns = [*TOLD, "duplicate_kind"]
    for table in ("articles", "duplicates"):
        for file in layout.files(root, table):
            if file.stem.split("-")[0] in skipped:
                continue
            try:
                with pq.ParquetFile(file) as parquet:
                    for rows in parquet.iter_batches(batch_size=SCAN_ROWS, columns=columns):
                        yield from rows.filter(pc.is_in(rows.column("batch"), names)).to_pylist()
            except FileNotFoundError as error:
                raise LakeError(f"{file} went away, as in a compaction: ask for the changes again.") from error


def _kind(row: dict[str, Any], *, again: bool) -> Happened:
    """What happened to a row; its column duplicate_kind is taken out."""
    kind = row.pop("duplicate_kind")
    if again:
        return Happened.RECLEANED
    if kind is None:
        return Happened.NEW
    return Happened.REVISION if kind == "revision" else Happened.COPY
