"""Documents that a lake holds, on their way to be cleaned again: a file of JSON lines that only children read.

A line is a reject with its payload, a reject with the file that its input still lies in, or an article with its text
before the cut. Reading one is as dangerous as reading it the first time, so nobody but a child does it.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cleaners.again import Earlier
from cleaners.article import Document, Reason, Reject, Stage
from flows.columns import ColumnMap
from flows.formats import Form, form_of
from flows.pages import record_of
from flows.records import Problem, document_of, parse_line, reject_of, repaired
from lake import originals
from lake.earlier import COLUMNS, earlier_of

_WHOLE = (Form.TEXT, Form.PAGE)
_VALUES = (Form.LINES, Form.JSON)
_ORIGIN = ("url", "title", "origin_file", "origin_row")


def readable(row: Mapping[str, Any]) -> bool:
    """Whether the payload of a reject, if it was kept, is all that is needed to read it again.

    What broke off is no whole input, and a row of a CSV file says nothing without its header.
    """
    form = _form(row)
    if row["reason"] == Reason.UNREADABLE:
        return form in _WHOLE
    return row["payload_type"] != originals.OCTETS or form not in (Form.TABLE, Form.PARQUET) or _is_cell(row)


def line_of(row: Mapping[str, Any], payload: bytes, columns: Mapping[str, str]) -> dict[str, Any]:
    """A reject as a line: its row, its payload, and the columns that its run was told."""
    names = ("reason", "payload_type", "document", "origin_id", *_ORIGIN)
    told = {name: row[name] for name in names} | {"reject_id": row["id"], "columns": dict(columns)}
    return told | {"payload": base64.b64encode(payload).decode()}


def line_of_article(row: Mapping[str, Any], before: str, removed: Sequence[str]) -> dict[str, Any]:
    """A stored article as a line: what its row says, its text before the cut, and what was removed from it."""
    told = {name: row[name] for name in COLUMNS}
    times = {name: row[name] and row[name].isoformat() for name in ("date_published", "date_modified")}
    return {"row": told | times, "before": before, "removed": list(removed)}


def line_of_original(row: Mapping[str, Any], original: Mapping[str, Any]) -> dict[str, Any]:
    """A stored article as a line: what arrived as it, to be extracted and normalised again."""
    names = ("origin_file", "origin_row", "origin_id", "reject_id")
    payload = base64.b64encode(original["payload"]).decode()
    said = {name: original[name] for name in ("media_type", "encoding", "document")}
    return {"original": said | {"payload": payload} | {name: row[name] for name in names}}


def read_kept(path: Path, start: int) -> Iterator[Document | Reject | Earlier]:
    """Yield the documents of a file, from line `start` on."""
    with path.open("rb") as file:
        for line in itertools.islice(file, start, None):
            given = json.loads(line)
            if "row" in given:
                yield earlier_of(given["row"], given["before"], given["removed"])
            elif "original" in given:
                yield _from_original(given["original"])
            else:
                yield _from_reject(given)


def _from_original(given: Mapping[str, Any]) -> Document:
    payload = base64.b64decode(given["payload"])
    names = {"origin_file": "origin_file", "origin_row": "origin_row", "id": "origin_id", "reject_id": "reject_id"}
    origin = {name: given[column] for name, column in names.items()}
    found = originals.document_of(payload, given["media_type"], given["encoding"], given["document"], **origin)
    if found is None:
        raise ValueError("octets are no article")
    mended: dict[str, None] = {}
    return replace(
        found,
        html=None if found.html is None else repaired(found.html, mended),
        text=None if found.text is None else repaired(found.text, mended),
    )


def _from_reject(given: Mapping[str, Any]) -> Document | Reject:
    found = _from_file(given) if "piece" in given else _from_payload(given)
    document = found if isinstance(found, Document) else found.document
    document = replace(document, reject_id=given["reject_id"], outlet=document.outlet or given.get("outlet"))
    return document if isinstance(found, Document) else replace(found, document=document)


def _from_file(given: Mapping[str, Any]) -> Document | Reject:
    from flows.shard import source_of
    from flows.sources import read

    piece = given["piece"]
    file, mapping = source_of(piece)
    gone = Reject(Document(), Stage.READ, Reason.UNREADABLE, f"{file.name} has fewer records than when it was read")
    return next(iter(read(file, mapping, piece["start"], piece["stop"])), gone)


def _from_payload(given: Mapping[str, Any]) -> Document | Reject:
    payload = base64.b64decode(given["payload"])
    origin = {name: given[name] for name in _ORIGIN} | {"id": given["origin_id"]}
    found = originals.document_of(payload, given["payload_type"], None, given["document"], **origin)
    if found is not None:
        return found
    again = _from_octets(payload, given)
    document = again if isinstance(again, Document) else again.document
    told = {name: value for name, value in origin.items() if getattr(document, name) is None}
    document = replace(document, **told)
    return document if isinstance(again, Document) else replace(again, document=document)


def _from_octets(payload: bytes, given: Mapping[str, Any]) -> Document | Reject:
    """Read the bytes of a file, a line or a cell, as the reader of its format did."""
    form, mapping = _form(given), ColumnMap(overrides=tuple(given["columns"].items()))
    if _is_cell(given):
        beside: Mapping[str, Any] = json.loads(given["document"]) if given["document"] else {}
        record = {"text": payload} | {name: value for name, value in beside.items() if name != "repairs"}
        return document_of(record)
    if form in _VALUES or (form is None and payload.lstrip()[:1] == b"{"):
        line = parse_line(payload)
        return reject_of(line, Document()) if isinstance(line, Problem) else document_of(line, mapping)
    file = record_of(payload, is_page=form is Form.PAGE)
    if isinstance(file, Problem):
        return reject_of(file, Document())
    found = document_of(file.record)
    document = found if isinstance(found, Document) else found.document
    document = replace(document, repairs=(*file.repairs, *document.repairs))
    return document if isinstance(found, Document) else replace(found, document=document)


def _is_cell(row: Mapping[str, Any]) -> bool:
    """Whether a payload is the text of a record, and not the record."""
    return row["reason"] == Reason.BAD_ENCODING and _form(row) not in _WHOLE


def _form(row: Mapping[str, Any]) -> Form | None:
    found = form_of(row["origin_file"] or "")
    return found[0] if found else None
