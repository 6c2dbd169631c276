"""Hold the rows that take part in recognising copies: those of a batch, and the stored ones that they may match."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cleaners.fingerprint import HASHES, containment, jaccard_of
from cleaners.urls import article_key, has_identity
from lake.candidates import Places, Signatures
from lake.strings import Strings, among, batched, hashes

JACCARD_OF = np.array([jaccard_of(equal) for equal in range(HASHES + 1)])  # by equal bytes of two signatures
_WORD = re.compile(r"\w+")


class Near(NamedTuple):
    """Pairs that may be copies: places in the batch, places in the pool, Jaccard index."""

    new: Places
    other: Places
    jaccard: npt.NDArray[np.float64]


class Pool:
    """The rows that take part, column by column: first those of the batch in input order, then stored ones.

    Strings stay Arrow's, some 300 bytes a row. `cluster` is what was decided, where that is another than before.
    """

    def __init__(self) -> None:
        self.ids, self.title, self.url, self.hash = Strings(), Strings(), Strings(), Strings()
        self.source: list[str | None] = []
        self.revision: list[int] = []
        self.kept: list[bool] = []
        self.file: list[str | None] = []
        self.joined: dict[int, str] = {}
        self._cluster = Strings()
        self._batch: npt.NDArray[np.int64] | None = None  # hashes of the ids of the batch, sorted
        self._stored: set[str] = set()
        self._keys: list[npt.NDArray[np.int64]] = []
        self._shingles: list[npt.NDArray[np.int64]] = []
        self._signatures: list[Signatures] = []
        self._usable: list[npt.NDArray[np.bool_]] = []

    def add(
        self,
        rows: pa.Table,
        signatures: Signatures,
        usable: npt.NDArray[np.bool_],
        *,
        kept: bool = True,
        file: str | None = None,
    ) -> Places:
        """Take rows in and give their places; -1 for one that is there already. The batch comes first, and whole."""
        batch, start = self._batch is None, len(self.ids)
        fresh = self._fresh(rows.column("id"))
        every = bool(fresh.all())
        rows = rows if every else rows.filter(pa.array(fresh))
        for name, strings in self._columns().items():
            strings.add(rows.column(name))
        self.source += _interned(rows.column("source"))
        self.revision += rows.column("revision").to_pylist()
        self.kept += [kept] * rows.num_rows
        self.file += [file] * rows.num_rows
        self._keys.append(key_hashes(rows.column("canonical_url")))
        self._shingles.append(rows.column("shingle_count").to_numpy().astype(np.int64))
        self._signatures.append(signatures if every else signatures[fresh])
        self._usable.append(usable if every else usable[fresh])
        places = np.where(fresh, start + np.cumsum(fresh) - 1, -1)
        if not batch:
            self._stored.update(rows.column("id").to_pylist())
        return places

    def id(self, place: int) -> str:
        """Give the name of a row."""
        return str(self.ids[place])

    def cluster(self, place: int) -> str:
        """Give the cluster that a row belongs to."""
        return self.joined.get(place) or str(self._cluster[place])

    def keys(self) -> npt.NDArray[np.int64]:
        """Give hashes of the addresses' keys, -1 where there is none."""
        return np.concatenate(self._keys)

    def settle(self) -> None:
        """Join what was added piece by piece, before single rows are looked at."""
        if len(self._shingles) > 1:
            self._shingles = [np.concatenate(self._shingles)]
            self._signatures = [np.concatenate(self._signatures)]
            self._usable = [np.concatenate(self._usable)]

    def shingles(self, places: Places) -> npt.NDArray[np.int64]:
        """Give shingle counts of rows of the batch."""
        return self._shingles[0][places]

    def shingle_count(self, place: int) -> int:
        """Give the number of distinct shingles of one row."""
        return int(self._shingles[0][place])

    def jaccard(self, a: int, b: int) -> float | None:
        """Estimate the Jaccard index of two rows; None if one cannot be compared."""
        if not (self._usable[0][a] and self._usable[0][b]):
            return None
        return float(JACCARD_OF[np.count_nonzero(self._signatures[0][a] == self._signatures[0][b])])

    def containment(self, a: int, b: int, jaccard: float) -> float:
        """Estimate how much of the shorter of two rows stands in the longer."""
        return containment(jaccard, self.shingle_count(a), self.shingle_count(b))

    def order(self, place: int) -> tuple[bool, str, str, str, str, str]:
        """Order rows that match equally well by what they are, not by when and with what batch they came."""
        said = (self.url[place] or "", self.title[place] or "", self.source[place] or "")
        return not self.kept[place], str(self.hash[place]), *said, self.id(place)

    def same_title(self, a: int, b: int) -> bool:
        """Say whether two rows have one headline, by its words; rows without a headline have none in common."""
        title = _words(self.title[a])
        return bool(title) and title == _words(self.title[b])

    def _columns(self) -> dict[str, Strings]:
        named = {"id": self.ids, "title": self.title, "canonical_url": self.url, "content_hash": self.hash}
        return named | {"cluster_id": self._cluster}

    def _fresh(self, ids: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        """Say which rows are not there yet."""
        hashed = hashes((id for some in batched(ids) for id in some), len(ids))
        if self._batch is None:
            self._batch = np.sort(hashed)
            return np.ones(len(ids), np.bool_)
        stored = np.fromiter((id in self._stored for some in batched(ids) for id in some), np.bool_, len(ids))
        fresh: npt.NDArray[np.bool_] = ~(among(hashed, self._batch) | stored)
        return fresh


def key_hashes(urls: pa.ChunkedArray, *, any_page: bool = False) -> npt.NDArray[np.int64]:
    """Hash what tells articles by their canonical URLs; -1 for one that tells none.

    `any_page` hashes home and section pages too, which saves the look at each: half of the time.
    """
    given = (url for some in batched(urls) for url in some)
    keys = (article_key(url) if url is not None and (any_page or has_identity(url)) else None for url in given)
    return hashes(keys, len(urls))


def another(a: str | None, b: str | None) -> bool:
    """Say whether two sources are known to be two outlets."""
    return a is not None and b is not None and a != b


def _interned(names: pa.ChunkedArray) -> list[str | None]:
    """Give the strings of a column that has few different ones, each of them once."""
    encoded = names.combine_chunks().dictionary_encode()
    known = [*map(sys.intern, encoded.dictionary.to_pylist()), None]
    return [known[at] for at in encoded.indices.fill_null(-1).to_pylist()]


def _words(title: str | None) -> list[str]:
    return _WORD.findall(title.casefold()) if title else []
