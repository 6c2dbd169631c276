"""Keep cleaned rows on disk between the child that made them and the run that publishes them.

A part file holds the rows of some documents of a batch, `<batch>.<first>-<next>.part`: Arrow IPC streams one after the
other, one for each table in `PARTS`. It is whole under its name, or not there.

A cluster may clean a shard twice at once. Both begin where part files end, so each file continues another, and reading
takes one chain of them: no document is missing or twice, whoever wrote its rows.
"""

from __future__ import annotations

import errno
import secrets
from pathlib import Path
from typing import Any

import pyarrow as pa

from cleaners.article import Cleaned, Reject
from lake.disk import Disk
from lake.schema import article_row, original_row, reject_row, removal_rows, row_id, table

PARTS = ("articles", "removals", "rejects", "originals")  # the order of the streams


class LostRowsError(OSError):
    """Rows cannot be put on the disk: it is full or broken."""


class Rows:
    """The rows of some documents of a batch, until they are written."""

    def __init__(self, batch: str, ruleset: str, keep_originals: bool = False, disk: Disk | None = None) -> None:
        self.batch, self.ruleset, self.keep_originals = batch, ruleset, keep_originals
        self.disk = disk or Disk()
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in PARTS}

    def add(self, at: int, found: Cleaned | Reject) -> None:
        """Add what became of document `at` of the batch."""
        name, tables = row_id(self.batch, at), self.tables
        if isinstance(found, Reject):
            tables["rejects"].append(reject_row(found, id=name, batch=self.batch, ruleset=self.ruleset))
        else:
            tables["articles"].append(article_row(found, id=name, batch=self.batch, ruleset=self.ruleset))
            tables["removals"] += removal_rows(found, id=name, batch=self.batch, ruleset=self.ruleset)
        if self.keep_originals and (original := original_row(found, id=name, batch=self.batch)):
            tables["originals"].append(original)

    def write(self, folder: str | Path, first: int, stop: int) -> None:
        """Write the rows, of documents first to stop, as one part file, and start anew. Raises LostRowsError."""
        target = Path(folder, f"{self.batch}.{first:09d}-{stop:09d}.part")
        partial = target.with_suffix(f".{secrets.token_hex(4)}.writing")
        sink = pa.BufferOutputStream()
        for name, rows in self.tables.items():
            content = table(name, rows)
            with pa.ipc.new_stream(sink, content.schema) as stream:
                stream.write_table(content)
            rows.clear()
        try:
            self.disk.write(partial, sink.getvalue().to_pybytes(), durable=False)
            try:
                self.disk.rename(partial, target)
            except FileExistsError:  # who else cleans this shard was faster
                self.disk.unlink(partial)
        except OSError as error:
            raise LostRowsError(error.errno or errno.EIO, error.strerror or str(error)) from error


def parts(folder: str | Path, batch: str) -> list[Path]:
    """Return the part files of a batch in the order of their documents."""
    return sorted(Path(folder).glob(f"{batch}.*.part"))


def next_document(folder: str | Path, batch: str, start: int = 0) -> int:
    """Return the first document of a batch, from `start`, whose rows are not on disk."""
    return max([start, *(_range(part)[1] for part in parts(folder, batch))])


def read_parts(folder: str | Path, batch: str) -> dict[str, pa.Table]:
    """Read the part files of a batch, of which there is at least one: a table for each name in `PARTS`."""
    found: dict[str, list[pa.Table]] = {name: [] for name in PARTS}
    for part in _chain(parts(folder, batch)):
        with open(part, "rb") as source:
            for name in PARTS:
                with pa.ipc.open_stream(source) as stream:
                    found[name].append(stream.read_all())
    return {name: pa.concat_tables(tables).combine_chunks() for name, tables in found.items()}


def _range(part: Path) -> tuple[int, int]:
    first, _, stop = part.stem.rpartition(".")[2].partition("-")
    return int(first), int(stop)


def _chain(found: list[Path]) -> list[Path]:
    """Walk back from the last document, from each part to one that ends where it begins."""
    ends = {_range(part)[1]: part for part in found}
    chain, at = [], max(ends, default=0)
    while at in ends:
        chain.append(ends[at])
        at = _range(ends[at])[0]
    return chain[::-1]
