"""Leave files that are still being written for the next run; for runs that nobody started by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

from flows.sources import Inputs, SourceFile

RECENT_SECONDS = 60.0  # a file that was changed longer ago is not looked at twice
LOOK_SECONDS = 2.0  # between two looks: a download or a log that is being written changes in it


def settled(inputs: Inputs, wait: Callable[[float], None] | None = None) -> tuple[Inputs, tuple[str, ...]]:
    """Return the inputs without the files that change while we look, and the names of those.

    The clock only says which files are looked at twice. One that was hashed, is as long as it was then and has not
    been touched between two looks is complete; a writer that pauses for longer than that is not noticed.
    """
    recent = {file: _look(file) for file in inputs.files if _is_recent(file)}
    if not recent:
        return inputs, ()
    (wait or time.sleep)(LOOK_SECONDS)
    unfinished = {file for file, seen in recent.items() if _look(file) != seen or (seen and seen[0] != file.size)}
    kept = tuple(file for file in inputs.files if file not in unfinished)
    return replace(inputs, files=kept), tuple(file.name for file in inputs.files if file in unfinished)


def _look(file: SourceFile) -> tuple[int, int] | None:
    """Size in bytes and time of the last change in ns; None where it is gone or may not be looked at."""
    try:
        found = os.stat(file.path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_recent(file: SourceFile) -> bool:
    seen = _look(file)
    return seen is not None and (time.time() - seen[1] / 1e9 < RECENT_SECONDS or seen[0] != file.size)
