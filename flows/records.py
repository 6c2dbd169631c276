"""Turn one record (a JSON object, a table's row) into a `Document`, or say why it is none.

Nothing of the text is changed but what no reader could take: NUL characters, lone surrogates, bytes that are not UTF-8.
What was mended is named in `Document.repairs`.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cleaners.article import Document, Reason, Reject, Stage
from flows.columns import ColumnMap

BY_NAME = ColumnMap()  # looks every record's keys up by themselves
MAX_STRAY_SHARE = 0.2  # of a text's characters; Latin text in cp1252 stays far below, other scripts are far above
MIN_STRAY = 20  # characters; a headline in quotes is no other encoding
MAX_DEPTH = 4  # `{"author": [{"name": {"@value": …}}]}` needs three

_DECODER = json.JSONDecoder(strict=False)  # raw line breaks, tabs and NULs inside strings are common and harmless
_PAGE_START = re.compile(r"\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_LONE = re.compile("[\ud800-\udbff\udc00-\udc7f\udd00-\udfff]")
_STRAY = re.compile("[\udc80-\udcff]+")
_LISTS = {"authors": re.compile(r"[;|\n]"), "keywords": re.compile(r"[;|,\n]")}  # names hold commas (S.H., M.Si.)
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_INNER_KEYS = ("name", "$date", "$oid", "$numberLong", "@value", "title")  # of people, MongoDB exports, JSON-LD
_AMBIGUOUS = re.compile(r"^\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: why, in words, and what arrived (None where it is too large to keep)."""

    reason: Reason
    detail: str
    payload: bytes | None = None


def reject_of(problem: Problem, document: Document) -> Reject:
    """Make a Reject of a problem met while reading; `document` holds the origin and what could be read."""
    detail = problem.detail.encode("utf-8", "replace").decode()  # names of columns and files may hold lone surrogates
    return Reject(document, Stage.READ, problem.reason, detail, problem.payload)


def parse_line(line: bytes | str) -> dict[str, Any] | Problem:
    """Read one JSON line into a record; a Problem (`broken-record`, payload = the line) where it is no JSON object.

    Bytes that are not UTF-8 become lone surrogates, which `document_of` turns into cp1252 characters.
    """
    payload = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    text = line.decode("utf-8-sig", "surrogateescape") if isinstance(line, bytes) else line
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError also for numbers beyond the limit of int()
        return Problem(Reason.BROKEN_RECORD, f"no JSON: {error}", payload)
    if not isinstance(value, dict):
        return Problem(Reason.BROKEN_RECORD, f"a JSON {_type_name(value)}, expected an object", payload)
    return value


def document_of(
    record: Mapping[str, Any],
    mapping: ColumnMap = BY_NAME,
    *,
    origin_file: str | None = None,
    origin_row: int | None = None,
) -> Document | Reject:
    """Make a Document of a record whose keys are column names; any value may be None, keys may be missing.

    Rejected: no text and no HTML (`no-text`), a text that is no string (`broken-record`), one that is mostly bytes of
    another encoding (`bad-encoding`). Numbers become strings, single strings lists where the field is one; a page in
    the text column becomes `html`. Total: never raises on what JSON or Parquet can hold.
    """
    repairs: dict[str, None] = {}
    values: dict[str, Any] = {}
    arrived: dict[str, bytes] = {}
    problem: Problem | None = None
    for field, column in mapping.pairs(tuple(record)):
        value = record.get(column)
        if value is None:
            continue
        if field in ("text", "html"):
            values[field] = body = _body(value, column, repairs)
            problem = problem or (body if isinstance(body, Problem) else None)
            if body != value and isinstance(body, str) and (kept := _bytes(value)) != body.encode():
                arrived[field] = kept
        elif field in _LISTS:
            values[field] = tuple(item for item in (repaired(v, repairs) for v in _items(field, value)) if item)
        else:
            values[field] = repaired(_scalar(value), repairs) or None
    if mapping.month_first and values.get("date"):
        values["date"] = _day_first(values["date"], repairs)
    text = values.get("text")
    if isinstance(text, str) and not values.get("html") and _PAGE_START.match(text):
        values["html"] = values.pop("text")
        arrived = {"html": arrived["text"]} if "text" in arrived else {}
    if problem:
        values = {field: value for field, value in values.items() if field not in ("text", "html")}
    document = Document(
        **values,
        origin_file=origin_file,
        origin_row=origin_row,
        repairs=tuple(repairs),
        arrived=arrived.get("html" if values.get("html") else "text"),
    )
    if document.text is None and document.html is None:
        problem = problem or Problem(Reason.NO_TEXT, _without_text(record, mapping))
    return reject_of(problem, document) if problem else document


def repaired(text: str, repairs: dict[str, None]) -> str:
    """Take NULs out, turn bytes kept as surrogates into cp1252 characters, other lone surrogates into U+FFFD.

    What was done is added to `repairs` (`nul`, `cp1252`, `surrogates`).
    """
    if "\0" in text:
        text = text.replace("\0", "")
        repairs["nul"] = None
    if _is_storable(text):
        return text
    mended = _LONE.sub("\ufffd", text)
    if mended != text:
        repairs["surrogates"] = None
    text = _STRAY.sub(_from_bytes, mended)
    if text != mended:
        repairs["cp1252"] = None
    return text


def _is_storable(text: str) -> bool:
    """Whether a text is free of lone surrogates; encoding it is ten times faster than a search for them."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _from_bytes(match: re.Match[str]) -> str:
    data = match[0].encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")  # a tool that escaped a character's bytes one by one
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _body(value: Any, column: str, repairs: dict[str, None]) -> str | Problem | None:
    """The text or page in a cell: None where it is blank, a Problem where it is no text."""
    if isinstance(value, (bytes, memoryview)):
        value = bytes(value).decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        if isinstance(value, float) and value != value:  # pandas writes NaN for a missing text
            return None
        return Problem(Reason.BROKEN_RECORD, f"column {column!r} holds a {_type_name(value)}, expected a text")
    stray = 0 if _is_storable(value) else sum(map(len, _STRAY.findall(value)))
    if stray >= MIN_STRAY and stray > MAX_STRAY_SHARE * len(value):
        data = _bytes(value)
        detail = f"column {column!r}: {stray} of {len(value)} characters are no UTF-8; convert the file to UTF-8"
        return Problem(Reason.BAD_ENCODING, detail, data)
    text = repaired(value, repairs)
    return text if text.strip() else None


def _bytes(value: str | bytes | memoryview) -> bytes:
    """What stood in a cell: bytes kept as lone surrogates are those bytes again."""
    if not isinstance(value, str):
        return bytes(value)
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # escaped in JSON: no bytes of any encoding
        return value.encode("utf-8", "surrogatepass")


def _scalar(value: Any, depth: int = 0) -> str:
    """A value as one stripped string, "" for nothing: 123.0 is `123`, times are ISO 8601, `{"name": …}` is the name."""
    if depth > MAX_DEPTH:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape").strip()
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, (float, decimal.Decimal)):
        return "" if value != value else str(int(value)) if _is_whole(value) else str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _scalar(next((value[key] for key in _INNER_KEYS if value.get(key)), None), depth + 1)
    if isinstance(value, (list, tuple)):
        return next((text for item in value if (text := _scalar(item, depth + 1))), "")
    return str(value).strip()


def _is_whole(value: Any) -> bool:
    return bool(abs(value) < 10**18 and value == int(value))  # beyond, float is no exact number (and inf none at all)


def _items(field: str, value: Any) -> list[str]:
    """The items of a list field: of a list, of a list written as text (`['a', 'b']`), or of a separated string."""
    if isinstance(value, (list, tuple)):
        return [_scalar(item) for item in value]
    text = _scalar(value)
    if text[:1] == "[" and text[-1:] == "]":
        return [(single or double).strip() for single, double in _QUOTED.findall(text)] or [text[1:-1].strip()]
    return [item.strip() for item in _LISTS[field].split(text)]


def _day_first(date: str, repairs: dict[str, None]) -> str:
    """Rewrite an American date of a file that writes them so, year first, which cannot be misread."""
    match = _AMBIGUOUS.match(date)
    if not match or int(match[1]) > 12:
        return date
    repairs["month-first"] = None
    return f"{match[4]}-{match[1]:0>2}-{match[3]:0>2}{date[match.end() :]}"


def _without_text(record: Mapping[str, Any], mapping: ColumnMap) -> str:
    columns = [column for field, column in mapping.pairs(tuple(record)) if field in ("text", "html")]
    if columns:
        return f"empty: {', '.join(map(repr, columns))}"
    return f"no text or html column among: {', '.join(list(record)[:20]) or 'none'}"[:500]


def _type_name(value: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "list", str: "string", bool: "boolean", type(None): "null"}
    kind: type = type(value)
    return "number" if kind in (int, float) else names.get(kind, kind.__name__)
