"""Which clusters a reconciliation joined: the small table `clusters`, read as a map from cluster to cluster.

A row says that the rows with `cluster_id` = `id` now belong to another cluster. Rows of `articles` and `duplicates` are
never touched; who joins an old cluster later belongs to the new one too. Of several rows for one id the newest batch
counts: batches are numbered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout
from lake.layout import LakeError

PREFIX = "reconcile"  # a batch of `clusters`: reconcile000001, …; they sort as they came
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters that were joined into others, and how many reconciliations there were."""

    joined: Mapping[str, str]
    batches: int

    @classmethod
    def read(cls, root: Path) -> Clusters:
        """Read the table `clusters` of a lake; a lake that was never reconciled has none. Raises LakeError."""
        found: dict[str, tuple[str, str]] = {}
        files = layout.files(root, "clusters")
        for file in files:
            try:
                rows = pq.ParquetFile(file).read(columns=["id", "cluster_id", "batch"]).to_pylist()
            except OSError as error:
                raise LakeError(f"{file} cannot be read: {error}. Put it back from a backup.") from error
            for row in rows:
                found[row["id"]] = max(found.get(row["id"], ("", "")), (row["batch"], row["cluster_id"]))
        last = max((batch for batch, _ in found.values()), default="")  # files may have been merged since
        return cls({id: cluster for id, (_, cluster) in found.items()}, int(last.removeprefix(PREFIX) or 0))

    def of(self, cluster: str) -> str:
        """Give the cluster that the rows of a cluster belong to now."""
        return self.joined.get(cluster, cluster)

    def now(self, clusters: pa.ChunkedArray) -> pa.ChunkedArray:
        """Give the same for a whole column."""
        at = pc.index_in(clusters, value_set=pa.array([*self.joined], pa.string()))
        return pc.coalesce(pa.array([*self.joined.values()], pa.string()).take(at), clusters)

    def merged_into(self, cluster: str) -> list[str]:
        """Give all clusters that are now this one, itself first."""
        back: defaultdict[str, list[str]] = defaultdict(list)
        for old, new in self.joined.items():
            back[new].append(old)
        return [cluster, *sorted(back[cluster])]

    def next_batch(self) -> str:
        """Name the next reconciliation."""
        return f"{PREFIX}{self.batches + 1:0{DIGITS}}"
