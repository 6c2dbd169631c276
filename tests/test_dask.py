"""On a Dask cluster, by its address, the lake's columns give the pairs that a run finds: the snippet of the README."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_duplicates import Story, cleaned_rows, edited, text
from test_lake_readme import in_process, snippets, written

WRITTEN = "tcp://127.0.0.1:8786"  # the address in the README


def test_the_pairs_that_a_cluster_finds_are_those_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.dataframe", reason="dask is not installed: pip install 'dask[dataframe]' distributed")
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install distributed")
    dask = pytest.importorskip("dask")
    monkeypatch.chdir(tmp_path)
    feed = [
        Story(edited(seed, changed), outlet)
        for seed in range(8)
        for changed, outlet in ((0, "satu"), (20, "dua"), (45, "tiga"), (70, "satu"), (100, "dua"))
    ]
    rows = cleaned_rows([*feed, Story(text(3, 40), "empat"), Story(text(3), None)], "b")
    written(tmp_path, "articles", rows.slice(0, 20).to_pylist())
    written(tmp_path, "duplicates", rows.slice(20).to_pylist())
    snippet = snippets("python")["dask"]
    assert WRITTEN in snippet
    names: dict[str, object] = {"__name__": "__main__"}  # functions of no module are sent to the workers whole
    patient = {f"distributed.comm.timeouts.{name}": "600s" for name in ("connect", "tcp")}  # a machine may be busy
    with (
        dask.config.set(patient),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        exec(snippet.replace(WRITTEN, cluster.scheduler_address), names)
        names["client"].close()  # type: ignore[attr-defined]
    found = names["pairs"].itertuples(index=False)  # type: ignore[attr-defined]
    assert {(a, b): round(jaccard, 6) for a, b, jaccard in found} == in_process(rows)
