"""Commands that care for a lake, stopped at each of their calls of the disk: nothing is lost, twice, half or left over.

Each runs here in one process, as a run does in `test_crash.py`. What it left is settled, another writer publishes
copies of what is in the lake, the command is run again: the promises hold after each of these, and at the end the
lake is the one that a command makes which was never stopped.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, Crash, FailingDisk
from test_crash import FAULTS, Now
from test_duplicates import Story, edited, text
from test_reclean import MARKERS, record, rules
from test_reconcile import ingest as publish
from test_reconcile import of_old_scheme

from cleaners.catalog import Catalog, load_catalog
from flows import plan, prepare, reclean, rework, run, second
from flows.child import disk_error
from flows.parts import LostRowsError, Rows
from flows.prepare import mend
from flows.reclean import Wanted
from flows.settings import IngestConfig
from flows.shard import Job, _verdict, documents
from lake import Lake, LakeError, layout
from lake.compact import compact, compact_into, months_of
from lake.disk import Disk
from lake.forget import forget
from lake.reconcile import reconcile
from lake.selection import Selection
from lake.signatures import rehash
from lake.verify import verify

# Of the calls that fail every so many is taken in the suite, all of them with --full.
EVERY_KILL, EVERY_FAULT = 7, 19
CLOCK = ("run", "started", "finished", "seconds", "recleaned", "forgotten")  # columns that no two runs have alike
ENGLISH = "The mayor opened the bridge at village {n} on Monday and {n} traders at its end were pleased with the crowd."


# --- in one process


@cache
def catalog_of(rules: tuple[tuple[str, str], ...] = ()) -> Catalog:
    return load_catalog(rules)


VERDICTS: dict[Any, Any] = {}  # the same articles come again and again, and cleaning is not the question
AT_WORK: list[Disk] = [FailingDisk()]  # the disk of the command that is being tried, and so of its child


class Here:
    """Clean in this process, through the command's own disk, in place of children that take a second to start."""

    def __init__(self, rules: Any = (), *_: Any) -> None:
        self.catalog = catalog_of(tuple(rules))

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def clean(self, job: Job, progress: Callable[[int], None] = lambda done: None) -> None:
        rows = Rows(job.batch, self.catalog.ruleset, job.keep_originals, disk=AT_WORK[0])
        for at, document in documents(job):
            name = (self.catalog.ruleset, job.batch, at, job.languages, repr(document))
            VERDICTS[name] = VERDICTS.get(name) or _verdict(document, job, at, self.catalog)
            rows.add(at, VERDICTS[name])
        try:
            rows.write(job.folder, job.start, job.stop)
        except LostRowsError as error:
            raise disk_error(job.folder, f"{error.errno} {error.strerror}") from error


@pytest.fixture(autouse=True)
def in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    one_after_the_other = lambda workers: _Pool()  # noqa: E731
    for module in (prepare, reclean):
        monkeypatch.setattr(module, "load_catalog", lambda rules=(), without=(): catalog_of(tuple(rules)))
    monkeypatch.setattr(prepare.Prepared, "crew", lambda self, limits: Here(self.rules))
    monkeypatch.setattr(reclean, "Crew", Here)
    monkeypatch.setattr(run, "pool_of", one_after_the_other)
    monkeypatch.setattr(rework, "pool_of", one_after_the_other)
    monkeypatch.setattr(plan, "SHARD_DOCUMENTS", 4)
    monkeypatch.setattr(second, "SHARD_DOCUMENTS", 1)


class _Pool(Now):
    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        pass


# --- the lake, and what is done to it


def ingest(place: Path, name: str, records: list[dict[str, Any]], disk: Disk | None = None, **more: Any) -> None:
    source = place / name
    source.write_text("".join(json.dumps(one) + "\n" for one in records))
    going(place, disk, inputs=[str(source)], **more)


def going(place: Path, disk: Disk | None = None, **config: Any) -> None:
    AT_WORK[0] = disk or FailingDisk()
    report = run.run(IngestConfig(lake=str(place / "lake"), workers=1, **config), disk=AT_WORK[0])
    assert report.failures == []


def articles(place: Path) -> None:
    """Two batches, cleaned without the rule that comes later: a copy, a reject, two left out for their language."""
    told = [record(n, f"{MARKERS['kabar']} nomor {n}.") for n in range(4)]
    told += [record(0, url="https://lain.example/0", id="copy"), {"text": "Bagikan"}]
    told += [{"id": f"en{n}", "text": ENGLISH.format(n=n)} for n in range(2)]
    ingest(place, "mine.jsonl", told, languages=["id"], keep_originals=True)


def copies(place: Path) -> None:
    """What another writer brings: copies out of both batches, and an article of its own."""
    told = [record(n, url=f"https://sana.example/{n}", id=f"other{n}") for n in (1, 3, 7)]
    ingest(place, "others.jsonl", told, languages=["id"])


def of_old_schemes(place: Path) -> None:
    """Articles with signatures of another scheme, and copies that were not found for it."""
    lake = Lake(place / "lake", create=True, disk=FailingDisk())
    publish(lake, "b1", Story(text(1), "detik"), Story(text(2), "kompas"), change=of_old_scheme)
    publish(lake, "b2", Story(text(3), "detik"), change=of_old_scheme)
    publish(lake, "b3", Story(edited(1, 10), "tempo"), Story(edited(3, 10), "tempo"))


def rehashed(place: Path) -> None:
    of_old_schemes(place)
    assert rehash(Lake(place / "lake", disk=FailingDisk()), NOW) == 3


def another(place: Path) -> None:
    lake = Lake(place / "lake", disk=FailingDisk())
    with lake.lock():
        lake.recover()
        there = "b9" in lake.done()
    if not there:
        publish(lake, "b9", Story(edited(2, 10), "antara"), Story(text(5), "antara"))


def opened(place: Path, disk: Disk) -> Lake:
    AT_WORK[0] = disk
    return Lake(place / "lake", disk=disk)


def compacted(place: Path, disk: Disk) -> None:
    lake = opened(place, disk)
    for month in months_of(lake):
        if month.tables:
            compact(lake, month, datetime.datetime.now(datetime.UTC))


def compacted_into(place: Path, disk: Disk) -> None:
    if not (place / "new").exists():
        compact_into(opened(place, disk), place / "new", datetime.datetime.now(datetime.UTC))


NEW_RULES = Wanted(rules=rules("kabar"), workers=1)
FORGET = Selection(urls=("https://rekaan.example/1",))


@dataclass(frozen=True)
class Case:
    """A command: what it is run on, who publishes meanwhile, and whether it does all at once or batch by batch."""

    run: Callable[[Path, Disk], object]
    make: Callable[[Path], None] = articles
    other: Callable[[Path], None] = copies
    at_once: bool = True
    new: bool = False  # it writes another lake, of the name `new`


CASES = {
    "reclean": Case(lambda at, disk: reclean.reclean(opened(at, disk), NEW_RULES)),
    "reclean --into": Case(
        lambda at, disk: reclean.reclean_into(opened(at, disk), at / "new", NEW_RULES), at_once=False, new=True
    ),
    "compact": Case(compacted),
    "compact --into": Case(compacted_into, new=True),
    "forget": Case(lambda at, disk: forget(opened(at, disk), FORGET, datetime.datetime.now(datetime.UTC))),
    "ingest --rejects": Case(lambda at, disk: going(at, disk, rejects=True, reasons=["other-language"]), at_once=False),
    "rehash": Case(lambda at, disk: rehash(opened(at, disk), NOW), of_old_schemes, another, at_once=False),
    "reconcile": Case(lambda at, disk: reconcile(opened(at, disk), NOW), rehashed, another),
}


FORGETS = CASES["forget"].run


# --- what is looked at


def holds(place: Path) -> None:
    """Every promise holds in each lake there, and of what was begun nothing is left over."""
    for lake in (place / "lake", place / "new"):
        if lake.exists():
            assert verify(Lake(lake)).problems == ()
            left = [path.name for path in (lake / "_staging").iterdir()]
            assert [name for name in left if not name.startswith("old-")] == []
    assert not (place / "new.unfinished").exists()


def rows(lake: Path) -> dict[str, list[str]]:
    """All rows of all tables, without what the clock and chance say."""
    found = {}
    for table in layout.PUBLISH_ORDER:
        made = [pq.ParquetFile(file).read() for file in layout.files(lake, table)]
        kept = pa.concat_tables(made).to_pylist() if made else []
        found[table] = sorted(repr({k: v for k, v in row.items() if k not in CLOCK}) for row in kept)
    return found


def everything(place: Path) -> list[Mapping[str, list[str]]]:
    return [rows(place / name) for name in ("lake", "new") if (place / name).exists()]


def inputs(place: Path) -> list[tuple[str, int, str | None]]:
    """Every document that was read, once: where it came from, and the reject that it was read from again."""
    found = []
    for table in ("articles", "duplicates", "rejects"):
        for file in layout.files(place / "lake", table):
            some = pq.ParquetFile(file).read(["origin_file", "origin_row", "reject_id"]).to_pylist()
            found += [(row["origin_file"], row["origin_row"], row["reject_id"]) for row in some]
    return sorted(found, key=repr)


def state(place: Path) -> frozenset[tuple[str, object]]:
    """What decides how it goes on: all names; bytes of what is not named by them; chance and the clock left out."""
    found = set()
    for path in place.rglob("*"):
        name = re.sub(r"(work|exchange|gone|titles)-[^/.]+", r"\1", str(path.relative_to(place)))
        name = re.sub(r"(runs/.*|runs|tombstones/.*|tombstones)/[^/]+\.parquet", r"\1/named by the clock", name)
        whole = path.is_file() and path.suffix in (".parquet", ".part", ".arrow") and path.read_bytes()[-4:]
        name = re.sub(r"new\.unfinished/.*", "new.unfinished/some of it", name)  # it is begun anew
        found.add((name, path.stat().st_size if path.is_file() and not whole else whole))
    return frozenset(found)


def copied(place: Path, to: Path) -> Path:
    """The same elsewhere; no file of a lake is ever changed, so the files are the same ones."""
    return Path(shutil.copytree(place, to, copy_function=os.link))


def stopped(case: Case, place: Path, disk: FailingDisk) -> bool:
    """Whether the command was stopped with this disk; anything but a kill or one sentence is a mistake."""
    try:
        case.run(place, disk)
    except Crash:
        return True
    except LakeError as error:
        if not isinstance(error.__cause__, OSError) or "\n" in str(error):
            raise
        return True
    return False


@dataclass
class Straight:
    """What comes of a command that is not stopped: before it, after it, and when another writer came before or after."""

    case: Case
    folder: Path

    def __post_init__(self) -> None:
        self.settled: set[Any] = set()  # what was carried on already
        self.made = self.folder / "made"
        self.made.mkdir()
        self.case.make(self.made)
        first, second = (copied(self.made, self.folder / name) for name in ("straight", "other first"))
        self.before = everything(first)
        disk = FailingDisk()
        self.case.run(first, disk)
        self.calls = disk.made
        self.after = everything(first)
        assert self.after != self.before or self.case.run is compacted
        self.case.other(first)
        self.case.run(first, FailingDisk())
        self.case.other(second)
        self.case.run(second, FailingDisk())
        self.ends = everything(first), everything(second)
        self.inputs = inputs(first)
        assert inputs(second) == self.inputs or self.case.run is FORGETS


STRAIGHT: dict[int, Straight] = {}


@pytest.fixture
def straight(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    """Made once for each command."""
    if id(case) not in STRAIGHT:
        STRAIGHT[id(case)] = Straight(case, tmp_path_factory.mktemp("straight"))
    return STRAIGHT[id(case)]


def run_again(straight: Straight, place: Path) -> None:
    """Run the command again as if nothing had been: all is there."""
    straight.case.run(place, FailingDisk())
    holds(place)
    if straight.case.at_once or straight.case.new:
        assert everything(place) == straight.after


def carried_on(straight: Straight, place: Path) -> None:
    """Settle what was left, let another writer come, run the command again; look at the lake after each."""
    case = straight.case
    for lake in (place / "lake", place / "new"):
        if lake.exists():
            mend(Lake(lake, create=True, disk=FailingDisk()), FailingDisk())
    if (settled := state(place)) in straight.settled:
        return  # what is found is all that decides how it goes on
    straight.settled.add(settled)
    assert verify(Lake(place / "lake")).problems == ()
    if case.at_once:
        assert everything(place) in (straight.before, straight.after)
    case.other(place)
    assert verify(Lake(place / "lake")).problems == ()
    case.run(place, FailingDisk())
    holds(place)
    if case.at_once or case.new:
        assert everything(place) in straight.ends
    if case.run is not FORGETS:
        assert inputs(place) == straight.inputs


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_killed_anywhere_it_is_done_or_not_and_the_next_one_puts_it_right(
    case: Case, straight: Straight, tmp_path: Path, full: bool
) -> None:
    seen = set()
    for at in range(0, len(straight.calls), 1 if full else EVERY_KILL):
        for torn in (False, True)[: 1 + straight.calls[at].startswith("write")]:
            place = copied(straight.made, tmp_path / f"{at} {torn}")
            assert stopped(case, place, FailingDisk(at, lasting=True, torn=torn))
            if (left := state(place)) not in seen:
                seen.add(left)
                if full or len(seen) % 2:
                    run_again(straight, copied(place, tmp_path / f"{at} {torn} again"))
                carried_on(straight, place)
            shutil.rmtree(place)
    assert len(seen) > (5 if full else 1)
    print(f"\n{len(straight.calls)} calls, {len(seen)} different states left", file=sys.stderr)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_disk_is_one_sentence_and_the_next_one_puts_things_right(
    case: Case, fault: Callable[[int], FailingDisk], straight: Straight, tmp_path: Path, full: bool
) -> None:
    seen = set()
    for at in range(0, len(straight.calls), 1 if full else EVERY_FAULT):
        place = copied(straight.made, tmp_path / str(at))
        stopped(case, place, fault(at))
        if (left := state(place)) not in seen:
            seen.add(left)
            if full:
                run_again(straight, copied(place, tmp_path / f"{at} again"))
            carried_on(straight, place)
        shutil.rmtree(place)
