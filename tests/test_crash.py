"""A run of two batches, stopped at each of its calls of the disk: nothing is lost, twice, half, or left over.

The run is the whole of `saring ingest` in one process, from planning to clearing its workplace away. Its calls are
those of `lake/disk.py`: the lake's and the workplace's, those of the child that cleans (here in the same process) too.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from lake_samples import Crash, FailingDisk

from cleaners.catalog import load_catalog
from flows import plan, prepare, run
from flows.child import disk_error
from flows.parts import LostRowsError, Rows
from flows.settings import IngestConfig
from flows.shard import Job, _verdict, documents
from lake import Lake, LakeError
from lake.disk import Disk
from lake.verify import verify

WORDS = ("warga", "jembatan", "pasar", "sungai", "hujan", "lurah", "sekolah", "kebun", "petani", "jalan", "dermaga")
HALF_OF_RUNS = re.compile(r"_staging/.*/runs\.part")
# Of the calls that fail every so many is taken in the suite, all of them with --full; of pairs of calls the first and
# the second (all would be 8,000 pairs).
EVERY_FAULT, EVERY_PAIR, EVERY_FULL_PAIR = 3, 12, 3


def story(n: int) -> str:
    words = " ".join(WORDS[(n * 7 + i * (n + 1)) % len(WORDS)] + str(n * i % 17) for i in range(60))
    return f"Warga kampung {n} menyambut pembukaan jembatan pada Senin pagi. {words}.\nBaca juga: Jembatan Lama Ditutup"


def lines(path: Path, numbers: list[int], *more: str) -> Path:
    rows = [json.dumps({"id": str(n), "url": f"https://contoh.example/{n}", "text": story(n)}) for n in numbers]
    path.write_text("\n".join([*rows, *more]) + "\n")
    return path


class Here:
    """Clean in this process, through the run's own disk, in place of children that take a second to start."""

    def __init__(self, prepared: prepare.Prepared) -> None:
        self.disk, self.catalog = prepared.disk, load_catalog_once()

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def clean(self, job: Job, progress: Callable[[int], None]) -> None:
        rows = Rows(job.batch, self.catalog.ruleset, disk=self.disk)
        for at, document in documents(job):
            name = (job.batch, at)
            VERDICTS[name] = VERDICTS.get(name) or _verdict(document, job, at, self.catalog)
            rows.add(at, VERDICTS[name])
        try:
            rows.write(job.folder, job.start, job.stop)
        except LostRowsError as error:
            raise disk_error(job.folder, f"{error.errno} {error.strerror}") from error


class Now:
    """Do at once what is submitted: with threads the calls of the disk would come in another order each time."""

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*given))
        except BaseException as error:
            future.set_exception(error)
        return future


CATALOG: list[Any] = []
VERDICTS: dict[tuple[str, int], Any] = {}  # the same articles come again and again, and cleaning is not the question


def load_catalog_once(*_: Any) -> Any:
    if not CATALOG:
        CATALOG.append(load_catalog())
    return CATALOG[0]


@pytest.fixture(autouse=True)
def in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "load_catalog", load_catalog_once)
    monkeypatch.setattr(prepare.Prepared, "crew", lambda self, limits: Here(self))
    monkeypatch.setattr(run, "pool_of", lambda workers: contextlib.nullcontext(Now()))
    monkeypatch.setattr(plan, "SHARD_DOCUMENTS", 3)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Two batches: five articles, the last a copy of the first, and a record that is none."""
    return lines(tmp_path / "mine.jsonl", [0, 1, 2, 3], json.dumps({"id": "4", "text": story(0)}), "{broken")


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """What another writer brings: copies of both of my batches, and one article of its own."""
    return lines(tmp_path / "others.jsonl", [1, 3, 7])


def ingest(source: Path, lake: Path, disk: Disk | None = None) -> None:
    config = IngestConfig(inputs=[str(source)], lake=str(lake), workers=1)
    report = run.run(config, disk=disk or FailingDisk())
    assert report.failures == []


class FullDisk(FailingDisk):
    """From call `at` on nothing new can be written; renames and deletes work, as they do on a full disk."""

    def __init__(self, at: int | None = None) -> None:
        super().__init__(at, OSError(errno.ENOSPC, "No space left on device"), lasting=True)

    def _tick(self, what: str) -> None:
        if not what.startswith(("write", "mkdir")):
            self.made.append(what)
            next(self.calls)
        else:
            super()._tick(what)


EIO = "Input/output error"
FAULTS: dict[str, Callable[[int], FailingDisk]] = {
    "the disk is full": FullDisk,
    "the disk was full once": lambda at: FailingDisk(at, OSError(errno.ENOSPC, "No space left on device")),
    "the disk broke": lambda at: FailingDisk(at, OSError(errno.EIO, EIO), lasting=True, torn=False),
    "the disk failed once": lambda at: FailingDisk(at, OSError(errno.EIO, EIO), torn=False),
}


def calls(source: Path, lake: Path) -> list[str]:
    disk = FailingDisk()
    ingest(source, lake, disk)
    return disk.made


def stopped(source: Path, lake: Path, disk: FailingDisk) -> bool:
    """Whether a run with this disk was stopped; anything but a kill or one sentence is a mistake."""
    try:
        ingest(source, lake, disk)
    except Crash:
        return True
    except LakeError as error:
        if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in (errno.ENOSPC, errno.EIO):
            raise
        return True
    return False


def holds(lake: Path) -> None:
    """Every promise holds, and nothing is left over anywhere."""
    assert verify(Lake(lake)).problems == ()
    assert sorted(path.name for path in (lake / "_staging").iterdir()) == []


def rows(lake: Path) -> list[tuple[str, int]]:
    """Where the rows of articles, duplicates and rejects came from."""
    found = []
    for name in ("articles", "duplicates", "rejects"):
        for file in sorted((lake / name).glob("*/*.parquet")):
            table = pq.ParquetFile(file).read(columns=["origin_file", "origin_row"])
            found += list(zip(table["origin_file"].to_pylist(), table["origin_row"].to_pylist(), strict=True))
    return sorted(found)


MINE = [("mine.jsonl", n) for n in range(6)]
OTHERS = [("others.jsonl", n) for n in range(3)]


CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
LOCKED = ("_lock", "owner")  # files that are made to be locked: the lake's, and that of a run's workplace
WRITING = os.O_WRONLY | os.O_RDWR


class Watch:
    """Every change below a folder that Python itself makes, and whether the disk's object made it."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.past: list[str] = []
        sys.addaudithook(self.see)  # for good: a hook cannot be taken away

    def see(self, event: str, given: tuple[Any, ...]) -> None:
        if self.folder is None or event not in CHANGES or not str(given[0]).startswith(self.folder):
            return
        if event == "open" and (not given[2] & WRITING or str(given[0]).endswith(LOCKED)):
            return
        frames = [frame for frame, _ in traceback.walk_stack(sys._getframe(1))]
        if not any(isinstance(frame.f_locals.get("self"), Disk) for frame in frames):
            self.past.append(f"{event} {given[0]}")


def test_a_run_makes_every_change_of_the_lake_through_the_disk(mine: Path, tmp_path: Path) -> None:
    watch = Watch()
    watch.folder = str(tmp_path / "lake")
    made = calls(mine, tmp_path / "lake")
    (tmp_path / "lake" / "note.txt").touch()  # what is watched for is seen
    watch.folder = None
    assert [change.split()[0] for change in watch.past] == ["open"]
    assert sum(call.startswith("write") for call in made) == 1 + 2 + 2 * 6  # headlines, parts of rows, tables
    assert any(call.startswith("unlink owner") for call in made)


def state(lake: Path) -> frozenset[tuple[str, object]]:
    """What the next run depends on: all names and bytes; of a run its name is left out, and of `runs` the clock."""
    return frozenset(_states(lake))


def _states(lake: Path) -> Iterator[tuple[str, object]]:
    for path in lake.rglob("*"):
        name = re.sub(r"work-[^/]+", "work", str(path.relative_to(lake)))
        if HALF_OF_RUNS.fullmatch(name) or name.startswith("runs/"):
            yield name, path.is_file() and path.read_bytes()[-4:] == b"PAR1"
        else:
            yield name, path.read_bytes() if path.is_file() else b""


def carried_on(source: Path, others: Path, lake: Path) -> list[tuple[str, int]]:
    """What is in the lake when another writer came after the crash; then mine is run again, and all is there."""
    ingest(others, lake)  # with copies of what was half way
    holds(lake)  # whether mine is run again or not
    known = rows(lake)
    ingest(source, lake)
    holds(lake)
    assert rows(lake) == [*MINE, *OTHERS]
    return known


def test_killed_anywhere_nothing_is_lost_twice_half_or_left_whether_it_is_run_again_or_not(
    mine: Path, others: Path, tmp_path: Path
) -> None:
    found: dict[frozenset[tuple[str, object]], list[tuple[str, int]]] = {}
    for at, call in enumerate(calls(mine, tmp_path / "count")):
        for torn in (False, True)[: 1 + call.startswith("write")]:  # before it, and in the middle of a write
            lake = tmp_path / f"{at} {torn}"
            assert stopped(mine, lake, FailingDisk(at, lasting=True, torn=torn))
            if (left := state(lake)) not in found:  # what a run finds is all that decides how it goes on
                found[left] = carried_on(mine, others, lake)
    assert len(found) > 60
    assert {len(known) for known in found.values()} == {3, 6, 9}  # of mine neither batch, one, or both


def test_killed_and_run_again_the_bytes_are_those_of_a_run_that_was_never_stopped(
    mine: Path, tmp_path: Path, full: bool
) -> None:
    made = calls(mine, tmp_path / "straight")
    for at in range(0, len(made), 1 if full else EVERY_FAULT):
        lake = tmp_path / str(at)
        assert stopped(mine, lake, FailingDisk(at, lasting=True))
        ingest(mine, lake)
        assert contents(lake) == contents(tmp_path / "straight")


def contents(lake: Path) -> dict[str, bytes]:
    """Every file but those of `runs`, which has the clock."""
    found = (path for path in lake.rglob("*") if path.is_file() and path.relative_to(lake).parts[0] != "runs")
    return {str(path.relative_to(lake)): path.read_bytes() for path in found}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_bad_disk_is_one_sentence_and_the_next_run_puts_things_right(
    fault: Callable[[int], FailingDisk], mine: Path, others: Path, tmp_path: Path, full: bool
) -> None:
    made = calls(mine, tmp_path / "count")
    told, seen = 0, set()
    for at in range(0, len(made), 1 if full else EVERY_FAULT):
        lake = tmp_path / str(at)
        told += stopped(mine, lake, fault(at))
        if (left := state(lake)) not in seen:
            seen.add(left)
            carried_on(mine, others, lake)
    # What fails while a run clears away after itself is left to the next one, and not worth a word.
    assert told > len(made) / (2 if full else 2 * EVERY_FAULT)


def test_killed_again_while_it_is_run_again_everything_is_right_by_the_third_time(
    mine: Path, others: Path, tmp_path: Path, full: bool
) -> None:
    first: dict[frozenset[tuple[str, object]], Path] = {}
    every = EVERY_FULL_PAIR if full else EVERY_PAIR
    for at in range(0, len(calls(mine, tmp_path / "count")), every):
        lake = tmp_path / f"{at}"
        lake.mkdir()
        assert stopped(mine, lake, FailingDisk(at, lasting=True))
        first.setdefault(state(lake), lake)
    pairs, seen = 0, set()
    for start in first.values():
        for at in itertools.count(pairs % every, every):
            lake = shutil.copytree(start, tmp_path / f"{start.name} {at}")
            if not stopped(mine, lake, FailingDisk(at, lasting=True)):
                break  # it was done in fewer calls
            pairs += 1
            if (left := state(lake)) not in seen:
                seen.add(left)
                carried_on(mine, others, lake)
            shutil.rmtree(lake)
    assert pairs > (400 if full else 30)
    print(f"\n{pairs} pairs of crashes, {len(seen)} different states", file=sys.stderr)
