"""Hold the cleaned rows of a run until they are published: `<lake>/_staging/work-<run>/`, outside all tables.

The folder belongs to the process that holds the lock on its file `owner`; the kernel frees that lock when the process
ends, so a later run can tell what is left of a dead one and delete it. Make and sweep under the lake's lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from flows import titles
from flows.parts import parts, read_parts
from lake import LakeError
from lake.disk import Disk

OWNER = "owner"


class Workplace:
    """The folder of one run; use it as a context, it is deleted at the end. Raises LakeError for the disk."""

    def __init__(self, lake: str | Path, run: str, disk: Disk | None = None) -> None:
        self.path = Path(lake, "_staging", f"work-{run}")
        self.disk = disk or Disk()
        with self._told():
            self.disk.mkdir(self.path)
            self.owner = os.open(self.path / OWNER, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self.owner, fcntl.LOCK_EX)

    def __enter__(self) -> Workplace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            _delete(self.path, self.disk)
        finally:
            os.close(self.owner)

    def give(self, known: tuple[str, ...]) -> None:
        """Put the known headlines where the children of the run find them."""
        with self._told():
            titles.write(known, self.path, self.disk)

    def note(self, name: str, content: bytes) -> Path:
        """Put a file there for who works on the run elsewhere; return its path."""
        path = self.path / name
        with self._told():
            self.disk.write(path, content, durable=False)
        return path

    def unlink(self, path: Path) -> None:
        """Delete a file that was put there; one that is gone is fine."""
        with self._told():
            self.disk.unlink(path)

    def tables(self, batch: str) -> dict[str, pa.Table]:
        """Return the rows of a cleaned batch by table, in the order of its documents."""
        return read_parts(self.path, batch)

    def drop(self, batch: str) -> None:
        """Delete the rows of a batch that has been published."""
        with self._told():
            for part in parts(self.path, batch):
                self.disk.unlink(part)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            said = f"{self.path} cannot be written: {error.strerror or error}."
            raise LakeError(f"{said} What was published stays: mend the disk and run again.") from error


def sweep(lake: str | Path, disk: Disk | None = None) -> list[str]:
    """Delete the folders of runs whose process is gone; return their names. Needs the lake's lock."""
    swept = []
    for folder in sorted(Path(lake, "_staging").glob("work-*")):
        if _is_dead(folder):
            _delete(folder, disk or Disk())
            swept.append(folder.name)
    return swept


def _delete(folder: Path, disk: Disk) -> None:
    """Delete a folder as far as the disk lets us; the next run deletes the rest. `owner` goes last: it says whose."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir(), key=lambda path: (path.name == OWNER, path.name)):
            disk.unlink(path)
        disk.rmdir(folder)


def _is_dead(folder: Path) -> bool:
    try:
        owner = os.open(folder / OWNER, os.O_RDWR)
    except FileNotFoundError:
        return True  # its run died between making the folder and the file, both under the lake's lock
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(owner)
    return True
