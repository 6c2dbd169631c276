"""The command `saring lake restore`: articles as they were before cleaning, on standard output or as files."""

from __future__ import annotations

import base64
import contextlib
import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import options

if TYPE_CHECKING:
    from lake.disk import Disk
    from lake.restore import Restored

SUFFIXES = {"text/plain": ".txt", "text/html": ".html"}

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID…", help="Ids of articles, copies or rejects, or their beginnings.")
]
Every = Annotated[bool, typer.Option("--all", help="Every article, copy and reject that is in the lake.")]
Original = Annotated[bool, typer.Option("--original", help="Only what arrived; an error where it was not kept.")]
Normalised = Annotated[bool, typer.Option("--normalised", help="Only the text before the cut, that offsets refer to.")]
Folder = Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write a file for each, named by its id.")]


def restore(
    ids: Ids = None,
    every: Every = False,
    lake: options.Lake = None,
    original: Original = False,
    normalised: Normalised = False,
    to: Folder = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line for each, for programs.")] = False,
) -> None:
    """Give back articles as they were: what arrived, byte for byte, or the text before the cut.

    What arrived is there if it was ingested with --keep-originals. The text is rebuilt from what was kept and what was
    removed, and checked against its hash.

    \b
      saring lake restore 5f2c9a > page.html
      saring lake restore --all --to pages
    """
    from flows.settings import lake_path
    from lake import Lake
    from lake.disk import Disk
    from lake.restore import Form, restored

    if bool(ids) == every:
        options.usage("Name ids, or say --all.")
    if original and normalised:
        options.usage("--original and --normalised exclude each other; without both what arrived comes first.")
    if (every or len(ids or ()) > 1) and not (to or json):
        options.usage("Several at once need a folder, --to DIR, or --json.")
    form = Form.ORIGINAL if original else Form.NORMALISED if normalised else None
    found = restored(Lake(lake_path(lake)).path, None if every else ids, form)
    if to:
        print(f"{sum(_written(one, to, Disk()) for one in found):,} files written to {to}", file=sys.stderr)
        return
    for one in found:
        sys.stdout.buffer.write(jsons.dumps(_told(one), ensure_ascii=False).encode() + b"\n" if json else one.payload)


def _written(one: Restored, folder: Path, disk: Disk) -> int:
    """Write one file whole or not at all; one that is there is never replaced, and fine if it is the same."""
    path = folder / f"{one.id}{SUFFIXES.get(one.media_type, '.bin')}"
    partial = folder / f".{path.name}.part"
    try:
        disk.mkdir(folder)
        if path.exists() and path.read_bytes() == one.payload:
            return 0
        disk.unlink(partial)  # of a command that was killed
        disk.write(partial, one.payload, durable=False)
        disk.rename(partial, path)
    except FileExistsError:
        _drop(partial, disk)
        options.usage(f"{path} is there already, and is another: name a new folder.")
    except OSError as error:
        _drop(partial, disk)
        options.fail(f"{path} cannot be written: {error.strerror}.")
    return 1


def _drop(partial: Path, disk: Disk) -> None:
    """Delete what was begun, as far as the disk lets us."""
    with contextlib.suppress(OSError):
        disk.unlink(partial)


def _told(one: Restored) -> dict[str, Any]:
    """Say it for programs: `text` where the payload is UTF-8, else `base64`."""
    said: dict[str, Any] = {"id": one.id, "form": one.form, "media_type": one.media_type, "encoding": one.encoding}
    said |= {"origin_file": one.origin_file, "origin_row": one.origin_row}
    try:
        return said | {"text": one.payload.decode("utf-8")}
    except UnicodeDecodeError:
        return said | {"base64": base64.b64encode(one.payload).decode()}
