"""Survey a lake in one pass: every page of every file is read, names are kept as digests, rows are counted.

What `verify` compares is here; what it concludes is there. 16 bytes are kept for each name of each row (of a span
removed: of its article), whatever the number of batches.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from cleaners.article import Reason
from lake import layout
from lake.columns import MAX_PAYLOAD_BYTES, SCHEMA_VERSION
from lake.read import said, version_of
from lake.schema import schema_of

TEXT_ROWS = 1024  # of whole texts at a time: a few MB
BACKUP = "put the file back from a backup, or ingest the same input into a new lake"
KEPT = ("id", "cluster_id", "duplicate_of", "content_hash")
NARROW = {
    "articles": KEPT,
    "duplicates": KEPT,
    "rejects": ("id",),
    "removals": ("article_id",),
    "links": ("id", "other"),
    "originals": ("id",),
    "clusters": ("id", "cluster_id"),
    "signatures": ("id",),
    "tombstones": ("id",),
}
OWN_BATCH = frozenset({"clusters"})  # written beside the batches, by a reconciliation of its own name
REPEATING = frozenset({"article_id"})  # many rows with one name: each is kept once for a group of rows

Digests = npt.NDArray[np.bytes_]
Progress = Callable[[str, int, int], None]  # what is being done, how many, of how many


class Promise(StrEnum):
    """What a lake promises: the closed set that `Problem` names."""

    NOTHING_LOST = "nothing lost"
    NOTHING_TWICE = "nothing twice"
    NOTHING_HALF = "nothing half"
    NOTHING_SILENT = "nothing silent"
    REPEATABLE = "repeatable"
    READABLE = "readable for years"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise: where, what is wrong, and how to mend it."""

    promise: Promise
    where: str
    what: str
    mend: str


@dataclass(slots=True)
class Survey:
    """What one pass over the narrow columns found: digests of names, rows by table and batch, files of each batch.

    Of batches that are not in `known` (being published meanwhile) rows are only counted: nothing refers to them yet.
    """

    known: frozenset[str]
    problems: list[Problem] = field(default_factory=list)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    batches: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    digests: dict[tuple[str, str], list[Digests]] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)
    names: pa.Array = field(init=False)

    def __post_init__(self) -> None:
        self.names = pa.array(sorted(self.known), pa.string())

    def all(self, *of: tuple[str, str]) -> Digests:
        """Digests of some columns, in one array."""
        parts = [part for key in of for part in self.digests.get(key, [])]
        return np.concatenate(parts) if parts else np.empty(0, "S16")


def survey(root: Path, known: frozenset[str], progress: Progress) -> Survey:
    """Read every file of a lake; `known` are the batches that stand in `runs`."""
    found = Survey(known)
    files = [(name, file) for name in layout.PUBLISH_ORDER for file in layout.files(root, name)]
    for done, (name, file) in enumerate(files, 1):
        _look_at(root, name, file, found)
        progress("files read", done, len(files))
    return found


def rows_of(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Some columns of a file, row by row."""
    with pq.ParquetFile(file) as parquet:
        for rows in parquet.iter_batches(batch_size=TEXT_ROWS, columns=columns):
            yield from rows.to_pylist()


def digests_of(names: Iterable[str]) -> Digests:
    """16 bytes for each name, whatever it is."""
    return np.frombuffer(b"".join(xxhash.xxh3_128_digest(name.encode()) for name in names), "S16")


def _look_at(root: Path, name: str, file: Path, found: Survey) -> None:
    """One file: its schema, its pages with their checksums, and the names in it."""
    where = layout.name_of(root, file)
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            schema = parquet.schema_arrow
            if not schema.equals(schema_of(name)) or version_of(schema) != SCHEMA_VERSION:
                what = f"its schema is not that of {name} (version {version_of(schema)}, here {SCHEMA_VERSION})"
                mend = "move the file out of the lake if it is foreign, else use the version of saring that wrote it"
                found.problems.append(Problem(Promise.READABLE, where, what, mend))
                found.broken.add(file)
                return
            for rows in parquet.iter_batches(batch_size=TEXT_ROWS):  # every column, so that every page is looked at
                _count(name, file, rows, found)
                if name == "rejects" and (wrong := _payloads(rows)):
                    what = f"{len(wrong)} rejects have another payload than their length and SHA-256 say: {wrong[0]}"
                    found.problems.append(Problem(Promise.NOTHING_SILENT, where, what, BACKUP))
    except FileNotFoundError:
        raise  # it was replaced since it was listed
    except (OSError, pa.ArrowException) as error:
        found.problems.append(Problem(Promise.NOTHING_HALF, where, f"it cannot be read: {said(error)}", BACKUP))
        found.broken.add(file)


def _count(name: str, file: Path, rows: pa.RecordBatch, found: Survey) -> None:
    """Count one group of rows, and keep the names in it."""
    for batch, count in Counter(rows.column("batch").to_pylist()).items():
        found.rows[name, batch] += count
        found.batches.setdefault((name, batch), set()).add(str(file))
    if name not in NARROW:
        return
    if name not in OWN_BATCH:
        rows = rows.filter(pc.is_in(rows.column("batch"), found.names))
    for column in NARROW[name]:
        names = rows.column(column).drop_null()
        names = names.unique() if column in REPEATING else names
        found.digests.setdefault((name, column), []).append(digests_of(names.to_pylist()))


def _payloads(rejects: pa.RecordBatch) -> list[str]:
    """Ids of rejects whose payload is not what arrived, or is missing where it should have been kept."""
    columns = ["id", "reason", "payload", "payload_length", "payload_sha256"]
    return [row["id"] for row in rejects.select(columns).to_pylist() if not _is_kept(row)]


def _is_kept(row: dict[str, Any]) -> bool:
    payload, length = row["payload"], row["payload_length"]
    if payload is None:
        return length is None or length > MAX_PAYLOAD_BYTES or row["reason"] == Reason.FORGOTTEN
    return bool(len(payload) == length and hashlib.sha256(payload).hexdigest() == row["payload_sha256"])
