"""Write one batch to a lake: all its tables or nothing, and the same bytes for the same rows.

Tables are encoded in memory and written as whole files below `_staging`; the rename of that folder to `.ready` is the
commit point. From there on only renames are left, and whoever next holds the lock does what is missing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lake.disk import Disk
from lake.layout import PUBLISH_ORDER, STAGING, LakeError, Staged, staged, target
from lake.schema import TABLES, conform, schema_of

ROW_GROUP_ROWS = 4096  # full text reads 2.6 times slower in groups of 8,192 (Polars), queries for one outlet too
ZSTD_LEVEL = 3  # level 9 writes rows 4 % smaller for 3.6 times the time
# Columns of few values, of all tables together; elsewhere a dictionary is only bytes.
DICTIONARY = frozenset(
    (
        "source",
        "source_evidence",
        "host",
        "date_precision",
        "section",
        "language",
        "language_status",
        "language_detected",
        "language_declared",
        "minhash_scheme",
        "duplicate_kind",
        "extraction_method",
        "ruleset",
        "schema_version",
        "origin_file",
        "batch",
        "rule",
        "kind",
        "stage",
        "reason",
        "payload_type",
    )
)
SORTED_BY: Mapping[str, tuple[str, ...]] = {
    "links": ("id", "other", "kind"),
    "removals": ("article_id", "start"),
    "runs": ("batch",),
}


@dataclass(frozen=True, slots=True)
class BatchTables:
    """What one shard writes: its tables by name (`runs` with its one row; a table left out is empty).

    `batch` is a hash of the shard's input alone, `ruleset` the fingerprint of the rules: together they name its files.
    """

    batch: str
    ruleset: str
    tables: Mapping[str, pa.Table]


def encode(name: str, table: pa.Table, schema: pa.Schema | None = None) -> bytes:
    """One Parquet file of a table, in memory: sorted, in one chunk.

    `schema` is the one of a file that was written before, in which columns may be said to mean the same otherwise.
    The same rows give the same bytes with the same pyarrow. A table without rows becomes a file without row groups:
    an empty row group breaks Hugging Face's reader. Raises ValueError for a table of another schema.
    """
    keys = [(key, "ascending") for key in SORTED_BY.get(name, ("id",))]
    rows = conform(name, table.sort_by(keys) if table.num_rows > 1 else table)
    rows = rows if schema is None else pa.Table.from_arrays(rows.columns, schema=schema)
    sink = pa.BufferOutputStream()
    writer = writer_to(sink, rows.schema)
    if rows.num_rows:
        writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
    writer.close()
    return bytes(sink.getvalue())


def writer_to(sink: pa.NativeFile, schema: pa.Schema) -> pq.ParquetWriter:
    """Begin a Parquet file in memory: every option of every file of a lake stands here."""
    return pq.ParquetWriter(
        sink,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[column for column in schema.names if column in DICTIONARY],
        write_statistics=True,
        write_page_checksum=True,  # so that verify sees a flipped bit; zstd as Parquet uses it has no checksum
    )


def check(batch: BatchTables) -> None:
    """Refuse a batch whose accounts do not add up, before anything is written. Raises ValueError."""
    runs = batch.tables.get("runs")
    if runs is None or runs.num_rows != 1:
        raise ValueError(f"batch {batch.batch}: one row in runs, please; it is what makes a batch complete")
    (run,) = runs.select(["documents", "articles", "duplicates", "rejects", "forgotten", "ruleset"]).to_pylist()
    rows = {name: batch.tables[name].num_rows if name in batch.tables else 0 for name in TABLES}
    for name in ("articles", "duplicates", "rejects"):
        if run[name] != rows[name]:
            raise ValueError(f"batch {batch.batch}: runs says {run[name]} {name}, the table has {rows[name]}")
    if run["documents"] != run["articles"] + run["duplicates"] + run["rejects"] + run["forgotten"]:
        raise ValueError(f"batch {batch.batch}: its rows and forgotten are not its documents: {run}")
    if run["ruleset"] != batch.ruleset:
        raise ValueError(f"batch {batch.batch}: runs names ruleset {run['ruleset']}, the files {batch.ruleset}")
    for name, table in batch.tables.items():
        if table.num_rows and table.column("batch").unique().to_pylist() != [batch.batch]:
            raise ValueError(f"batch {batch.batch}: table {name} holds rows of another batch")


def stage(disk: Disk, root: Path, batch: BatchTables, to: Staged) -> Staged:
    """Write all tables of a batch below `_staging` and commit it; it is then `ready`, and roll_forward's.

    Raises OSError for the disk and ValueError for the tables; then nothing was committed, and `sweep` clears it away.
    """
    folder = root / STAGING / to.folder
    disk.mkdir(folder)
    for name in _tables_of(batch):
        disk.write(folder / f"{name}.part", _encoded(name, batch))
    disk.sync(folder)
    ready = Staged(to.stem, to.month, ready=True)
    disk.rename(folder, root / STAGING / ready.folder)  # the commit point: last, after every sync
    disk.sync(root / STAGING)
    return ready


def encoded(batch: BatchTables) -> dict[str, bytes]:
    """The files of all tables of a batch, by table, in the order in which they are published."""
    return {name: _encoded(name, batch) for name in _tables_of(batch)}


def stage_beside(disk: Disk, root: Path, name: str, table: pa.Table, to: Staged) -> Staged:
    """Write one optional table by itself and commit it: what was found out about rows that lie in the lake already.

    Raises OSError for the disk; then nothing was committed, and `sweep` clears it away.
    """
    folder = root / STAGING / to.folder
    disk.mkdir(folder)
    disk.write(folder / f"{name}.part", encode(name, table))
    disk.sync(folder)
    ready = Staged(to.stem, to.month, ready=True)
    disk.rename(folder, root / STAGING / ready.folder)
    disk.sync(root / STAGING)
    return ready


def roll_forward(disk: Disk, root: Path, ready: Staged) -> None:
    """Move the files of a committed batch to their places, in order; done again after a crash, it does the rest.

    Raises OSError for the disk, LakeError if other bytes lie in a place already.
    """
    folder = root / STAGING / ready.folder
    for name in PUBLISH_ORDER:
        part, place = folder / f"{name}.part", target(root, name, ready)
        if not part.exists():
            continue
        disk.mkdir(place.parent)
        if not place.exists():
            disk.rename(part, place)
        elif place.read_bytes() == part.read_bytes():  # a disk that kept the new name and the old one through a crash
            disk.unlink(part)
        else:
            raise LakeError(f"{place} holds other bytes than the batch that belongs there: run saring lake verify.")
        disk.sync(place.parent)
    disk.rmdir(folder)
    disk.sync(root / STAGING)


def sweep(disk: Disk, root: Path, left: Staged) -> None:
    """Delete what a batch that was not committed left below `_staging`."""
    folder = root / STAGING / left.folder
    for path in sorted(folder.iterdir()):
        disk.unlink(path)
    disk.rmdir(folder)


def waiting(root: Path) -> list[Staged]:
    """Batches below `_staging`, ready or not, in the order of their names."""
    staging = root / STAGING
    found = sorted(path.name for path in staging.iterdir()) if staging.is_dir() else []
    return [batch for name in found if (batch := staged(name)) is not None]


def _tables_of(batch: BatchTables) -> list[str]:
    """The tables that a batch writes, those without rows too."""
    return [name for name in PUBLISH_ORDER if name in TABLES or name in batch.tables]


def _encoded(name: str, batch: BatchTables) -> bytes:
    return encode(name, batch.tables[name] if name in batch.tables else schema_of(name).empty_table())
