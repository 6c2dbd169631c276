"""Look at all matches of a lake at once, and join the clusters that belong together: `saring lake reconcile`.

A run decides article by article and changes nothing that was decided, so an article that matches two clusters leaves
two: a bridge, in `links`. Here all links that make a copy count, and all signatures are compared once more, which
finds what `rehash` made comparable. What belongs together gets the cluster that was in the lake first.
Memory: some 600 bytes a row.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from cleaners.fingerprint import HASHES, SCHEME, agree, numbers_of
from lake import layout
from lake.candidates import BandIndex
from lake.clusters import Clusters
from lake.judge import NEAR_JACCARD, SYNDICATED_JACCARD, MatchKind
from lake.pool import JACCARD_OF
from lake.schema import table
from lake.store import Lake

RULESET = "clusters"  # second part of the file's name, where other tables name their rules
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation found: rows looked at, clusters that were joined to another now, its batch (None: none)."""

    rows: int
    joined: int
    batch: str | None


def reconcile(lake: Lake, when: datetime.datetime) -> Reconciled:
    """Join the clusters that match, as rows of `clusters`; no other table is touched. Takes the lake's lock itself.

    Done again with nothing new it writes nothing. Raises LakeError.
    """
    with lake.lock():
        lake.recover()
        before = Clusters.read(lake.path)
        rows = _Rows.read(lake)
        groups = _Groups(rows.cluster)
        for a, b in _linked(lake, rows):
            groups.join(a, b)
        for a, b in _alike(lake, rows):
            groups.join(a, b)
        after = _first_seen(lake, rows, groups)
        news = {old: new for old, new in after.items() if before.of(old) != new}
        if not news:
            return Reconciled(len(rows.id), 0, None)
        batch = before.next_batch()
        made = [{"id": old, "cluster_id": new, "batch": batch} for old, new in sorted(news.items())]
        content = xxhash.xxh3_64_hexdigest(repr(made).encode())  # should its number come again, its name does not
        lake.add("clusters", table("clusters", made), layout.stem(batch, RULESET + content), when)
        return Reconciled(len(rows.id), len(news), batch)


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of a lake, column by column; `cluster` and `source` are numbers, `names` are the clusters' ids."""

    id: pa.Array
    cluster: _Places
    names: pa.Array
    source: _Places
    signatures: npt.NDArray[np.uint8]
    usable: npt.NDArray[np.bool_]
    file: list[str]

    @classmethod
    def read(cls, lake: Lake) -> _Rows:
        parts = list(lake.scan_keys())
        whole = pa.Table.from_batches([part.rows for part in parts]) if parts else None
        if whole is None or not whole.num_rows:
            empty = np.empty(0, np.int64)
            none = pa.array([], pa.string())
            return cls(none, empty, none, empty, np.empty((0, HASHES), np.uint8), np.empty(0, np.bool_), [])
        cluster = whole.column("cluster_id").combine_chunks().dictionary_encode()
        source = pc.fill_null(whole.column("source").combine_chunks().dictionary_encode().indices, -1)
        signature = whole.column("minhash_signature").combine_chunks()
        usable = pc.and_(signature.is_valid(), pc.equal(whole.column("minhash_scheme"), SCHEME)).to_numpy(False)
        flat = np.frombuffer(signature.buffers()[1], np.uint8, len(signature) * HASHES, signature.offset * HASHES)
        return cls(
            id=whole.column("id").combine_chunks(),
            cluster=cluster.indices.to_numpy().astype(np.int64),
            names=cluster.dictionary,
            source=source.to_numpy().astype(np.int64),
            signatures=flat.reshape(-1, HASHES),
            usable=np.asarray(usable, np.bool_),
            file=[part.file for part in parts for _ in range(part.rows.num_rows)],
        )


class _Groups:
    """Clusters that are joined, by number: a forest with the paths cut short."""

    def __init__(self, clusters: _Places) -> None:
        self.above = list(range(int(clusters.max()) + 1 if len(clusters) else 0))

    def top(self, cluster: int) -> int:
        while self.above[cluster] != cluster:
            self.above[cluster] = cluster = self.above[self.above[cluster]]
        return cluster

    def join(self, a: int, b: int) -> None:
        a, b = sorted((self.top(a), self.top(b)))
        self.above[b] = a


def _linked(lake: Lake, rows: _Rows) -> Iterator[tuple[int, int]]:
    """Clusters that a link joins; a partial copy is no copy."""
    for file in layout.files(lake.path, "links"):
        links = pq.ParquetFile(file).read(columns=["id", "other", "kind"])
        links = links.filter(pc.not_equal(links.column("kind"), MatchKind.PARTIAL.value))
        ends = [pc.index_in(links.column(end), value_set=rows.id).combine_chunks() for end in ("id", "other")]
        known = pc.and_(ends[0].is_valid(), ends[1].is_valid())
        a, b = (rows.cluster[end.filter(known).to_numpy(zero_copy_only=False)] for end in ends)
        apart = a != b
        yield from zip(a[apart].tolist(), b[apart].tolist(), strict=True)


def _alike(lake: Lake, rows: _Rows) -> Iterator[tuple[int, int]]:
    """Clusters of which two rows match by today's signatures; in one outlet their numbers must agree."""
    near: list[tuple[int, int]] = []
    for pairs in BandIndex(rows.signatures, rows.usable).within():
        a, b = pairs.new, pairs.other
        jaccard = JACCARD_OF[pairs.equal]
        elsewhere = (rows.source[a] != rows.source[b]) & (rows.source[a] >= 0) & (rows.source[b] >= 0)
        apart = rows.cluster[a] != rows.cluster[b]
        copies = apart & elsewhere & (jaccard >= SYNDICATED_JACCARD)
        yield from zip(rows.cluster[a[copies]].tolist(), rows.cluster[b[copies]].tolist(), strict=True)
        close = apart & ~elsewhere & (jaccard >= NEAR_JACCARD)
        near += zip(a[close].tolist(), b[close].tolist(), strict=True)
    numbers = _numbers(lake, rows, {place for pair in near for place in pair})
    for one, other in near:
        if agree(numbers[one], numbers[other]):
            yield int(rows.cluster[one]), int(rows.cluster[other])


def _numbers(lake: Lake, rows: _Rows, places: set[int]) -> Mapping[int, frozenset[str]]:
    if not places:
        return {}
    ids = {rows.id[place].as_py(): place for place in sorted(places)}
    texts = lake.texts(ids.keys(), {rows.file[place] for place in places})
    return {ids[id]: numbers_of(text) for id, text in texts.items()}


def _first_seen(lake: Lake, rows: _Rows, groups: _Groups) -> dict[str, str]:
    """For each cluster that is joined to others: the one of them that was in the lake first."""
    together: defaultdict[int, list[int]] = defaultdict(list)
    for cluster in range(len(groups.above)):
        together[groups.top(cluster)].append(cluster)
    several = [group for group in together.values() if len(group) > 1]
    names = rows.names.to_pylist()
    came = _order(lake, {names[cluster] for group in several for cluster in group})
    found: dict[str, str] = {}
    for group in several:
        first = min(group, key=lambda cluster: came[names[cluster]])
        found |= {names[cluster]: names[first] for cluster in group if cluster != first}
    return found


def _order(lake: Lake, ids: set[str]) -> dict[str, tuple[int, str, int, str]]:
    """When articles came: by their batch in `runs`, then their place in its input."""
    batches = {batch: number for number, batch in enumerate(lake.runs().column("batch").to_pylist())}
    wanted = pa.array(sorted(ids), pa.string())
    found = {id: (len(batches), "", 0, id) for id in ids}
    for file in layout.files(lake.path, "articles") if ids else ():
        rows = pq.ParquetFile(file).read(columns=["cluster_id", "batch", "origin_file", "origin_row"])
        for row in rows.filter(pc.is_in(rows.column("cluster_id"), wanted)).to_pylist():
            place = (row["origin_file"] or "", row["origin_row"] or 0, row["cluster_id"])
            found[row["cluster_id"]] = (batches.get(row["batch"], len(batches)), *place)
    return found
