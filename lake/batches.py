"""Read one batch of a lake whole, in the order of its input, wherever compaction put its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lake import layout
from lake.restore import normalised
from lake.schema import conform, row_id, schema_of

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


def stored(root: Path, run: Mapping[str, Any]) -> Stored:
    """Read the batch of one row of `runs`. Raises OSError where files went away meanwhile, as in a compaction."""
    batch = str(run["batch"])
    names = ("articles", "duplicates", "links", "removals", "rejects", "originals")
    tables = {name: _rows(root, name, batch) for name in names}
    both = pa.concat_tables([tables["articles"], tables["duplicates"]])
    records = sum(given["stop"] - given["start"] for given in run["inputs"])
    place = {row_id(batch, at): at for at in range(max(records, run["documents"]))}
    ids = both.column("id").to_pylist()
    order = sorted(range(len(ids)), key=lambda at: (place.get(ids[at], len(place)), ids[at]))
    return Stored(run, both.take(order), frozenset(tables["duplicates"].column("id").to_pylist()), tables)


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


def _rows(root: Path, name: str, batch: str) -> pa.Table:
    files = layout.files(root, name)
    if not files:
        return schema_of(name).empty_table()
    found = ds.dataset(files, schema=schema_of(name), format="parquet").to_table(filter=pc.field("batch") == batch)
    return conform(name, found)
