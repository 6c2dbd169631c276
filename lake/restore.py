"""Give back what an article was before: what arrived, from `originals`, or the normalised text, from its removals.

A normalised text is checked against the hash that its row carries; what arrived is given byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from cleaners.fingerprint import text_hash
from cleaners.strip import restore
from lake import layout
from lake.layout import LakeError
from lake.lookup import MIN_PREFIX, NAMED
from lake.originals import OCTETS, TEXT
from lake.schema import schema_of

ROWS = 1_024  # whole texts at a time: a few MB
_TEXTS = ["id", "batch", "ruleset", "text", "original_hash", "reject_id", "origin_file", "origin_row"]


class Form(StrEnum):
    """What is given back: what arrived, or the text before the cut."""

    ORIGINAL = "original"
    NORMALISED = "normalised"


@dataclass(frozen=True, slots=True)
class Restored:
    """One article or reject as it was: `payload` in `encoding` (None: bytes of no text), of which `form`."""

    id: str
    form: Form
    media_type: str
    encoding: str | None
    payload: bytes
    origin_file: str | None
    origin_row: int | None


def restored(root: Path, ids: Collection[str] | None = None, form: Form | None = None) -> Iterator[Restored]:
    """Yield articles, duplicates and rejects as they were: those named (all if None), table by table.

    Without a `form`, what arrived where the lake has it, else the normalised text. An id is whole, or its beginning.
    Raises LakeError: an id that is not there or not one, a form that was not kept, a text that its hash does not fit.
    """
    wanted = None if ids is None else [_id_of(root, id) for id in ids]
    for table in ("articles", "duplicates"):
        for rows in _chunks(root, table, _TEXTS, wanted):
            yield from _articles(root, rows, form)
    for rows in _chunks(root, "rejects", schema_of("rejects").names, wanted):
        yield from _rejects(root, rows, form, named=ids is not None)


def removals_of(root: Path, rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    """The removals of some rows of articles or duplicates, by id and ruleset, in the order of the text."""
    columns = ["article_id", "ruleset", "start", "end", "text"]
    batches, ids = sorted({row["batch"] for row in rows}), sorted(row["id"] for row in rows)
    where = pc.field("batch").isin(batches) & pc.field("article_id").isin(ids)
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for row in _where(root, "removals", columns, where):
        found.setdefault((row["article_id"], row["ruleset"]), []).append((row["start"], row["end"], row["text"]))
    for spans in found.values():
        spans.sort()
    return found


def normalised(row: dict[str, Any], removals: list[tuple[int, int, str]]) -> str:
    """The text of a row before the cut. Raises LakeError if it is not the one that its hash names."""
    text = restore(row["text"], removals)
    if text_hash(text) != row["original_hash"]:
        raise LakeError(
            f"The text of {row['id']} and its removals do not give what its hash names: saring lake verify."
        )
    return text


def _articles(root: Path, rows: list[dict[str, Any]], form: Form | None) -> Iterator[Restored]:
    kept = {} if form is Form.NORMALISED else _originals(root, rows)
    removals = {} if form is Form.ORIGINAL else removals_of(root, rows)
    for row in rows:
        if original := kept.get(row["id"]):
            yield _of(row, Form.ORIGINAL, original["payload"], original["media_type"], original["encoding"])
        elif form is Form.ORIGINAL:
            raise LakeError(
                f"What arrived as {row['id']} was not kept: saring ingest --keep-originals keeps it, "
                "saring lake restore --normalised gives the text before the cut."
            )
        else:
            text = normalised(row, removals.get((row["id"], row["ruleset"]), []))
            yield _of(row, Form.NORMALISED, text.encode(), TEXT, "utf-8")


def _rejects(root: Path, rows: list[dict[str, Any]], form: Form | None, *, named: bool) -> Iterator[Restored]:
    """Rejects as they arrived; of all rejects those that were kept, of named ones each or an error."""
    kept = {} if form is Form.NORMALISED else _originals(root, rows)
    for row in rows:
        original = kept.get(row["id"]) or {"payload": row["payload"], "media_type": row["payload_type"]}
        if form is not Form.NORMALISED and original["payload"] is not None:
            encoding = None if original["media_type"] == OCTETS else original.get("encoding", "utf-8")
            yield _of(row, Form.ORIGINAL, original["payload"], original["media_type"], encoding)
        elif named and form is Form.NORMALISED:
            raise LakeError(f"{row['id']} is a reject ({row['reason']}): it has no normalised text.")
        elif named:
            raise LakeError(f"What arrived as {row['id']} is not in the lake: {where_it_lies(row)}.")


def where_it_lies(row: dict[str, Any]) -> str:
    """Say where the input of a reject lies that the lake has not kept: its file, record, byte, length and hash."""
    place = f"record {row['origin_row']} of {row['origin_file']}"
    if row["payload_offset"] is not None:
        place += f", from byte {row['payload_offset']}"
    if row["payload_length"] is not None:
        place += f", {row['payload_length']} bytes, SHA-256 {row['payload_sha256']}"
    return place


def _of(row: dict[str, Any], form: Form, payload: bytes, media_type: str, encoding: str | None) -> Restored:
    return Restored(row["id"], form, media_type, encoding, payload, row["origin_file"], row["origin_row"])


def _originals(root: Path, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What arrived, by id; of a reject that was read again, its payload is what arrived."""
    ids = sorted(row["id"] for row in rows)
    batches = sorted({row["batch"] for row in rows})
    columns = ["id", "payload", "media_type", "encoding"]
    where = pc.field("batch").isin(batches) & pc.field("id").isin(ids)
    found = {row["id"]: row for row in _where(root, "originals", columns, where)}
    again = {row["reject_id"]: row["id"] for row in rows if row["reject_id"] and row["id"] not in found}
    if again:
        columns = ["id", "payload", "payload_type"]
        for row in _where(root, "rejects", columns, pc.field("id").isin(sorted(again))):
            if row["payload"] is not None:
                encoding = None if row["payload_type"] == OCTETS else "utf-8"
                kept = {"payload": row["payload"], "media_type": row["payload_type"], "encoding": encoding}
                found[again[row["id"]]] = kept
    return found


def _id_of(root: Path, wanted: str) -> str:
    """The one id that begins so. Raises LakeError if there is none, or more."""
    if len(wanted) < MIN_PREFIX:
        raise LakeError(f"{wanted!r} is too short for an id: give at least {MIN_PREFIX} of its digits.")
    near = pc.starts_with(pc.field("id"), wanted.lower())
    found = [row["id"] for name in ("articles", "duplicates", "rejects") for row in _where(root, name, ["id"], near)]
    if not found:
        raise LakeError(f"No article and no reject of this lake has an id that begins with {wanted!r}.")
    if len(found) > 1:
        named = ", ".join(id[:12] for id in found[:NAMED])
        raise LakeError(f"{len(found)} ids begin with {wanted}: {named}. Give more digits.")
    return str(found[0])


def _chunks(root: Path, table: str, columns: list[str], ids: list[str] | None) -> Iterator[list[dict[str, Any]]]:
    if ids is not None:
        rows = list(_where(root, table, columns, pc.field("id").isin(ids)))
        yield from [rows] if rows else []
        return
    for file in layout.files(root, table):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=ROWS, columns=columns):
                yield batch.to_pylist()


def _where(root: Path, table: str, columns: list[str], where: pc.Expression) -> Iterator[dict[str, Any]]:
    files = layout.files(root, table)
    if files:
        rows = ds.dataset(files, schema=schema_of(table), format="parquet")
        yield from rows.to_table(columns=columns, filter=where).to_pylist()
