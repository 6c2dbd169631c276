"""Find the signatures that share a band with another: in a batch, and between a batch and what streams past it.

The batch is indexed in memory, 8 bytes a band; what the lake holds is only looked at. A bitmap in front says of nearly
all stored bands that no article of the batch has them, so that a million signatures cost about a second. Every pair
comes once, with the number of its equal bytes, which verifies it: of 3-byte bands alone most pairs are chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.fingerprint import BAND_BYTES, BAND_MASK, BANDS, bands_of

PAIRS_AT_ONCE = 32_768  # 4 MB of signatures on each side
BITMAP_BYTES_PER_BAND = 32  # one in 32 stored bands passes by chance
MIN_BITMAP_BITS, MAX_BITMAP_BITS = 16, 26  # 64 KB to 64 MB, a byte for each value

Signatures = npt.NDArray[np.uint8]  # (rows, 128)
Places = npt.NDArray[np.int64]
_Bands = npt.NDArray[np.uint32]


class Pairs(NamedTuple):
    """Candidate pairs, once each: places in the batch, places on the other side, equal bytes of their signatures."""

    new: Places
    other: Places
    equal: Places


class BandIndex:
    """The signatures of one batch (rows x 128 bytes, in input order), sorted by each of their bands.

    Rows that are not `usable` (texts too short, another scheme) are nobody's candidates.
    """

    def __init__(self, signatures: Signatures, usable: npt.NDArray[np.bool_]) -> None:
        self._signatures = signatures
        self._rows = np.flatnonzero(usable)
        self._order = np.empty((BANDS, len(self._rows)), np.int32)  # whole: what is this large the system gets back
        self._values = np.empty((BANDS, len(self._rows)), np.uint32)
        given = signatures if len(self._rows) == len(signatures) else signatures[self._rows]
        for band, column in enumerate(_bands(given)):
            self._order[band] = np.argsort(column, kind="stable")
            np.take(column, self._order[band], out=self._values[band])
        bits = int(max(1, len(self._rows)) * BANDS * BITMAP_BYTES_PER_BAND - 1).bit_length()
        self._shift = np.uint32(32 - min(max(bits, MIN_BITMAP_BITS), MAX_BITMAP_BITS))
        self._bitmap = np.zeros(1 << (32 - int(self._shift)), np.bool_)
        for band, column in enumerate(self._values):
            self._bitmap[self._slots(column, band)] = True

    def within(self) -> Iterator[Pairs]:
        """Give all candidate pairs inside the batch; `other` came before `new`."""
        for band, (values, order) in enumerate(zip(self._values, self._order, strict=True)):
            place = np.arange(len(values))
            first = np.maximum.accumulate(np.where(np.diff(values, prepend=~values[:1]) != 0, place, 0))
            for at, earlier in _expand(first, place):
                new, other = self._rows[order[at]], self._rows[order[earlier]]
                yield _verified(band, new, other, self._signatures, self._signatures)

    def against(self, stored: Signatures, usable: npt.NDArray[np.bool_]) -> Iterator[Pairs]:
        """Give all candidate pairs of the batch and some stored signatures; `other` is a place in `stored`."""
        if not len(self._rows):
            return
        for band, column in enumerate(_bands(stored)):
            hits = np.flatnonzero(self._bitmap[self._slots(column, band)] & usable)
            wanted = column[hits]
            left, right = (np.searchsorted(self._values[band], wanted, side) for side in ("left", "right"))
            for at, place in _expand(left, right):
                new, other = self._rows[self._order[band][place]], hits[at]
                yield _verified(band, new, other, self._signatures, stored)

    def _slots(self, values: _Bands, band: int) -> _Bands:
        return ((values ^ np.uint32(band * 0x9E3779B1 & 0xFFFFFFFF)) * np.uint32(0x85EBCA6B)) >> self._shift


def _bands(signatures: Signatures) -> Iterator[_Bands]:
    """Give the bands one after the other, as columns: all of a million rows at once would be 170 MB."""
    bands = bands_of(signatures)
    for band in range(BANDS):
        yield np.bitwise_and(bands[:, band], BAND_MASK)


def _expand(start: Places, stop: Places) -> Iterator[tuple[Places, Places]]:
    """Give pairs (i, k) for every k in start[i]:stop[i], some tens of thousands at a time."""
    counts = stop - start
    some = np.flatnonzero(counts)
    ends = np.cumsum(counts[some])
    begin = 0
    while begin < len(some):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + PAIRS_AT_ONCE, "right")))
        part = some[begin:end]
        i = np.repeat(part, counts[part])
        offset = np.arange(len(i)) - np.repeat(ends[begin:end] - counts[part] - done, counts[part])
        yield i, start[i] + offset
        begin = end


def _verified(band: int, new: Places, other: Places, ours: Signatures, theirs: Signatures) -> Pairs:
    """Count equal bytes, and leave a pair to the first of the bands it shares."""
    equal = ours[new] == theirs[other]
    shared = equal[:, : BANDS * BAND_BYTES].reshape(len(new), BANDS, BAND_BYTES).all(axis=2)
    first = shared.argmax(axis=1) == band
    return Pairs(new[first], other[first], np.count_nonzero(equal[first], axis=1))
