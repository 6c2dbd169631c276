"""The real `saring ingest`, killed at random moments and started again, one and two at once: nothing is lost or twice.

With `--full` a hundred kills; the suite makes a few. Moments are random, so a failure names its seed.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import SARING

from lake import Lake
from lake.verify import verify

SMALL = str(Path(__file__).with_name("small_shards.py"))
SHARD = 6  # documents of a batch
STORIES = 48  # articles of one input
SHARED = 18  # of them stand in every input
KILLS, FULL_KILLS = 4, 34  # the suite takes the last of the three ways only
ROUNDS = 6  # into one lake; a lake that is full has nothing to be killed in
PATIENCE_SECONDS = 600.0  # machines are loaded; only what never comes takes so long
ORPHAN_SECONDS = 300.0  # a child looks at its pipe whenever Python and the machine let it


def story(n: int) -> str:
    """One story for each number; too short to be near another."""
    return f"Warga kampung {n} menanam {n * 7 + 3} pohon di tepi sungai pada Senin pagi, kata lurah {n * 13 + 1}."


def write_input(path: Path, writer: int) -> Path:
    """Articles of one writer, those that all have among them."""
    numbers = [*range(SHARED), *range(1000 * (writer + 1), 1000 * (writer + 1) + STORIES - SHARED)]
    random.Random(writer).shuffle(numbers)
    rows = (json.dumps({"id": str(n), "url": f"https://w{writer}.example/{n}", "text": story(n)}) for n in numbers)
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


class Run:
    """One `saring ingest` on its way."""

    def __init__(self, source: Path, lake: Path, lock: str = "locked") -> None:
        command = [sys.executable, SMALL, str(SHARD), lock, "ingest", str(source), "--lake", str(lake), "--json"]
        self.process = subprocess.Popen(
            [*command, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def kill(self) -> bool:
        """Kill it as the kernel would; whether it was still at work. Its children have to follow."""
        children = list(children_of(self.process.pid))
        alive = self.process.poll() is None
        self.process.kill()
        self.process.communicate()
        until(lambda: not any(is_alive(child) for child in children), ORPHAN_SECONDS)
        return alive

    def end(self) -> tuple[int, dict[str, int], str]:
        """Its exit status, report and what it said."""
        out, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, json.loads(out) if out else {}, said


def children_of(parent: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(status[1]) == parent:
            yield int(folder.name)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds, seconds: float) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def come(lake: Path) -> bool:
    """Whether a run has begun to write rows."""
    return any((lake / "_staging").glob("work-*/*.part"))


def batches(lake: Path) -> int:
    return len(list((lake / "runs").glob("*/*.parquet")))


def ended(runs: list[Run]) -> bool:
    return all(run.process.poll() is not None for run in runs)


def stories_of(lake: Path, table: str) -> Counter[str]:
    files = sorted((lake / table).glob("*/*.parquet"))
    return Counter(text for file in files for text in pq.ParquetFile(file).read(columns=["text"])["text"].to_pylist())


def faults_of(lake: Path, inputs: list[Path]) -> list[str]:
    """What is wrong with a lake into which these inputs were read, each once."""
    given = Counter(json.loads(line)["text"] for source in inputs for line in source.read_text().splitlines())
    kept, copies = stories_of(lake, "articles"), stories_of(lake, "duplicates")
    found = [f"{p.promise}: {p.where}: {p.what}" for p in verify(Lake(lake)).problems]
    found += [f"{n} articles of one story" for n in kept.values() if n > 1]
    found += [f"{(given - kept - copies).total()} lost"] if given - kept - copies else []
    found += [f"{(kept + copies - given).total()} twice"] if kept + copies - given else []
    found += [f"left over: {path.name}" for path in (lake / "_staging").iterdir()]
    return found


WAYS = {
    "one writer": [0],
    "two writers of the same": [0, 0],
    "two writers of what overlaps": [0, 1],
}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc, which is not here")
@pytest.mark.parametrize("writers", WAYS.values(), ids=WAYS)
def test_killed_at_random_moments_and_started_again_nothing_is_lost_twice_or_left(
    writers: list[int], tmp_path: Path, full: bool
) -> None:
    if not full and writers != [0, 1]:
        pytest.skip("with --full: each way takes minutes")
    seed = random.randrange(1 << 30)
    chance, kills, lake, inputs = random.Random(seed), FULL_KILLS if full else KILLS, tmp_path / "0", []
    made, met = 0, set[int]()
    for number in itertools.count():
        if number % ROUNDS == 0:
            lake = tmp_path / str(number)
            inputs = [write_input(tmp_path / f"{number}-{writer}.jsonl", writer) for writer in sorted(set(writers))]
        runs = [Run(inputs[writer], lake) for writer in writers]
        until(lambda: come(lake) or ended(runs), PATIENCE_SECONDS)  # noqa: B023 - what comes before is Python starting
        more = batches(lake) + chance.choice((0, 0, 1, 2, 3))
        until(lambda: batches(lake) >= more or ended(runs), PATIENCE_SECONDS)  # noqa: B023
        for run in runs:
            time.sleep(chance.random() * chance.choice((0.01, 0.1, 1)))
            met.add(batches(lake))
            made += run.kill()
        if number % ROUNDS == ROUNDS - 1 or made >= kills:
            last = [run.end() for run in [Run(inputs[writer], lake) for writer in writers]]
            assert [status for status, *_ in last] == [0] * len(writers), (seed, last)
            assert faults_of(lake, inputs) == [], seed
            if made >= kills:
                break
    print(f"\n{made} kills of {len(writers)} at once, after {sorted(met)} batches, seed {seed}", file=sys.stderr)


def test_of_two_runs_over_the_same_input_one_does_the_work(tmp_path: Path) -> None:
    source, lake = write_input(tmp_path / "in.jsonl", 0), tmp_path / "lake"
    last = [run.end() for run in [Run(source, lake), Run(source, lake)]]
    assert [status for status, *_ in last] == [0, 0], last
    assert sum(report["documents"] for _, report, _ in last) == STORIES
    assert faults_of(lake, [source]) == []


def test_a_run_that_waits_for_another_says_so(tmp_path: Path) -> None:
    source, lake = write_input(tmp_path / "in.jsonl", 0), tmp_path / "lake"
    with held(lake):
        process = subprocess.Popen([SARING, "ingest", source, "--lake", lake], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        said = next(line for line in process.stderr if "waiting" in line)
    rest = process.communicate(timeout=PATIENCE_SECONDS)
    assert said == "waiting for another run that is writing to this lake\n"
    assert process.returncode == 0, rest
    assert Lake(lake).status().rows["articles"] == STORIES


@contextmanager
def held(lake: Path) -> Iterator[None]:
    with Lake(lake, create=True).lock():
        yield


def test_without_the_lock_the_same_is_wrong(tmp_path: Path, full: bool) -> None:
    """What the lock is for: two runs that do not wait for each other keep two articles of one story, or break down."""
    if not full:
        pytest.skip("with --full: it takes several tries to meet")
    for number in range(20):
        lake = tmp_path / str(number)
        inputs = [write_input(tmp_path / f"{number}-{writer}.jsonl", writer) for writer in (0, 1)]
        last = [run.end() for run in [Run(source, lake, "unlocked") for source in inputs]]
        if any(status for status, *_ in last) or faults_of(lake, inputs):
            print(f"\nwithout the lock, try {number}: {faults_of(lake, inputs)}", file=sys.stderr)
            return
    raise AssertionError("twenty pairs of runs without a lock, and nothing was wrong: what is the lock for?")
