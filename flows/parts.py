"""Keep cleaned rows on disk between the child that made them and the run that publishes them.

A part file holds the rows of some documents of a batch, `<batch>.<first>-<next>.part`: Arrow IPC streams one after the
other, one for each table in `PARTS`. It is whole under its name, or not there.
"""

from __future__ import annotations

import errno
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
        partial = target.with_suffix(".writing")
        sink = pa.BufferOutputStream()
        for name, rows in self.tables.items():
            content = table(name, rows)
            with pa.ipc.new_stream(sink, content.schema) as stream:
                stream.write_table(content)
            rows.clear()
        try:
            self.disk.unlink(partial)  # half of it, left by a child that died here
            self.disk.write(partial, sink.getvalue().to_pybytes(), durable=False)
            self.disk.rename(partial, target)
        except OSError as error:
            raise LostRowsError(error.errno or errno.EIO, error.strerror or str(error)) from error


def parts(folder: str | Path, batch: str) -> list[Path]:
    """Return the part files of a batch in the order of their documents."""
    return sorted(Path(folder).glob(f"{batch}.*.part"))


def next_document(folder: str | Path, batch: str, start: int = 0) -> int:
    """Return the first document of a batch, from `start`, whose rows are not on disk."""
    return max([start, *(int(part.stem.rpartition("-")[2]) for part in parts(folder, batch))])


def read_parts(folder: str | Path, batch: str) -> dict[str, pa.Table]:
    """Read the part files of a batch, of which there is at least one: a table for each name in `PARTS`."""
    found: dict[str, list[pa.Table]] = {name: [] for name in PARTS}
    for part in parts(folder, batch):
        with open(part, "rb") as source:
            for name in PARTS:
                with pa.ipc.open_stream(source) as stream:
                    found[name].append(stream.read_all())
    return {name: pa.concat_tables(tables).combine_chunks() for name, tables in found.items()}
