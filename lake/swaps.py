"""Finish what was committed: swap new folders of a lake in, keep the old ones for a while, delete them.

    _staging/exchange-<name>.tmp/         being built (`lake/exchange.py`); deleted once its builder is dead
    _staging/exchange-<name>.ready/       committed: `plan.json` says which folders, and which files then lie there
    _staging/old-<time>-<name>/           what was replaced, for readers that had listed it: an hour
    _staging/gone-<name>/                 what was replaced and is deleted at once

What is staged says whether a swap is still to be made: before it that is the new folder, after it the old one, whose
names are others, for a file is named by its content. So a swap that was made is never undone.
"""

from __future__ import annotations

import datetime
import errno
import fcntl
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from lake.disk import Disk
from lake.layout import STAGING, LakeError

GRACE = datetime.timedelta(hours=1)  # a reader that listed the old files may still be opening them
UNABLE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV}
PLAN, OWNER = "plan.json", "owner"
TIME = "%Y%m%dT%H%M%SZ"
_FOLDER = re.compile(r"exchange-(?P<name>\w+)\.(?P<state>tmp|ready)")
_OLD = re.compile(r"old-(?P<time>\d{8}T\d{6}Z)-\w+")
_GONE = re.compile(r"gone-\w+")


@dataclass(frozen=True, slots=True)
class Swap:
    """One folder to be exchanged, `articles` or `articles/ingested=2026-10`, and all files that then lie below it."""

    place: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a committed exchange does; with `keep_old` the old files stay for readers, else they go at once.

    `when` is the time in the name of what is kept. Without `keep_old` all that was kept before goes too.
    """

    when: str
    keep_old: bool
    swaps: tuple[Swap, ...]

    @classmethod
    def read(cls, file: Path) -> Plan:
        """Read what `encoded` wrote."""
        given = json.loads(file.read_bytes())
        swaps = tuple(Swap(one["place"], tuple(one["files"])) for one in given["swaps"])
        return cls(given["when"], given["keep_old"], swaps)

    def encoded(self) -> bytes:
        """Give the bytes of the file `plan.json`."""
        return json.dumps(asdict(self)).encode()


def settle(disk: Disk, root: Path, now: datetime.datetime) -> None:
    """Finish what was committed, delete what was not and what was kept long enough. Hold the lock. Raises OSError."""
    for folder in sorted((root / STAGING).glob("*")):  # a lake that was copied may lack this empty folder
        staged, old = _FOLDER.fullmatch(folder.name), _OLD.fullmatch(folder.name)
        if staged and staged["state"] == "ready":
            roll_forward(disk, root, folder)
        elif (
            (staged and not _is_owned(folder))
            or _GONE.fullmatch(folder.name)
            or (old and datetime.datetime.strptime(old["time"], TIME).replace(tzinfo=datetime.UTC) + GRACE <= now)
        ):
            remove(disk, folder)


def roll_forward(disk: Disk, root: Path, folder: Path) -> None:
    """Do what is left of a committed exchange; after a crash, the rest. Raises OSError and LakeError."""
    plan = Plan.read(folder / PLAN)
    for swap in plan.swaps:
        try:
            _swap(disk, root, folder, swap)
        except OSError as error:
            if error.errno in UNABLE and all(_is_waiting(folder, one) for one in plan.swaps):
                _withdraw(disk, root, folder, error)
            raise
    left = folder.with_name(_left(folder, plan))
    if not plan.keep_old:
        for kept in sorted((root / STAGING).glob("old-*")):
            remove(disk, kept)
    disk.rename(folder, left)
    disk.sync(root / STAGING)
    if not plan.keep_old:
        remove(disk, left)


def remove(disk: Disk, folder: Path) -> None:
    """Delete a folder and all below it, one call of the disk after the other; stopped, it is done again."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.name == OWNER, path.name)):
        if path.is_dir() and not path.is_symlink():
            remove(disk, path)
        else:
            disk.unlink(path)
    disk.rmdir(folder)


def _swap(disk: Disk, root: Path, folder: Path, swap: Swap) -> None:
    live, staged = root / swap.place, folder / swap.place
    if not _is_waiting(folder, swap):
        if not {*swap.files} <= {*_names(live)}:
            raise LakeError(f"{live} and {staged} hold other files than their plan: run saring lake verify.")
    elif live.is_dir():
        disk.exchange(staged, live)
    else:
        disk.mkdir(live.parent)
        disk.rename(staged, live)
    disk.sync(live.parent)
    if staged.parent.is_dir():
        disk.sync(staged.parent)


def _withdraw(disk: Disk, root: Path, folder: Path, error: OSError) -> None:
    """Take a commit back of which nothing was done, because nothing of it can be. Raises LakeError."""
    gone = folder.with_name(folder.name.replace("exchange-", "gone-").removesuffix(".ready"))
    disk.rename(folder, gone)
    disk.sync(root / STAGING)
    remove(disk, gone)
    raise unable(root, error) from error


def unable(root: Path, error: OSError) -> LakeError:
    """Say that folders cannot be exchanged here, and what to do instead."""
    return LakeError(
        f"The file system of {root} cannot exchange two folders in one step ({error.strerror}): nothing was changed. "
        "Write a new lake with saring lake compact --into NEW (reclean takes --into too), where that can be done."
    )


def _left(folder: Path, plan: Plan) -> str:
    found = _FOLDER.fullmatch(folder.name)
    name = found["name"] if found else secrets.token_hex(6)
    return f"old-{plan.when}-{name}" if plan.keep_old else f"gone-{name}"


def _is_waiting(folder: Path, swap: Swap) -> bool:
    """Whether a swap is still to be made: once it is, what is staged is the old folder, of other names, or nothing."""
    return _names(folder / swap.place) == swap.files


def _names(folder: Path) -> tuple[str, ...]:
    """All files below a folder, by their paths in it."""
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")))


def _is_owned(folder: Path) -> bool:
    """Whether the process that builds an exchange is alive: the kernel frees its lock when it ends."""
    try:
        owner = os.open(folder / OWNER, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(owner)
    return False
