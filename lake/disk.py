"""Every change to the disk, one method each, so that a test can make any one of them fail."""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The operations that a lake's protocol is made of; each happens, or raises OSError.

    Nothing else in `lake` changes a file, apart from the lock file. A name that `write` or `rename` would replace is
    an error: no name is used twice.
    """

    def mkdir(self, path: Path) -> None:
        """Make a folder and those above it, names durable; a folder that is there is fine."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for made in missing:
            self.sync(made.parent)

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file whole, bytes durable."""
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def sync(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        """Move a file or folder within the lake to a name that is free, in one step."""
        if new.exists():
            raise FileExistsError(f"{new} is there already and is never replaced")
        os.rename(old, new)

    def unlink(self, path: Path) -> None:
        """Delete a file; one that is gone is fine."""
        path.unlink(missing_ok=True)

    def rmdir(self, path: Path) -> None:
        """Delete an empty folder."""
        path.rmdir()
