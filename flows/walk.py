"""Walk the records of a file, whatever its format.

Every format has one walk of raw records, on which both counting and reading stand: so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cleaners.article import Document, Reason, Reject
from flows.columns import ColumnMap, recognise
from flows.formats import Form
from flows.jsons import json_values
from flows.pages import FileRecord, record_of
from flows.parquet import body_problem, parquet_length, parquet_rows, parquet_schema
from flows.records import Problem, document_of, parse_line, reject_of
from flows.tables import Header, csv_header, csv_rows
from flows.unpack import as_utf8, lines, open_chunks, whole

SAMPLE_RECORDS = 1_000  # whose keys and dates show what a file holds
MIN_AMERICAN_DATES = 3  # one may be a slip

_NUMERIC_DATE = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2\d{4}(?!\d)")


class Origin(NamedTuple):
    """Where records come from: a file, its format, and what compresses it ("", ".gz" or ".zst")."""

    path: Path
    form: Form
    compression: str


def walk(origin: Origin, mapping: ColumnMap, name: str, start: int = 0) -> Iterator[Any]:
    """Yield the records of a file from number `start` on; `name` is its `origin_file`."""
    if origin.form is Form.KEPT:
        from flows.kept import read_kept  # which reads records of other files in turn

        yield from read_kept(origin.path, start)
        return
    raw, repairs, header = _raw(origin, mapping, start)
    columns = _columns(header, mapping)
    for row, item in raw:
        item = _record(item, header, columns)
        made = repairs
        file = item if isinstance(item, FileRecord) else None
        if file is not None:
            item, made = file.record, file.repairs
        if isinstance(item, Problem):
            yield reject_of(item, Document(origin_file=name, origin_row=row, repairs=made))
            continue
        found = document_of(item, mapping, origin_file=name, origin_row=row)
        found = _mended(found, made) if made else found
        yield found if file is None else _as_arrived(found, file)


def length(origin: Origin, mapping: ColumnMap) -> int:
    """Count what `walk` yields over the whole file."""
    if origin.form in (Form.TEXT, Form.PAGE):
        return 1
    if origin.form is Form.PARQUET and not mapping.problem:
        rows = parquet_length(origin.path)
        return 1 if isinstance(rows, Problem) else rows
    return sum(1 for _ in _raw(origin, mapping, 0)[0])


def sample(origin: Origin, overrides: Mapping[str, str], *, strict: bool) -> ColumnMap:
    """Map the columns of a file by its header, schema or first records; that of an unreadable file is empty.

    With `strict` an override's column that is not there raises InputError. The map of a table without a text, or with
    something else in its place, has a `problem`.
    """
    form = origin.form
    if form in (Form.TEXT, Form.PAGE):
        return ColumnMap()
    names, kinds, readable = _names(origin, overrides)
    if not readable:
        return ColumnMap(overrides=tuple(overrides.items()), fixed=form in (Form.TABLE, Form.PARQUET))
    mapping = recognise(names, overrides, strict=strict)
    if form in (Form.TABLE, Form.PARQUET):
        problem = kinds and body_problem(kinds, mapping)
        if not mapping.has_text:
            listed = ", ".join(names[:30]) or "none, the file is empty"
            sought = f" (--map text={overrides['text']})" if "text" in overrides else ""
            problem = f"no text or html column{sought} among: {listed}; name it with --map text=COLUMN"
        mapping = replace(mapping, fixed=True, problem=problem)
    return replace(mapping, month_first=_is_month_first(origin, mapping))


def _names(origin: Origin, overrides: Mapping[str, str]) -> tuple[tuple[str, ...], Any, bool]:
    """The names of a file's columns, the schema of a Parquet file, and whether it could be read."""
    if origin.form is Form.PARQUET:
        schema = parquet_schema(origin.path)
        return ((), None, False) if isinstance(schema, Problem) else (tuple(schema.names), schema, True)
    if origin.form is Form.TABLE:
        header = _header(origin)[0]
        return ((), None, False) if isinstance(header, Problem) else (header.names if header else (), None, True)
    by_name = ColumnMap(overrides=tuple(overrides.items()))
    names: dict[str, None] = {}
    for _, item in islice(_raw(origin, by_name, 0)[0], SAMPLE_RECORDS):
        record = _record(item, None, {})
        names |= dict.fromkeys(record if isinstance(record, dict) else ())
    return tuple(names), None, bool(names)


def _is_month_first(origin: Origin, mapping: ColumnMap) -> bool:
    """Whether a file writes `10/21/2025`: some dates cannot be anything else, and none can only be day first."""
    column = mapping.column("date")
    if column is None or mapping.problem:
        return False
    raw, _, header = _raw(origin, mapping, 0)
    columns = _columns(header, mapping)
    american = 0
    for _, item in islice(raw, SAMPLE_RECORDS):
        item = _record(item, header, columns)
        match = _NUMERIC_DATE.match(str(item.get(column))) if isinstance(item, dict) else None
        if match and int(match[1]) > 12:
            return False
        american += bool(match and int(match[3]) > 12)
    return american >= MIN_AMERICAN_DATES


# --------------------------------------------------------------------------------------------------------------- raw


def _raw(
    origin: Origin, mapping: ColumnMap, start: int
) -> tuple[Iterator[tuple[int, Any]], tuple[str, ...], Header | None]:
    """Numbered raw records from `start` on, what was mended in all of them, and a CSV file's header."""
    path, form, compression = origin
    if form is Form.PARQUET:
        return _parquet(path, mapping, start), (), None
    if form in (Form.TEXT, Form.PAGE):
        data = whole(open_chunks(path, compression))
        item = data if isinstance(data, Problem) else record_of(data, is_page=form is Form.PAGE)
        return islice(enumerate([item]), start, None), (), None
    header: Header | Problem | None = None
    items: Iterator[Any]
    if form is Form.TABLE:
        header, items, repairs = _table(origin, mapping)
    else:
        chunks, repairs = as_utf8(open_chunks(path, compression))
        items = _json_lines(chunks) if form is Form.LINES else json_values(chunks, _article_test(mapping))
    return islice(enumerate(items), start, None), repairs, header if isinstance(header, Header) else None


def _json_lines(chunks: Iterator[bytes]) -> Iterator[bytes | Problem]:
    return (line for line in lines(chunks) if isinstance(line, Problem) or line.strip())


def _article_test(mapping: ColumnMap) -> Any:
    wanted = ("text", "html")
    return lambda value: any(field in wanted for field, _ in mapping.pairs(tuple(value)))


def _header(origin: Origin) -> tuple[Header | Problem | None, Iterator[bytes | Problem], tuple[str, ...]]:
    path, _, compression = origin
    chunks, repairs = as_utf8(open_chunks(path, compression))
    below = lines(chunks)
    return csv_header(below, "\t" if ".tsv" in path.name.lower() else ","), below, repairs


def _table(origin: Origin, mapping: ColumnMap) -> tuple[Header | Problem | None, Iterator[Any], tuple[str, ...]]:
    header, below, repairs = _header(origin)
    if isinstance(header, Problem):
        return header, iter([header]), repairs
    if mapping.problem:
        return header, iter([_table_problem(mapping)]), repairs
    return header, csv_rows(below, header) if header else iter(()), repairs


def _table_problem(mapping: ColumnMap) -> Problem:
    return Problem(Reason.BROKEN_RECORD if mapping.has_text else Reason.NO_TEXT, mapping.problem or "")


def _parquet(path: Path, mapping: ColumnMap, start: int) -> Iterator[tuple[int, Any]]:
    schema: Any = parquet_schema(path)
    problem = schema if isinstance(schema, Problem) else _table_problem(mapping) if mapping.problem else None
    if problem:
        return islice(enumerate([problem]), start, None)
    names: tuple[str, ...] = tuple(schema.names)
    columns = list(dict.fromkeys(column for _, column in mapping.pairs(names) if column in names))
    return parquet_rows(path, columns, start, None)


def _columns(header: Header | None, mapping: ColumnMap) -> dict[str, int]:
    """Where the columns that are used stand in a CSV file's rows."""
    if header is None:
        return {}
    return {column: header.names.index(column) for _, column in mapping.pairs(header.names) if column in header.names}


def _record(item: Any, header: Header | None, columns: Mapping[str, int]) -> Any:
    """A raw record parsed: a dict, a Problem, or a whole file."""
    if isinstance(item, bytes):
        return parse_line(item)
    if isinstance(item, list) and header:
        return header.record(item, columns)
    if isinstance(item, (dict, tuple, Problem)):
        return item
    return Problem(Reason.BROKEN_RECORD, f"a JSON value that is no object: {str(item)[:200]}")


def _as_arrived(found: Document | Reject, file: FileRecord) -> Document | Reject:
    """Keep the bytes of a file beside its text where they are not the text's UTF-8."""
    document = found if isinstance(found, Document) else found.document
    body = document.html if document.html is not None else document.text
    if body is not None and body.encode("utf-8", "surrogatepass") == file.data:
        return found
    document = replace(document, arrived=file.data, encoding=file.encoding)
    return document if isinstance(found, Document) else replace(found, document=document)


def _mended(found: Document | Reject, repairs: tuple[str, ...]) -> Document | Reject:
    document = found if isinstance(found, Document) else found.document
    document = replace(document, repairs=tuple(dict.fromkeys((*repairs, *document.repairs))))
    return document if isinstance(found, Document) else replace(found, document=document)
