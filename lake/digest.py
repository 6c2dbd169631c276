"""Give each row of a table a number that says what is in it, wherever it stands and however its file is cut.

Rows before and after a compaction are compared by these numbers: 8 bytes a row, so that memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

Numbers = npt.NDArray[np.uint64]
NULL, EMPTY = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)  # any two odd numbers


def row_digests(rows: pa.RecordBatch) -> Numbers:
    """Give one 64-bit number for each row; rows with the same values in all columns have the same."""
    found = np.zeros(rows.num_rows, np.uint64)
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        found = _mixed(found ^ (_column(column) * np.uint64(xxhash.xxh3_64_intdigest(name.encode()) | 1)))
    return found


def _column(column: pa.Array) -> Numbers:
    """Numbers of the values of a column; null and empty are values too."""
    kind = column.type
    if pa.types.is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        found = np.full(len(column), EMPTY)
        some = np.flatnonzero(lengths)
        found[some] = _hashed(repr(value).encode() for value in column.take(pa.array(some)).to_pylist())
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        encoded = column.cast(pa.binary()).dictionary_encode()  # most have few values, and Python sees each once
        values = np.append(_hashed(encoded.dictionary.to_pylist()), NULL)
        found = values[pc.fill_null(encoded.indices, len(values) - 1).to_numpy(zero_copy_only=False)]
    elif pa.types.is_fixed_size_binary(kind):
        found = _hashed(value or b"" for value in column.to_pylist())
    else:
        found = _bits(column)
    if column.null_count:
        found[~column.is_valid().to_numpy(zero_copy_only=False)] = NULL
    return found


def _hashed(values: Iterable[bytes]) -> Numbers:
    return np.fromiter(map(xxhash.xxh3_64_intdigest, values), np.uint64)


def _bits(column: pa.Array) -> Numbers:
    """The bits of numbers, times and days as they lie in memory; what lies below a null is not looked at."""
    width = column.type.bit_width // 8
    data = column.buffers()[1]
    if data is None:
        return np.zeros(len(column), np.uint64)
    values = np.frombuffer(data, f"<u{width}", len(column), column.offset * width)
    return _mixed(values.astype(np.uint64))


def _mixed(values: Numbers) -> Numbers:
    """Spread every bit over all others (the finaliser of splitmix64), modulo 2 to the 64th."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
