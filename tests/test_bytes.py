"""The same input gives the same bytes whatever chance there is in Python, and whatever the number of processes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

SMALL = str(Path(__file__).with_name("small_shards.py"))


def contents(lake: Path) -> dict[str, str]:
    """Digest of every file but those of `runs`, which has the clock."""
    found = (path for path in lake.glob("*/*/*.parquet") if path.relative_to(lake).parts[0] != "runs")
    return {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_two_processes_that_hash_otherwise_and_share_the_work_write_the_same_bytes(tmp_path: Path) -> None:
    lakes = []
    for seed, workers in (("1", "1"), ("2", "2")):
        lakes.append(tmp_path / f"{seed}-{workers}")
        command = [sys.executable, SMALL, "8", "locked", "ingest", str(ROOT / "samples"), "--keep-originals"]
        subprocess.run(
            [*command, "--lake", str(lakes[-1]), "--workers", workers],
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
    assert len(contents(lakes[0])) > 5 * 6  # several batches of six tables, apart from runs
    assert contents(lakes[0]) == contents(lakes[1])
