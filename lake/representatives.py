"""Choose one article of each story: which copy stands for its cluster, among the rows that are asked for.

`first` is the article that was in the lake first, `source` the one of the outlet or agency that the others name as
where they have it from, `longest` and `latest` what they say. Clusters are those after reconciling. Rows that are not
asked for (language, outlet, day) take no part, so a story of which one copy is asked for is never left out.
The order is by source, time and id, whatever files the rows lie in. Memory: some 150 bytes a row, no texts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout
from lake.clusters import Clusters
from lake.store import Lake

SCAN_ROWS = 65_536  # of narrow columns at a time
LONG_ROWS = 4096  # the same where the text is measured too
NARROW = (
    *("id", "cluster_id", "source", "language", "date_published", "date_published_day", "revision"),
    *("wire_source", "origin_file", "origin_row", "batch"),
)
_CHOSEN = ["source", "date_published", "id", "file", "row"]  # what the order needs, and where the row lies


class Keep(StrEnum):
    """Which article of a cluster stands for it."""

    FIRST = "first"
    SOURCE = "source"
    LONGEST = "longest"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles are asked for; an empty set is every one. `since` is a day in Jakarta, that day included.

    With `since` an article whose day is not known is left out.
    """

    keep: Keep = Keep.FIRST
    languages: frozenset[str] = frozenset()
    outlets: frozenset[str] = frozenset()
    since: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where the chosen rows lie: for each file the rows (from 0, ascending) and the place of each in the whole order.

    `looked_at` counts the rows of the lake, `asked_for` those that Wanted takes; the others are copies of the chosen.
    """

    files: Mapping[Path, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    number: int
    looked_at: int
    asked_for: int


# What decides between the rows of one cluster, the most important first; nulls come last in either direction.
_ORDER: Mapping[Keep, tuple[tuple[str, str], ...]] = {
    Keep.FIRST: (
        *(("later", "ascending"), ("came", "ascending"), ("origin_file", "ascending"), ("origin_row", "ascending")),
        ("id", "ascending"),
    ),
    Keep.SOURCE: (
        *(("unnamed", "ascending"), ("date_published", "ascending"), ("later", "ascending"), ("id", "ascending")),
    ),
    Keep.LONGEST: (("length", "descending"), ("id", "descending")),
    Keep.LATEST: (("date_published", "descending"), ("revision", "descending"), ("id", "descending")),
}


def choose(lake: Lake, wanted: Wanted) -> Chosen:
    """Choose from what stands in `runs` now. Raises LakeError for a lake that cannot be read."""
    came = {batch: number for number, batch in enumerate(lake.runs().column("batch").to_pylist())}
    files = [(name, file) for name in ("articles", "duplicates") for file in layout.files(lake.path, name)]
    scan = _Scan(wanted, Clusters.read(lake.path), came)
    scan.clusters_of_copies([file for name, file in files if name == "duplicates"])
    for number, (_, file) in enumerate(files):
        scan.look_at(number, file)
    rows = scan.chosen().sort_by([(key, "ascending") for key in ("source", "date_published", "id")])
    at, row = (rows.column(name).to_numpy() for name in ("file", "row"))
    places = np.lexsort((row, at))  # places in the order, as the files and their rows come
    ends = np.searchsorted(at[places], np.arange(len(files)), "right")
    parts = zip((file for _, file in files), np.split(places, ends)[: len(files)], strict=True)
    found = {file: (row[here], here) for file, here in parts if len(here)}
    return Chosen(found, rows.num_rows, scan.looked_at, scan.asked_for)


@dataclass(slots=True)
class _Scan:
    """One pass over the narrow columns: rows that are alone in their cluster, rows that contend, and who is named."""

    wanted: Wanted
    clusters: Clusters
    came: Mapping[str, int]
    several: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    alone: list[pa.Table] = field(default_factory=list)
    contend: list[pa.Table] = field(default_factory=list)
    named: list[pa.Array] = field(default_factory=list)
    looked_at: int = 0
    asked_for: int = 0

    def clusters_of_copies(self, duplicates: list[Path]) -> None:
        """Find the clusters that have more than one row."""
        parts = [
            pc.unique(self.clusters.now(pq.ParquetFile(file).read(["cluster_id"]).column(0))) for file in duplicates
        ]
        joined = pa.array(sorted({*self.clusters.joined.values()}), pa.string())
        self.several = pc.unique(pa.chunked_array([joined, *parts]))

    def look_at(self, number: int, file: Path) -> None:
        """Read the narrow columns of one file."""
        for start, rows in _narrow(file, texts=self.wanted.keep is Keep.LONGEST):
            places = pa.array(np.arange(start, start + rows.num_rows))
            rows = rows.append_column("row", places).append_column("file", pa.array([number] * rows.num_rows))
            rows = rows.set_column(1, "cluster_id", self.clusters.now(rows.column("cluster_id")))
            self._sort_out(rows.filter(pc.is_in(rows.column("batch"), pa.array([*self.came], pa.string()))))

    def _sort_out(self, rows: pa.Table) -> None:
        self.looked_at += rows.num_rows
        if self.wanted.keep is Keep.SOURCE:
            told = rows.filter(rows.column("wire_source").is_valid())
            self.named.append(_keys(told.column("cluster_id"), _outlets(told.column("wire_source"))))
        rows = rows.filter(self._asked_for(rows))
        self.asked_for += rows.num_rows
        came = pa.array([self.came[batch] for batch in rows.column("batch").to_pylist()], pa.int64())
        rows = rows.append_column("later", pc.not_equal(rows.column("id"), rows.column("cluster_id")))
        rows = rows.append_column("came", came).drop_columns(["language", "date_published_day", "batch"])
        contend = pc.is_in(rows.column("cluster_id"), self.several)
        self.alone.append(rows.filter(pc.invert(contend)).select(_CHOSEN))
        self.contend.append(rows.filter(contend))

    def chosen(self) -> pa.Table:
        """Give the rows chosen: those that are alone, and the best of each cluster."""
        if not self.alone:
            return pa.table({name: [] for name in _CHOSEN})
        rows = pa.concat_tables(self.contend)
        if self.wanted.keep is Keep.SOURCE:
            named = pa.chunked_array(self.named, pa.string())
            keys = _keys(rows.column("cluster_id"), rows.column("source"))
            rows = rows.append_column("unnamed", pc.invert(pc.is_in(keys, pc.unique(named))))
        rows = rows.sort_by([("cluster_id", "ascending"), *_ORDER[self.wanted.keep]])
        clusters = rows.column("cluster_id").combine_chunks().dictionary_encode()
        _, best = np.unique(clusters.indices.to_numpy(), return_index=True)
        return pa.concat_tables([*self.alone, rows.take(best).select(_CHOSEN)])

    def _asked_for(self, rows: pa.Table) -> pa.ChunkedArray:
        asked = pc.is_valid(rows.column("file"))
        for name, values in (("language", self.wanted.languages), ("source", self.wanted.outlets)):
            if values:
                asked = pc.and_(asked, pc.is_in(rows.column(name), pa.array(sorted(values), pa.string())))
        if self.wanted.since is not None:
            after = pc.greater_equal(rows.column("date_published_day"), pa.scalar(self.wanted.since, pa.date32()))
            asked = pc.and_(asked, pc.fill_null(after, False))
        return asked


def _narrow(file: Path, *, texts: bool) -> Iterator[tuple[int, pa.Table]]:
    """The narrow columns of a file, some rows at a time, with the number of the first; `length` if asked for."""
    start = 0
    with pq.ParquetFile(file) as parquet:
        columns = [*NARROW, *(["text"] if texts else [])]
        for batch in parquet.iter_batches(batch_size=LONG_ROWS if texts else SCAN_ROWS, columns=columns):
            rows = pa.Table.from_batches([batch]).select(columns)
            if texts:
                rows = rows.set_column(len(NARROW), "length", pc.utf8_length(rows.column("text")))
            yield start, rows
            start += batch.num_rows


def _outlets(wires: pa.ChunkedArray) -> pa.ChunkedArray:
    """Outlets that are named: `Kompas.com` is kompas."""
    return pc.list_element(pc.split_pattern(pc.utf8_lower(wires), ".", max_splits=1), 0)


def _keys(clusters: pa.ChunkedArray, outlets: pa.ChunkedArray) -> pa.Array:
    """Cluster and outlet as one value; null without an outlet."""
    return pa.chunked_array(pc.binary_join_element_wise(clusters, outlets, "\n")).combine_chunks()
