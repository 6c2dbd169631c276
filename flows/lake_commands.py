"""The commands of `saring lake` that look at articles again: show, reconcile, rehash, reclean."""

from __future__ import annotations

import datetime
import json as jsons
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from flows import options

Wanted = Annotated[
    str, typer.Argument(metavar="ID", help="The beginning of an article's id, or its address, as a URL.")
]


def show(wanted: Wanted, lake: options.Lake = None, json: options.Json = False) -> None:
    """Show an article with its cluster, its links, and what differs from the article it matches, side by side.

    \b
      saring lake show 5f2c9a
      saring lake show https://kabar.example/read/10000001
    """
    from flows.settings import lake_path
    from flows.show import show_colours, show_json, show_lines
    from lake import Lake
    from lake.lookup import look_up

    found = look_up(Lake(lake_path(lake)).path, wanted)
    if json:
        print(jsons.dumps(show_json(found), ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        show_colours(found)
    else:
        for line in show_lines(found):
            print(line)


def reconcile(lake: options.Lake = None, json: options.Json = False) -> None:
    """Look at all matches of the lake at once and write which clusters belong together, to the table clusters.

    Runs decide article by article; one that matches two clusters leaves two. No row of another table is changed.
    """
    from flows.settings import lake_path
    from flows.words import several
    from lake import Lake
    from lake.reconcile import reconcile as reconciled

    found = reconciled(Lake(lake_path(lake)), datetime.datetime.now(datetime.UTC))
    if json:
        print(jsons.dumps(asdict(found), indent=2))
    elif found.batch is None:
        print(f"{several(found.rows, 'row')} compared: every cluster stays as it is")
    else:
        print(f"{several(found.rows, 'row')} compared: {several(found.joined, 'cluster')} joined to another")


def rehash(lake: options.Lake = None, json: options.Json = False) -> None:
    """Make the signatures anew that an older version made otherwise, so that their rows are compared again.

    They are written to the table signatures; no row of another table is changed. Then run saring lake reconcile.
    """
    from flows.settings import lake_path
    from flows.words import several
    from lake import Lake
    from lake.signatures import rehash as rehashed

    rows = rehashed(Lake(lake_path(lake)), datetime.datetime.now(datetime.UTC))
    if json:
        print(jsons.dumps({"rows": rows}))
    else:
        print(f"{several(rows, 'signature')} made anew" if rows else "every signature is of today's scheme")


def reclean(
    lake: options.Lake = None,
    outlet: Annotated[
        str | None, typer.Option("--outlet", metavar="NAME", help="Only articles of this outlet, as in source.")
    ] = None,
    into: Annotated[
        str | None, typer.Option("--into", metavar="DIR", help="Write a new lake there and leave this one as it is.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, with samples; write nothing.")] = (
        False
    ),
    extract: Annotated[
        bool, typer.Option("--extract", help="From what arrived, where it was kept: extract and normalise anew.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes that clean at once.")
    ] = None,
    rules: options.Rules = None,
    without: options.Without = None,
    json: options.Json = False,
) -> None:
    """Clean the lake's articles again by today's rules, and decide copies anew in the old order.

    In place, or with --into as a new lake. Look at --dry-run first. Ids and batches keep their names, and runs says
    when; an article without a story left becomes a reject. Stopped with --into, it goes on when run again.

    \b
      saring lake reclean --dry-run --outlet kompas
      saring lake reclean --into lake/2027
    """
    from flows.child import ShardError
    from flows.reclean import Wanted, radius, reclean_into
    from flows.reclean import reclean as in_place
    from flows.settings import lake_path
    from lake import Lake

    if dry_run and into:
        options.usage("--dry-run writes nothing, so it takes no --into.")
    options.catalog(rules, without)  # wrong rules end the command before anything else is looked at
    wanted = Wanted(outlet, extract, tuple(options.own_rules(rules)), tuple(without or ()), workers)
    found = Lake(lake_path(lake))
    try:
        with _counted("batches cleaned again") as progress:
            if dry_run:
                result = radius(found, wanted, progress=progress)
            elif into:
                result = reclean_into(found, into, wanted, progress=progress)
            else:
                result = in_place(found, wanted, progress=progress)
    except ShardError as error:
        options.fail(f"{error}. The lake is as it was; run it again.")
    if json:
        print(jsons.dumps(result.json(), ensure_ascii=False, indent=2))
        return
    for line in result.lines():
        print(line)
    if result.decided and result.same and not into:
        print("Nothing changes, so no file was changed.")


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Progress on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
