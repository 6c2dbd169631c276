"""The files of an export: Parquet, JSON lines, CSV, or a folder that Hugging Face's `load_dataset` takes.

Bytes depend on the rows alone: no clock, no file name inside a gzip header, every option set here.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from lake.layout import LakeError
from lake.schema import SCORE_PLACES, TABLES
from lake.write import DICTIONARY, ROW_GROUP_ROWS, ZSTD_LEVEL

SHARD_ROWS = 98_304  # of a Hugging Face shard: some 90 MB, and whole row groups
GZIP_LEVEL = 6
ROWS_AT_ONCE = 1024  # as Python values, some 10 MB
# What only finding copies needs; a reader of texts has no use for it.
LEFT_OUT = frozenset({"minhash_signature", "shingle_count", "minhash_scheme"})
COLUMNS = tuple(name for name in TABLES["articles"].names if name not in LEFT_OUT)


class Form(StrEnum):
    """What is written."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    CSV = "csv"
    HF = "hf"


class Compress(StrEnum):
    """How JSON lines and CSV are compressed; Parquet always is."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


SUFFIX = {Compress.NONE: "", Compress.GZIP: ".gz", Compress.ZSTD: ".zst"}


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Out(Protocol):
    """Takes the rows in order; `files` are the names written."""

    files: list[str]

    def write(self, rows: pa.Table) -> None:
        """Write some more rows."""


@contextmanager
def opened(at: Path, form: Form, compress: Compress, number: int) -> Iterator[Out]:
    """Open the files of an export of `number` rows below `at`. Raises LakeError for Parquet compressed once more."""
    with ExitStack() as stack:
        if form in (Form.PARQUET, Form.HF):
            if compress is not Compress.NONE:
                raise LakeError(f"Parquet is compressed already: leave --compress {compress} out.")
            yield _Parquet(at, stack, form, number)
        else:
            name = f"articles.{form.value}{SUFFIX[compress]}"
            file = stack.enter_context(_compressed(at / name, compress))
            yield _Jsonl(file, name) if form is Form.JSONL else _Csv(file, name)


class _Parquet:
    """One file, or for Hugging Face a numbered one for every SHARD_ROWS rows."""

    def __init__(self, at: Path, stack: ExitStack, form: Form, number: int) -> None:
        self.at, self.stack, self.sharded = at, stack, form is Form.HF
        self.shards = -(-number // SHARD_ROWS) if self.sharded else 1
        self.rows = 0
        self.writer: pq.ParquetWriter | None = None
        self.files: list[str] = []

    def write(self, rows: pa.Table) -> None:
        """Write some more rows; stretches never pass the end of a shard."""
        if self.writer is None or (self.sharded and self.rows % SHARD_ROWS == 0):
            self.writer = self._next(rows.schema)
        self.writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        self.rows += rows.num_rows

    def _next(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self.writer is not None:
            self.writer.close()
        name = f"data/train-{len(self.files):05}-of-{self.shards:05}.parquet" if self.sharded else "articles.parquet"
        (self.at / name).parent.mkdir(exist_ok=True)
        self.files.append(name)
        return self.stack.enter_context(
            pq.ParquetWriter(
                self.at / name,
                schema,
                version="2.6",
                compression="zstd",
                compression_level=ZSTD_LEVEL,
                use_dictionary=[column for column in schema.names if column in DICTIONARY],
                write_page_checksum=True,
            )
        )


class _Jsonl:
    """One JSON object a line, every column in each, times in UTC as ISO 8601."""

    def __init__(self, file: _Writable, name: str) -> None:
        self.file, self.files = file, [name]

    def write(self, rows: pa.Table) -> None:
        """Write some more rows."""
        for values in _values(rows):
            line = json.dumps(dict(zip(rows.column_names, values, strict=True)), ensure_ascii=False)
            self.file.write(line.encode() + b"\n")


class _Csv:
    """Comma, double quotes doubled inside quotes, a line feed after each record; lists as JSON, missing as nothing."""

    def __init__(self, file: _Writable, name: str) -> None:
        self.files = [name]
        self.csv = csv.writer(_Encoded(file), lineterminator="\n")
        self.begun = False

    def write(self, rows: pa.Table) -> None:
        """Write some more rows, the header before the first."""
        if not self.begun:
            self.csv.writerow(rows.column_names)
            self.begun = True
        for values in _values(rows):
            self.csv.writerow(
                [json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for value in values]
            )


class _Encoded:
    """What csv.writer needs of a file."""

    def __init__(self, file: _Writable) -> None:
        self.file = file

    def write(self, text: str) -> int:
        """Write text as UTF-8."""
        return self.file.write(text.encode())


@contextmanager
def _compressed(path: Path, compress: Compress) -> Iterator[_Writable]:
    with open(path, "xb") as file:
        if compress is Compress.GZIP:
            with gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) as packed:
                yield packed
        elif compress is Compress.ZSTD:
            with zstandard.ZstdCompressor(ZSTD_LEVEL).stream_writer(file, closefd=False) as packed:
                yield packed
        else:
            yield file


def _values(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row, as JSON has them."""
    makers = [_maker(field.type) for field in rows.schema]
    for start in range(0, rows.num_rows, ROWS_AT_ONCE):
        some = rows.slice(start, ROWS_AT_ONCE)
        columns = [_made(column.to_pylist(), maker) for column, maker in zip(some.columns, makers, strict=True)]
        yield from zip(*columns, strict=True)


def _made(values: list[Any], maker: Callable[[Any], Any] | None) -> list[Any]:
    return values if maker is None else [None if value is None else maker(value) for value in values]


def _maker(kind: pa.DataType) -> Callable[[Any], Any] | None:
    """What makes a value of a type ready for JSON; None where nothing is to be done."""
    if pa.types.is_timestamp(kind):
        return _time
    if pa.types.is_date(kind):
        return datetime.date.isoformat
    if pa.types.is_floating(kind):
        return lambda value: round(value, SCORE_PLACES)
    if pa.types.is_list(kind):
        inner = _maker(kind.value_type)
        return inner and (lambda values: [inner(value) for value in values])
    if pa.types.is_struct(kind):
        makers = {field.name: _maker(field.type) for field in kind}
        if any(makers.values()):
            return lambda value: {name: _made([value[name]], maker)[0] for name, maker in makers.items()}
    return None


def _time(value: datetime.datetime) -> str:
    return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
