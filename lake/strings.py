"""Hold many strings as Arrow does, and look at one of them at a time: a third of the memory of Python's own strings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from xxhash import xxh3_64_intdigest

ROWS_AT_ONCE = 16_384  # strings that are Python's at a time: some 2 MB


class Strings:
    """Columns one behind the other, not copied: `strings[place]` is a string, or None where there is none."""

    def __init__(self) -> None:
        self._parts: list[pa.Array] = []
        self._starts: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: int) -> str | None:
        part = bisect_right(self._starts, place) - 1
        value: str | None = self._parts[part][place - self._starts[part]].as_py()
        return value

    def add(self, column: pa.ChunkedArray) -> None:
        """Put a column behind those that are there."""
        for part in column.chunks:
            if len(part):
                self._parts.append(part)
                self._starts.append(self._size)
                self._size += len(part)

    def codes(self) -> npt.NDArray[np.int64]:
        """Number the strings: equal ones have one number, one that stands alone has -1, as has one that is missing."""
        encoded = pa.chunked_array(self._parts, pa.string()).dictionary_encode().combine_chunks()
        return shared(encoded.indices.fill_null(-1).to_numpy().astype(np.int64))


def shared(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Put -1 in the place of each value that occurs once."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.where(counts[inverse] > 1, values, -1)


def batched(column: pa.ChunkedArray) -> Iterator[list[str | None]]:
    """Yield the strings of a column as Python's, some thousands at a time."""
    for start in range(0, len(column), ROWS_AT_ONCE):
        yield column.slice(start, ROWS_AT_ONCE).to_pylist()


def hashes(strings: Iterable[str | None], count: int) -> npt.NDArray[np.int64]:
    """Hash `count` strings in 63 bits, -1 for None: two of a million differ in them with odds of 20 million to one."""
    found = (-1 if string is None else xxh3_64_intdigest(string.encode()) >> 1 for string in strings)
    return np.fromiter(found, np.int64, count)


def among(values: npt.NDArray[np.int64], ordered: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which values stand among others, which are in order."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = ordered[at] == values
    return found
