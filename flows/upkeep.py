"""The commands of `saring lake` that replace files: compact, forget."""

from __future__ import annotations

import datetime
import json as jsons
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import options

if TYPE_CHECKING:
    from lake.compact import Compacted, Month
    from lake.forget import Forgotten

MB = 1_000_000
SAMPLES = 5  # rows that are shown of what would be forgotten
SHORT_ID = 12  # hex digits of an id, as `saring lake show` takes it

Months = Annotated[
    list[str] | None, typer.Option("--month", metavar="YYYY-MM", help="Only this month of ingestion. Can be repeated.")
]
Every = Annotated[bool, typer.Option("--all", help="The month in which batches still come, too.")]
Into = Annotated[
    Path | None, typer.Option("--into", metavar="NEW", help="Write a whole new lake; this one stays as it is.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
Urls = Annotated[
    list[str] | None, typer.Option("--url", metavar="URL", help="The article at this address. Can be repeated.")
]
Outlet = Annotated[str | None, typer.Option("--outlet", metavar="NAME", help="Of this source, as the tables name it.")]
Before = Annotated[
    str | None, typer.Option("--before", metavar="DATE", help="Published before this day, Jakarta's: 2020-01-01.")
]
IngestedBefore = Annotated[
    str | None, typer.Option("--ingested-before", metavar="DATE", help="Put into the lake before this day, Jakarta's.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def compact(
    months: Months = None,
    every: Every = False,
    into: Into = None,
    dry_run: Dry = False,
    lake: options.Lake = None,
    json: options.Json = False,
) -> None:
    """Write the many small files of past months as few sorted ones; every row stays as it is, and is compared.

    Without --month or --all: the months before this one. A reader that is busy meanwhile may be told "no such file":
    run its query again. What was replaced is kept for an hour.

    \b
      saring lake compact
      saring lake compact --into news-compact
    """
    from flows.settings import lake_path
    from lake import Lake
    from lake.compact import closed, compact_into, months_of
    from lake.compact import compact as compacted

    if into and (months or every):
        options.usage("--into writes every month: leave out --month and --all.")
    now, opened = datetime.datetime.now(datetime.UTC), Lake(lake_path(lake))
    found = months_of(opened, months or ())
    chosen = found if months or every or into else closed(found, now)
    if dry_run:
        _tell(json, [_month_json(one) for one in chosen], _month_lines(chosen))
        return
    done: list[Compacted] = []
    if into:
        compact_into(opened, into, now, done.append)
    else:
        done += [compacted(opened, month, now) for month in chosen if month.tables]
    _tell(json, [_compacted_json(one) for one in done], _compacted_lines(done, len(found) - len(chosen)))


def forget(
    urls: Urls = None,
    outlet: Outlet = None,
    before: Before = None,
    ingested_before: IngestedBefore = None,
    dry_run: Dry = False,
    yes: Yes = False,
    lake: options.Lake = None,
    json: options.Json = False,
) -> None:
    """Take articles, copies and rejects out of the lake for good, and keep them out.

    Several conditions must all hold; of several --url any. The rows leave every table, and all files that held them are
    deleted. Hashes stay, so that a record with the same address or text is rejected, from whatever file it comes.

    \b
      saring lake forget --url https://kabar.example/read/10000001 --dry-run
      saring lake forget --outlet kabar --before 2020-01-01
    """
    from flows.settings import lake_path
    from lake import Lake
    from lake.forget import forget as forgotten
    from lake.forget import would_forget
    from lake.selection import Selection

    selection = Selection(
        tuple(urls or ()), outlet, _day("--before", before), _day("--ingested-before", ingested_before)
    )
    opened = Lake(lake_path(lake))
    would = would_forget(opened, selection)
    if dry_run or not would.doomed:
        _tell(json, _forgotten_json(would), _forgotten_lines(would, "would be forgotten"))
        return
    if not yes:
        _confirmed(would)
    done = forgotten(opened, selection, datetime.datetime.now(datetime.UTC))
    _tell(json, _forgotten_json(done), _forgotten_lines(done, "forgotten"))


def _day(option: str, given: str | None) -> datetime.date | None:
    if given is None:
        return None
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        options.usage(f"{option} {given}: give a day as 2020-01-31.")


def _confirmed(would: Forgotten) -> None:
    """Ask on a terminal; elsewhere nobody is there to answer."""
    for line in _forgotten_lines(would, "would be forgotten"):
        print(line, file=sys.stderr)
    if not sys.stdin.isatty():
        options.usage("This cannot be undone: look at it with --dry-run, then say --yes.")
    if not typer.confirm("Forget them? This cannot be undone.", err=True):
        options.fail("Nothing was forgotten.")


def _tell(as_json: bool, value: Any, lines: Iterator[str]) -> None:
    if as_json:
        print(jsons.dumps(value, ensure_ascii=False, indent=2, default=str))
        return
    for line in lines:
        print(line)


def _month_lines(months: list[Month]) -> Iterator[str]:
    for one in months:
        to_do = f"to merge: {', '.join(one.tables)}" if one.tables else "compact"
        yield f"{one.month}: {one.files:,} files, {one.bytes / MB:,.1f} MB, {one.rows:,} rows; {to_do}"
    if not months:
        yield "No month is closed yet: --all takes this one too."


def _month_json(one: Month) -> dict[str, Any]:
    return {"month": one.month, "files": one.files, "bytes": one.bytes, "rows": one.rows, "to_merge": [*one.tables]}


def _compacted_lines(done: list[Compacted], still_open: int) -> Iterator[str]:
    for one in done:
        sizes = " to ".join(f"{size / MB:,.1f}" for size in one.bytes)
        yield f"{one.month}: {one.files[0]:,} files became {one.files[1]:,}, {sizes} MB, {one.rows:,} rows compared"
    if not done:
        yield "Every closed month is compact." + (" --all takes this month too." if still_open else "")


def _compacted_json(one: Compacted) -> dict[str, Any]:
    return {"month": one.month, "rows": one.rows, "files": [*one.files], "bytes": [*one.bytes]}


def _forgotten_lines(found: Forgotten, what: str) -> Iterator[str]:
    from flows.words import several

    if not found.doomed:
        yield "Nothing in the lake is that."
        return
    articles, copies, rejects = found.rows.values()
    yield f"{several(articles, 'article')}, {several(copies, 'copy')} and {several(rejects, 'reject')} {what}"
    for one in found.doomed[:SAMPLES] if what != "forgotten" else ():
        yield f"  {one.id[:SHORT_ID]}  {one.source or 'no source'}  {one.title or 'no title'}"
    if found.heirs:
        yield f"{several(found.heirs, 'copy')} in the place of a forgotten article"


def _forgotten_json(found: Forgotten) -> dict[str, Any]:
    samples = [{"id": one.id, "table": one.table, "source": one.source, "title": one.title} for one in found.doomed]
    return {**found.rows, "heirs": found.heirs, "samples": samples[:SAMPLES]}
