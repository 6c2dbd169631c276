"""A run that nobody started by hand leaves what is still being written for the next one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.prepare import prepare
from flows.settings import IngestConfig
from flows.settle import LOOK_SECONDS, RECENT_SECONDS, settled
from flows.sources import expand

WHOLE = '{"text": "Jembatan dibuka pada Senin pagi."}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("a", "b", "c"):
        (inputs / f"{name}.jsonl").write_text(WHOLE.replace("Jembatan", f"Jembatan {name}"))
    return inputs


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write(WHOLE)


def touch(path: Path) -> None:
    """The same length, another content: what a writer into the middle of a file does."""
    path.write_text(path.read_text().replace("pagi", "sore"))
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


CHANGES: dict[str, Any] = {
    "nothing": (lambda path: None, ("a.jsonl", "b.jsonl", "c.jsonl"), ()),
    "it grows": (append, ("a.jsonl", "c.jsonl"), ("b.jsonl",)),
    "it is written over": (touch, ("a.jsonl", "c.jsonl"), ("b.jsonl",)),
    "it is taken away": (Path.unlink, ("a.jsonl", "c.jsonl"), ("b.jsonl",)),
}


@pytest.mark.parametrize(("change", "kept", "left"), CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_while_it_is_looked_at_is_left(change: Any, kept: Any, left: Any, folder: Path) -> None:
    inputs, unfinished = settled(expand([folder]), wait=lambda _: change(folder / "b.jsonl"))
    assert (tuple(file.name for file in inputs.files), unfinished) == (kept, left)


def test_a_file_that_grew_between_its_hash_and_the_first_look_is_left(folder: Path) -> None:
    inputs = expand([folder])
    append(folder / "a.jsonl")
    assert settled(inputs, wait=lambda _: None)[1] == ("a.jsonl",)


def test_files_of_long_ago_cost_no_waiting(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (time.time() - 2 * RECENT_SECONDS,) * 2)
    waited: list[float] = []
    assert len(settled(expand([folder]), wait=waited.append)[0].files) == 3
    assert waited == []
    append(folder / "a.jsonl")
    settled(expand([folder]), wait=waited.append)
    assert waited == [LOOK_SECONDS]


def test_a_watched_run_plans_what_is_complete_and_names_the_rest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeping = SimpleNamespace(time=time.time, sleep=lambda _: append(folder / "b.jsonl"))
    monkeypatch.setattr("flows.settle.time", sleeping)  # not the module's own sleep: other threads may call that
    config = IngestConfig(inputs=[str(folder)], lake=str(tmp_path / "lake"))
    watched = prepare(config, watched=True)
    assert (watched.plan.documents, watched.unfinished) == (2, ("b.jsonl",))
    by_hand = prepare(config)
    assert (by_hand.plan.documents, by_hand.unfinished) == (4, ())
