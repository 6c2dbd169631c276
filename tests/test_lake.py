"""The lake as its users meet it: opening, its lock, what it knows of batches, inputs, copies and rejects."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, RULESET, FailingDisk, batch, bytes_of, cleaned, publish, reject, story, with_run

from cleaners.article import Document
from lake import BatchInput, BatchTables, Lake, LakeError, run_row
from lake.read import KEYS, known_inputs
from lake.schema import TABLES, article_row, reject_row, row_id, table
from lake.verify import verify


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", create=True)


# --- opening


def test_a_new_lake_is_empty_and_opens_again(lake: Lake) -> None:
    again = Lake(lake.path)
    assert again.done() == frozenset()
    assert again.runs().schema.equals(TABLES["runs"])
    assert Lake(lake.path, create=True).status().rows == dict.fromkeys(TABLES, 0)


def test_a_place_without_a_lake_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"no lake at .*nowhere: saring ingest"):
        Lake(tmp_path / "nowhere")


def test_a_folder_of_other_things_is_not_taken_for_a_lake(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("kepada ibu")
    with pytest.raises(LakeError, match="not a lake"):
        Lake(tmp_path)
    with pytest.raises(LakeError, match="other things than a lake"):
        Lake(tmp_path, create=True)
    with pytest.raises(LakeError, match="other things than a lake"):
        Lake(tmp_path / "letter.txt", create=True)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_a_lake_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    disk = FailingDisk(0, PermissionError(13, "Permission denied"))
    with pytest.raises(LakeError, match="cannot be written: Permission denied"):
        Lake(tmp_path / "lake", create=True, disk=disk)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_lake_in_a_folder_of_somebody_else_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LakeError, match="cannot be written"):
        Lake(tmp_path / "lake", create=True)


def test_another_schema_version_stops_the_run(lake: Lake) -> None:
    publish(lake, "b1", range(2))
    (file,) = (lake.path / "runs").glob("*/*.parquet")
    foreign = pq.read_table(file, partitioning=None).replace_schema_metadata({"saring.schema_version": "2"})
    pq.write_table(foreign, file)
    for create in (False, True):
        with pytest.raises(LakeError, match="schema version 2, this program with 1"):
            Lake(lake.path, create=create)


def test_a_torn_file_of_runs_stops_the_run_by_its_name(lake: Lake) -> None:
    publish(lake, "b1", range(2))
    (file,) = (lake.path / "runs").glob("*/*.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(LakeError, match=f"{file.name} cannot be read .*: saring lake verify names all such files"):
        Lake(lake.path)


# --- the lock


def test_nothing_is_changed_without_the_lock(lake: Lake) -> None:
    with pytest.raises(RuntimeError, match="lock"):
        lake.publish(batch(lake, "b1", range(2)), NOW)
    with pytest.raises(RuntimeError, match="lock"):
        lake.recover()


def test_the_wait_for_the_lock_is_shown_and_ends_with_its_holder(lake: Lake) -> None:
    hold = (
        "import sys; from lake import Lake; l = Lake(sys.argv[1]).lock(); l.__enter__(); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, lake.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        waited: list[float] = []

        def waiting(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 2:
                holder.send_signal(signal.SIGKILL)

        with lake.lock(waiting):
            assert waited[0] < waited[1]


def test_a_lake_that_cannot_be_locked_is_one_sentence(lake: Lake) -> None:
    (lake.path / "_lock").unlink()
    (lake.path / "_lock").mkdir()
    with pytest.raises(LakeError, match="cannot be written"), lake.lock():
        pass


BATCHES = 24
SHARED = 10  # articles that every batch holds: clusters that two writers would both found
PATIENCE_SECONDS = 600.0  # machines are loaded; only what never comes takes so long


class SlowDisk(FailingDisk):
    """A network disk: 1 ms a call, so that two writers that do not wait for each other are sure to meet."""

    def _tick(self, what: str) -> None:
        time.sleep(0.001)


def write_batches(path: str, names: list[str], together: Barrier) -> None:
    """One writer: its batches in order, each decided and published under the lock; started again, it goes on."""
    lake = Lake(path, disk=SlowDisk())
    together.wait(PATIENCE_SECONDS)
    for name in names:
        publish(lake, name, [*range(SHARED), SHARED + int(name[1:])])


def test_two_writers_that_are_killed_and_started_again_lose_nothing(lake: Lake) -> None:
    spawn = multiprocessing.get_context("spawn")
    names = [[f"b{n}" for n in range(start, BATCHES, 2)] for start in (0, 1)]
    for kill_after in (2, 5, None):  # batches that have come in this round; then to the end
        together = spawn.Barrier(len(names))
        writers = [spawn.Process(target=write_batches, args=(str(lake.path), mine, together)) for mine in names]
        for writer in writers:
            writer.start()
        before, since = len(lake.done()), time.monotonic()
        while kill_after and len(lake.done()) < before + kill_after and time.monotonic() < since + PATIENCE_SECONDS:
            time.sleep(0.003 * kill_after)
        for writer in writers:
            if kill_after:
                writer.kill()
            writer.join(PATIENCE_SECONDS)
    assert [writer.exitcode for writer in writers] == [0, 0]
    verdict = verify(Lake(lake.path))
    assert verdict.problems == ()
    assert verdict.rows["articles"] == SHARED + BATCHES
    assert verdict.rows["duplicates"] == SHARED * (BATCHES - 1)


# --- what it holds


def test_a_batch_is_done_when_it_stands_in_runs(lake: Lake) -> None:
    publish(lake, "b1", range(3))
    publish(lake, "b2", range(2, 5))
    assert lake.done() == Lake(lake.path).done() == {"b1", "b2"}
    assert lake.runs()["batch"].to_pylist() == ["b1", "b2"]


def given(sha256: str, start: int, stop: int, records: int, continues: str | None = None) -> BatchInput:
    return BatchInput(f"{sha256}.jsonl", sha256, records * 10, records, start, stop, continues)


KNOWN = {
    "read whole": ([given("a", 0, 9, 9)], {"a": (((0, 9),), True)}),
    "a range is missing": ([given("a", 0, 3, 9), given("a", 6, 9, 9)], {"a": (((0, 3), (6, 9)), False)}),
    "ranges in any order": ([given("a", 5, 9, 9), given("a", 0, 5, 9)], {"a": (((0, 9),), True)}),
    "it grew and was continued": (
        [given("a", 0, 5, 5), given("b", 5, 8, 8, "a")],
        {"a": (((0, 5),), True), "b": (((0, 8),), True)},
    ),
    "it grew, the first range of the rest is missing": (
        [given("a", 0, 5, 5), given("b", 7, 8, 8, "a")],
        {"a": (((0, 5),), True), "b": (((0, 5), (7, 8)), False)},
    ),
    "it grew twice": (
        [given("a", 0, 5, 5), given("b", 5, 8, 8, "a"), given("c", 8, 9, 9, "b")],
        {"a": (((0, 5),), True), "b": (((0, 8),), True), "c": (((0, 9),), True)},
    ),
    "an empty file": ([given("a", 0, 0, 0)], {"a": (((0, 0),), True)}),
}


@pytest.mark.parametrize(("inputs", "expected"), KNOWN.values(), ids=KNOWN)
def test_runs_say_what_was_read_of_each_file(inputs: list[BatchInput], expected: dict[str, object]) -> None:
    runs = run_row(
        {},
        run="r",
        batch="b1",
        shard=0,
        inputs=inputs,
        documents=0,
        ruleset=RULESET,
        started=NOW,
        finished=NOW,
        versions={},
    )
    known = known_inputs(runs)
    assert {sha: (one.ranges, one.complete) for sha, one in known.items()} == expected
    assert all(one.rulesets == {RULESET} and one.size == one.records * 10 for one in known.values())


def test_keys_are_streamed_file_by_file_and_only_what_is_new(lake: Lake) -> None:
    publish(lake, "b1", range(3))
    seen: set[str] = set()
    for keys in lake.scan_keys():
        seen.add(keys.file)
        assert tuple(keys.rows.schema.names) == KEYS
    assert len(seen) == 2  # the file of duplicates too, though it is empty
    publish(lake, "b2", range(2, 5))
    fresh = [(keys.table, keys.rows.num_rows) for keys in lake.scan_keys(seen)]
    assert fresh == [("articles", 2), ("duplicates", 1)]


def test_texts_come_by_id_from_articles_and_copies(lake: Lake) -> None:
    publish(lake, "b1", range(3))
    publish(lake, "b2", range(2, 5))
    wanted = {row_id("b1", 0): story(0), row_id("b2", 0): story(2), row_id("b2", 2): story(4)}
    assert lake.texts([*wanted, "0" * 32]) == wanted
    files = {keys.file for keys in lake.scan_keys() if "/b2-" in keys.file}
    assert set(lake.texts(wanted, files)) == {row_id("b2", 0), row_id("b2", 2)}
    assert lake.texts([]) == {}


def test_status_says_what_is_in_the_lake(lake: Lake) -> None:
    publish(lake, "b1", range(3))
    publish(lake, "b2", range(2, 5), rejects=2)
    status = lake.status(last=1)
    assert status.rows == {"links": 1, "removals": 12, "duplicates": 1, "rejects": 3, "articles": 5, "runs": 2}
    assert status.batches == 2
    assert [(line.batch, line.documents, line.rejects) for line in status.last] == [("b2", 5, 2)]
    assert status.last[0].finished == NOW + datetime.timedelta(seconds=2)
    assert status.open_rejects == {"no-story": 3}
    assert status.size_bytes == sum(len(data) for data in bytes_of(lake).values())
    assert status.unfinished == ()


def test_a_reject_is_open_until_it_was_read_again(lake: Lake) -> None:
    publish(lake, "b1", range(1), rejects=3)
    refused = [row_id("b1", 1), row_id("b1", 2)]
    kept = cleaned(7, document=Document(text="", reject_id=refused[0]))
    still = reject(document=Document(text="", reject_id=refused[1]))
    tables = {
        "articles": table("articles", [article_row(kept, id=row_id("b2", 0), batch="b2", ruleset=RULESET)]),
        "rejects": table("rejects", [reject_row(still, id=row_id("b2", 1), batch="b2", ruleset=RULESET)]),
    }
    with lake.lock():
        lake.publish(with_run("b2", tables, 2), NOW)
    assert lake.status().open_rejects == {"no-story": 2}  # the one never read again, and the one rejected again


def test_runs_count_by_outlet_what_a_drift_alarm_needs(lake: Lake) -> None:
    publish(lake, "b1", range(4))
    run = lake.runs().to_pylist()[0]
    outlet, unknown = run["outlets"]
    assert (unknown["source"], unknown["rejects"], unknown["articles"]) == (None, run["rejects"], 0)
    assert outlet["source"] == "rekaan"
    assert (outlet["articles"], outlet["duplicates"], outlet["flagged"], outlet["without_title"]) == (4, 0, 2, 0)
    assert outlet["chars_in"] == run["chars_in"] == sum(len(cleaned(n).article.text) for n in range(4))
    assert (
        outlet["chars_removed"] == run["chars_removed"] == 4 * len("JAKARTA, HARIAN REKAAN - \nIkuti saluran kami ✨")
    )
    assert outlet["kinds"] == [{"kind": "dateline", "count": 4}, {"kind": "promo", "count": 4}]
    assert outlet["rules"] == [{"rule": "rekaan/dateline", "count": 4}, {"rule": "rekaan/saluran", "count": 4}]
    assert outlet["languages"] == [{"language": "id", "count": 4}]
    assert outlet["residue"] == 0
    assert run["rejected"] == [{"stage": "clean", "reason": "no-story", "count": 1}]
    assert run["flags"] == [{"flag": "glued", "count": 2}]
    assert (run["documents"], run["seconds"]) == (5, 2.0)


# --- readers


READERS = {
    "duckdb": lambda path: duckdb.sql(f"select * from '{path}/*/*.parquet'").to_arrow_table().num_rows,
    "polars": lambda path: pl.read_parquet(f"{path}/*/*.parquet", hive_partitioning=True).height,
    "pandas": lambda path: len(pd.read_parquet(path)),
    "pyarrow": lambda path: ds.dataset(path, partitioning="hive").to_table().num_rows,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_reader_reads_every_table_with_empty_batches_among_them(read, lake: Lake) -> None:  # type: ignore[no-untyped-def]
    publish(lake, "b1", range(0), rejects=0)
    publish(lake, "b2", range(3))
    publish(lake, "b3", range(2, 4))
    rows = {"articles": 4, "duplicates": 1, "links": 1, "removals": 10, "rejects": 2, "runs": 3}
    assert {name: read(lake.path / name) for name in TABLES} == rows


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_reader_reads_a_table_that_is_empty(read, lake: Lake) -> None:  # type: ignore[no-untyped-def]
    publish(lake, "b1", range(0), rejects=0)
    assert read(lake.path / "articles") == 0


def test_optional_tables_are_published_with_their_batch(lake: Lake) -> None:
    good = batch(lake, "b1", range(1))
    original = {"id": row_id("b1", 0), "payload": b"x", "media_type": "text/plain", "encoding": "utf-8", "batch": "b1"}
    with lake.lock():
        lake.publish(BatchTables("b1", RULESET, {**good.tables, "originals": table("originals", [original])}), NOW)
    assert lake.status().rows["originals"] == 1
    assert verify(lake).problems == ()
