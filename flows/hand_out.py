"""The commands of `saring lake` that hand out what is in it: export, changes."""

from __future__ import annotations

import datetime
import json as jsons
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from flows import options

_Choice = TypeVar("_Choice", bound=StrEnum)

Folder = Annotated[str, typer.Argument(metavar="DIR", help="A new or an empty folder.")]
To = Annotated[str, typer.Option("--to", metavar="FORM", help="What to write: parquet, jsonl, csv, or hf.")]
Kept = Annotated[
    str,
    typer.Option(
        "--keep", metavar="WHICH", help="Which article of each story: first, source, longest or latest (published)."
    ),
]
Languages = Annotated[str | None, typer.Option("--languages", metavar="TAG,…", help="Only these, such as id,ms.")]
Outlets = Annotated[
    str | None, typer.Option("--outlets", metavar="NAME,…", help="Only these, as in the column source: kompas,antara.")
]
Published = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="Only what was published on this day, 2026-10-05, or later (Jakarta)."),
]
Compressed = Annotated[
    str, typer.Option("--compress", metavar="HOW", help="JSON lines and CSV: none, gzip or zstd.", show_default=False)
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="BATCH|TIME",
        help="A batch, the beginning of its name, or a time (Jakarta's if it names no zone). Without it: everything.",
    ),
]


def export(
    folder: Folder,
    to: To,
    lake: options.Lake = None,
    keep: Kept = "first",
    languages: Languages = None,
    outlets: Outlets = None,
    since: Published = None,
    compress: Compressed = "none",
    json: options.Json = False,
) -> None:
    """Write one clean set without copies to a folder, with a data card: for those who want a file.

    hf is a folder for Hugging Face's load_dataset. A story is never left out because another of its copies was not
    asked for: copies are left out among the articles that are.

    \b
      saring lake export --to parquet articles-2026
      saring lake export --to jsonl --compress zstd --languages id,ms --since 2026-01-01 indonesian
    """
    from flows.settings import lake_path
    from flows.words import several
    from lake import Lake
    from lake.export import export as exported
    from lake.formats import Compress, Form
    from lake.representatives import Keep, Wanted

    wanted = Wanted(
        _one_of(Keep, keep, "--keep"), _names(languages), _names(outlets), None if since is None else _day(since)
    )
    form, how = _one_of(Form, to, "--to"), _one_of(Compress, compress, "--compress")
    with _bar("writing") as progress:
        found = exported(Lake(lake_path(lake)), folder, form, wanted, compress=how, progress=progress)
    if json:
        print(jsons.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    copies = f", {found.copies:,} copies left out" if found.copies else ""
    print(f"{several(found.articles, 'article')} written to {found.folder}{copies}; README.md there says what they are")


def changes(
    since: Since = None,
    lake: options.Lake = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Tell what came since a batch or a time: new articles, copies, revisions, what was cleaned again or forgotten.

    The last line is the cursor: give it to --since next time, and nothing is told twice or missed.

    \b
      saring lake changes --since 2026-10-05
      saring lake changes --jsonl --since 2026-10-05T18:00:00Z > changes.jsonl
    """
    from flows.changes import change_json, change_line, cursor_json, cursor_line
    from flows.settings import lake_path
    from lake import Lake
    from lake.changes import changes as changed

    found = changed(Lake(lake_path(lake)), since)
    for change in found.feed:
        print(change_json(change) if jsonl else change_line(change))
    print(cursor_json(found) if jsonl else cursor_line(found))


def _one_of(choices: type[_Choice], value: str, option: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        options.usage(f"{option} {value}: expected one of {', '.join(choices)}.")


def _names(given: str | None) -> frozenset[str]:
    return frozenset(name.strip() for name in (given or "").split(",") if name.strip())


def _day(given: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        options.usage(f"--since {given}: expected a day, such as 2026-10-05.")


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Progress on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
