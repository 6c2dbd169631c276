"""What a run leaves in the Prefect UI: a markdown report, a table of its shards, a progress bar that moved."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event

from flows.report import RunReport

KEY = "saring-report"  # one entry with a version for each run; a new key would begin a new history
SHARDS_KEY = "saring-shards"
PROGRESS_KEY = "saring-progress"
PROGRESS_SECONDS = 2.0  # between two updates: each is a request
SHOWN_SHARDS = 500  # the UI slows down above a thousand rows
DRIFT = "saring.drift"  # the event's name; automations hold it, so it stays
BAR_WIDTH = 14  # block characters: the UI draws them well, strips styles, and has room for so many
SHOWN = 20
HIDDEN_IN_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~"})


def leave(report: RunReport) -> None:
    """Create the report and the table of shards; needs a flow run."""
    with _away("the report"):
        create_markdown_artifact("\n".join(markdown(report)), key=KEY, description=report.sentence())
        if report.batches:
            create_table_artifact(shards(report), key=SHARDS_KEY, description=_counted(len(report.batches)))


def announce(report: RunReport) -> None:
    """Emit an event `saring.drift` for each alarm, which automations can wait for; needs a flow run."""
    for alarm in report.alarms:
        resource = {"prefect.resource.id": f"saring.outlet.{alarm.source}", "prefect.resource.name": alarm.source}
        said = {"message": alarm.sentence(), "lake": report.lake}
        emit_event(DRIFT, resource=resource, payload=said | asdict(alarm))


@contextmanager
def _away(what: str, then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let a run go on whose server is away: what it does stands in the lake, what it tells is a courtesy."""
    try:
        yield
    except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError is how Prefect says that it reaches no server
        logging.getLogger(__name__).warning("the Prefect server did not take %s: %s", what, error)
        then()


class Progress:
    """A progress bar in the UI that moves while documents are cleaned; needs a flow run. Called from many threads."""

    def __init__(self) -> None:
        self._id: Any = None
        self._next = 0.0
        self._guard = threading.Lock()

    def start(self, documents: int) -> None:
        """Create it."""
        said = f"{documents:,} documents to clean"
        with _away("a progress bar"):
            self._id = create_progress_artifact(progress=0.0, key=PROGRESS_KEY, description=said)

    def _stop(self) -> None:
        """Tell no more: the client tries for a minute before it gives up, and a shard would wait each time."""
        self._id = None

    def move(self, documents: int, of: int) -> None:
        """Say how many documents are cleaned; sent every few seconds, and once at the end."""
        now = time.monotonic()
        with self._guard:
            if self._id is None or (now < self._next and documents < of):
                return
            self._next = now + PROGRESS_SECONDS
        with _away("the progress", self._stop):
            update_progress_artifact(artifact_id=self._id, progress=round(100 * documents / max(1, of), 1))


def markdown(report: RunReport) -> Iterator[str]:
    """Write a report in markdown: alarms and failures first, then what came in, what went, copies and rejects."""
    yield f"# {report.sentence()}\n"
    yield from (f"- **Alarm**: {_plain(alarm.sentence())}" for alarm in report.alarms)
    yield from (f"- **Failed**: {_plain(failure)}" for failure in report.failures)
    yield f"\nLake `{report.lake}`, run `{report.run}`, rules `{report.ruleset}`, {report.seconds:,.0f} s.\n"
    yield from _outlets(report)
    yield from _removals(report)
    unclean = ((f"{name or 'unknown'}, of {of:,}", count) for name, count, of in report.unclean())
    yield from _section("May still hold furniture, by source", ("source, of its articles", "articles"), unclean)
    yield from _section("Copies, by kind", ("kind", "copies"), report.kinds_of_copies.most_common())
    yield ""
    for copy in report.copies[:SHOWN]:
        yield f"- {copy.kind}: *{_plain(copy.title)}* is a copy of *{_plain(copy.of_title)}*"
    yield from _section("Rejects, by reason", ("reason", "documents"), report.reasons.most_common())
    yield from _odd(report)


def _counted(shards: int) -> str:
    return "1 shard" if shards == 1 else f"{shards:,} shards"


def shards(report: RunReport) -> list[dict[str, Any]]:
    """List the batches of a run for a table: at most `SHOWN_SHARDS`, the slowest of them where there are more."""
    slowest = sorted(report.batches, key=lambda row: -row["seconds"])[:SHOWN_SHARDS]
    told = []
    for row in sorted(slowest, key=lambda row: row["shard"]):
        named = {name.replace("duplicates", "copies"): value for name, value in row.items() if name != "batch"}
        told.append(named | {"seconds": f"{row['seconds']:,.1f}", "batch": row["batch"]})  # the widest last
    return told


def _outlets(report: RunReport) -> Iterator[str]:
    came = {name: tally.counts for name, tally in report.outlets.items()}
    most = max((counts["articles"] + counts["duplicates"] + counts["rejects"] for counts in came.values()), default=0)
    if not most:
        return
    columns = "| source | kept | copies | rejects | text removed | all that came |"
    yield f"\n## What came in, by source\n\n{columns}\n|:--|--:|--:|--:|--:|:--|"
    for name, counts in sorted(came.items(), key=lambda one: (-one[1]["articles"], one[0] or ""))[:SHOWN]:
        total = counts["articles"] + counts["duplicates"] + counts["rejects"]
        share = counts["chars_removed"] / max(1, counts["chars_in"])
        numbers = f"{counts['articles']:,} | {counts['duplicates']:,} | {counts['rejects']:,} | {share:.0%}"
        yield f"| {_plain(name or 'unknown')} | {numbers} | {_bar(total, most)} |"


def _removals(report: RunReport) -> Iterator[str]:
    """Count what went, and show some of each kind: as a list, for the UI cuts off a table that is wider than itself."""
    counts = [(kind, spans) for kind, (spans, _) in _most_first(report.removed)]
    yield from _section("What was removed, by kind", ("kind", "times"), counts)
    if report.samples:
        yield "\nFor example:\n"
    for kind, _ in _most_first(report.removed):
        if samples := report.samples.get(kind):
            yield f"- **{kind}**"
            yield from (f"    - {_plain(one.text)} · `{one.rule}` · in *{_plain(one.title)}*" for one in samples)


def _odd(report: RunReport) -> Iterator[str]:
    if report.strange:
        yield "\n## Strangest articles\n"
    for one in report.strange:
        flags = f", {_plain(', '.join(one.flags))}" if one.flags else ""
        told = f"{_plain(one.source or 'unknown')}, {_plain(one.place)}{flags}"
        yield f"- {one.share:.0%} removed: *{_plain(one.title)}* ({told})"
    if report.slow:
        yield "\n## Slowest documents\n"
    yield from (f"- {one.seconds:.1f} s: *{_plain(one.title)}* ({_plain(one.place)})" for one in report.slow)


def _most_first(removed: Mapping[str, tuple[int, int]]) -> list[tuple[str, tuple[int, int]]]:
    return sorted(removed.items(), key=lambda one: (-one[1][0], one[0]))


def _section(title: str, columns: tuple[str, str], counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    rows = list(counts)[:SHOWN]
    if not rows:
        return
    most = max(number for _, number in rows)
    yield f"\n## {title}\n\n| {columns[0]} | {columns[1]} | |\n|:--|--:|:--|"
    for name, number in rows:
        yield f"| {_plain(name)} | {number:,} | {_bar(number, most)} |"


def _bar(number: int, most: int) -> str:
    return "█" * max(1, round(BAR_WIDTH * number / most)) if number else ""


def _plain(text: str | None) -> str:
    """Article text is never markup."""
    return " ".join((text or "(no title)").split()).translate(HIDDEN_IN_MARKDOWN)
