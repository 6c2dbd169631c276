"""Say what becomes of clusters that lose rows: the next oldest copy takes the place of an article that is forgotten.

`cluster_id` stays. Copies of a row that is gone are said to be copies of the article that their cluster has then, with
the kind and the figures of that match; who was a copy of another row that stays, remains one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cleaners.fingerprint import containment
from cleaners.urls import article_key, has_identity
from lake.judge import MatchKind
from lake.pool import JACCARD_OF, another
from lake.selection import Doomed
from lake.store import Lake

PLACES = 4  # of similarity and containment
COPY_COLUMNS = (
    "id", "batch", "source", "canonical_url", "content_hash", "minhash_signature", "shingle_count", "minhash_scheme",
    "cluster_id", "duplicate_of", "origin_file", "origin_row",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Succession:
    """Copies that become articles (`heirs`), what other copies say of themselves now, clusters without a row (`ended`).

    `batches` are those of all these copies, `sources` those of the heirs.
    """

    heirs: frozenset[str]
    changed: Mapping[str, Mapping[str, Any]]
    ended: frozenset[str]
    batches: frozenset[str]
    sources: frozenset[str | None]


def succession(lake: Lake, files: Mapping[str, Sequence[Path]], doomed: Sequence[Doomed]) -> Succession:
    """For each cluster that loses a row: who is its article now, and who has to be a copy of it."""
    gone = {one.id for one in doomed}
    orphaned = {one.cluster_id for one in doomed if one.table == "articles" and one.cluster_id}
    touched = {one.cluster_id for one in doomed if one.cluster_id}
    clusters: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _members(files["duplicates"], touched):
        if row["id"] not in gone:
            clusters[row["cluster_id"]].append(row)
    kept = {row["cluster_id"]: row for row in _members(files["articles"], touched & clusters.keys() - orphaned)}
    came = {batch: number for number, batch in enumerate(lake.runs().column("batch").to_pylist())}
    heirs: set[str] = set()
    changed: dict[str, Mapping[str, Any]] = {}
    batches: set[str] = set()
    sources: set[str | None] = set()
    for cluster, copies in clusters.items():
        if cluster in orphaned:
            first = min(copies, key=lambda row: (came[row["batch"]], row["origin_file"] or "", row["origin_row"] or 0))
            heirs.add(first["id"])
            batches.add(first["batch"])
            sources.add(first["source"])
        else:
            first = kept[cluster]
        for copy in copies:
            if copy["id"] != first["id"] and copy["duplicate_of"] in gone:
                changed[copy["id"]] = _match(copy, first)
                batches.add(copy["batch"])
    return Succession(
        frozenset(heirs), changed, frozenset(orphaned - clusters.keys()), frozenset(batches), frozenset(sources)
    )


def _members(files: Sequence[Path], clusters: Collection[str]) -> Iterator[dict[str, Any]]:
    wanted = pa.array(sorted(clusters), pa.string())
    for file in files if clusters else ():
        rows = pq.ParquetFile(file).read(columns=list(COPY_COLUMNS))
        yield from rows.filter(pc.is_in(rows.column("cluster_id"), wanted)).to_pylist()


def _match(copy: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    """How a copy matches the article that it is now a copy of: the kinds and figures of `lake/judge.py`."""
    jaccard = None
    if copy["minhash_scheme"] == of["minhash_scheme"] and copy["minhash_signature"] and of["minhash_signature"]:
        ours, theirs = (np.frombuffer(row["minhash_signature"], np.uint8) for row in (copy, of))
        jaccard = float(JACCARD_OF[np.count_nonzero(ours == theirs)])
    contained = None if jaccard is None else containment(jaccard, copy["shingle_count"], of["shingle_count"])
    if copy["content_hash"] == of["content_hash"]:
        kind, jaccard, contained = MatchKind.EXACT, 1.0, 1.0
    elif _same_article(copy["canonical_url"], of["canonical_url"]):
        kind = MatchKind.REVISION
    else:
        kind = MatchKind.SYNDICATED if another(copy["source"], of["source"]) else MatchKind.NEAR
    return {
        "duplicate_of": of["id"],
        "duplicate_kind": kind.value,
        "similarity": None if jaccard is None else round(jaccard, PLACES),
        "containment": None if contained is None else round(contained, PLACES),
    }


def _same_article(one: str | None, other: str | None) -> bool:
    known = one is not None and other is not None and has_identity(one) and has_identity(other)
    return known and article_key(one or "") == article_key(other or "")
