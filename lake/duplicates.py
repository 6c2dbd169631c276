"""Decide which articles of a batch are copies, of each other and of what the lake holds, and of which.

First seen stays. Articles are decided one after the other, in input order, by what came before them and by nothing
that depends on how the input was parted: ten batches of a thousand give what one of ten thousand gives. In this order:

    exact        the same words (content hash)
    revision     the same canonical URL or article id, and a Jaccard index of 0.20 or the same title; else the article
                 stays and is flagged `url-reused`: home pages, live pages and junk slugs carry many stories
    syndicated   another outlet, 0.40 or more
    near         the same outlet, 0.80 or more, and the numbers agree: templates differ in little else
    partial      0.75 of the shorter text's shingles stand in the longer, measured in the texts: linked only, it stays

Under 50 words only `exact`, and `revision` by title. An unknown source is never another outlet. `duplicate_of` is the
row matched best, the kept article of its cluster where that matches in the same way; `cluster_id` is that row's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cleaners.fingerprint import HASHES, SCHEME
from lake.candidates import BandIndex, Pairs, Signatures
from lake.judge import (
    MAYBE_CONTAINMENT,
    MAYBE_JACCARD,
    NEAR_JACCARD,
    SYNDICATED_JACCARD,
    Judge,
    Match,
    MatchKind,
    Texts,
    Verdict,
)
from lake.pool import JACCARD_OF, Near, Pool, another, key_hashes
from lake.read import KeyBatch
from lake.schema import conform, table
from lake.strings import among

PLACES = 4  # of similarity and containment
URL_REUSED = "url-reused"


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

    Memory: some 450 bytes for each row of the batch beside the batch itself, and while it is decided once more the
    batch, parted; 1 kB for each stored row that one of them may match. Nothing else of what streams past is kept.
    """

    def __init__(self, cleaned: pa.Table) -> None:
        self._cleaned = conform("articles", cleaned)
        signatures, usable, _ = _signatures(self._cleaned)
        self._pool = Pool()
        self._pool.add(self._cleaned, signatures, usable)
        self._bands = BandIndex(signatures, usable)
        self._hashes = pc.unique(self._cleaned.column("content_hash"))
        self._keys = np.unique(self._pool.keys())
        self._near: list[Near] = []
        self._other_scheme = 0

    @property
    def size(self) -> int:
        """How many rows are to be decided."""
        return int(self._cleaned.num_rows)

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
        self._near.append(Near(near.new[fresh], other[fresh], near.jaccard[fresh]))

    def decide(self, texts: Texts) -> Decision:
        """Decide every row of the batch. `texts(ids, files)` gives texts of stored rows, as `Lake.texts` does.

        It is called once at most, for pairs of one outlet, to compare numbers, and for what may be partial. Hold the
        lake's lock, and call this once: what was indexed is let go on the way.
        """
        inside = [self._plausible(pairs, self._cleaned) for pairs in self._bands.within()]
        near = _joined([*inside, *self._near])
        cleaned, pool = self._cleaned, self._pool
        del self._bands, self._hashes, self._near, self._pool  # of a million rows 1.1 GB that the tables need now
        judge = Judge(pool, cleaned, near, texts)
        verdicts = [judge.decide(row) for row in range(cleaned.num_rows)]
        kept, filled = pa.array(pool.kept[: len(verdicts)], pa.bool_()), _filled(cleaned, pool, verdicts)
        links = _link_table(cleaned, pool, verdicts)
        copies = tuple(_copy(pool, row, one.match) for row, one in enumerate(verdicts) if one.match is not None)
        del judge, near, pool, verdicts
        return Decision(
            articles=conform("articles", filled.filter(kept)),
            duplicates=conform("duplicates", filled.filter(pc.invert(kept))),
            links=links,
            copies=copies,
            other_scheme=self._other_scheme,
        )

    def _same_key(self, rows: pa.Table) -> npt.NDArray[np.bool_]:
        keys = key_hashes(rows.column("canonical_url"), any_page=True)  # those of the batch that are none have no key
        return among(keys, self._keys) & (keys >= 0)

    def _plausible(self, pairs: Pairs, rows: pa.Table) -> Near:
        """Leave the pairs that some rule may name, whatever texts and titles say."""
        jaccard = JACCARD_OF[pairs.equal]
        some = jaccard >= MAYBE_JACCARD
        new, other, jaccard = pairs.new[some], pairs.other[some], jaccard[some]
        sources = rows.column("source").take(other).to_pylist()
        elsewhere = [another(self._pool.source[a], b) for a, b in zip(new.tolist(), sources, strict=True)]
        ours, theirs = self._pool.shingles(new), rows.column("shingle_count").take(other).to_numpy()
        contained = jaccard / (1 + jaccard) * (ours + theirs) / np.maximum(1, np.minimum(ours, theirs))
        threshold = np.where(np.array(elsewhere, np.bool_), SYNDICATED_JACCARD, NEAR_JACCARD)
        keep = (jaccard >= threshold) | (contained >= MAYBE_CONTAINMENT)
        return Near(new[keep], other[keep], jaccard[keep])


def _signatures(rows: pa.Table) -> tuple[Signatures, npt.NDArray[np.bool_], int]:
    """Give the signatures (zeros where there is none), which of them are of our scheme, and how many are of another."""
    given = rows.column("minhash_signature")
    column = given.chunk(0) if given.num_chunks == 1 else given.combine_chunks()  # which copies one chunk, too
    there = column.is_valid().to_numpy(zero_copy_only=False)
    ours = pc.equal(rows.column("minhash_scheme"), SCHEME).to_numpy() & there
    data = column.buffers()[1]
    if data is None:
        return np.zeros((len(column), HASHES), np.uint8), ours, 0
    flat = np.frombuffer(data, np.uint8, len(column) * HASHES, column.offset * HASHES)
    return flat.reshape(-1, HASHES), ours, int(np.count_nonzero(there & ~ours))


def _joined(parts: Iterable[Near]) -> Near:
    empty = Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    return Near(*(np.concatenate(columns) for columns in zip(empty, *parts, strict=True)))


def _filled(cleaned: pa.Table, pool: Pool, verdicts: list[Verdict]) -> pa.Table:
    """Put what was decided into the columns that say it."""
    matches = [verdict.match for verdict in verdicts]
    filled: dict[str, list[object]] = {
        "duplicate_of": [match and pool.id(match.other) for match in matches],
        "duplicate_kind": [match and match.kind.value for match in matches],
        "revision": [*pool.revision[: len(matches)]],
        "similarity": [match and _rounded(match.jaccard) for match in matches],
        "containment": [match and _rounded(match.containment) for match in matches],
    }
    if any(verdict.url_reused for verdict in verdicts):
        filled["flags"] = [*_flags(cleaned, verdicts)]
    joined = dict(sorted(pool.joined.items()))
    clusters = cleaned.column("cluster_id").combine_chunks()
    if joined:
        mask = np.zeros(len(clusters), np.bool_)
        mask[list(joined)] = True
        clusters = pc.replace_with_mask(clusters, mask, pa.array(joined.values(), clusters.type))
    cleaned = _with(cleaned, "cluster_id", clusters)
    while filled:
        cleaned = _with(cleaned, *filled.popitem())
    return cleaned


def _with(rows: pa.Table, name: str, values: object) -> pa.Table:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))


def _flags(cleaned: pa.Table, verdicts: list[Verdict]) -> list[list[str]]:
    given = cleaned.column("flags").to_pylist()
    return [
        [*f, URL_REUSED] if v.url_reused and URL_REUSED not in f else f for f, v in zip(given, verdicts, strict=True)
    ]


def _link_table(cleaned: pa.Table, pool: Pool, verdicts: list[Verdict]) -> pa.Table:
    batches = cleaned.column("batch")
    rows = [
        {
            "id": pool.id(row),
            "other": pool.id(link.other),
            "kind": link.kind.value,
            "jaccard": _rounded(link.jaccard),
            "containment": _rounded(link.containment),
            "batch": batches[row].as_py(),
        }
        for row, verdict in enumerate(verdicts)
        for link in verdict.links
    ]
    return table("links", rows)


def _copy(pool: Pool, row: int, match: Match) -> Copy:
    return Copy(pool.id(row), pool.title[row], match.kind, pool.id(match.other), pool.title[match.other])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
