"""The lake as its users meet it: open it, hold its lock, publish batches, ask what it holds."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from lake.disk import Disk
from lake.read import KeyBatch, KnownInput, Status
from lake.write import BatchTables


class Lake:
    """Plain Parquet files under one folder, and the promises about them.

    `Lake(path)` opens; `Lake(path, create=True)` makes it if it is not there. Raises LakeError with one sentence and
    the remedy: not a lake, not there, not writable, or written with another schema version.
    """

    def __init__(self, path: str | Path, *, create: bool = False, disk: Disk | None = None) -> None: ...

    @contextmanager
    def lock(self, waiting: Callable[[float], None] | None = None) -> Iterator[None]:
        """Hold the lake for deciding and publishing; `waiting(seconds so far)` is called while another holds it."""
        yield

    def recover(self) -> tuple[str, ...]:
        """Finish every batch that reached `.ready`, delete what did not; batches finished. Needs the lock."""
        raise NotImplementedError

    def publish(self, batch: BatchTables, when: datetime.datetime) -> None:
        """Write one batch, all tables or nothing. Needs the lock; `when` (aware) names the month folder."""

    def done(self) -> frozenset[str]:
        """Batches that are complete: their ids stand in `runs`."""
        raise NotImplementedError

    def runs(self) -> pa.Table:
        """All rows of `runs`, ordered by when they finished, then by shard."""

    def inputs(self) -> Mapping[str, KnownInput]:
        """Files that batches were read from, by SHA-256."""
        raise NotImplementedError

    def scan_keys(self, after: Collection[str] = frozenset()) -> Iterator[KeyBatch]:
        """Stream what recognises copies, of all rows in files whose names are not in `after`."""
        raise NotImplementedError

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> dict[str, str]:
        """Texts of a few rows by id; `files` (names from scan_keys) narrows where to look."""
        raise NotImplementedError

    def status(self, last: int = 5) -> Status:
        """What is in the lake: rows by table, last batches, open rejects by reason."""
        raise NotImplementedError
