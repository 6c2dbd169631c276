"""Count what a batch holds, for its one row in `runs`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A range of records of one file: `records` in all, of which this batch reads [start, stop).

    `continues` is the SHA-256 of a known shorter file whose records, all in the lake, are this one's first.
    """

    name: str
    sha256: str
    size: int
    records: int
    start: int
    stop: int
    continues: str | None = None


def run_row(
    tables: Mapping[str, pa.Table],
    *,
    run: str,
    batch: str,
    shard: int,
    inputs: Sequence[BatchInput],
    documents: int,
    ruleset: str,
    started: datetime.datetime,
    finished: datetime.datetime,
    versions: Mapping[str, str],
    options: Mapping[str, str] | None = None,
    known_titles_digest: str | None = None,
    forgotten: int = 0,
    alarms: Sequence[str] = (),
) -> pa.Table:
    """The table `runs` of one batch, counted from its decided tables; `documents` is what was read, counted apart."""
    raise NotImplementedError
