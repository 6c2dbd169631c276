"""Write the many small files of a month as few sorted ones: `saring lake compact`. Rows stay as they are.

Each month is one exchange (`lake/exchange.py`) of all its tables, so that it can be stopped after any of them. It is
built without the lock, beside the files that are there; every row is read back from the new files and compared before
anything old goes. Signatures that `rehash` made anew are put into the rows they were made for.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake import layout, signatures
from lake.digest import Numbers
from lake.exchange import Exchange
from lake.layout import PUBLISH_ORDER, LakeError
from lake.merge import MAX_FILE_ROWS, digests_of, merge
from lake.remote import is_remote
from lake.store import Lake, is_new
from lake.swaps import remove

FOLDED = ("articles", "duplicates")  # the tables that signatures are put into
COMPACTED = tuple(name for name in PUBLISH_ORDER if name != "signatures")  # which are found by the names of their files
UNFINISHED = ".unfinished"  # what --into writes, until it is whole


@dataclass(frozen=True, slots=True)
class Month:
    """One month: files and bytes of all its tables, and the tables of which files are to be merged (none: compact)."""

    month: str
    files: int
    bytes: int
    rows: int
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a month: files and bytes before and after."""

    month: str
    rows: int
    files: tuple[int, int]
    bytes: tuple[int, int]


class Different(LakeError):
    """The rows that were written are not the rows that were read: nothing was changed."""


def months_of(lake: Lake, wanted: Sequence[str] = ()) -> list[Month]:
    """Say what there is to do in some months, all if none is named. Raises LakeError for a month that is not there."""
    there = sorted({month for table in COMPACTED for month in layout.months(lake.path, table)})
    if unknown := sorted(set(wanted) - set(there)):
        raise LakeError(f"The lake {lake.path} has no month {unknown[0]}: it has {', '.join(there) or 'none'}.")
    return [_month(lake.path, month) for month in wanted or there]


def closed(months: Iterable[Month], now: datetime.datetime) -> list[Month]:
    """Leave out the month in which new batches are still published."""
    return [month for month in months if month.month < layout.month(now)]


def compact(lake: Lake, month: Month, when: datetime.datetime) -> Compacted:
    """Compact one month in its place; readers see its files as they were, or as they are, or "no such file".

    Takes the lock for the exchange only. Raises LakeError: the disk, another writer at the same files (`Stale`), rows
    that differ (`Different`); the lake is then as it was.
    """
    with lake.exchange() as new:
        try:
            _write(lake, new, month)
        except (OSError, pa.ArrowException) as error:
            raise LakeError(f"{month.month} of {lake.path} cannot be compacted: {error}. It is as it was.") from error
        with lake.lock():
            new.commit(when)
    after = _month(lake.path, month.month)
    return Compacted(month.month, after.rows, (month.files, after.files), (month.bytes, after.bytes))


def compact_into(
    lake: Lake, to: Path, when: datetime.datetime, told: Callable[[Compacted], None] = lambda done: None
) -> None:
    """Write all months compacted into a new lake, and leave this one as it is. Holds its lock: nothing comes meanwhile.

    Stopped in the middle it leaves `<to>.unfinished`, which the next call begins anew. Raises LakeError.
    """
    if is_remote(to):
        raise LakeError(f"A new lake is written to a disk, not to {to}: name a folder and copy its files there.")
    if not is_new(to):
        raise LakeError(f"{to} holds something already: name a new folder.")
    unfinished = to.with_name(to.name + UNFINISHED)
    try:
        if unfinished.exists():
            remove(lake.disk, unfinished)
        made = Lake(unfinished, create=True, disk=lake.disk)
        with lake.lock():
            lake.recover(when)
            for month in months_of(lake):
                told(_copied(lake, made, month, when))
        remove(lake.disk, to) if to.exists() else None
        lake.disk.rename(unfinished, to)
    except OSError as error:
        raise LakeError(f"{to} cannot be written: {error.strerror or error}. This lake is as it was.") from error


def _month(root: Path, month: str) -> Month:
    files = {name: sorted((root / name / layout.folder_of(month)).glob("*.parquet")) for name in COMPACTED}
    rows = {name: sum(pq.read_metadata(file).num_rows for file in found) for name, found in files.items()}
    every = [file for found in files.values() for file in found]
    return Month(
        month=month,
        files=len(every),
        bytes=sum(file.stat().st_size for file in every),
        rows=sum(rows.values()),
        tables=tuple(name for name, found in files.items() if found and not _is_compact(found, rows[name])),
    )


def _is_compact(files: list[Path], rows: int) -> bool:
    few = len(files) <= -(-max(1, rows) // MAX_FILE_ROWS)
    return few and all(file.name.startswith(f"{signatures.REPLACING}-") for file in files)


def _write(lake: Lake, new: Exchange, month: Month) -> None:
    """Write the new files of a month beside the lake, compare them, and say which files they replace."""
    replaced: defaultdict[str, list[Path]] = defaultdict(list)
    for name in month.tables:
        replaced[name] = sorted((lake.path / name / layout.folder_of(month.month)).glob("*.parquet"))
        rows = merge(
            lake.disk, lake.path, name, replaced[name], new.folder / "spill", partial(new.put, name, month.month)
        )
        _compare(new, name, month.month, rows)
        new.drop(name, month.month, [file.name for file in replaced[name]])
    signed = [file for name in FOLDED for file in replaced[name]]
    for file in signatures.unused(lake.path, signed):
        new.drop("signatures", layout.month_of(file), [file.name])


def _compare(new: Exchange, table: str, month: str, rows: Numbers) -> None:
    written = sorted((new.folder / table / layout.folder_of(month)).glob("*.parquet"))
    back = digests_of(new.folder, table, written)
    if not np.array_equal(back, rows):
        raise Different(
            f"{table} of {month}: {len(rows)} rows were read and {len(back)} written, or some of them differ; nothing "
            "was changed. Run saring lake verify, and please report this."
        )


def _copied(lake: Lake, made: Lake, month: Month, when: datetime.datetime) -> Compacted:
    """Write one month into a new lake, whether it is compact or not."""
    every = tuple(name for name in COMPACTED if layout.names_in(lake.path, name, month.month))
    for name in every:
        with made.lock(), made.exchange(fresh=True) as new:
            files = sorted((lake.path / name / layout.folder_of(month.month)).glob("*.parquet"))
            rows = merge(lake.disk, lake.path, name, files, new.folder / "spill", partial(new.put, name, month.month))
            _compare(new, name, month.month, rows)
            new.commit(when)
    after = _month(made.path, month.month)
    return Compacted(month.month, after.rows, (month.files, after.files), (month.bytes, after.bytes))
