"""Hold the cleaned rows of a run until they are published: `<lake>/_staging/work-<run>/`, outside all tables.

The folder belongs to the process that holds the lock on its file `owner`; the kernel frees that lock when the process
ends, so a later run can tell what is left of a dead one and delete it. Make and sweep under the lake's lock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from flows.parts import parts, read_parts


class Workplace:
    """The folder of one run; use it as a context, it is deleted at the end."""

    def __init__(self, lake: str | Path, run: str) -> None:
        self.path = Path(lake, "_staging", f"work-{run}")
        self.path.mkdir(parents=True)
        self.owner = os.open(self.path / "owner", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self.owner, fcntl.LOCK_EX)

    def __enter__(self) -> Workplace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.owner)

    def tables(self, batch: str) -> dict[str, pa.Table]:
        """Return the rows of a cleaned batch by table, in the order of its documents."""
        return read_parts(self.path, batch)

    def drop(self, batch: str) -> None:
        """Delete the rows of a batch that has been published."""
        for part in parts(self.path, batch):
            part.unlink()


def sweep(lake: str | Path) -> list[str]:
    """Delete the folders of runs whose process is gone; return their names. Needs the lake's lock."""
    swept = []
    for folder in sorted(Path(lake, "_staging").glob("work-*")):
        if _is_dead(folder):
            shutil.rmtree(folder, ignore_errors=True)
            swept.append(folder.name)
    return swept


def _is_dead(folder: Path) -> bool:
    try:
        owner = os.open(folder / "owner", os.O_RDWR)
    except FileNotFoundError:
        return True  # its run died between making the folder and the file, both under the lake's lock
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(owner)
    return True
