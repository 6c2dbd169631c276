"""Make tests/oldest_lake: a small lake as the oldest version writes it, which every later version has to read.

Run it with that version, and only before its release (then the lake stands): python tests/oldest_lake.py
Its articles are the invented ones of samples/. All tables are in it, the optional ones too.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lake import Lake
from lake.forget import forget
from lake.reconcile import reconcile
from lake.schema import table
from lake.selection import Selection

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent / "oldest_lake"
NOW = datetime.datetime(2026, 11, 21, 16, tzinfo=datetime.UTC)
RUNS = (
    ("copies/1-wire.jsonl", "damaged", "text"),
    ("copies/2-revision.jsonl", "flattened", "languages"),
)


def make(at: Path) -> None:
    """Write the lake: two runs with originals, clusters joined, signatures made anew, and an outlet forgotten."""
    saring = Path(sys.executable).parent / "saring"
    for run in RUNS:
        inputs = [str(ROOT / "samples" / name) for name in run]
        command = [str(saring), "ingest", *inputs, "--lake", str(at), "--keep-originals", "--workers", "1"]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    lake = Lake(at)
    reconcile(lake, NOW)
    (first, second, *_) = (row["id"] for row in next(lake.scan_keys()).rows.to_pylist())
    with lake.lock():
        lake.recover()
        batch = lake.runs().column("batch")[0].as_py()
        old = {
            "id": first,
            "minhash_signature": bytes(128),
            "shingle_count": 40,
            "minhash_scheme": "w3-old",
            "batch": batch,
        }
        lake.add("signatures", table("signatures", [old]), f"{batch}-w3old", NOW)
        joined = [{"id": second, "cluster_id": first, "batch": "reconcile000001"}]
        lake.add("clusters", table("clusters", joined), "reconcile000001-clusters", NOW)
    forget(lake, Selection(outlet="ekoin"), NOW)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "lake")
        make(made)
        shutil.rmtree(HERE, ignore_errors=True)
        for file in sorted(made.glob("*/*/*.parquet")):
            if not file.is_relative_to(made / "_staging"):
                (HERE / file.relative_to(made)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, HERE / file.relative_to(made))
