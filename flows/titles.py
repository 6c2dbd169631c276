"""The headlines known while a run cleans: of all its inputs, and of the lake when asked. They end pointers exactly.

They are gathered from what the run was given, not from what is left to read, so that a run which was stopped and begun
again cleans as one that was not. A digest of the set stands in `runs`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from cleaners.article import Document
from cleaners.headline import MIN_KNOWN_LETTERS, Known
from flows.columns import ColumnMap
from flows.sources import SourceFile, read
from lake import Lake
from lake.disk import Disk

MAX_TITLES = 200_000  # a bound on reading and on each child's memory, not measured; the first in the order of the input
FILE = "titles.json"


def gather(files: Iterable[SourceFile], maps: Mapping[str, ColumnMap]) -> tuple[str, ...]:
    """Return the headlines that the inputs give, in order, each once; pages give none before they are read."""
    titles: dict[str, None] = {}
    for title in _titles(files, maps):
        titles[title] = None
        if len(titles) >= MAX_TITLES:
            break
    return tuple(titles)


def of_lake(lake: Lake) -> tuple[str, ...]:
    """Return the headlines of the articles and duplicates that a lake holds."""
    found: dict[str, None] = {}
    for batch in lake.scan_keys(after=frozenset()):
        found |= dict.fromkeys(title for title in _column(batch.rows) if title)
    return tuple(found)


def digest(titles: Iterable[str]) -> str | None:
    """Return the fingerprint of a set of headlines, 16 hex digits; None for none."""
    ordered = sorted(titles)
    if not ordered:
        return None
    return hashlib.sha256(json.dumps(ordered).encode()).hexdigest()[:16]


def write(titles: Iterable[str], folder: Path, disk: Disk) -> str:
    """Put the headlines where the children of a run can read them; return the path."""
    path = folder / FILE
    disk.write(path, json.dumps(list(titles)).encode(), durable=False)
    return str(path)


@functools.lru_cache(maxsize=2)
def known(path: str | None) -> Known | None:
    """Return the headlines of a file that `write` made, ready to be looked up; None for no file."""
    return Known(json.loads(Path(path).read_text("utf-8"))) if path else None


def _titles(files: Iterable[SourceFile], maps: Mapping[str, ColumnMap]) -> Iterator[str]:
    for file in files:
        mapping = maps.get(file.sha256)
        if mapping is None:
            continue
        for item in read(file, mapping):
            title = item.title if isinstance(item, Document) else None
            if title and len(title) >= MIN_KNOWN_LETTERS:
                yield title


def _column(rows: pa.RecordBatch) -> list[str | None]:
    titles: list[str | None] = rows.column("title").to_pylist()
    return titles
