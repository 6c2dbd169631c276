"""A child that misbehaves where a document says so; `flows.child.Limits.program` runs it in place of `flows.shard`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cleaners.article import Cleaned, Document, Reject
from flows import shard, sources

REAL_CLEAN, REAL_READ = shard.clean, sources.read
HOARD: list[bytearray] = []


def clean(document: Document, *arguments: Any, **named: Any) -> Cleaned | Reject:
    text = document.text or ""
    if "SPIN" in text:
        while True:
            pass
    if "SLEEP" in text:
        time.sleep(1000)
    if "DIE ONCE" in text and not (mark := Path(text.split()[-1])).exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if "DIE ALWAYS" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "HOARD" in text:
        HOARD.append(bytearray(1 << 20))  # its harm falls on the next document
    if "NEEDS ROOM" in text and HOARD:
        os.kill(os.getpid(), signal.SIGKILL)
    if "GREEDY" in text:
        bytearray(1 << 45)
    if "BUG" in text:
        raise KeyError("a mistake of ours")
    return REAL_CLEAN(document, *arguments, **named)


def read(*arguments: Any) -> Iterator[Document | Reject]:
    for document in REAL_READ(*arguments):
        if "UNREADABLE" in (document.text or "" if isinstance(document, Document) else ""):
            os.kill(os.getpid(), signal.SIGKILL)
        yield document


shard.clean = clean
sources.read = read

if __name__ == "__main__":
    shard.main()
