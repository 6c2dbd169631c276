"""Read the rows of Parquet files as records for `document_of`, streaming; damage costs its row group, row by row."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cleaners.article import Reason
from flows.columns import ColumnMap
from flows.records import Problem

BATCH_ROWS = 256  # at once: a few MB of articles

_NO_PARQUET = (pa.ArrowException, OSError, ValueError, EOFError)  # what pyarrow raises on damaged files


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
