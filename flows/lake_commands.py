"""The commands of `saring lake` that look at copies: show, reconcile, rehash."""

from __future__ import annotations

import datetime
import json as jsons
import sys
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
    from flows.console import several
    from flows.settings import lake_path
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
    from flows.console import several
    from flows.settings import lake_path
    from lake import Lake
    from lake.signatures import rehash as rehashed

    rows = rehashed(Lake(lake_path(lake)), datetime.datetime.now(datetime.UTC))
    if json:
        print(jsons.dumps({"rows": rows}))
    else:
        print(f"{several(rows, 'signature')} made anew" if rows else "every signature is of today's scheme")
