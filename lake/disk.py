"""Every change to the disk, one method each, so that a test can make any one of them fail."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

AT_FDCWD = -100  # of Linux: a relative path is seen from where the process stands
RENAME_EXCHANGE, RENAME_SWAP = 2, 2  # flags of Linux' renameat2 and of macOS' renamex_np; equal by chance


class Disk:
    """The operations that a lake's protocol is made of; each happens, or raises OSError.

    Nothing else changes a file of a lake, apart from the files that are only locked (`_lock`, and `owner` of a run's
    workplace). A name that `write` or `rename` would replace is an error: no name is used twice.
    """

    def mkdir(self, path: Path) -> None:
        """Make a folder and those above it, names durable; a folder that is there is fine."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for made in missing:
            self.sync(made.parent)

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Write a new file whole; bytes durable, unless it is one that nobody wants after a crash."""
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            if durable:
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

    def link(self, old: Path, new: Path) -> None:
        """Give a file a second name that is free; its bytes are there once."""
        os.link(old, new)

    def exchange(self, one: Path, other: Path) -> None:
        """Let two folders change places in one step: at no moment is either name missing.

        Raises OSError with ENOSYS, EINVAL or ENOTSUP where the system or the file system cannot, EXDEV on an overlay
        for a folder of its lower layer.
        """
        if _exchange(os.fsencode(one), os.fsencode(other)):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(one), None, str(other))


def _exchange(one: bytes, other: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        return int(libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE))
    if hasattr(libc, "renamex_np"):  # macOS; not tried
        return int(libc.renamex_np(one, other, RENAME_SWAP))
    ctypes.set_errno(errno.ENOSYS)
    return -1
