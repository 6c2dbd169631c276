"""Where the next generation of a lake is written, batch by batch: into another lake, or in place of this one.

Copies are decided against what the new generation holds so far, and never against the old one.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from lake import layout, read
from lake.exchange import Exchange
from lake.layout import LakeError
from lake.read import KeyBatch
from lake.schema import schema_of
from lake.store import Lake
from lake.write import BatchTables

REPLACED = ("articles", "duplicates", "links", "removals", "rejects", "runs")
VOID = ("clusters", "signatures")  # what was found out about the old rows is not true of the new ones


class Generation(Protocol):
    """A lake that is being written anew."""

    def stored(self) -> Iterator[KeyBatch]:
        """Stream what recognises copies, of all that was put so far."""

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> dict[str, str]:
        """Texts of a few rows by id."""

    def put(self, batch: BatchTables, when: datetime.datetime) -> None:
        """Take one batch."""


class Into:
    """The new generation is another lake; begun once, it is gone on with."""

    def __init__(self, lake: Lake, old: Mapping[str, str], ruleset: str, *, partly: bool = False) -> None:
        """`old` are the batches with their rulesets; `partly` says that some may stay as they were cleaned."""
        runs = lake.runs().select(["batch", "ruleset", "recleaned"]).to_pylist()
        if not all(
            (run["recleaned"] is not None and run["ruleset"] == ruleset and run["batch"] in old)
            or (partly and run["ruleset"] == old.get(run["batch"]))
            for run in runs
        ):
            raise LakeError(f"{lake.path} holds other batches than this would write: name a new folder with --into.")
        self.lake = lake
        self.done = frozenset(run["batch"] for run in runs)

    def stored(self) -> Iterator[KeyBatch]:
        """Stream what recognises copies."""
        return self.lake.scan_keys()

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> dict[str, str]:
        """Texts of a few rows by id."""
        return self.lake.texts(ids, files)

    def put(self, batch: BatchTables, when: datetime.datetime) -> None:
        """Publish one batch; one that is there already is left."""
        with self.lake.lock():
            self.lake.recover()
            if batch.batch not in self.lake.done():
                self.lake.publish(batch, when)

    def finish(self, old: Lake) -> None:
        """Take over what keeps forgotten articles out."""
        for file in layout.files(old.path, "tombstones"):
            stem = file.stem
            if not list((self.lake.path / "tombstones").glob(f"*/{stem}.parquet")):
                month = datetime.datetime.strptime(file.parent.name, "ingested=%Y-%m").replace(tzinfo=datetime.UTC)
                with self.lake.lock():
                    self.lake.add("tombstones", pq.ParquetFile(file).read(), stem, month)


class InPlace:
    """The new generation takes the place of the old one, in one exchange. What was read is not to change meanwhile."""

    def __init__(self, lake: Lake, exchange: Exchange) -> None:
        self.lake, self.exchange = lake, exchange
        self.done: frozenset[str] = frozenset()
        self.names = self._live()

    def stored(self) -> Iterator[KeyBatch]:
        """Stream what recognises copies, of the files that are staged."""
        return read.keys(self.exchange.folder, ())

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> dict[str, str]:
        """Texts of a few rows by id."""
        return read.texts(self.exchange.folder, ids, files)

    def put(self, batch: BatchTables, when: datetime.datetime) -> None:
        """Stage one batch."""
        month = layout.month(when)
        try:
            for name in (*REPLACED, *(["originals"] if "originals" in batch.tables else [])):
                self.exchange.write(name, month, batch.tables.get(name, schema_of(name).empty_table()))
        except OSError as error:
            raise LakeError(f"The lake {self.lake.path} cannot be written: {error.strerror or error}.") from error

    def commit(self, now: datetime.datetime) -> None:
        """Swap the new files in, for all that were there at the beginning and all that came since. Needs the lock.

        Raises Stale where another writer replaced files meanwhile, and nothing is changed.
        """
        live = self._live()
        for key in self.names.keys() | live.keys():
            self.exchange.drop(*key, self.names.get(key, frozenset()) | live.get(key, frozenset()))
        self.exchange.commit(now)

    def _live(self) -> dict[tuple[str, str], frozenset[str]]:
        root: Path = self.lake.path
        return {
            (table, month): layout.names_in(root, table, month)
            for table in (*REPLACED, "originals", *VOID)
            for month in layout.months(root, table)
        }


def same_rows(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> bool:
    """Whether the tables of a batch hold the same rows, in whatever order."""
    for name in ("articles", "duplicates", "links", "removals", "rejects"):
        keys = [(key, "ascending") for key in ("id", "other", "article_id", "start") if key in schema_of(name).names]
        if not old[name].sort_by(keys).equals(new[name].sort_by(keys)):
            return False
    return True
