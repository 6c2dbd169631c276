"""What one batch put into the lake, as far as the report of its run tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flows.drift import Alarm
from flows.report import MAX_NAMED, Rejected
from flows.specimens import Removed, Slow, Strange
from lake.duplicates import Copy


@dataclass(frozen=True, slots=True)
class Published:
    """One batch in the lake: its row of `runs`, copies, spans and characters removed by kind, some of its rejects.

    `other_scheme` counts stored signatures that it could not be compared with.
    """

    row: dict[str, Any]
    copies: tuple[Copy, ...]
    removed: dict[str, tuple[int, int]]
    rejects: tuple[Rejected, ...]
    other_scheme: int = 0
    alarms: tuple[Alarm, ...] = ()
    samples: tuple[Removed, ...] = ()
    strange: tuple[Strange, ...] = ()
    slow: tuple[Slow, ...] = ()


def some_rejects(rejects: pa.Table) -> tuple[Rejected, ...]:
    """Some of the rejects of a batch, in the order of its input."""
    columns = ["origin_file", "origin_row", "reason", "detail"]
    rows = rejects.slice(0, MAX_NAMED).select(columns).to_pylist()
    return tuple(Rejected(f"{r['origin_file']}:{r['origin_row']}", r["reason"], r["detail"] or "") for r in rows)


def removed_by_kind(removals: pa.Table) -> dict[str, tuple[int, int]]:
    """Spans and characters removed, by kind."""
    found: dict[str, tuple[int, int]] = {}
    kinds, starts, ends = (removals.column(name).to_pylist() for name in ("kind", "start", "end"))
    for kind, start, end in zip(kinds, starts, ends, strict=True):
        spans, chars = found.get(kind, (0, 0))
        found[kind] = spans + 1, chars + end - start
    return found
