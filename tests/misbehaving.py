"""A child that misbehaves where a document says so; `flows.child.Limits.program` runs it in place of `flows.shard`.

It keeps every text as it is: what cleaning does is not the question here, and loading it takes most of a second.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cleaners.again import Earlier
from cleaners.article import Article, Cleaned, Document, Fields, Fingerprint, Language, LanguageStatus, Reject, Source
from flows import shard, sources

REAL_READ = sources.read
REAL_CLEAN_AGAIN = shard.clean_again
HOARD: list[bytearray] = []


def clean(document: Document, *_: Any, **__: Any) -> Cleaned | Reject:
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
    return Cleaned(
        document=document,
        article=Article(text),
        text=text,
        removals=(),
        fields=Fields(),
        source=Source(),
        language=Language("id", 1.0, LanguageStatus.OK),
        fingerprint=Fingerprint(hashlib.md5(text.encode()).hexdigest(), None, 0, "none"),
        original_hash="0" * 32,
    )


def read(*arguments: Any) -> Iterator[Document | Reject]:
    for document in REAL_READ(*arguments):
        if "UNREADABLE" in (document.text or "" if isinstance(document, Document) else ""):
            os.kill(os.getpid(), signal.SIGKILL)
        yield document


def clean_again(earlier: Earlier, *arguments: Any, **named: Any) -> Cleaned | Reject:
    while "SPIN" in earlier.article.text:
        pass
    return REAL_CLEAN_AGAIN(earlier, *arguments, **named)


shard.clean = clean
shard.clean_again = clean_again
sources.read = read

if __name__ == "__main__":
    shard.main()
