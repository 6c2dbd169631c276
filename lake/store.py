"""The lake as its users meet it: open it, hold its lock, publish batches, ask what it holds.

with lake.lock():
    lake.recover()
    …                                   # decide copies against what the lake holds now
    lake.publish(BatchTables(batch, ruleset, tables), datetime.now(UTC))

Over 250 lines: one short method for each thing that a lake is asked or told.
"""

from __future__ import annotations

import datetime
import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pyarrow as pa

from lake import layout, read, signatures, write
from lake.columns import SCHEMA_VERSION
from lake.disk import Disk
from lake.exchange import Exchange
from lake.layout import LakeError, Staged
from lake.read import BatchLine, KeyBatch, KnownInput, Status
from lake.remote import Remote, is_remote
from lake.schema import TABLES
from lake.swaps import settle
from lake.write import BatchTables

POLL_SECONDS = 0.1  # between two tries for the lock; a batch holds it for about half a second


class Lake:
    """Plain Parquet files under one folder, and the promises about them.

    `Lake(path)` opens; `Lake(path, create=True)` makes it if it is not there. `disk` is where every change goes.
    With `s3://bucket/prefix` the files lie there, and `path` is a copy of them on disk: see `lake.remote`.
    Raises LakeError, one sentence with the remedy: not there, not a lake, not writable (with `create`), or written
    with another schema version.
    """

    def __init__(self, path: str | Path, *, create: bool = False, disk: Disk | None = None, look: bool = True) -> None:
        self.remote = Remote(str(path)) if is_remote(path) else None
        self.path = self.remote.copy if self.remote else Path(path)
        self.disk = disk or Disk()
        self._runs: dict[str, pa.Table] = {}  # what was read of `runs`, by file name: names are never used again
        self._locked = False
        if self.remote is not None:
            self.remote.open(create=create)
            self.remote.pull()
            self._create()
        elif create:
            self._create()
        elif not self.path.is_dir():
            raise LakeError(f"There is no lake at {self.path}: saring ingest PATH… --lake {self.path} makes one.")
        elif not _is_lake(self.path):
            raise LakeError(f"{self.path} is a folder, but not a lake: name the folder that holds articles/ and runs/.")
        if look:
            self.done()  # a foreign schema, and a file of `runs` that cannot be read, are told now

    @contextmanager
    def lock(self, waiting: Callable[[float], None] | None = None) -> Iterator[None]:
        """Hold the lake for deciding and publishing; `waiting(seconds so far)` is called while another holds it.

        The kernel frees it when its holder dies. Raises LakeError if the lake cannot be written.
        """
        handle = self._lock_file()
        try:
            began = time.monotonic()
            while not _try_lock(handle):
                if waiting is not None:
                    waiting(time.monotonic() - began)
                time.sleep(POLL_SECONDS)
            with self.remote.lock(waiting) if self.remote else nullcontext():
                self._locked = True
                yield
        finally:
            self._locked = False
            fcntl.flock(handle, fcntl.LOCK_UN)  # a child forked meanwhile may still hold a copy of the handle
            os.close(handle)

    def recover(self, now: datetime.datetime | None = None) -> tuple[str, ...]:
        """Finish all that was committed, delete what was not; the batches finished. Needs the lock.

        What an exchange replaced more than an hour before `now` (the clock, if not given) goes too. Works on a full
        disk. Raises LakeError if the disk fails; what was finished by then stays finished.
        """
        self._needs_lock()
        if self.remote is not None:
            return self.remote.recover()
        try:
            settle(self.disk, self.path, now or datetime.datetime.now(datetime.UTC))
            return tuple(stem for left in write.waiting(self.path) if (stem := self._settle(left)) is not None)
        except OSError as error:
            raise LakeError(f"The lake {self.path} has batches to finish and cannot be written: {error}.") from error

    def publish(self, batch: BatchTables, when: datetime.datetime) -> None:
        """Write one batch, all tables or nothing. Needs the lock; `when` (aware) names the month folder, in UTC.

        Raises ValueError for tables whose accounts do not add up; LakeError for a batch that is there already and for
        the disk (full, broken): its cause is the OSError, and nothing is left half done.
        """
        self._needs_lock()
        self.recover(when)
        if batch.batch in self.done():
            raise LakeError(f"Batch {batch.batch} is in the lake {self.path} already.")
        write.check(batch)
        to = Staged(layout.stem(batch.batch, batch.ruleset), layout.month(when), ready=False)
        if self.remote is not None:
            return self.remote.publish(to.stem, to.month, write.encoded(batch))
        try:
            write.roll_forward(self.disk, self.path, write.stage(self.disk, self.path, batch, to))
        except OSError as error:
            raise LakeError(self._left_by(to, error)) from error
        except ValueError:
            write.sweep(self.disk, self.path, to)
            raise

    def add(self, name: str, rows: pa.Table, stem: str, when: datetime.datetime) -> None:
        """Write one optional table beside the batches, as a file of its own named `stem`; nothing else changes.

        Needs the lock. Raises LakeError for the disk and for a name that is there already.
        """
        self._needs_lock()
        self.recover(when)
        to = Staged(stem, layout.month(when), ready=False)
        if self.remote is not None:
            return self.remote.publish(to.stem, to.month, {name: write.encode(name, rows)})
        try:
            write.roll_forward(self.disk, self.path, write.stage_beside(self.disk, self.path, name, rows, to))
        except OSError as error:
            raise LakeError(self._left_by(to, error)) from error

    @contextmanager
    def exchange(self, *, fresh: bool = False) -> Iterator[Exchange]:
        """Make files that replace others, and swap them in with `commit`, which needs the lock: see `lake.exchange`.

        `fresh`: no month is replaced, only added, which any file system can do. Takes the lock for a moment unless it
        is held. Raises LakeError: the disk; a file system that cannot do it.
        """
        if self.remote is not None:
            raise LakeError(
                f"Files in {self.remote.url} are never replaced: objects cannot change places in one step. Write the "
                "lake to a disk with saring lake compact --into DIR, do it there, and copy its files to a new prefix; "
                "saring lake reclean takes --into s3://… at once."
            )
        held = self._locked
        with nullcontext() if held else self.lock():
            if not held:
                self.recover()  # what is read from now on is what it will be, however a writer before was stopped
            try:
                made = Exchange(self.disk, self.path, self.recover, fresh=fresh)
            except OSError as error:
                raise LakeError(f"The lake {self.path} cannot be written: {error.strerror or error}.") from error
        with made:
            yield made

    def done(self) -> frozenset[str]:
        """Batches that are complete: their ids stand in `runs`."""
        files = read.run_files(self.path, self._runs)
        return frozenset(batch for runs in files for batch in runs.column("batch").to_pylist())

    def runs(self) -> pa.Table:
        """All rows of `runs`, ordered by when they finished, then run and shard. Raises LakeError: foreign schema."""
        return read.run_rows(read.run_files(self.path, self._runs))

    def inputs(self) -> Mapping[str, KnownInput]:
        """Files that batches were read from, by SHA-256: name, size, records, which of them were read, rulesets."""
        return read.known_inputs(self.runs())

    def scan_keys(self, after: Collection[str] = frozenset()) -> Iterator[KeyBatch]:
        """Stream what recognises copies, of all rows in files not named in `after`: articles, then duplicates.

        Before the lock this sees whole files; a batch without its row in `runs` may be among them, and is completed
        by the next `recover`. Under the lock, with the names seen so far as `after`, it gives only what is new.
        """
        return read.keys(self.path, after)

    def has_all(self, files: Collection[str]) -> bool:
        """Say whether files that `scan_keys` named are still there; if not, rows may have gone or moved: scan again."""
        return all((self.path / name).exists() for name in files)

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> dict[str, str]:
        """Texts of a few rows by id; `files` (names from `scan_keys`) narrows the search. Unknown ids are left out."""
        return read.texts(self.path, ids, files)

    def status(self, last: int = 5) -> Status:
        """What is in the lake: rows by table, bytes, the last batches (newest first), open rejects by reason."""
        runs = self.runs()
        rows, size = read.counts(self.path)
        newest = runs.slice(max(0, runs.num_rows - last)).select(BatchLine.__slots__).to_pylist()[::-1]
        return Status(
            path=self.remote.url if self.remote else str(self.path),
            schema_version=SCHEMA_VERSION,
            rows=rows,
            size_bytes=size,
            batches=runs.num_rows,
            last=tuple(BatchLine(**row) for row in newest),
            open_rejects=dict(sorted(read.open_rejects(self.path).items())),
            unfinished=tuple(left.folder for left in write.waiting(self.path)),
            other_schemes=dict(sorted(signatures.other_schemes(self.path).items())),
        )

    def _create(self) -> None:
        if not (is_new(self.path) or _is_lake(self.path)):
            raise LakeError(f"{self.path} holds other things than a lake: name an empty or a new folder.")
        try:
            for name in (*TABLES, layout.STAGING):
                self.disk.mkdir(self.path / name)
        except OSError as error:
            raise LakeError(f"The lake {self.path} cannot be written: {error.strerror or error}.") from error
        os.close(self._lock_file())
        if not os.access(self.path / layout.STAGING, os.W_OK):
            raise LakeError(f"The lake {self.path} cannot be written: its folders are not yours.")

    def _lock_file(self) -> int:
        try:
            return os.open(self.path / layout.LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise LakeError(f"The lake {self.path} cannot be written: {error.strerror}: {error.filename}.") from error

    def _needs_lock(self) -> None:
        if not self._locked:
            raise RuntimeError("the lake is changed only under its lock: with lake.lock(): …")

    def _settle(self, left: Staged) -> str | None:
        if not left.ready:
            write.sweep(self.disk, self.path, left)
            return None
        write.roll_forward(self.disk, self.path, left)
        return left.stem.split("-")[0]

    def _left_by(self, to: Staged, error: OSError) -> str:
        """Clear away what a failed batch staged, as far as the disk lets us, and say how things stand."""
        said = f"The lake {self.path} cannot be written: {error.strerror or error}."
        try:
            if to in write.waiting(self.path):
                write.sweep(self.disk, self.path, to)
        except OSError as second:
            return f"{said} Nothing of batch {to.stem} is in it; the next run clears its staging away ({second})."
        if Staged(to.stem, to.month, ready=True) in write.waiting(self.path):
            return f"{said} Batch {to.stem} is complete and will be published by the next run."
        if layout.target(self.path, "runs", to).exists():
            return f"{said} Batch {to.stem} is in it, whole."
        return f"{said} Nothing of batch {to.stem} is in it: mend the disk and run again."


def is_new(path: str | Path) -> bool:
    """Whether a lake can be made here: nothing is there, or an empty folder, or what a run left that died making it."""
    if is_remote(path):
        return not Remote(str(path)).is_there()
    path = Path(path)
    if not path.exists():
        return True
    return path.is_dir() and not _is_lake(path) and all(_is_begun(entry) for entry in path.iterdir())


def _is_begun(entry: Path) -> bool:
    return entry.name in (*TABLES, layout.STAGING) and entry.is_dir() and not any(entry.iterdir())


def _is_lake(path: Path) -> bool:
    return path.is_dir() and (path / "runs").is_dir() and (path / "articles").is_dir()


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
