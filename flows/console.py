"""What people see of a run: progress on standard error while it goes on, the result on standard output at its end."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from flows.observer import Observer
from flows.report import RunReport
from flows.words import duration, headline, several

if TYPE_CHECKING:
    from flows.plan import Shard
    from flows.prepare import Prepared

PLAIN_EVERY_SECONDS = 15.0  # between two lines of progress where there is no terminal: a log stays readable
WAIT_SECONDS = 2.0  # a lock held shorter than this is not worth a line
SHOWN = 10  # copies, sources and reasons that are listed; the rest is counted
DEEP_CUTS = ("guard", "large-cut")  # flags of articles that a person should read


class Lines(Observer):
    """Progress as plain lines on standard error: for logs, pipes and cron."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stderr
        self.began = self.last = time.monotonic()
        self.told_waiting = False

    def say(self, line: str) -> None:
        """Write one line."""
        print(line, file=self.out, flush=True)

    def planned(self, prepared: Prepared) -> None:
        """Tell what is going to be read, and by which columns."""
        for line in plan_lines(prepared):
            self.say(line)
        self.began = self.last = time.monotonic()

    def cleaned(self, documents: int, of: int) -> None:
        """Tell how far it is, every few seconds."""
        now = time.monotonic()
        if documents and now - self.last >= PLAIN_EVERY_SECONDS:
            self.last = now
            rate = documents / (now - self.began)
            left = duration((of - documents) / rate)
            self.say(f"{documents:,} of {of:,} documents cleaned, {rate:,.0f} a second, {left} left")

    def failed(self, shard: Shard, error: Exception) -> None:
        """Tell that a shard was given up."""
        self.say(f"shard {shard.number} was given up: {error}")

    def waiting(self, seconds: float) -> None:
        """Tell once that another run holds the lake."""
        if seconds >= WAIT_SECONDS and not self.told_waiting:
            self.told_waiting = True
            self.say("waiting for another run that is writing to this lake")

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Bar(Lines):
    """Progress as a bar with rate and time left, for a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        super().__init__()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=Console(file=self.out), transient=True)
        self.task: Any = None

    def say(self, line: str) -> None:
        """Write one line above the bar."""
        self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def planned(self, prepared: Prepared) -> None:
        """Tell what is going to be read, and show the bar."""
        super().planned(prepared)
        if prepared.plan.shards and not prepared.config.dry_run:
            self.task = self.bar.add_task("cleaning", total=prepared.plan.documents, rate="")
            self.bar.start()

    def cleaned(self, documents: int, of: int) -> None:
        """Move the bar."""
        if self.task is not None:
            rate = documents / max(0.001, time.monotonic() - self.began)
            self.bar.update(self.task, completed=documents, rate=f"{rate:,.0f}/s" if documents else "")

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def watcher() -> Lines:
    """Return what shows progress here: a bar on a terminal, plain lines elsewhere."""
    return Bar() if sys.stderr.isatty() else Lines()


def plan_lines(prepared: Prepared) -> Iterator[str]:
    """Say what is going to be read and what is not, one sentence a line."""
    plan, inputs = prepared.plan, prepared.inputs
    files = len({piece.file.name for shard in plan.shards for piece in shard.pieces})
    if plan.shards:
        yield f"{several(plan.documents, 'document')} to read, from {several(files, 'file')}"
    yield from _columns(prepared)
    if plan.left_by_limit:
        yield f"{several(plan.left_by_limit, 'document')} left for the next run, by --limit"
    if plan.known:
        yield f"{several(len(plan.known), 'file')} skipped: in the lake already"
    if plan.stale:
        yield f"{len(plan.stale)} of them cleaned by other rules than today's"
    if plan.grown:
        yield f"{several(len(plan.grown), 'file')} grown since the last run, read from the old end"
    for name, other in plan.repeated[:SHOWN]:
        yield f"{name} skipped: the same bytes as {other}"
    if inputs.skipped:
        listed = ", ".join(f"{suffix or 'none'} ({number})" for suffix, number in sorted(inputs.skipped.items()))
        yield f"not read, for their suffix: {listed}"


def _columns(prepared: Prepared) -> Iterator[str]:
    """Name the mapping of each kind of file: which column is read as what."""
    files: dict[str, list[str]] = {}
    for file in prepared.inputs.files:
        mapping = prepared.maps.get(file.sha256)
        if mapping is not None and (mapping.used or mapping.unused):
            files.setdefault(str(mapping), []).append(file.name)
    for said, names in list(files.items())[:SHOWN]:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"columns of {names[0]}{more}: {said}"
    if len(files) > SHOWN:
        yield f"and {len(files) - SHOWN} other ways of naming columns"


def report_lines(report: RunReport) -> Iterator[str]:
    """Say what a run did: what came in, what was removed, which copies, which rejects, how to read it."""
    if report.second_chance:
        yield from _second_chance(report)
    if report.nothing_new and report.second_chance:
        return
    if report.nothing_new:
        yield "Nothing new: the lake holds all of it already, and no file was changed."
        return
    if report.dry_run:
        what = "reject" if report.second_chance else "document"
        yield f"Dry run: {several(report.planned, what)} would be read; nothing was written."
        return
    yield f"{several(report.documents, 'document')} in {duration(report.seconds)}, in {report.lake}:"
    copies, rejects = several(report.duplicates, "copy"), several(report.rejects, "reject")
    yield f"  {several(report.articles, 'article')} kept, {copies}, {rejects}"
    if report.done_elsewhere:
        yield f"  {several(report.done_elsewhere, 'shard')} published by another run meanwhile"
    yield from _came_in(report)
    yield from _removed(report)
    yield from _copies(report)
    if report.other_scheme:
        rows = several(report.other_scheme, "stored article")
        yield f"\n{rows} could not be compared: signatures of another scheme. Run saring lake rehash, then reconcile"
    yield from _rejects(report)
    yield from (f"ALARM {alarm.sentence()}" for alarm in report.alarms)
    yield from (f"FAILED {failure}" for failure in report.failures)
    if report.articles:
        yield from reading_lines(report.lake)


def _second_chance(report: RunReport) -> Iterator[str]:
    """Say what became of rejects that were read again, and where those lie that were not."""
    if not report.planned:
        yield "No open reject can be read again, and no file was changed."
    elif not report.dry_run:
        again = report.planned - report.documents
        yield f"{several(report.planned, 'reject')} read again: {again:,} failed as before and stay open"
    if report.out_of_reach:
        kept = several(len(report.out_of_reach), "reject")
        yield f"{kept} not kept whole in the lake; name the files and they are read there, if unchanged:"
        yield from (f"  {place}" for place in report.out_of_reach[:SHOWN])


def _came_in(report: RunReport) -> Iterator[str]:
    if report.sources:
        yield "\nWhat came in, by source:"
        yield from _table((name or "(unknown)", number) for name, number in report.sources.most_common())


def _removed(report: RunReport) -> Iterator[str]:
    if report.removed:
        share = report.chars_removed / max(1, report.chars_in)
        yield f"\nWhat was removed ({share:.1%} of the characters), by kind:"
        kinds = sorted(report.removed.items(), key=lambda one: -one[1][0])
        yield from _table((kind, spans) for kind, (spans, _) in kinds)
    if unclean := report.unclean():
        yield "\nMay still hold furniture, articles by source (saring rules audit shows the wordings):"
        yield from _table((f"{name or '(unknown)'}, of {of:,}", number) for name, number, of in unclean)
    if deep := [f"{flag} {report.flags[flag]:,}" for flag in DEEP_CUTS if report.flags[flag]]:
        yield f"\nCut deeply, read them: {', '.join(deep)}; saring rules audit names them"


def _copies(report: RunReport) -> Iterator[str]:
    if not report.duplicates:
        return
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in report.kinds_of_copies.most_common())
    yield f"\nCopies found ({kinds}):"
    for copy in sorted(report.copies, key=lambda copy: copy.title is None or copy.of_title is None)[:SHOWN]:
        yield f"  {copy.kind:<11} {copy.id[:8]} {headline(copy.title)}"
        yield f"{'of':>13} {copy.of[:8]} {headline(copy.of_title)}"
    if report.duplicates > SHOWN:
        yield f"  and {report.duplicates - min(SHOWN, len(report.copies)):,} more, in the table duplicates"


def _rejects(report: RunReport) -> Iterator[str]:
    if report.rejects:
        yield "\nRejected, kept with what arrived in the table rejects:"
        yield from _table(report.reasons.most_common())
        yield from (f"  {one.place}: {one.reason}, {one.detail}" for one in report.named_rejects[:SHOWN])


def reading_lines(lake: str) -> Iterator[str]:
    """Give the one-liners that read the result, ready to paste into a shell."""
    duckdb = f'import duckdb; print(duckdb.read_parquet("{lake}/articles/*/*.parquet").select("source, title, text"))'
    pandas = f'import pandas; print(pandas.read_parquet("{lake}/articles")[["source", "title", "text"]])'
    yield "\nRead it:"
    yield f"  python -c {shlex.quote(duckdb)}"
    yield f"  python -c {shlex.quote(pandas)}"


def _table(rows: Iterable[tuple[str, int]]) -> Iterator[str]:
    listed = list(rows)
    width = max(len(name) for name, _ in listed)
    for name, number in listed[: 2 * SHOWN]:
        yield f"  {name:<{width}} {number:>9,}"
    if len(listed) > 2 * SHOWN:
        rest = sum(number for _, number in listed[2 * SHOWN :])
        yield f"  and {len(listed) - 2 * SHOWN} more, {rest:,} in all"
