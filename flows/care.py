"""Say what is in a lake and whether its promises hold: `saring lake status`, `saring lake verify`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from flows.console import PLAIN_EVERY_SECONDS
from flows.words import several
from lake import Lake
from lake.read import Status
from lake.verify import Verdict, verify

MB = 1_000_000


def status_lines(status: Status) -> Iterator[str]:
    """Say it for people: tables, last batches, open rejects."""
    size = status.size_bytes / MB
    yield f"{status.path}: {several(status.batches, 'batch')}, {size:,.1f} MB, schema version {status.schema_version}"
    yield from (f"  {table:<10} {rows:>12,} rows" for table, rows in status.rows.items())
    if status.last:
        yield "\nLast batches:\n  finished (UTC)     documents  articles    copies   rejects forgotten  batch"
    for one in status.last:
        counts = "".join(f"{n:>10,}" for n in (one.documents, one.articles, one.duplicates, one.rejects, one.forgotten))
        yield f"  {one.finished:%Y-%m-%d %H:%M}  {counts}  {one.batch[:8]}"
    if status.open_rejects:
        yield "\nOpen rejects, by reason:"
        yield from (f"  {reason:<16} {number:>8,}" for reason, number in status.open_rejects.items())
    for scheme, number in status.other_schemes.items():
        yield f"\n{several(number, 'signature')} of another scheme, {scheme}: saring lake rehash makes them anew."
    if status.unfinished:
        yield f"\n{several(len(status.unfinished), 'batch')} on the way; the next run finishes or clears what is left."


def status_json(status: Status) -> dict[str, Any]:
    """Say it for programs."""
    return asdict(status) | {"last": [asdict(one) | {"finished": one.finished.isoformat()} for one in status.last]}


def verify_lake(lake: Lake, *, every: bool = False) -> Verdict:
    """Verify a lake, with progress on standard error: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        return verify(lake, _Said(), every=every)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def shown(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        return verify(lake, shown, every=every)


class _Said:
    """Progress as lines, one every few seconds: a log stays readable."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        if time.monotonic() - self.last >= PLAIN_EVERY_SECONDS:
            self.last = time.monotonic()
            print(f"{done:,} of {of:,} {what}", file=sys.stderr, flush=True)


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Say it for people: what was checked, then each broken promise with its remedy."""
    rows = ", ".join(f"{rows:,} {table}" for table, rows in verdict.rows.items())
    yield f"{several(verdict.batches, 'batch')} checked: {rows}"
    yield f"{several(verdict.restored, 'text')} restored from their removals, each with the hash its row carries"
    for problem in verdict.problems:
        yield f"BROKEN, {problem.promise}: {problem.where}: {problem.what}\n  to mend it: {problem.mend}"
    if verdict.holds:
        yield "Every promise holds."


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Say it for programs."""
    return asdict(verdict) | {"holds": verdict.holds}
