"""Where things lie in a lake: names only, nothing is opened here.

    <lake>/<table>/ingested=2026-10/<batch>-<ruleset>.parquet
    <lake>/_staging/<batch>-<ruleset>.2026-10.tmp/<table>.part      being written: no reader's glob over a table sees it
    <lake>/_staging/<batch>-<ruleset>.2026-10.ready/<table>.part    complete: will be published whatever happens
    <lake>/_staging/work-<run>/                                     what a run has cleaned and not yet published
    <lake>/_staging/exchange-….tmp, .ready, old-…, gone-…           files that replace others: lake/exchange.py
    <lake>/_lock

The name of a staging folder says where its files belong, so that whoever finds it can finish it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lake.schema import OPTIONAL, TABLES

STAGING = "_staging"
LOCK = "_lock"
# Rows that are early are only additional this way round: a join from articles never misses, `runs` comes last.
PUBLISH_ORDER = (*OPTIONAL, *TABLES)
NAME = re.compile(r"[0-9a-zA-Z]+")
STAGED = re.compile(r"(?P<stem>[0-9a-zA-Z]+-[0-9a-zA-Z]+)\.(?P<month>\d{4}-\d\d)\.(?P<state>tmp|ready)")
EXCHANGE = re.compile(r"exchange-\w+\.(tmp|ready)|old-\d{8}T\d{6}Z-\w+|gone-\w+")  # of lake/exchange.py
WORK = re.compile(r"work-.+")  # belongs to the run of that name, which sweeps it; the lake leaves it alone
MONTH = re.compile(r"ingested=\d{4}-\d\d")
FILE = re.compile(r"([0-9a-zA-Z]+-[0-9a-zA-Z]+)\.parquet")


class LakeError(Exception):
    """The lake cannot be used, or a batch cannot be published: one sentence, and what to do."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch on its way: `stem` is `<batch>-<ruleset>`, `month` the month in which it was staged."""

    stem: str
    month: str
    ready: bool

    @property
    def folder(self) -> str:
        """Its name below `_staging`."""
        return f"{self.stem}.{self.month}.{'ready' if self.ready else 'tmp'}"


def staged(folder: str) -> Staged | None:
    """Read the name of a staging folder; None for a name that is none of ours."""
    match = STAGED.fullmatch(folder)
    return match and Staged(match["stem"], match["month"], match["state"] == "ready")


def stem(batch: str, ruleset: str) -> str:
    """The file name of a batch without its suffix. Raises LakeError for names that cannot stand in one."""
    if not (NAME.fullmatch(batch) and NAME.fullmatch(ruleset)):
        raise LakeError(f"Batch {batch!r} and ruleset {ruleset!r} must be letters and digits: they name files.")
    return f"{batch}-{ruleset}"


def month(when: datetime.datetime) -> str:
    """Month of a time, `2026-10`, in UTC. Raises LakeError for a time without a zone."""
    if when.tzinfo is None:
        raise LakeError(f"The time of publishing, {when}, needs a zone: the month depends on it.")
    return f"{when.astimezone(datetime.UTC):%Y-%m}"


def target(root: Path, table: str, to: Staged) -> Path:
    """Where a table of a staged batch belongs."""
    return root / table / f"ingested={to.month}" / f"{to.stem}.parquet"


def files(root: Path, table: str) -> list[Path]:
    """All files of a table, as its readers' glob finds them, in the order of their names."""
    return sorted((root / table).glob("*/*.parquet"))


def all_files(root: Path) -> dict[str, list[Path]]:
    """All files of all tables, by table."""
    return {table: files(root, table) for table in PUBLISH_ORDER}


def folder_of(month: str) -> str:
    """The name of a month's folder."""
    return f"ingested={month}"


def month_of(file: Path) -> str:
    """The month in whose folder a file lies."""
    return file.parent.name.removeprefix("ingested=")


def months(root: Path, table: str) -> list[str]:
    """The months of which a table has a folder, in order."""
    return sorted(path.name.removeprefix("ingested=") for path in (root / table).glob("ingested=*"))


def names_in(root: Path, table: str, month: str) -> frozenset[str]:
    """The names of a table's files of one month."""
    return frozenset(path.name for path in (root / table / folder_of(month)).glob("*.parquet"))


def name_of(root: Path, file: Path) -> str:
    """A file's name in the lake: `articles/ingested=2026-10/….parquet`."""
    return file.relative_to(root).as_posix()


def strays(root: Path) -> Iterator[Path]:
    """What lies in the lake and is none of its files: readers may trip over it."""
    for top in sorted(root.iterdir()):
        if top.name == LOCK and top.is_file():
            continue
        if top.name == STAGING:
            yield from (p for p in sorted(top.iterdir()) if not _is_staging(p.name))
        elif top.name not in PUBLISH_ORDER or top.is_symlink() or not top.is_dir():
            yield top
        else:
            yield from strays_of(top)


def strays_of(table: Path) -> Iterator[Path]:
    """What lies in a table's folder and is no file of a lake."""
    for folder in sorted(table.iterdir()) if table.is_dir() else ():
        if not MONTH.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
            yield folder
        else:
            yield from (p for p in sorted(folder.iterdir()) if not FILE.fullmatch(p.name) or p.is_symlink())


def _is_staging(name: str) -> bool:
    return bool(staged(name) or WORK.fullmatch(name) or EXCHANGE.fullmatch(name))
