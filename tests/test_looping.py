"""Four readers that never stop, while batches come, are compacted, forgotten, cleaned again: no wrong answer, ever.

A reader that listed files before they were replaced may be told loudly that one is not there; it reads again. With
`--full` it goes on for minutes. Each rename takes 2 ms longer than it would, as on a disk over a network.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lake_samples import NOW, batch
from looping_reader import TOOLS

from flows.reclean import Wanted, reclean
from lake import Lake
from lake.compact import compact, months_of
from lake.disk import Disk
from lake.forget import forget
from lake.schema import row_id
from lake.selection import Selection
from lake.verify import verify

READER = str(Path(__file__).with_name("looping_reader.py"))
SECONDS, FULL_SECONDS = 8, 180
START_SECONDS = 600.0  # machines are loaded; only what never comes takes so long
ROWS = 6  # of a batch
EVERY_COMPACT, EVERY_FORGET, EVERY_RECLEAN = 7, 3, 10  # batches between two
MONTHS = (NOW, NOW + datetime.timedelta(days=1))  # the last day of a month, and the first of the next
# What a reader is told when a file that it had listed was replaced meanwhile.
LOUD = re.compile(
    r"No such file|not found|could not be found|Cannot open file|os error 2|Failed to open", re.IGNORECASE
)


class SlowDisk(Disk):
    """Renames and deletes over a network."""

    def rename(self, old: Path, new: Path) -> None:
        time.sleep(0.002)
        super().rename(old, new)

    def unlink(self, path: Path) -> None:
        time.sleep(0.002)
        super().unlink(path)

    def exchange(self, one: Path, other: Path) -> None:
        time.sleep(0.002)
        super().exchange(one, other)


class Writer:
    """Publishes, compacts and forgets, and says in logs beside the lake what readers have to see."""

    def __init__(self, path: Path) -> None:
        self.path, self.lake, self.batches = path, Lake(path, create=True, disk=SlowDisk()), 0
        self.done = {"published": 0, "compacted": 0, "forgotten": 0, "recleaned": 0}

    def say(self, log: str, line: str) -> None:
        with self.path.with_suffix(f".{log}").open("a") as file:
            file.write(f"{line}\n")

    def publish(self) -> None:
        name, when = f"b{self.batches}", MONTHS[self.batches % 2]
        with self.lake.lock():
            self.lake.recover(when)
            first = self.batches * ROWS
            self.lake.publish(batch(None, name, range(first, first + ROWS), rejects=0), when)
        self.say("come", f"{name}:{ROWS}")
        self.batches += 1
        self.done["published"] += 1

    def compact(self) -> None:
        for month in months_of(self.lake):
            compact(self.lake, month, MONTHS[1])
            self.done["compacted"] += 1

    def forget(self) -> None:
        number = self.done["forgotten"] * ROWS * EVERY_FORGET  # the first of its batch
        id = row_id(f"b{number // ROWS}", 0)
        self.say("going", id)
        forget(self.lake, Selection(urls=(f"https://rekaan.example/{number}",)), MONTHS[1])
        self.say("gone", id)
        self.done["forgotten"] += 1

    def reclean(self) -> None:
        other = ("kompas", "detik")[self.done["recleaned"] % 2]  # every row names the rules it was cleaned by
        assert not reclean(self.lake, Wanted(without=(other,), workers=1)).same
        self.done["recleaned"] += 1

    def step(self) -> None:
        self.publish()
        if self.batches % EVERY_FORGET == 0:
            self.forget()
        if self.batches % EVERY_COMPACT == 0:
            self.compact()
        if self.batches % EVERY_RECLEAN == 0:
            self.reclean()


def until(holds, seconds: float) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_readers_that_never_stop_see_no_wrong_answer(tmp_path: Path, full: bool) -> None:
    writer = Writer(tmp_path / "lake")
    writer.publish()
    command = [sys.executable, READER]
    readers = {
        tool: subprocess.Popen([*command, tool, str(writer.path)], stdout=subprocess.PIPE, text=True) for tool in TOOLS
    }
    try:
        until(lambda: all(writer.path.with_suffix(f".{tool}").exists() for tool in TOOLS), START_SECONDS)
        end = time.monotonic() + (FULL_SECONDS if full else SECONDS)
        while time.monotonic() < end or not all(writer.done.values()):
            writer.step()
    finally:
        writer.path.with_suffix(".stop").touch()
        told = {tool: json.loads(process.communicate(timeout=START_SECONDS)[0]) for tool, process in readers.items()}
    print(f"\n{writer.done} {json.dumps(told, indent=1)}", file=sys.stderr)
    assert [(tool, found["wrong"]) for tool, found in told.items() if found["wrong"]] == []
    assert all(found["right"] for found in told.values())
    assert [error for found in told.values() for error in found["errors"] if not LOUD.search(error)] == []
    verdict = verify(Lake(writer.path))
    assert verdict.problems == ()
    assert verdict.rows["articles"] == writer.batches * ROWS - writer.done["forgotten"]


WRONG = {
    "a row twice": ([("b1", 0), ("b1", 0), ("b1", 1)], (), (), "1 ids twice"),
    "a hole": ([("b1", 0)], (), (), "1 rows of 2 missing of batch b1"),
    "a batch that is gone": ([("b2", 0)], (), (), "2 rows of 2 missing of batch b1"),
    "a row that was forgotten": ([("b1", 0), ("b1", 1)], (), (("b1", 1),), "1 forgotten rows are there"),
    "a row that is being forgotten may be there": ([("b1", 0), ("b1", 1)], (("b1", 1),), (), None),
    "a row that is being forgotten may be gone": ([("b1", 0)], (("b1", 1),), (), None),
    "a batch that has come meanwhile": ([("b1", 0), ("b1", 1), ("b2", 0)], (), (), None),
}


@pytest.mark.parametrize(("seen", "going", "gone", "said"), WRONG.values(), ids=WRONG)
def test_the_readers_know_a_wrong_answer(seen, going, gone, said) -> None:  # type: ignore[no-untyped-def]
    from looping_reader import fault

    rows = [(row_id(*one), one[0]) for one in seen]
    assert fault(rows, {"b1": 2}, {row_id(*one) for one in going}, {row_id(*one) for one in gone}) == said
