"""datatrove's side of toolkits.py: its MinHash pipeline with its defaults, up to the clusters; runs in .toolkits.

usage: toolkits_datatrove.py ARTICLES.jsonl FOLDER
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader


def main() -> None:
    source, folder = map(Path, sys.argv[1:])
    signatures, buckets, clusters = (str(folder / name) for name in ("signatures", "buckets", "clusters"))
    reader = JsonlReader(str(source.parent), glob_pattern=source.name)
    stage(folder, "signatures", reader, MinhashDedupSignature(signatures))
    stage(folder, "buckets", MinhashDedupBuckets(signatures, buckets), tasks=MinhashConfig().num_buckets)
    stage(folder, "clusters", MinhashDedupCluster(buckets, clusters, save_cluster_id=True))
    with open(source, encoding="utf-8") as lines:
        ids = [json.loads(line)["id"] for line in lines]
    (saved,) = Path(clusters).glob("*.clusters")
    found = {ids[at]: str(cluster) for at, cluster in struct.iter_unpack("<II", saved.read_bytes())}
    (folder / "clusters.json").write_text(json.dumps(found), "utf-8")


def stage(folder: Path, name: str, *steps: Any, tasks: int = 1) -> None:
    LocalPipelineExecutor(list(steps), tasks=tasks, workers=1, logging_dir=str(folder / f"logs-{name}")).run()


if __name__ == "__main__":
    main()
