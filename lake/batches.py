"""Read the batches of a lake whole, one after the other, each in the order of its input, wherever its rows lie.

A batch has files of its own, or its rows stand among others in files that replaced many. Of those the rows of many
batches are taken at a time, as many as memory allows: one batch at a time would read all of a compact lake for each.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout, signatures
from lake.restore import normalised
from lake.schema import conform, row_id, schema_of

STORED = ("articles", "duplicates", "links", "removals", "rejects", "originals")
AHEAD_BYTES = 64 << 20  # of a table's rows, as the footers tell; in memory they are about as large
READ_ROWS = 4096
URL_REUSED = "url-reused"
# What says that a row is a copy, as for a row that is none; its cluster is then its own id.
UNDECIDED: Mapping[str, Any] = {
    "duplicate_of": None,
    "duplicate_kind": None,
    "revision": 0,
    "similarity": None,
    "containment": None,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One batch as it is stored: its row of `runs`, and its tables; `rows` are articles and copies in input order.

    `copies` are the ids of those that stand in `duplicates`.
    """

    run: Mapping[str, Any]
    rows: pa.Table
    copies: frozenset[str]
    tables: Mapping[str, pa.Table]

    @property
    def batch(self) -> str:
        """Its name."""
        return str(self.run["batch"])

    def removals(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Its removals by article and ruleset, in the order of the text."""
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in sorted(self.tables["removals"].to_pylist(), key=lambda row: int(row["start"])):
            found.setdefault((row["article_id"], row["ruleset"]), []).append(row)
        return found


class Batches:
    """The batches of some rows of `runs`, to be read about in that order, from several threads."""

    def __init__(self, root: Path, runs: Sequence[Mapping[str, Any]]) -> None:
        self._root, self._order = root, [str(run["batch"]) for run in runs]
        self._tables = self._listed()
        self._guard = threading.Lock()

    def read(self, run: Mapping[str, Any]) -> Stored:
        """Read the batch of one row of `runs`. Raises FileNotFoundError where files go away all the time."""
        batch = str(run["batch"])
        with self._guard:
            try:
                tables = {name: table.take(batch) for name, table in self._tables.items()}
            except FileNotFoundError:  # replaced since they were listed, as by a compaction
                self._tables = self._listed()
                tables = {name: table.take(batch) for name, table in self._tables.items()}
        both = pa.concat_tables([tables["articles"], tables["duplicates"]])
        records = sum(given["stop"] - given["start"] for given in run["inputs"])
        place = {row_id(batch, at): at for at in range(max(records, run["documents"]))}
        ids = both.column("id").to_pylist()
        order = sorted(range(len(ids)), key=lambda at: (place.get(ids[at], len(place)), ids[at]))
        return Stored(run, both.take(order), frozenset(tables["duplicates"].column("id").to_pylist()), tables)

    def _listed(self) -> dict[str, _Table]:
        return {name: _Table(self._root, name, self._order) for name in STORED}


class _Table:
    """One table, batch by batch; of files that replaced others the rows of the batches that come next are held."""

    def __init__(self, root: Path, name: str, order: Sequence[str]) -> None:
        self._name, self._place = name, {batch: at for at, batch in enumerate(order)}
        self._order, self._held = order, dict[str, list[pa.RecordBatch]]()
        self._own: dict[str, list[Path]] = {}
        self._merged = []
        for file in layout.files(root, name):
            first = file.name.partition("-")[0]
            if first == signatures.REPLACING:
                self._merged.append(file)
            else:
                self._own.setdefault(first, []).append(file)
        self._at_once = self._fitting() if self._merged else 0

    def take(self, batch: str) -> pa.Table:
        """All rows of a batch; those that were held are let go."""
        if self._merged and batch not in self._held:
            self._read_ahead(batch)
        parts = [pq.ParquetFile(file).read() for file in self._own.get(batch, ())]
        parts += [pa.Table.from_batches([rows]) for rows in self._held.pop(batch, ())]
        empty = schema_of(self._name).empty_table()
        return pa.concat_tables([empty, *(conform(self._name, part) for part in parts)]).combine_chunks()

    def _fitting(self) -> int:
        """How many batches may be held, if all have as many rows."""
        footers = [pq.read_metadata(file) for file in self._merged]
        size = sum(int(one.row_group(at).total_byte_size) for one in footers for at in range(one.num_row_groups))
        return max(1, len(self._order) * AHEAD_BYTES // max(1, size))

    def _read_ahead(self, batch: str) -> None:
        at = self._place[batch]
        wanted = pa.array(self._order[at : at + self._at_once], pa.string())
        self._held = {name: [] for name in wanted.to_pylist()}
        for file in self._merged:
            with pq.ParquetFile(file) as parquet:
                for rows in parquet.iter_batches(batch_size=READ_ROWS):
                    some = rows.filter(pc.is_in(rows.column("batch"), wanted))
                    for name in some.column("batch").unique().to_pylist() if some.num_rows else ():
                        self._held[name].append(some.filter(pc.equal(some.column("batch"), name)))


def before(row: Mapping[str, Any], removed: list[dict[str, Any]]) -> str:
    """The text of a row before the cut. Raises LakeError if it is not the one that its hash names."""
    return normalised(dict(row), [(one["start"], one["end"], one["text"]) for one in removed])


def undecided(rows: pa.Table) -> pa.Table:
    """Articles and copies as they were before it was decided which are copies."""
    flags = [[flag for flag in row if flag != URL_REUSED] for row in rows.column("flags").to_pylist()]
    values = {name: [value] * rows.num_rows for name, value in UNDECIDED.items()} | {"flags": flags}
    for name, column in values.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pa.array(column, rows.schema.field(at).type))
    at = rows.schema.get_field_index("cluster_id")
    return rows.set_column(at, rows.schema.field(at), rows.column("id"))
