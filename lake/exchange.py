"""Replace files of a lake by others with the same or other rows: staged, committed, and swapped in as whole folders.

    with lake.exchange() as new:                         # a folder below `_staging` that is this process's own
        new.write("articles", "2026-10", rows)           # a new file; as many as there are, of any table and month
        new.drop("articles", "2026-10", names)           # the files that it replaces, by name: "b1-0f3c.parquet"
        with lake.lock():
            new.commit(when)                             # all of it, or LakeError and nothing

It may be built without the lock: files published meanwhile are linked into the new folders and not lost, and if one
that was to be replaced is gone, `commit` refuses (`Stale`) and nothing is changed. Whoever decides by what rows say
(forget, reclean) looks at what came meanwhile, under the lock, before `commit`; who only writes the same rows anew
(compact) need not.

A table of which one month changes has that folder exchanged, one of which several change its whole folder: no reader
of one table can list one month as it is and another as it was without an error. Tables follow each other in `ORDER`.
Once committed, whoever next holds the lock finishes it (`lake/swaps.py`).
"""

from __future__ import annotations

import datetime
import fcntl
import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import xxhash

from lake import layout
from lake.disk import Disk
from lake.layout import STAGING, LakeError
from lake.schema import schema_of
from lake.swaps import OWNER, PLAN, TIME, UNABLE, Plan, Swap, remove, roll_forward, unable
from lake.write import encode

# What refers to articles follows them, and `runs`, which counts the others, comes last here too.
REFERRING = ("duplicates", "removals", "links", "rejects", "originals", "clusters", "signatures", "tombstones")
ORDER = ("articles", *REFERRING, "runs")


class Stale(LakeError):
    """Another writer replaced what this exchange was made of: nothing was changed, do it again."""


class Exchange:
    """New files on their way, the staging folder they lie in, and what they replace. Made by `Lake.exchange`."""

    def __init__(
        self, disk: Disk, root: Path, recover: Callable[[datetime.datetime], object], *, fresh: bool = False
    ) -> None:
        self._disk, self._root, self._recover = disk, root, recover
        self._name = secrets.token_hex(6)
        self.folder = root / STAGING / f"exchange-{self._name}.tmp"
        self._new: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._gone: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        disk.mkdir(self.folder)
        self._owner = os.open(self.folder / OWNER, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX)
            if not fresh:
                _try_out(disk, self.folder)
        except BaseException:
            os.close(self._owner)
            raise

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if (kind is None or issubclass(kind, Exception)) and self.folder.is_dir():
                remove(self._disk, self.folder)
        except OSError:
            pass  # the error that ended it is told, if one did; the next writer clears the rest away
        finally:
            os.close(self._owner)

    def write(self, table: str, month: str, rows: pa.Table) -> str:
        """Write some rows as a new file of a month (`2026-10`); its name. Raises LakeError: the disk; ValueError."""
        return self.put(table, month, encode(table, rows))

    def put(self, table: str, month: str, data: bytes) -> str:
        """Write a new file of which the bytes are made already; its name."""
        name = f"c-{xxhash.xxh3_128_hexdigest(data)}.parquet"
        folder = self.folder / table / layout.folder_of(month)
        if name not in self._new[table, month]:
            try:
                self._disk.mkdir(folder)
                self._disk.write(folder / name, data)
            except OSError as error:
                raise self._cannot(error) from error
            self._new[table, month].add(name)
        return name

    def drop(self, table: str, month: str, files: Iterable[str]) -> None:
        """Say which files of a month the new ones replace, by name."""
        self._gone[table, month].update(files)

    def commit(self, when: datetime.datetime, *, keep_old: bool = True) -> bool:
        """Swap the new files in; whether there was anything to do. Hold the lock.

        Without `keep_old` what was replaced is deleted at once, and all that earlier exchanges kept too. Raises Stale,
        and LakeError for the disk, for things in the folders that are no files of a lake, and where folders cannot be
        exchanged; the lake is then as it was, or, once committed, finished by whoever next holds the lock.
        """
        self._recover(when)
        try:
            swaps = tuple(self._swaps())
            if not swaps:
                return False
            plan = Plan(when.astimezone(datetime.UTC).strftime(TIME), keep_old, swaps)
            self._stage(plan)
            roll_forward(self._disk, self._root, self._ready)
        except OSError as error:
            raise self._cannot(error) from error
        return True

    @property
    def _ready(self) -> Path:
        return self.folder.with_suffix(".ready")

    def _cannot(self, error: OSError) -> LakeError:
        committed = self._ready.is_dir() or not self.folder.is_dir()
        then = "What was begun will be finished by the next run." if committed else "Nothing in it was changed."
        return LakeError(f"The lake {self._root} cannot be written: {error.strerror or error}. {then}")

    def _swaps(self) -> Iterator[Swap]:
        """Find out which folders change, and put every file that is to lie in them there."""
        changed: defaultdict[str, dict[str, frozenset[str]]] = defaultdict(dict)
        for table, month in sorted(self._new.keys() | self._gone.keys()):
            live = layout.names_in(self._root, table, month)
            if lost := self._gone[table, month] - live:
                raise Stale(f"{table} of {month} was changed by another writer ({min(lost)} is gone): run it again.")
            if not (live - self._gone[table, month]) | self._new[table, month]:
                self.write(table, month, schema_of(table).empty_table())  # readers fail on a glob without a file
            after = frozenset((live - self._gone[table, month]) | self._new[table, month])
            if after != live:
                changed[table][month] = after
        for table in sorted(changed, key=ORDER.index):
            yield self._whole(table, changed[table]) if len(changed[table]) > 1 else self._one(table, changed[table])

    def _one(self, table: str, changed: dict[str, frozenset[str]]) -> Swap:
        ((month, files),) = changed.items()
        self._fill(table, month, files)
        return Swap(f"{table}/{layout.folder_of(month)}", tuple(sorted(files)))

    def _whole(self, table: str, changed: dict[str, frozenset[str]]) -> Swap:
        files = {month: layout.names_in(self._root, table, month) for month in layout.months(self._root, table)}
        files |= changed
        for month, names in files.items():
            self._fill(table, month, names)
        found = sorted(f"{layout.folder_of(month)}/{name}" for month, names in files.items() for name in names)
        return Swap(table, tuple(found))

    def _fill(self, table: str, month: str, files: frozenset[str]) -> None:
        """Link what stays, and nothing else, beside the new files of a month."""
        live, staged = (root / table / layout.folder_of(month) for root in (self._root, self.folder))
        self._disk.mkdir(staged)
        for name in sorted(files - self._new[table, month]):
            self._disk.link(live / name, staged / name)
        self._disk.sync(staged)

    def _stage(self, plan: Plan) -> None:
        for swap in plan.swaps:
            _refuse_strays(self._root, swap)
            self._disk.sync((self.folder / swap.place).parent)
        self._disk.write(self.folder / PLAN, plan.encoded())
        self._disk.sync(self.folder)
        self._disk.rename(self.folder, self._ready)  # the commit point
        self._disk.sync(self._root / STAGING)


def _try_out(disk: Disk, folder: Path) -> None:
    """Exchange two empty folders, to know before the work whether that can be done here."""
    one, other = folder / "one", folder / "other"
    disk.mkdir(one)
    disk.mkdir(other)
    try:
        disk.exchange(one, other)
    except OSError as error:
        if error.errno in UNABLE:
            raise unable(folder.parent.parent, error) from error
        raise
    disk.rmdir(one)
    disk.rmdir(other)


def _refuse_strays(root: Path, swap: Swap) -> None:
    """Refuse to swap away what somebody else put into a table."""
    place = root / swap.place
    for path in layout.strays_of(root / swap.place.split("/")[0]):
        if place in path.parents:
            raise LakeError(f"{path} is no file of a lake and would be swapped away: move it out of the lake first.")
