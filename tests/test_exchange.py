"""Exchanging files of a lake: all or nothing wherever it is stopped, nothing lost, and no reader told wrongly."""

from __future__ import annotations

import datetime
import errno
import itertools
import os
import re
import shutil
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, RULESET, Crash, FailingDisk, batch, bytes_of, publish

from lake import Lake, LakeError
from lake.disk import Disk
from lake.exchange import Stale
from lake.layout import names_in
from lake.schema import TABLES, schema_of
from lake.swaps import GRACE
from lake.verify import verify
from lake.write import encode

LATER = NOW + datetime.timedelta(days=40)  # another month
DECEMBER_5 = datetime.datetime(2026, 12, 5, 10, 30, tzinfo=datetime.UTC)
OCTOBER, DECEMBER = "2026-10", "2026-12"


def a_lake(path: Path) -> Lake:
    """Three batches of October, the third of copies, and one of December."""
    lake = Lake(path, create=True, disk=FailingDisk())
    publish(lake, "b1", range(6))
    publish(lake, "b2", range(6, 9))
    publish(lake, "b3", range(3, 9))
    with lake.lock():
        lake.publish(batch(lake, "b4", range(8, 12)), LATER)
    return lake


def read(lake: Lake, table: str, month: str) -> tuple[pa.Table, list[str]]:
    """All rows of a month of a table, and the names of their files."""
    found = sorted((lake.path / table / f"ingested={month}").glob("*.parquet"))
    rows = [pq.ParquetFile(file).read() for file in found]
    return pa.concat_tables([schema_of(table).empty_table(), *rows]), [file.name for file in found]


def without(rows: pa.Table, name: str) -> pa.Table:
    return rows.filter(pa.array([row != name for row in rows["batch"].to_pylist()], pa.bool_()))


def merge(lake: Lake, months: tuple[str, ...] = (OCTOBER,), left_out: str = "", *, keep_old: bool = True) -> None:
    """Write every table of some months as one file, without the rows of one batch, and swap it in."""
    with lake.lock():
        lake.recover(NOW)
        with lake.exchange() as new:
            for table, month in itertools.product(TABLES, months):
                rows, replaced = read(lake, table, month)
                new.write(table, month, without(rows, left_out))
                new.drop(table, month, replaced)
            new.commit(NOW, keep_old=keep_old)


def ids(lake: Lake, table: str) -> list[str]:
    """The rows that a reader's glob gives, as it finds them."""
    found = sorted((lake.path / table).glob("*/*.parquet"))
    return sorted(repr(row) for file in found for row in pq.ParquetFile(file).read().to_pylist())


def staging(lake: Lake) -> list[str]:
    return sorted(path.name.split("-")[0] for path in (lake.path / "_staging").iterdir())


def holds(lake: Lake, batches: set[str]) -> None:
    verdict = verify(Lake(lake.path))
    assert verdict.problems == ()
    assert Lake(lake.path).done() == batches


# --- what it is


def test_the_rows_are_the_same_and_the_files_are_few(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    before = {table: ids(lake, table) for table in TABLES}
    merge(lake)
    assert {table: ids(lake, table) for table in TABLES} == before
    assert {name.split("/")[-1][:2] for name in bytes_of(lake) if OCTOBER in name} == {"c-"}
    assert len([name for name in bytes_of(lake) if OCTOBER in name]) == len(TABLES)
    assert {name for name in bytes_of(lake) if DECEMBER in name} == {
        f"{table}/ingested={DECEMBER}/b4-{RULESET}.parquet" for table in TABLES
    }
    holds(lake, {"b1", "b2", "b3", "b4"})


def test_what_was_replaced_is_kept_an_hour_for_readers(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    before = bytes_of(lake)
    merge(lake)
    (old,) = (lake.path / "_staging").iterdir()
    assert {path.relative_to(old).as_posix(): path.read_bytes() for path in old.rglob("*.parquet")} == {
        name: data for name, data in before.items() if OCTOBER in name
    }
    with lake.lock():
        lake.recover(NOW + GRACE - datetime.timedelta(seconds=1))
        assert staging(lake) == ["old"]
        lake.recover(NOW + GRACE)
    assert staging(lake) == []
    holds(lake, {"b1", "b2", "b3", "b4"})


def test_what_is_to_go_at_once_goes_with_all_that_was_kept_before(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    merge(lake)
    assert staging(lake) == ["old"]
    merge(lake, (OCTOBER, DECEMBER), "b4", keep_old=False)
    assert staging(lake) == []


def test_one_month_is_swapped_as_its_folder_and_several_as_the_whole_table(tmp_path: Path) -> None:
    for months, places in (
        ((OCTOBER,), [f"ingested={OCTOBER}"] * 6),
        ((OCTOBER, DECEMBER), ["articles", "duplicates"]),
    ):
        a_lake(tmp_path / str(len(months)))
        disk = FailingDisk()
        merge(Lake(tmp_path / str(len(months)), disk=disk), months)
        swapped = [call.removeprefix("exchange ") for call in disk.made if call.startswith("exchange")]
        assert swapped[1 : 1 + len(places)] == places  # the first tries the file system out


def test_files_that_stay_are_the_same_files(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    kept = lake.path / "articles" / f"ingested={OCTOBER}" / f"b2-{RULESET}.parquet"
    inode = kept.stat().st_ino
    with lake.lock(), lake.exchange() as new:
        rows, _ = read(lake, "articles", OCTOBER)
        new.write("articles", OCTOBER, without(without(rows, "b2"), "b3"))
        new.drop("articles", OCTOBER, [f"b1-{RULESET}.parquet", f"b3-{RULESET}.parquet"])
        assert new.commit(NOW)
    assert kept.stat().st_ino == inode
    holds(lake, {"b1", "b2", "b3", "b4"})


def test_a_month_that_loses_all_its_rows_keeps_a_file_for_its_readers(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    with lake.lock(), lake.exchange() as new:
        for table in TABLES:
            new.drop(table, DECEMBER, [f"b4-{RULESET}.parquet"])
        assert new.commit(NOW)
    for table in TABLES:
        (file,) = (lake.path / table / f"ingested={DECEMBER}").iterdir()
        assert pq.read_metadata(file).num_row_groups == 0
    holds(lake, {"b1", "b2", "b3"})


def test_a_table_that_was_not_there_is_put_in_its_place(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    row = {"id": "a", "batch": "b1", "reason": "url", "forgotten": NOW}
    with lake.lock(), lake.exchange() as new:
        new.write("tombstones", OCTOBER, pa.Table.from_pylist([row], schema=schema_of("tombstones")))
        assert new.commit(NOW, keep_old=False)
    assert len(ids(lake, "tombstones")) == 1
    assert staging(lake) == []


def test_what_changes_nothing_does_nothing(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    merge(lake)
    before = bytes_of(lake)
    merge(lake)
    assert bytes_of(lake) == before
    assert staging(lake) == ["old"]


# --- stopped at every call


TABLES_CHANGED = ("articles", "runs")  # two are as good as six, and the tests run in seconds
CASES = {
    "the same rows, one month": ((OCTOBER,), "", True),
    "the same rows, two months": ((OCTOBER, DECEMBER), "", True),
    "fewer rows, two months, nothing kept": ((OCTOBER, DECEMBER), "b4", False),
}
FEWER = CASES["fewer rows, two months, nothing kept"]


@dataclass(frozen=True)
class Change:
    """An exchange whose files are made already: table and month, the new file's bytes, the files it replaces."""

    parts: tuple[tuple[str, str, bytes, tuple[str, ...]], ...]
    keep_old: bool

    def run(self, lake: Lake) -> None:
        with lake.lock():
            lake.recover(NOW)
            with lake.exchange() as new:
                for table, month, data, replaced in self.parts:
                    new.put(table, month, data)
                    new.drop(table, month, replaced)
                new.commit(NOW, keep_old=self.keep_old)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake to be copied: an old generation lies in it, and several small files of each month."""
    lake = Lake(tmp_path_factory.mktemp("made") / "lake", create=True, disk=FailingDisk())
    publish(lake, "b1", range(3))
    merge(lake)
    with lake.lock():
        lake.publish(batch(lake, "b2", range(3, 5)), NOW)
        lake.publish(batch(lake, "b4", range(5, 8)), DECEMBER_5)
    assert staging(lake) == []
    (lake.path / "_staging" / "old-20261205T100000Z-0a").mkdir()
    (lake.path / "_staging" / "old-20261205T100000Z-0a" / "articles").mkdir()
    return lake


def change(lake: Lake, how: tuple[tuple[str, ...], str, bool]) -> Change:
    parts = []
    for table, month in itertools.product(TABLES_CHANGED, how[0]):
        rows, replaced = read(lake, table, month)
        parts.append((table, month, encode(table, without(rows, how[1])), tuple(replaced)))
    return Change(tuple(parts), how[2])


def copy(made: Lake, to: Path, disk: Disk | None = None) -> Lake:
    """The same lake elsewhere; no file of a lake is ever changed, so the files are the same ones."""
    return Lake(shutil.copytree(made.path, to, copy_function=os.link), disk=disk or FailingDisk())


def files(lake: Lake) -> dict[str, frozenset[str]]:
    """What a reader's glob over each table finds; a name says what is in a file."""
    return {t: frozenset(p.name for p in (lake.path / t).glob("*/*.parquet")) for t in TABLES}


def either(made: Lake, to: Path, change: Change) -> tuple[dict[str, frozenset[str]], ...]:
    """What the tables may hold: their files before, and after."""
    done = copy(made, to)
    change.run(done)
    return files(made), files(done)


@pytest.mark.parametrize("how", CASES.values(), ids=CASES)
def test_stopped_anywhere_each_table_is_whole_and_the_next_writer_finishes(
    how: tuple[tuple[str, ...], str, bool], made: Lake, tmp_path: Path
) -> None:
    to_do = change(made, how)
    before, after = either(made, tmp_path / "done", to_do)
    seen = []
    for at in itertools.count():
        lake = copy(made, tmp_path / str(at), FailingDisk(at))
        try:
            to_do.run(lake)
            break
        except Crash:
            lake = Lake(lake.path, disk=FailingDisk())
        for table, found in files(lake).items():
            assert found in (before[table], after[table]), (at, table)
        with lake.lock():
            lake.recover(NOW)
        assert not {"exchange", "gone"} & {*staging(lake)}
        assert files(lake) in (before, after), (at, "some tables are new and some are not")
        seen.append(files(lake) == after)
        if not seen[-1]:
            to_do.run(lake)
            assert files(lake) == after
        assert set(staging(lake)) == ({"old"} if how[2] else set())
        assert how[1] or verify(Lake(lake.path)).problems == ()
        shutil.rmtree(lake.path)
    assert seen == sorted(seen)  # before the commit nothing, after it everything
    assert set(seen) == {False, True}
    assert len(seen) > 20


def state(lake: Lake) -> frozenset[str]:
    """Everything on the disk but the name that chance gave: what happens next depends on nothing else."""
    found = [path.relative_to(lake.path).as_posix() for path in lake.path.rglob("*")]
    return frozenset(re.sub(r"(exchange|gone)-[0-9a-f]{12}", r"\1", path) for path in found)


def test_stopped_again_while_recovering_it_is_finished_by_the_third(made: Lake, tmp_path: Path) -> None:
    to_do = change(made, FEWER)
    before, after = either(made, tmp_path / "done", to_do)
    once: dict[frozenset[str], Lake] = {}
    for at in itertools.count():
        lake = copy(made, tmp_path / str(at), FailingDisk(at))
        try:
            to_do.run(lake)
            break
        except Crash:
            once.setdefault(state(lake), lake)  # most calls leave what another left: each is carried on once
    pairs = 0
    for number, first in enumerate(once.values()):
        for again in itertools.count():
            second = copy(first, tmp_path / f"{number}-{again}", FailingDisk(again))
            try:
                with second.lock():
                    second.recover(NOW)
                break
            except Crash:
                pairs += 1
            third = Lake(second.path, disk=FailingDisk())
            with third.lock():
                third.recover(NOW)
            assert files(third) in (before, after)
            assert not {"exchange", "gone"} & {*staging(third)}
            shutil.rmtree(third.path)
    assert pairs > 150


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full disk", "broken disk"])
def test_a_bad_disk_is_one_sentence_and_the_next_run_puts_things_right(code: int, made: Lake, tmp_path: Path) -> None:
    to_do = change(made, FEWER)
    before, after = either(made, tmp_path / "done", to_do)
    calls = FailingDisk()
    to_do.run(copy(made, tmp_path / "calls", calls))
    for at in range(len(calls.made)):
        fault = OSError(code, "No space left on device")
        lake = copy(made, tmp_path / str(at), FailingDisk(at, fault, lasting=True))
        with pytest.raises(LakeError, match="cannot be written: No space left on device") as raised:
            to_do.run(lake)
        assert raised.value.__cause__ is fault
        lake = Lake(lake.path, disk=FailingDisk())
        with lake.lock():
            lake.recover(NOW)
        assert files(lake) == (after if "What was begun" in str(raised.value) else before)
        shutil.rmtree(lake.path)


# --- others at work


def test_what_is_published_between_build_and_exchange_is_not_lost(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    with lake.exchange() as new:
        for table in TABLES:
            rows, replaced = read(lake, table, OCTOBER)
            new.write(table, OCTOBER, rows)
            new.drop(table, OCTOBER, replaced)
        publish(Lake(lake.path), "b5", range(20, 25))
        with lake.lock():
            assert new.commit(NOW)
    holds(lake, {"b1", "b2", "b3", "b4", "b5"})


class Meanwhile(Disk):
    """A disk on which another writer publishes a batch at the worst moment: when the new folders have their links."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        self.other = threading.Thread(target=lambda: publish(Lake(path), "b9", range(30, 33)))
        self.patience_seconds = patience_seconds

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        super().write(path, data, durable=durable)
        if path.name == "plan.json":
            self.other.start()
            self.other.join(self.patience_seconds)


@pytest.mark.parametrize("locked", [True, False], ids=["with the lock", "without the lock it would be lost"])
def test_what_is_published_at_the_worst_moment_is_there(
    locked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = a_lake(tmp_path / "lake")
    if not locked:
        monkeypatch.setattr("lake.store._try_lock", lambda handle: True)
    disk = Meanwhile(lake.path, 3 if locked else 600)  # who waits for the lock is not there before it is free
    merge(Lake(lake.path, disk=disk))
    disk.other.join()
    assert ("b9" in Lake(lake.path).done()) is locked
    if locked:
        holds(lake, {"b1", "b2", "b3", "b4", "b9"})


class Watched(FailingDisk):
    """Remembers what lay in the table of articles before each call, and after the last."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.seen = path, list[dict[str, frozenset[str]]]()

    def _tick(self, what: str) -> None:
        super()._tick(what)
        self.look()

    def look(self) -> None:
        self.seen.append({month: names_in(self.path, "articles", month) for month in (OCTOBER, DECEMBER)})


def test_whenever_a_reader_lists_and_opens_it_gets_all_of_one_state_or_no_such_file(made: Lake, tmp_path: Path) -> None:
    """It lists one month at any moment, the other at any later one, and opens all at any moment after that."""
    to_do = change(made, FEWER)
    disk = Watched(tmp_path / "lake")
    lake = copy(made, tmp_path / "lake", disk)
    disk.look()
    to_do.run(lake)
    disk.look()
    before, after = disk.seen[0], disk.seen[-1]
    assert all(before[month] != after[month] for month in before)
    told: Counter[str] = Counter()
    for one, other in ((OCTOBER, DECEMBER), (DECEMBER, OCTOBER)):
        for first, second, opened in itertools.combinations_with_replacement(disk.seen, 3):
            listed = {one: first[one], other: second[other]}
            if not all(listed[month] <= opened[month] for month in listed):
                told["no such file"] += 1
            else:
                assert listed in (before, after)
                told["right"] += 1
    assert told["right"] > 1000 < told["no such file"]


def test_what_another_has_replaced_meanwhile_stops_it_before_anything_changes(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    with lake.exchange() as new:
        rows, replaced = read(lake, "articles", OCTOBER)
        new.write("articles", OCTOBER, without(rows, "b1"))
        new.drop("articles", OCTOBER, replaced)
        merge(Lake(lake.path))
        with lake.lock(), pytest.raises(Stale, match="changed by another writer"):
            new.commit(NOW)
    assert staging(lake) == ["old"]
    holds(lake, {"b1", "b2", "b3", "b4"})


def test_what_is_being_built_is_left_alone_until_its_builder_is_gone(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    with lake.exchange() as new:
        new.write("articles", OCTOBER, read(lake, "articles", OCTOBER)[0])
        publish(Lake(lake.path), "b5", range(20, 25))
        assert staging(lake) == ["exchange"]
        left = shutil.copytree(new.folder, new.folder.with_name("exchange-dead.tmp"))  # nobody has this one locked
        publish(Lake(lake.path), "b6", range(25, 26))
        assert not left.exists()
        assert new.folder.is_dir()
    assert staging(lake) == []


def test_it_is_swapped_in_only_under_the_lock(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    with lake.exchange() as new, pytest.raises(RuntimeError, match="only under its lock"):
        new.commit(NOW)


# --- where it cannot be done


class NoExchange(Disk):
    """A file system without the call, or one (an overlay) that fails only for the folders of the lake."""

    def __init__(self, code: int, works: int) -> None:
        self.code, self.works = code, works

    def exchange(self, one: Path, other: Path) -> None:
        self.works -= 1
        if self.works < 0:
            raise OSError(self.code, "Invalid argument")
        super().exchange(one, other)


@pytest.mark.parametrize(
    ("code", "works"),
    [(errno.EINVAL, 0), (errno.ENOSYS, 0), (errno.ENOTSUP, 0), (errno.EXDEV, 1)],
    ids=["no such flag", "no such call", "not supported", "only in new folders"],
)
def test_where_folders_cannot_be_exchanged_nothing_changes_and_the_remedy_is_told(
    code: int, works: int, tmp_path: Path
) -> None:
    lake = a_lake(tmp_path / "lake")
    before = bytes_of(lake)
    with pytest.raises(LakeError, match="--into NEW"):
        merge(Lake(lake.path, disk=NoExchange(code, works)))
    with lake.lock():
        lake.recover(NOW)
    assert bytes_of(lake) == before
    assert staging(lake) == []


def test_what_is_no_file_of_a_lake_is_not_swapped_away(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    before = bytes_of(lake)
    note = lake.path / "articles" / f"ingested={OCTOBER}" / "notes.txt"
    note.write_text("mine")
    with pytest.raises(LakeError, match=r"notes\.txt is no file of a lake"):
        merge(lake)
    assert note.read_text() == "mine"
    assert bytes_of(lake) == before
    assert staging(lake) == []
