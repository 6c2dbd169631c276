"""Decide which articles of a batch are copies, of each other and of what the lake holds, and of which.

First seen stays. Articles are decided one after the other, in input order, by what came before them and by nothing
that depends on how the input was parted: ten batches of a thousand give what one of ten thousand gives. In this order:

    exact        the same words (content hash)
    revision     the same canonical URL or article id, and a Jaccard index of 0.20 or the same title; else the article
                 stays and is flagged `url-reused`: home pages, live pages and junk slugs carry many stories
    syndicated   another outlet, 0.40 or more
    near         the same outlet, 0.80 or more, and the numbers agree: templates differ in little else
    partial      0.75 of the shorter text stands in the longer: linked only, the article stays

Under 50 words only `exact`, and `revision` by title. An unknown source is never another outlet. `duplicate_of` is the
row matched best, the kept article of its cluster where that matches in the same way; `cluster_id` is that row's.
Over 250 lines: index, rules and tables share the pool of rows, and part at its seams only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cleaners.fingerprint import HASHES, SCHEME, containment, jaccard_of, numbers_agree, numbers_contained
from cleaners.urls import article_key, has_identity
from lake.candidates import BandIndex, Pairs, Places, Signatures
from lake.read import KeyBatch
from lake.schema import conform, table

REVISION_JACCARD = 0.20  # below it one address carries two stories
SYNDICATED_JACCARD = 0.40  # of 15 hand-read pairs of two outlets above it all were copies
NEAR_JACCARD = 0.80  # of 45 hand-read pairs of one outlet nothing below it was safe
PARTIAL_CONTAINMENT, PARTIAL_JACCARD = 0.75, 0.25  # below it the estimate of the share is noise
MAX_LINKS = 10  # clusters that one article is linked to; templates match hundreds
PLACES = 4  # of similarity and containment
URL_REUSED = "url-reused"

_JACCARD = np.array([jaccard_of(equal) for equal in range(HASHES + 1)])
_WORD = re.compile(r"\w+")

Texts = Callable[[Collection[str], Collection[str]], Mapping[str, str]]


class MatchKind(StrEnum):
    """How an article matches another, the stronger first. The closed set; a column value, so names stay."""

    EXACT = "exact"
    REVISION = "revision"
    SYNDICATED = "syndicated"
    NEAR = "near"
    PARTIAL = "partial"


_RANK = {kind: rank for rank, kind in enumerate(MatchKind)}


@dataclass(frozen=True, slots=True)
class Copy:
    """A row recognised as a copy, and the row it matches."""

    id: str
    title: str | None
    kind: MatchKind
    of: str
    of_title: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One batch, parted: tables `articles`, `duplicates`, `links` with the lake's schemas, and what to tell of it.

    `copies` in input order; `other_scheme` counts stored signatures of another scheme, which could not be compared.
    """

    articles: pa.Table
    duplicates: pa.Table
    links: pa.Table
    copies: tuple[Copy, ...]
    other_scheme: int


class Index:
    """A batch to be decided: make it of the cleaned rows, let the lake stream past it, then decide.

    Memory: about 1 kB for each row of the batch and for each stored row that one of them may match; nothing else of
    what streams past is kept.
    """

    def __init__(self, cleaned: pa.Table) -> None:
        self._cleaned = conform("articles", cleaned)
        signatures, usable, _ = _signatures(self._cleaned)
        self._pool = _Pool()
        self._pool.add(self._cleaned, signatures, usable)
        self._bands = BandIndex(signatures, usable)
        self._hashes = pc.unique(self._cleaned.column("content_hash"))
        self._keys = frozenset(self._pool.key) - {None}
        self._near: list[_Near] = []
        self._other_scheme = 0

    def probe(self, known: KeyBatch) -> None:
        """Compare the batch with some stored rows, as `Lake.scan_keys` streams them: 3 s for a million rows.

        Rows that were there before are left out, so that a file may come again under another name.
        """
        rows = pa.Table.from_batches([known.rows])
        if not rows.num_rows or not self._cleaned.num_rows:
            return
        signatures, usable, other_scheme = _signatures(rows)
        self._other_scheme += other_scheme
        near = _joined(self._plausible(pairs, rows) for pairs in self._bands.against(signatures, usable))
        wanted = pc.is_in(rows.column("content_hash"), self._hashes).to_numpy() | self._same_key(rows)
        wanted[near.other] = True
        places = np.flatnonzero(wanted)
        in_pool = self._pool.add(
            rows.take(places), signatures[places], usable[places], kept=known.table == "articles", file=known.file
        )
        other = in_pool[np.searchsorted(places, near.other)]
        fresh = other >= 0
        self._near.append(_Near(near.new[fresh], other[fresh], near.jaccard[fresh]))

    def decide(self, texts: Texts) -> Decision:
        """Decide every row of the batch. `texts(ids, files)` gives texts of stored rows, as `Lake.texts` does.

        It is called once at most: only pairs of one outlet need texts, to compare numbers. Hold the lake's lock.
        """
        inside = [self._plausible(pairs, self._cleaned) for pairs in self._bands.within()]
        near = _joined([*inside, *self._near])
        judge = _Judge(self._pool, self._cleaned, near, texts)
        verdicts = [judge.decide(row) for row in range(self._cleaned.num_rows)]
        return _tables(self._cleaned, self._pool, verdicts, self._other_scheme)

    def _same_key(self, rows: pa.Table) -> npt.NDArray[np.bool_]:
        urls, keys = rows.column("canonical_url").to_pylist(), self._keys
        return np.fromiter((url is not None and article_key(url) in keys for url in urls), np.bool_, len(urls))

    def _plausible(self, pairs: Pairs, rows: pa.Table) -> _Near:
        """Leave the pairs that some rule may name, whatever texts and titles say."""
        jaccard = _JACCARD[pairs.equal]
        some = jaccard >= PARTIAL_JACCARD
        new, other, jaccard = pairs.new[some], pairs.other[some], jaccard[some]
        sources = rows.column("source").take(other).to_pylist()
        elsewhere = [_another(self._pool.source[a], b) for a, b in zip(new.tolist(), sources, strict=True)]
        ours, theirs = self._pool.shingles(new), rows.column("shingle_count").take(other).to_numpy()
        contained = jaccard / (1 + jaccard) * (ours + theirs) / np.maximum(1, np.minimum(ours, theirs))
        threshold = np.where(np.array(elsewhere, np.bool_), SYNDICATED_JACCARD, NEAR_JACCARD)
        keep = (jaccard >= threshold) | (contained >= PARTIAL_CONTAINMENT)
        return _Near(new[keep], other[keep], jaccard[keep])


class _Near(NamedTuple):
    """Pairs that may be copies: places in the batch, places in the pool, Jaccard index."""

    new: Places
    other: Places
    jaccard: npt.NDArray[np.float64]


class _Pool:
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
        rows, start = rows.filter(pa.array(fresh)), len(self.id)
        self.id += rows.column("id").to_pylist()
        self.source += rows.column("source").to_pylist()
        self.title += rows.column("title").to_pylist()
        urls = rows.column("canonical_url").to_pylist()
        self.url += urls
        self.key += [article_key(url) if url is not None and has_identity(url) else None for url in urls]
        self.hash += rows.column("content_hash").to_pylist()
        self.cluster += rows.column("cluster_id").to_pylist()
        self.revision += rows.column("revision").to_pylist()
        self.kept += [kept] * len(urls)
        self.file += [file] * len(urls)
        self._places |= {id: start + n for n, id in enumerate(self.id[start:])}
        self._shingles.append(rows.column("shingle_count").to_numpy().astype(np.int64))
        self._signatures.append(signatures[fresh])
        self._usable.append(usable[fresh])
        return np.where(fresh, start + np.cumsum(fresh) - 1, -1)

    def settle(self) -> None:
        """Join what was added piece by piece, before single rows are looked at."""
        self._shingles = [np.concatenate(self._shingles)]
        self._signatures = [np.concatenate(self._signatures)]
        self._usable = [np.concatenate(self._usable)]

    def shingles(self, places: Places) -> npt.NDArray[np.int64]:
        """Give shingle counts of rows of the batch."""
        return self._shingles[0][places]

    def shingle_count(self, place: int) -> int:
        return int(self._shingles[0][place])

    def jaccard(self, a: int, b: int) -> float | None:
        """Estimate the Jaccard index of two rows; None if one cannot be compared."""
        if not (self._usable[0][a] and self._usable[0][b]):
            return None
        return float(_JACCARD[np.count_nonzero(self._signatures[0][a] == self._signatures[0][b])])

    def containment(self, a: int, b: int, jaccard: float) -> float:
        return containment(jaccard, self.shingle_count(a), self.shingle_count(b))

    def order(self, place: int) -> tuple[bool, str, str, str, str, str]:
        """Order rows that match equally well by what they are, not by when and with what batch they came."""
        said = (self.url[place] or "", self.title[place] or "", self.source[place] or "")
        return not self.kept[place], self.hash[place], *said, self.id[place]

    def same_title(self, a: int, b: int) -> bool:
        title = _words(self.title[a])
        return bool(title) and title == _words(self.title[b])


class _Match(NamedTuple):
    """One row that another matches: how, and the figures where both can be compared."""

    other: int
    kind: MatchKind
    jaccard: float | None
    containment: float | None


class _Verdict(NamedTuple):
    """What was decided of one row: the match that makes it a copy (None: it stays), its links, and marks."""

    match: _Match | None
    links: tuple[_Match, ...]
    url_reused: bool


class _Judge:
    """Decides row after row, and remembers what it decided."""

    def __init__(self, pool: _Pool, cleaned: pa.Table, near: _Near, texts: Texts) -> None:
        pool.settle()
        self._pool, self._texts, self._size = pool, cleaned.column("text"), cleaned.num_rows
        order = np.lexsort((near.other, near.new))
        self._near = _Near(near.new[order], near.other[order], near.jaccard[order])
        self._starts = np.searchsorted(self._near.new, np.arange(self._size + 1)).tolist()
        self._stored_texts = self._fetch(texts)
        self._by_hash: dict[str, int] = {}
        self._by_key: dict[str, list[int]] = defaultdict(list)
        for place in range(self._size, len(pool.id)):
            self._remember(place)

    def decide(self, row: int) -> _Verdict:
        """Decide one row; rows come in input order."""
        matches = [*self._exact(row), *self._revisions(row)]
        reused = not matches and self._clashes(row)
        named = {match.other for match in matches}
        matches += (match for match in self._alike(row) if match.other not in named)
        best = self._best(row, matches)
        if best is not None:
            self._join(row, best, matches)
        self._remember(row)
        return _Verdict(best, self._links(row, best, matches), reused)

    def _exact(self, row: int) -> Iterator[_Match]:
        """Match one row that has the same words: all that have them are of one cluster."""
        if (other := self._by_hash.get(self._pool.hash[row])) is not None:
            yield _Match(other, MatchKind.EXACT, 1.0, 1.0)

    def _revisions(self, row: int) -> Iterator[_Match]:
        pool = self._pool
        for other in self._same_key(row):
            jaccard = pool.jaccard(row, other)
            if (jaccard is not None and jaccard >= REVISION_JACCARD) or pool.same_title(row, other):
                contained = None if jaccard is None else pool.containment(row, other, jaccard)
                yield _Match(other, MatchKind.REVISION, jaccard, contained)

    def _clashes(self, row: int) -> bool:
        """Say whether another story has the address of this one, for all that can be compared."""
        pool = self._pool
        return any(
            pool.jaccard(row, other) is not None or (pool.title[row] and pool.title[other])
            for other in self._same_key(row)
        )

    def _alike(self, row: int) -> Iterator[_Match]:
        for at in range(self._starts[row], self._starts[row + 1]):
            other, jaccard = int(self._near.other[at]), float(self._near.jaccard[at])
            contained = self._pool.containment(row, other, jaccard)
            if kind := self._kind(row, other, jaccard, contained):
                yield _Match(other, kind, jaccard, contained)

    def _kind(self, row: int, other: int, jaccard: float, contained: float) -> MatchKind | None:
        pool = self._pool
        elsewhere = _another(pool.source[row], pool.source[other])
        if elsewhere and jaccard >= SYNDICATED_JACCARD:
            return MatchKind.SYNDICATED
        if not elsewhere and jaccard >= NEAR_JACCARD and numbers_agree(self._text(row), self._text(other)):
            return MatchKind.NEAR
        if contained < PARTIAL_CONTAINMENT or jaccard < PARTIAL_JACCARD:
            return None
        shorter, longer = sorted((row, other), key=pool.shingle_count)
        agree = elsewhere or numbers_contained(self._text(shorter), self._text(longer))
        return MatchKind.PARTIAL if agree else None

    def _best(self, row: int, matches: list[_Match]) -> _Match | None:
        """Choose the cluster of the strongest match, and there, of those that match in the same way, the kept row."""
        copies = [match for match in matches if match.kind is not MatchKind.PARTIAL]
        if not copies:
            return None
        pool, first = self._pool, min(copies, key=self._strength)
        peers = [m for m in copies if m.kind is first.kind and pool.cluster[m.other] == pool.cluster[first.other]]
        return min(peers, key=lambda match: (not pool.kept[match.other], self._strength(match)))

    def _strength(self, match: _Match) -> tuple[int, float, tuple[bool, str, str, str, str, str]]:
        return _RANK[match.kind], -(match.jaccard or 0.0), self._pool.order(match.other)

    def _join(self, row: int, best: _Match, matches: list[_Match]) -> None:
        pool, cluster = self._pool, self._pool.cluster[best.other]
        pool.kept[row], pool.cluster[row] = False, cluster
        same = [place for place in self._same_key(row) if pool.cluster[place] == cluster]
        if best.kind is MatchKind.REVISION:
            pool.revision[row] = 1 + max(pool.revision[place] for place in same)
        elif best.kind is MatchKind.EXACT:  # of a version under its own address: that version once more
            pool.revision[row] = min((pool.revision[p] for p in same if pool.hash[p] == pool.hash[row]), default=0)

    def _links(self, row: int, best: _Match | None, matches: list[_Match]) -> tuple[_Match, ...]:
        """Keep the strongest match with each cluster: that of the copy first, then bridges and partial copies."""
        found: dict[str, _Match] = {} if best is None else {self._pool.cluster[best.other]: best}
        for match in sorted(matches, key=self._strength):
            found.setdefault(self._pool.cluster[match.other], match)
        return tuple(found.values())[:MAX_LINKS]

    def _same_key(self, row: int) -> Collection[int]:
        key = self._pool.key[row]
        return self._by_key.get(key, ()) if key is not None else ()

    def _remember(self, place: int) -> None:
        pool = self._pool
        if (key := pool.key[place]) is not None:
            self._by_key[key].append(place)
        known = self._by_hash.setdefault(pool.hash[place], place)
        if pool.order(place) < pool.order(known):
            self._by_hash[pool.hash[place]] = place

    def _text(self, place: int) -> str:
        text = self._texts[place].as_py() if place < self._size else self._stored_texts.get(self._pool.id[place], "")
        return str(text)

    def _fetch(self, texts: Texts) -> Mapping[str, str]:
        """Get the texts of all stored rows that may be of the outlet of a row that they are like."""
        pool, near = self._pool, self._near
        pairs = zip(near.new.tolist(), near.other.tolist(), strict=True)
        stored = {b for a, b in pairs if b >= self._size and not _another(pool.source[a], pool.source[b])}
        files = {name for b in stored if (name := pool.file[b]) is not None}
        return texts({pool.id[b] for b in stored}, files) if stored else {}


def _another(a: str | None, b: str | None) -> bool:
    """Say whether two sources are known to be two outlets."""
    return a is not None and b is not None and a != b


def _words(title: str | None) -> list[str]:
    return _WORD.findall(title.casefold()) if title else []


def _signatures(rows: pa.Table) -> tuple[Signatures, npt.NDArray[np.bool_], int]:
    """Give the signatures (zeros where there is none), which of them are of our scheme, and how many are of another."""
    column = rows.column("minhash_signature").combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    there = column.is_valid().to_numpy(zero_copy_only=False)
    ours = pc.equal(rows.column("minhash_scheme"), SCHEME).to_numpy() & there
    data = column.buffers()[1]
    if data is None:
        return np.zeros((len(column), HASHES), np.uint8), ours, 0
    flat = np.frombuffer(data, np.uint8, len(column) * HASHES, column.offset * HASHES)
    return flat.reshape(-1, HASHES), ours, int(np.count_nonzero(there & ~ours))


def _joined(parts: Iterable[_Near]) -> _Near:
    empty = _Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    return _Near(*(np.concatenate(columns) for columns in zip(empty, *parts, strict=True)))


def _tables(cleaned: pa.Table, pool: _Pool, verdicts: list[_Verdict], other_scheme: int) -> Decision:
    matches = [verdict.match for verdict in verdicts]
    size = len(matches)
    filled = {
        "cluster_id": pool.cluster[:size],
        "duplicate_of": [match and pool.id[match.other] for match in matches],
        "duplicate_kind": [match and match.kind.value for match in matches],
        "revision": pool.revision[:size],
        "similarity": [match and _rounded(match.jaccard) for match in matches],
        "containment": [match and _rounded(match.containment) for match in matches],
        "flags": _flags(cleaned, verdicts),
    }
    for name, values in filled.items():
        at = cleaned.schema.get_field_index(name)
        cleaned = cleaned.set_column(at, cleaned.schema.field(at), pa.array(values, cleaned.schema.field(at).type))
    kept = pa.array(pool.kept[:size], pa.bool_())
    return Decision(
        articles=conform("articles", cleaned.filter(kept)),
        duplicates=conform("duplicates", cleaned.filter(pc.invert(kept))),
        links=_link_table(cleaned, pool, verdicts),
        copies=tuple(_copy(pool, row, match) for row, match in enumerate(matches) if match is not None),
        other_scheme=other_scheme,
    )


def _flags(cleaned: pa.Table, verdicts: list[_Verdict]) -> list[list[str]]:
    given = cleaned.column("flags").to_pylist()
    return [
        [*f, URL_REUSED] if v.url_reused and URL_REUSED not in f else f for f, v in zip(given, verdicts, strict=True)
    ]


def _link_table(cleaned: pa.Table, pool: _Pool, verdicts: list[_Verdict]) -> pa.Table:
    batches = cleaned.column("batch")
    rows = [
        {
            "id": pool.id[row],
            "other": pool.id[link.other],
            "kind": link.kind.value,
            "jaccard": _rounded(link.jaccard),
            "containment": _rounded(link.containment),
            "batch": batches[row].as_py(),
        }
        for row, verdict in enumerate(verdicts)
        for link in verdict.links
    ]
    return table("links", rows)


def _copy(pool: _Pool, row: int, match: _Match) -> Copy:
    return Copy(pool.id[row], pool.title[row], match.kind, pool.id[match.other], pool.title[match.other])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
