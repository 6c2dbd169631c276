"""Merge files of one table into few sorted ones, in memory that does not grow with their number.

Rows are read some thousand at a time, sorted, and laid down in a spill file each; then the spills, seen through the
kernel's page cache, are merged row group by row group. In memory are the keys of all rows, one row group, and one file
as Parquet. Nothing is left out and nothing added: the digests of all rows are given, to be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import signatures
from lake.digest import Numbers, row_digests
from lake.disk import Disk
from lake.schema import schema_of
from lake.write import ROW_GROUP_ROWS, SORTED_BY, writer_to

MAX_FILE_ROWS = 48 * ROW_GROUP_ROWS  # 196,608; with 49,152 counting 200,000 took 1.56 times as long as in one file
MAX_FILE_BYTES = 128 << 20  # of a file as it is written; pages kept whole are large
MAX_GROUP_BYTES = 64 << 20  # of a row group in memory; 4,096 articles are about 12 MB
SPILL_ROWS = 4096  # sorted at a time
READ_ROWS = 1024
# By what readers ask for: of 66,000 rows the 1,836 of one outlet are read in a fiftieth of the time.
COMPACTED_BY: Mapping[str, tuple[str, ...]] = {
    **SORTED_BY,
    "articles": ("source", "date_published", "id"),
    "duplicates": ("source", "date_published", "id"),
    "rejects": ("source", "id"),
    "clusters": ("batch", "id"),
    "tombstones": ("forgotten", "id"),
}


def read_rows(root: Path, table: str, file: Path, rows: int = READ_ROWS) -> Iterator[pa.RecordBatch]:
    """Stream a file's rows in its order, with the signatures that were made anew of them."""
    schema = schema_of(table)
    anew = signatures.made_anew(root, file) if table in ("articles", "duplicates") else None
    with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
        for found in parquet.iter_batches(batch_size=rows):
            whole = pa.RecordBatch.from_arrays(found.select(schema.names).columns, schema=schema)
            yield signatures.replaced(whole, anew) if anew is not None else whole


class Files:
    """Writes row groups, one after the other, into files of a bounded size; `put` takes each whole."""

    def __init__(self, table: str, put: Callable[[bytes], object]) -> None:
        self._schema, self._put = schema_of(table), put
        self._begin()

    def add(self, group: pa.Table) -> None:
        """Write some rows as one row group; ends the file where it would grow too large."""
        if self._rows and (self._rows + group.num_rows > MAX_FILE_ROWS or self._sink.tell() > MAX_FILE_BYTES):
            self.close()
            self._begin()
        self._writer.write_table(group.combine_chunks(), row_group_size=max(1, group.num_rows))
        self._rows += group.num_rows

    def close(self, *, empty: bool = True) -> None:
        """End the file, with no row group if it has no row; with `empty` false there is then no file."""
        self._writer.close()
        if self._rows or empty:
            self._put(bytes(self._sink.getvalue()))

    def _begin(self) -> None:
        self._sink, self._rows = pa.BufferOutputStream(), 0
        self._writer = writer_to(self._sink, self._schema)


def merge(
    disk: Disk, root: Path, table: str, files: Iterable[Path], spill: Path, put: Callable[[bytes], object]
) -> Numbers:
    """Merge files of a table; `put` is given each new file. Give the digests of all rows, sorted.

    `spill` is a folder for what lies between, about the size of the rows in memory; it is deleted at the end.
    """
    disk.mkdir(spill)
    spilled = _Spilled(disk, spill, table)
    for batch in of_size((one for file in files for one in read_rows(root, table, file)), SPILL_ROWS):
        spilled.add(batch)
    to = Files(table, put)
    for group in spilled.merged():
        to.add(group)
    to.close()
    spilled.drop()
    return np.sort(np.concatenate(spilled.digests)) if spilled.digests else np.empty(0, np.uint64)


def digests_of(root: Path, table: str, files: Iterable[Path]) -> Numbers:
    """Give the digests of all rows of some files, sorted."""
    found = [row_digests(batch) for file in files for batch in read_rows(root, table, file)]
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.uint64)


class _Spilled:
    """Sorted pieces of a table on the disk, and the keys of their rows in memory."""

    def __init__(self, disk: Disk, folder: Path, table: str) -> None:
        self._disk, self._folder, self._schema = disk, folder, schema_of(table)
        self._by = [(name, "ascending") for name in COMPACTED_BY.get(table, ("id",))]
        self._keys: list[pa.Table] = []
        self._pieces: list[pa.Table] = []
        self.digests: list[Numbers] = []

    def add(self, rows: pa.Table) -> None:
        self.digests += [row_digests(batch) for batch in rows.to_batches()]
        ordered = rows.sort_by(self._by).combine_chunks()
        self._keys.append(ordered.select([name for name, _ in self._by]))
        file = self._folder / f"{len(self._pieces)}.arrow"
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self._schema) as writer:
            writer.write_table(ordered)
        self._disk.write(file, sink.getvalue(), durable=False)
        self._pieces.append(pa.ipc.open_file(pa.memory_map(str(file))).read_all())

    def merged(self) -> Iterator[pa.Table]:
        if not self._keys:
            return
        order = pc.sort_indices(pa.concat_tables(self._keys), sort_keys=self._by).to_numpy().astype(np.int64)
        self._keys.clear()
        starts = np.cumsum([0, *(piece.num_rows for piece in self._pieces)])
        at = 0
        while at < len(order):
            size = ROW_GROUP_ROWS
            while True:
                group, some = self._group(order[at : at + size], starts)
                if size == 1 or group.nbytes <= MAX_GROUP_BYTES:
                    break
                size //= 2
            yield group.take(some)
            at += size

    def drop(self) -> None:
        for number in range(len(self._pieces)):
            self._disk.unlink(self._folder / f"{number}.arrow")
        self._pieces.clear()
        self._disk.rmdir(self._folder)

    def _group(self, places: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> tuple[pa.Table, pa.Array]:
        """The stretches of the pieces that hold some rows, joined, and where in them the rows stand, in order."""
        piece = np.searchsorted(starts, places, "right") - 1
        local = np.empty(len(places), np.int64)
        parts, before = [], 0
        for number in np.unique(piece):
            mine = piece == number
            within = places[mine] - starts[number]
            low, high = int(within.min()), int(within.max()) + 1
            local[mine] = within - low + before
            parts.append(self._pieces[number].slice(low, high - low))
            before += high - low
        return pa.concat_tables(parts), pa.array(local)


def of_size(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Join batches until they are `rows` together, or large."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and (
            sum(one.num_rows for one in held) + batch.num_rows > rows
            or sum(one.nbytes for one in held) + batch.nbytes > MAX_GROUP_BYTES
        ):
            yield pa.Table.from_batches(held)
            held = []
        if batch.num_rows:
            held.append(batch)
    if held:
        yield pa.Table.from_batches(held)
