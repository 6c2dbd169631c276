"""Many small runs of real articles decide what one large run decides: benchmarks/ten_runs.py on a few of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.mark.shared
def test_many_runs_of_real_articles_give_the_clusters_links_and_revisions_of_one(shared: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks/ten_runs.py"), "--articles", "240", "--runs", "4"]
    subprocess.run([*command, "--json", str(tmp_path / "found.json")], check=True)
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert found["copies"] > 10
    assert {name: count for name, count in found.items() if name.startswith("other") and count} == {}
