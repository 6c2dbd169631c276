"""Read what a lake holds: its runs, the files they name, keys for recognising copies, texts, counts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

KEYS = (
    "id",
    "source",
    "canonical_url",
    "content_hash",
    "minhash_signature",
    "shingle_count",
    "minhash_scheme",
    "cluster_id",
    "revision",
    "title",
)


@dataclass(frozen=True, slots=True)
class KeyBatch:
    """Some rows of one file: `table` is articles or duplicates, `rows` has the columns `KEYS`.

    `file` is the file's name in the lake (`articles/ingested=2026-10/….parquet`); names are never used again, so a
    set of names says what has been seen. A file without rows comes too, with an empty batch.
    """

    file: str
    table: str
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class KnownInput:
    """What `runs` say of one file's content: its bytes, records, and which of them were read.

    `ranges` are merged, ordered record ranges [start, stop), those of the file it continues included; `rulesets` are
    those its batches were cleaned with.
    """

    sha256: str
    name: str
    size: int
    records: int
    ranges: tuple[tuple[int, int], ...]
    rulesets: frozenset[str]

    @property
    def complete(self) -> bool:
        """Whether every record of the file stands in the lake."""
        return self.records == 0 or self.ranges == ((0, self.records),)


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch as `status` tells it."""

    run: str
    batch: str
    finished: datetime.datetime
    documents: int
    articles: int
    duplicates: int
    rejects: int
    ruleset: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is in a lake: rows by table, number of batches, the last of them (newest first), open rejects by reason."""

    path: str
    schema_version: int
    rows: Mapping[str, int]
    size_bytes: int
    batches: int
    last: tuple[BatchLine, ...]
    open_rejects: Mapping[str, int]
    unfinished: tuple[str, ...]
