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

JACCARD_OF = np.array([jaccard_of(equal) for equal in range(HASHES + 1)])  # by equal bytes of two signatures
_WORD = re.compile(r"\w+")


class Near(NamedTuple):
    """Pairs that may be copies: places in the batch, places in the pool, Jaccard index."""

    new: Places
    other: Places
    jaccard: npt.NDArray[np.float64]


class Pool:
    """The rows that take part, column by column: first those of the batch in input order, then stored ones."""

    def __init__(self) -> None:
        self.id: list[str] = []
        self.source: list[str | None] = []
        self.title: list[str | None] = []
        self.url: list[str | None] = []
        self.key: list[str | None] = []
        self.hash: list[str] = []
        self.cluster: list[str] = []
        self.revision: list[int] = []
        self.kept: list[bool] = []
        self.file: list[str | None] = []
        self._places: dict[str, int] = {}
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
        """Take rows in and give their places; -1 for one that is there already."""
        ids = rows.column("id").to_pylist()
        fresh = np.fromiter((id not in self._places for id in ids), np.bool_, len(ids))
        every = bool(fresh.all())
        rows, start = rows if every else rows.filter(pa.array(fresh)), len(self.id)
        self.id += ids if every else rows.column("id").to_pylist()
        self.source += (name and sys.intern(name) for name in rows.column("source").to_pylist())
        self.title += rows.column("title").to_pylist()
        urls = rows.column("canonical_url").to_pylist()
        self.url += urls
        self.key += [article_key(url) if url is not None and has_identity(url) else None for url in urls]
        self.hash += rows.column("content_hash").to_pylist()
        clusters = zip(self.id[start:], rows.column("cluster_id").to_pylist(), strict=True)
        self.cluster += (id if id == cluster else cluster for id, cluster in clusters)  # one object for both
        self.revision += rows.column("revision").to_pylist()
        self.kept += [kept] * len(urls)
        self.file += [file] * len(urls)
        self._places.update(zip(self.id[start:], range(start, len(self.id)), strict=True))
        self._shingles.append(rows.column("shingle_count").to_numpy().astype(np.int64))
        self._signatures.append(signatures if every else signatures[fresh])
        self._usable.append(usable if every else usable[fresh])
        return np.where(fresh, start + np.cumsum(fresh) - 1, -1)

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
        return not self.kept[place], self.hash[place], *said, self.id[place]

    def same_title(self, a: int, b: int) -> bool:
        """Say whether two rows have one headline, by its words; rows without a headline have none in common."""
        title = _words(self.title[a])
        return bool(title) and title == _words(self.title[b])


def another(a: str | None, b: str | None) -> bool:
    """Say whether two sources are known to be two outlets."""
    return a is not None and b is not None and a != b


def _words(title: str | None) -> list[str]:
    return _WORD.findall(title.casefold()) if title else []
