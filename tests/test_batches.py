"""A batch is read whole, in the order of its input, from its own files or from those that replaced many."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lake_samples import NOW, publish

import lake.batches
from lake import Lake
from lake.batches import Batches
from lake.compact import compact, months_of

LATER = NOW + datetime.timedelta(days=40)


@pytest.fixture
def made(tmp_path: Path) -> Lake:
    """Six batches that hold copies of each other."""
    lake = Lake(tmp_path / "lake", create=True)
    for number in range(6):
        publish(lake, f"b{number}", range(3 * number, 3 * number + 5))
    return lake


def read(batches: Batches, run: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """The rows of a batch in the order of its input, and those of its tables in any."""
    found = batches.read(run)
    tables = {name: sorted(repr(row) for row in table.to_pylist()) for name, table in found.tables.items()}
    return found.rows.to_pylist(), tables


def ordered(lake: Lake) -> list[dict[str, Any]]:
    """The rows of runs by batch: they all finished at one time."""
    return sorted(lake.runs().to_pylist(), key=lambda run: str(run["batch"]))


def compacted(lake: Lake) -> None:
    for month in months_of(lake):
        compact(lake, month, LATER)


@pytest.mark.parametrize("ahead", [1, 20_000, 1 << 30], ids=["one", "some", "all"])
def test_batches_of_a_compact_lake_are_those_that_were_published(
    ahead: int, made: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake.batches, "AHEAD_BYTES", ahead)
    runs = ordered(made)
    whole = Batches(made.path, runs)
    before = [read(whole, run) for run in runs]
    assert [row["origin_row"] for row in before[1][0]] == [3, 4, 5, 6, 7]
    compacted(made)
    publish(made, "b6", range(2))  # beside the merged files, one of its own
    *runs, last = ordered(made)
    after, out_of_order = Batches(made.path, [*runs, last]), Batches(made.path, [*runs, last])
    assert [read(after, run) for run in runs] == before
    assert [read(out_of_order, run) for run in runs[::-1]] == before[::-1]
    assert len(read(after, last)[0]) == 2


def test_files_that_are_replaced_between_two_batches_are_found_again(made: Lake) -> None:
    runs = ordered(made)
    whole, stopped = Batches(made.path, runs), Batches(made.path, runs)
    before = [read(whole, run) for run in runs]
    first = read(stopped, runs[0])
    compacted(made)
    assert [first, *(read(stopped, run) for run in runs[1:])] == before
