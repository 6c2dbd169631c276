"""Show one article of a lake with its cluster, its links, and beside the text it matches: `saring lake show`."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.compare import Beside, Change, Words, beside, columns, words
from lake.lookup import Found

if TYPE_CHECKING:
    from rich.text import Text

PLAIN_WIDTH = 120  # columns, where there is no terminal
SHORT_ID = 12  # hex digits; enough to ask for an article
SHOWN_MEMBERS = 30
_FIELDS = ("source", "title", "url", "date_published", "authors", "dateline", "wire_source", "language", "flags")


def show_json(found: Found) -> dict[str, Any]:
    """Say it for programs: the whole row, its cluster, links, and what differs from its match."""
    compared = _compared(found)
    return {
        "table": found.table,
        "article": _ready(found.row),
        "cluster_id": found.cluster_id,
        "cluster": [_ready(member) for member in found.cluster],
        "links": [asdict(link) for link in found.links],
        "match": found.match and _ready(found.match),
        "difference": [asdict(row) | {"change": row.change.name.lower()} for row in compared],
    }


def show_lines(found: Found, width: int = PLAIN_WIDTH) -> Iterator[str]:
    """Say it for people, in plain text."""
    yield from _facts(found)
    if found.match is None:
        yield f"\n{found.row['text']}"
        return
    half = max(1, (width - 3) // 2)
    yield f"\n{_name(found.row):<{half}}   {_name(found.match)}"
    yield from columns(_compared(found), width)


def show_colours(found: Found) -> None:
    """Show it on a terminal: what only one side has in colour."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=shutil.get_terminal_size().columns)
    for line in _facts(found):
        console.print(Text(line), soft_wrap=True)
    if found.match is None:
        console.print(Text("\n" + found.row["text"]))
        return
    table = Table(expand=True)
    for side in (found.row, found.match):
        table.add_column(Text(_name(side)), ratio=1)
    for row in _compared(found):
        if row.change is Change.SAME:
            more = f" … {row.skipped} more the same" if row.skipped else ""
            table.add_row(Text(row.left, "dim"), Text(row.right + more, "dim"))
        else:
            sides = words(row.left, row.right)
            table.add_row(_coloured(sides[0], "bold red"), _coloured(sides[1], "bold green"))
    console.print()
    console.print(table)


def _coloured(side: list[Words], colour: str) -> Text:
    from rich.text import Text

    return Text(" ").join(Text(run.text, "" if run.common else colour) for run in side)


def _facts(found: Found) -> Iterator[str]:
    row = found.row
    kind = f", a copy ({row['duplicate_kind']}) of {row['duplicate_of'][:SHORT_ID]}" if row["duplicate_of"] else ""
    revision = f", revision {row['revision']}" if row["revision"] else ""
    yield f"{row['id']}  in {found.table}{kind}{revision}"
    for name in _FIELDS:
        if value := row[name]:
            yield f"  {name:<15}{', '.join(value) if isinstance(value, list) else _said(value)}"
    moved = f", joined by reconciling to {found.cluster_id[:SHORT_ID]}" if found.cluster_id != row["cluster_id"] else ""
    yield f"\nCluster {row['cluster_id'][:SHORT_ID]}{moved}, {len(found.cluster)} in all:"
    for member in found.cluster[:SHOWN_MEMBERS]:
        here = ">" if member["id"] == row["id"] else " "
        figures = "" if member["similarity"] is None else f"{member['similarity']:.2f}"
        kind, when = member["duplicate_kind"] or "first", _said(member["date_published"])
        yield f"{here} {member['id'][:SHORT_ID]}  {kind:<11}{figures:>5}  {when}  {_name(member)}"
    if len(found.cluster) > SHOWN_MEMBERS:
        yield f"  and {len(found.cluster) - SHOWN_MEMBERS:,} more"
    if found.links:
        yield "\nLinks (Jaccard index of the word 3-grams; share of the shorter text in the other):"
    for link in found.links:
        way = "to  " if link.earlier else "from"
        figures = f"{_figure(link.jaccard)}{_figure(link.containment)}"
        name = _name({"source": link.source, "title": link.title})
        yield f"  {way} {link.other[:SHORT_ID]}  {link.kind:<11}{figures}  {name}"


def _compared(found: Found) -> list[Beside]:
    return beside(found.row["text"], found.match["text"]) if found.match else []


def _figure(value: float | None) -> str:
    return "    -" if value is None else f"{value:>5.2f}"


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['source'] or '(unknown)'}: {row['title'] or '(no title)'}"


def _said(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return " " * 16 if value is None else str(value)


def _ready(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row ready for JSON: binary as lower-case hex, times as ISO 8601."""
    ready: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, bytes):
            ready[name] = value.hex()
        else:
            ready[name] = value.isoformat() if isinstance(value, datetime.date) else value
    return ready
