"""Read the rows of CSV, TSV and Parquet files, as records for `document_of`, streaming.

A CSV file's delimiter is the one under which its header shows most known columns. A quote that opens and never closes
costs the line it stands in and no other. Rows with more cells than the header are rejected: nobody knows which is
which.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cleaners.article import Reason
from flows.columns import ColumnMap, recognise
from flows.records import Problem
from flows.unpack import RECORD_BYTES

DELIMITERS = ",;\t|"
BATCH_ROWS = 256  # of Parquet at once: a few MB of articles

_REST_OF_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"(?!")')
_ANNOUNCED = re.compile(r"sep=(.)\r?$", re.IGNORECASE)  # a first line for Excel
_NO_PARQUET = (pa.ArrowException, OSError, ValueError, EOFError)  # what pyarrow raises on damaged files

csv.field_size_limit(RECORD_BYTES)  # the default, 131,072 characters, is less than a long page


class Header:
    """The first line of a CSV file: its column names and delimiter."""

    def __init__(self, names: Sequence[str], delimiter: str) -> None:
        self.names = tuple(name.strip() for name in names)
        self.delimiter = delimiter

    def record(self, cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str | None]:
        """The cells of the columns asked for; missing ones, at the end of a short row, are None."""
        return {name: cells[at] if at < len(cells) else None for name, at in columns.items()}


def csv_header(lines: Iterator[bytes | Problem], default: str) -> Header | Problem | None:
    """Read the header off `lines`: a Problem where the file cannot be read, None where it is empty."""
    delimiters = default + DELIMITERS.replace(default, "")
    for line in lines:
        if isinstance(line, Problem):
            return line
        text = line.decode("utf-8", "surrogateescape").rstrip("\r")
        if match := _ANNOUNCED.match(text):
            delimiters = match[1]
        elif text.strip():
            return max((_header(text, mark) for mark in delimiters), key=_plausible)
    return None


def _header(text: str, delimiter: str) -> Header:
    return Header(_cells(text, delimiter) or (text,), delimiter)


def _plausible(header: Header) -> tuple[int, int]:
    return len(recognise(header.names).used), len(header.names)


def csv_rows(lines: Iterator[bytes | Problem], header: Header) -> Iterator[list[str] | Problem]:
    """Yield each row below the header as its cells, or a Problem; blank lines are no rows."""
    waiting: deque[bytes | Problem] = deque()
    doubtful = 0  # lines given back after a quote that does not close: their rows must have every cell
    while True:
        from_waiting = bool(waiting)
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        strict, doubtful = from_waiting and doubtful > 0, max(0, doubtful - from_waiting)
        if isinstance(line, Problem):
            yield line
            continue
        text = line.decode("utf-8", "surrogateescape")
        if not text.strip():
            continue
        more: list[bytes | Problem] = []
        if _stays_open(text, header.delimiter, False):
            closed, more = _rest_of_row(text, waiting, lines, header)
            if closed is None:
                waiting.extendleft(reversed(more))
                doubtful = len(more)
                yield Problem(Reason.BROKEN_RECORD, "a quote opens and does not close", line)
            else:
                doubtful = max(0, doubtful - len(more))
                yield closed
        else:
            yield _row(text, header, strict)


def _rest_of_row(
    first: str, waiting: deque[bytes | Problem], lines: Iterator[bytes | Problem], header: Header
) -> tuple[list[str] | None, list[bytes | Problem]]:
    """Read on to the line that closes the quote; the row, or None, and the lines read."""
    taken: list[bytes | Problem] = []
    texts = [first]
    size = len(first)
    while size <= RECORD_BYTES:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            break
        taken.append(line)
        if isinstance(line, Problem):
            break
        text = line.decode("utf-8", "surrogateescape")
        texts.append(text)
        size += len(text) + 1
        if not _stays_open(text, header.delimiter, True):
            cells = _cells("\n".join(texts), header.delimiter, strict=True)
            return (cells if cells is not None and len(cells) == len(header.names) else None), taken
    return None, taken


def _stays_open(line: str, delimiter: str, opened: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line that begins inside one (`opened`) or not."""
    at = 0
    if not opened and line.startswith('"'):
        at, opened = 1, True
    while True:
        if opened:
            close = _REST_OF_QUOTED.match(line, at)
            if not close:
                return True
            at = close.end()
        at = line.find(delimiter + '"', at)
        if at < 0:
            return False
        at, opened = at + 2, True


def _row(text: str, header: Header, every_cell: bool) -> list[str] | Problem:
    cells = _cells(text, header.delimiter)
    payload = text.encode("utf-8", "surrogateescape")
    if cells is None:
        return Problem(Reason.BROKEN_RECORD, "no CSV", payload)
    surplus = any(cell.strip() for cell in cells[len(header.names) :])
    if surplus or (every_cell and len(cells) < len(header.names)):
        return Problem(Reason.BROKEN_RECORD, f"{len(cells)} cells, the header has {len(header.names)}", payload)
    return cells


def _cells(text: str, delimiter: str, strict: bool = False) -> list[str] | None:
    """The cells of one row; None where it is none."""
    try:
        rows = list(csv.reader([text.rstrip("\r")], delimiter=delimiter, strict=strict))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


# ------------------------------------------------------------------------------------------------------------ parquet


def parquet_schema(path: Path) -> pa.Schema | Problem:
    """Read the schema of a Parquet file; a Problem where it is none."""
    try:
        with pq.ParquetFile(path) as file:
            return file.schema_arrow
    except _NO_PARQUET as error:
        return _unreadable(error)


def body_problem(schema: pa.Schema, mapping: ColumnMap) -> str | None:
    """Say why the text or HTML column of a Parquet file is none: `holds list<element: string>, expected text`."""
    for field in ("text", "html"):
        column = mapping.column(field)
        if column is not None and not _is_text(schema.field(column).type):
            return f"column {column!r} holds {schema.field(column).type}, expected text"
    return None


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    tests: tuple[Callable[[pa.DataType], bool], ...] = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null,
        pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def parquet_length(path: Path) -> int | Problem:
    """Count the rows of a Parquet file as its footer says."""
    try:
        with pq.ParquetFile(path) as file:
            return sum(_group_sizes(file))
    except _NO_PARQUET as error:
        return _unreadable(error)


def _group_sizes(file: pq.ParquetFile) -> list[int]:
    return [max(0, file.metadata.row_group(at).num_rows) for at in range(file.num_row_groups)]


def parquet_rows(
    path: Path, columns: Sequence[str], start: int, stop: int | None
) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
    """Yield (row, record) of rows start to stop; each row of a damaged group is a Problem."""
    try:
        file = pq.ParquetFile(path)
    except _NO_PARQUET as error:
        yield 0, _unreadable(error)
        return
    first = 0
    with file:
        for group, size in enumerate(_group_sizes(file)):
            low, high = max(start, first), first + size if stop is None else min(stop, first + size)
            if low < high:
                yield from zip(range(low, high), _group_rows(file, group, columns, low - first), strict=False)
            first += size


def _group_rows(
    file: pq.ParquetFile, group: int, columns: Sequence[str], skip: int
) -> Iterator[dict[str, Any] | Problem]:
    """The rows of one row group from `skip` on, then, without end, the Problem that they ended with."""
    detail = f"row group {group} has fewer rows than the file's footer says"
    try:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(columns)):
            if skip >= batch.num_rows:
                skip -= batch.num_rows
                continue
            batch, skip = batch.slice(skip), 0
            cells = [(name, _values(batch.column(name))) for name in columns if name in batch.schema.names]
            for at in range(batch.num_rows):
                yield {name: values[at] for name, values in cells}
    except _NO_PARQUET as error:
        detail = f"row group {group} is damaged: {error}"[:500]
    while True:
        yield Problem(Reason.UNREADABLE, detail)


def _values(column: pa.Array) -> list[Any]:
    """A column as Python values: times as ISO 8601, text that is no UTF-8 with lone surrogates for its bytes."""
    if pa.types.is_timestamp(column.type):
        return _times(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        packed = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in packed]
    except (pa.ArrowException, ValueError, OverflowError):  # a date that Python has not
        return [_value(cell) for cell in column]


def _value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except (pa.ArrowException, ValueError, OverflowError):
        return None


def _times(column: pa.Array) -> list[str | None]:
    """ISO 8601, with `+00:00` where the type has a zone."""
    zone = datetime.UTC if column.type.tz else None
    epoch = datetime.datetime(1970, 1, 1, tzinfo=zone)
    ticks = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64()).to_pylist()
    return [None if tick is None else _time(epoch, tick) for tick in ticks]


def _time(epoch: datetime.datetime, microseconds: int) -> str | None:
    try:
        return (epoch + datetime.timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return None


def _unreadable(error: Exception) -> Problem:
    return Problem(Reason.UNREADABLE, f"cannot be read as Parquet: {error}"[:500])
