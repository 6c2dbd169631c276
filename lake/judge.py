"""Decide row after row how each matches what came before it: the rules for copies, and nothing of how rows are found.

The order of the rules and their figures are those of `lake/duplicates.py`, which says what they mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cleaners.fingerprint import numbers_agree, numbers_contained, overlap, shingles
from lake.pool import Near, Pool, another
from lake.strings import shared

REVISION_JACCARD = 0.20  # below it one address carries two stories
SYNDICATED_JACCARD = 0.40  # of 15 hand-read pairs of two outlets above it all were copies
NEAR_JACCARD = 0.80  # of 45 hand-read pairs of one outlet nothing below it was safe
PARTIAL_CONTAINMENT = 0.75  # of the shorter text's shingles, measured
MAYBE_CONTAINMENT, MAYBE_JACCARD = 0.50, 0.15  # as estimated, which is off by 0.13 at p95; lower finds no more
SHINGLED_TEXTS = 4_096  # whose shingles are kept: some 5 MB
MAX_LINKS = 10  # clusters that one article is linked to; templates match hundreds

Texts = Callable[[Collection[str], Collection[str]], Mapping[str, str]]


class MatchKind(StrEnum):
    """How an article matches another, the stronger first. The closed set; a column value, so names stay."""

    EXACT = "exact"
    REVISION = "revision"
    SYNDICATED = "syndicated"
    NEAR = "near"
    PARTIAL = "partial"


_RANK = {kind: rank for rank, kind in enumerate(MatchKind)}


class Match(NamedTuple):
    """One row that another matches: how, and the figures where both can be compared."""

    other: int
    kind: MatchKind
    jaccard: float | None
    containment: float | None


class Verdict(NamedTuple):
    """What was decided of one row: the match that makes it a copy (None: it stays), its links, and marks."""

    match: Match | None
    links: tuple[Match, ...]
    url_reused: bool


NOTHING = Verdict(None, (), False)  # what is decided of most rows: one object for all of them


class Judge:
    """Decides row after row, and remembers what it decided."""

    def __init__(self, pool: Pool, cleaned: pa.Table, near: Near, texts: Texts) -> None:
        pool.settle()
        self._pool, self._texts, self._size = pool, cleaned.column("text"), cleaned.num_rows
        order = np.lexsort((near.other, near.new))
        self._near = Near(near.new[order], near.other[order], near.jaccard[order])
        self._starts = np.searchsorted(self._near.new, np.arange(self._size + 1))
        self._stored_texts = self._fetch(texts)
        self._hash, self._key = pool.hash.codes().tolist(), shared(pool.keys()).tolist()
        self._shingled: dict[int, npt.NDArray[np.uint32]] = {}
        self._by_hash: dict[int, int] = {}
        self._by_key: defaultdict[int, list[int]] = defaultdict(list)
        for place in range(self._size, len(pool.ids)):
            self._remember(place)

    def decide(self, row: int) -> Verdict:
        """Decide one row; rows come in input order."""
        matches = [*self._exact(row), *self._revisions(row)]
        reused = not matches and self._clashes(row)
        named = {match.other for match in matches}
        matches += (match for match in self._alike(row) if match.other not in named)
        best = self._best(row, matches)
        if best is not None:
            self._join(row, best)
        self._remember(row)
        return Verdict(best, self._links(row, best, matches), reused) if matches or reused else NOTHING

    def _exact(self, row: int) -> Iterator[Match]:
        """Match one row that has the same words: all that have them are of one cluster."""
        if (other := self._by_hash.get(self._hash[row])) is not None:
            yield Match(other, MatchKind.EXACT, 1.0, 1.0)

    def _revisions(self, row: int) -> Iterator[Match]:
        pool = self._pool
        for other in self._same_key(row):
            jaccard = pool.jaccard(row, other)
            if (jaccard is not None and jaccard >= REVISION_JACCARD) or pool.same_title(row, other):
                contained = None if jaccard is None else pool.containment(row, other, jaccard)
                yield Match(other, MatchKind.REVISION, jaccard, contained)

    def _clashes(self, row: int) -> bool:
        """Say whether another story has the address of this one, for all that can be compared."""
        pool = self._pool
        return any(
            pool.jaccard(row, other) is not None or (pool.title[row] and pool.title[other])
            for other in self._same_key(row)
        )

    def _alike(self, row: int) -> Iterator[Match]:
        for at in range(self._starts[row], self._starts[row + 1]):
            other, jaccard = int(self._near.other[at]), float(self._near.jaccard[at])
            contained = self._pool.containment(row, other, jaccard)
            if kind := self._kind(row, other, jaccard):
                yield Match(other, kind, jaccard, contained)
            elif contained >= MAYBE_CONTAINMENT and (partial := self._partial(row, other)):
                yield partial

    def _kind(self, row: int, other: int, jaccard: float) -> MatchKind | None:
        elsewhere = another(self._pool.source[row], self._pool.source[other])
        if elsewhere:
            return MatchKind.SYNDICATED if jaccard >= SYNDICATED_JACCARD else None
        near = jaccard >= NEAR_JACCARD and numbers_agree(self._text(row), self._text(other))
        return MatchKind.NEAR if near else None

    def _partial(self, row: int, other: int) -> Match | None:
        """Measure in the texts how much of the shorter stands in the longer: signatures tell it badly."""
        pool = self._pool
        shorter, longer = sorted((row, other), key=pool.shingle_count)
        elsewhere = another(pool.source[row], pool.source[other])
        if not (elsewhere or numbers_contained(self._text(shorter), self._text(longer))):
            return None
        jaccard, contained = overlap(self._shingles(shorter), self._shingles(longer))
        return Match(other, MatchKind.PARTIAL, jaccard, contained) if contained >= PARTIAL_CONTAINMENT else None

    def _shingles(self, place: int) -> npt.NDArray[np.uint32]:
        if place not in self._shingled:
            if len(self._shingled) >= SHINGLED_TEXTS:
                self._shingled.clear()
            self._shingled[place] = shingles(self._text(place))
        return self._shingled[place]

    def _best(self, row: int, matches: list[Match]) -> Match | None:
        """Choose the cluster of the strongest match, and there, of those that match in the same way, the kept row."""
        copies = [match for match in matches if match.kind is not MatchKind.PARTIAL]
        if not copies:
            return None
        pool, first = self._pool, min(copies, key=self._strength)
        peers = [m for m in copies if m.kind is first.kind and pool.cluster(m.other) == pool.cluster(first.other)]
        return min(peers, key=lambda match: (not pool.kept[match.other], self._strength(match)))

    def _strength(self, match: Match) -> tuple[int, float, tuple[bool, str, str, str, str, str]]:
        return _RANK[match.kind], -(match.jaccard or 0.0), self._pool.order(match.other)

    def _join(self, row: int, best: Match) -> None:
        pool, cluster = self._pool, self._pool.cluster(best.other)
        pool.kept[row], pool.joined[row] = False, cluster
        same = [place for place in self._same_key(row) if pool.cluster(place) == cluster]
        if best.kind is MatchKind.REVISION:
            pool.revision[row] = 1 + max(pool.revision[place] for place in same)
        elif best.kind is MatchKind.EXACT:  # of a version under its own address: that version once more
            pool.revision[row] = min((pool.revision[p] for p in same if self._hash[p] == self._hash[row]), default=0)

    def _links(self, row: int, best: Match | None, matches: list[Match]) -> tuple[Match, ...]:
        """Keep the strongest match with each cluster: that of the copy first, then bridges and partial copies."""
        found: dict[str, Match] = {} if best is None else {self._pool.cluster(best.other): best}
        for match in sorted(matches, key=self._strength):
            found.setdefault(self._pool.cluster(match.other), match)
        return tuple(found.values())[:MAX_LINKS]

    def _same_key(self, row: int) -> Collection[int]:
        return self._by_key.get(self._key[row], ())

    def _remember(self, place: int) -> None:
        """Keep a row for those that have its words or its address; -1 is a row that shares them with none."""
        if self._key[place] >= 0:
            self._by_key[self._key[place]].append(place)
        if (code := self._hash[place]) >= 0:
            known = self._by_hash.setdefault(code, place)
            if known != place and self._pool.order(place) < self._pool.order(known):
                self._by_hash[code] = place

    def _text(self, place: int) -> str:
        text = self._texts[place].as_py() if place < self._size else self._stored_texts.get(self._pool.id(place), "")
        return str(text)

    def _fetch(self, texts: Texts) -> Mapping[str, str]:
        """Get the texts of all stored rows that have to be looked at: of one outlet, or perhaps a part."""
        pool, near = self._pool, self._near
        pairs = zip(near.new.tolist(), near.other.tolist(), (near.jaccard < SYNDICATED_JACCARD).tolist(), strict=True)
        stored = {
            b for a, b, part in pairs if b >= self._size and (part or not another(pool.source[a], pool.source[b]))
        }
        files = {name for b in stored if (name := pool.file[b]) is not None}
        return texts({pool.id(b) for b in stored}, files) if stored else {}
