"""Publishing a batch: the same bytes for the same rows, and all or nothing wherever it is stopped."""

from __future__ import annotations

import datetime
import errno
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, RULESET, Crash, FailingDisk, batch, bytes_of, cleaned, publish, with_run

from lake import BatchTables, Lake, LakeError
from lake.schema import TABLES, article_row, table
from lake.verify import verify
from lake.write import ROW_GROUP_ROWS, encode, waiting

LAST = 12  # articles of the batches here: enough for copies and for ties


def articles(count: int) -> pa.Table:
    return table(
        "articles", [article_row(cleaned(n), id=f"{n:032x}", batch="b", ruleset=RULESET) for n in range(count)]
    )


# --- bytes


SAME = {
    "rows in another order": lambda t: t.take(list(range(t.num_rows))[::-1]),
    "in many chunks": lambda t: pa.concat_tables([t.slice(n, 1) for n in range(t.num_rows)]),
    "sliced out of a longer table": lambda t: pa.concat_tables([t, t]).combine_chunks().slice(t.num_rows),
    "columns in another order": lambda t: t.select(t.column_names[::-1]),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same_rows_give_the_same_bytes(change) -> None:  # type: ignore[no-untyped-def]
    assert encode("articles", change(articles(40))) == encode("articles", articles(40))


def test_a_table_read_back_gives_the_same_bytes() -> None:
    written = encode("articles", articles(40))
    assert encode("articles", pq.read_table(pa.BufferReader(written))) == written


def test_a_table_without_rows_has_no_row_group() -> None:
    for name in TABLES:
        metadata = pq.ParquetFile(pa.BufferReader(encode(name, TABLES[name].empty_table()))).metadata
        assert (metadata.num_rows, metadata.num_row_groups) == (0, 0)


def test_rows_are_sorted_by_id_in_groups_of_a_size() -> None:
    links = table(
        "links",
        [{"id": f"{n * 7919 % 5000:05}", "other": "o", "kind": "near", "batch": "b"} for n in range(5000)],
    )
    file = pq.ParquetFile(pa.BufferReader(encode("links", links)))
    assert file.read(columns=["id"])["id"].to_pylist() == sorted(links["id"].to_pylist())
    assert [file.metadata.row_group(n).num_rows for n in range(2)] == [ROW_GROUP_ROWS, 5000 - ROW_GROUP_ROWS]


# --- what is refused before anything is written


def spoiled(how: str) -> BatchTables:
    good = batch(None, "b1", range(3))
    tables = dict(good.tables)
    match how:
        case "an article is missing":
            tables["articles"] = tables["articles"].slice(1)
        case "a document is missing":
            tables = dict(with_run("b1", {n: t for n, t in tables.items() if n != "runs"}, 99).tables)
        case "rows of another batch":
            tables["removals"] = batch(None, "b2", range(3)).tables["removals"]
        case "no row in runs":
            del tables["runs"]
        case "another ruleset":
            return BatchTables("b1", "f" * 16, tables)
        case "another schema":
            tables["articles"] = tables["articles"].drop_columns(["flags"])
    return BatchTables("b1", RULESET, tables)


@pytest.mark.parametrize(
    "how",
    [
        "an article is missing",
        "a document is missing",
        "rows of another batch",
        "no row in runs",
        "another ruleset",
        "another schema",
    ],
)
def test_a_batch_whose_accounts_do_not_add_up_leaves_nothing(how: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    with lake.lock(), pytest.raises(ValueError, match=r"b1|flags"):
        lake.publish(spoiled(how), NOW)
    assert bytes_of(lake) == {}
    assert waiting(lake.path) == []


def test_a_batch_is_published_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    publish(lake, "b1", range(3))
    with lake.lock(), pytest.raises(LakeError, match="already"):
        lake.publish(batch(None, "b1", range(3)), NOW + datetime.timedelta(days=40))


def test_names_that_would_leave_their_folder_are_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    with lake.lock(), pytest.raises(LakeError, match="letters and digits"):
        lake.publish(batch(None, "../b1", range(3)), NOW)


def test_the_month_is_that_of_the_clock_in_utc(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    with lake.lock():
        lake.publish(batch(lake, "b1", range(2)), datetime.datetime.fromisoformat("2026-11-01T06:59:59+07:00"))
        with pytest.raises(LakeError, match="zone"):
            lake.publish(batch(lake, "b2", range(2)), datetime.datetime(2026, 11, 1))
    assert {name.split("/")[1] for name in bytes_of(lake)} == {"ingested=2026-10"}


# --- stopped at every call


def a_lake(path: Path) -> Lake:
    """A lake with one batch, so that copies of older rows are among the cases."""
    lake = Lake(path, create=True, disk=FailingDisk())
    publish(lake, "b0", range(LAST, LAST + 3))
    return lake


def calls_of_a_publish(path: Path) -> list[str]:
    a_lake(path / "count")
    disk = FailingDisk()
    publish(Lake(path / "count", disk=disk), "b1", range(LAST))
    return disk.made


def crashed(path: Path, at: int, numbers: range = range(LAST)) -> Lake:
    """A lake on which a run was killed at call `at` of publishing b1."""
    lake = a_lake(path)
    with pytest.raises(Crash):
        publish(Lake(path, disk=FailingDisk(at)), "b1", numbers)
    return lake


def holds(lake: Lake, batches: set[str]) -> None:
    """Every promise holds, these batches are complete, and nothing is left over."""
    verdict = verify(Lake(lake.path))
    assert verdict.problems == ()
    assert verdict.restored == verdict.rows["articles"] + verdict.rows["duplicates"]
    assert Lake(lake.path).done() == batches
    assert waiting(lake.path) == []


def test_the_calls_are_those_of_the_protocol(tmp_path: Path) -> None:
    made = calls_of_a_publish(tmp_path)
    tables = ["links", "removals", "duplicates", "rejects", "articles", "runs"]
    assert [call for call in made if call.startswith("write")] == [f"write {name}.part" for name in tables]
    commit = made.index(f"rename b1-{RULESET}.2026-10.ready")
    assert made[commit - 1] == f"sync b1-{RULESET}.2026-10.tmp"
    assert made[commit + 1] == "sync _staging"
    assert made[commit + 2 :] == [
        *["mkdir ingested=2026-10", f"rename b1-{RULESET}.parquet", "sync ingested=2026-10"] * len(tables),
        f"rmdir b1-{RULESET}.2026-10.ready",
        "sync _staging",
    ]


def test_stopped_anywhere_and_never_run_again_a_batch_is_absent_or_whole(tmp_path: Path) -> None:
    made = calls_of_a_publish(tmp_path)
    commit = made.index(f"rename b1-{RULESET}.2026-10.ready")
    for at in range(len(made)):
        lake = crashed(tmp_path / str(at), at)
        publish(lake, "b2", range(3, LAST + 3))  # another writer, with copies of what was half way
        holds(lake, {"b0", "b1", "b2"} if at > commit else {"b0", "b2"})


def test_stopped_anywhere_and_run_again_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    for at in range(len(calls_of_a_publish(tmp_path))):
        lake = crashed(tmp_path / str(at), at)
        publish(lake, "b2", range(3, LAST + 3))
        publish(lake, "b1", range(LAST))
        holds(lake, {"b0", "b1", "b2"})


def test_a_batch_of_nothing_but_copies_is_known_to_be_done(tmp_path: Path) -> None:
    for at in range(len(calls_of_a_publish(tmp_path))):
        lake = crashed(tmp_path / str(at), at, range(LAST, LAST + 3))
        publish(lake, "b1", range(LAST, LAST + 3))
        holds(lake, {"b0", "b1"})


def state(lake: Lake) -> frozenset[tuple[str, bytes]]:
    """Everything on the disk: what happens next depends on nothing else."""
    paths = [path for path in lake.path.rglob("*") if path.name != "_lock"]
    return frozenset((str(p.relative_to(lake.path)), p.read_bytes() if p.is_file() else b"") for p in paths)


def test_stopped_again_while_recovering_everything_is_finished_by_the_third(tmp_path: Path) -> None:
    pairs, states = 0, {}
    for at in range(len(calls_of_a_publish(tmp_path))):
        first = crashed(tmp_path / str(at), at)
        for again in range(len(TABLES) * 3 + 3):
            lake = Lake(shutil.copytree(first.path, tmp_path / f"{at}-{again}"), disk=FailingDisk())
            second = Lake(lake.path, disk=FailingDisk(again))
            try:
                with second.lock():
                    second.recover()
            except Crash:
                pairs += 1
                states[state(lake)] = lake
            else:
                break  # it recovered in fewer calls
    assert pairs > 190
    assert 20 < len(states) < pairs  # most pairs leave what another left: each state is carried on once
    for lake in states.values():
        publish(lake, "b2", range(3, LAST + 3))
        publish(lake, "b1", range(LAST))
        holds(lake, {"b0", "b1", "b2"})


def test_at_every_moment_a_table_has_each_row_once_and_only_whole_files(tmp_path: Path) -> None:
    for at in range(len(calls_of_a_publish(tmp_path))):
        lake = crashed(tmp_path / str(at), at)
        kept = {name: pq.read_table(lake.path / name) for name in TABLES}
        ids = kept["articles"]["id"].to_pylist() + kept["duplicates"]["id"].to_pylist()
        assert len(ids) == len(set(ids))
        assert kept["articles"].num_rows in (3, LAST + 3)
        assert {r["article_id"] for r in kept["removals"].to_pylist()} >= set(kept["articles"]["id"].to_pylist())
        clusters = kept["articles"]["cluster_id"].to_pylist()
        assert len(clusters) == len(set(clusters))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full disk", "broken disk"])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_bad_disk_is_one_sentence_and_the_next_run_puts_things_right(
    code: int, lasting: bool, tmp_path: Path
) -> None:
    made = calls_of_a_publish(tmp_path)
    commit = made.index(f"rename b1-{RULESET}.2026-10.ready")
    for at in range(len(made)):
        lake = a_lake(tmp_path / str(at))
        failing = Lake(lake.path, disk=FailingDisk(at, OSError(code, "No space left on device"), lasting=lasting))
        with pytest.raises(LakeError, match="cannot be written: No space left on device") as raised:
            publish(failing, "b1", range(LAST))
        assert isinstance(raised.value.__cause__, OSError)
        assert raised.value.__cause__.errno == code
        assert ("Nothing of batch" in str(raised.value)) is (at <= commit)
        assert lasting or at > commit or waiting(lake.path) == []  # its own staging is gone
        publish(lake, "b1", range(LAST))
        holds(lake, {"b0", "b1"})


def test_a_full_disk_leaves_the_lake_as_it_was(tmp_path: Path) -> None:
    lake = a_lake(tmp_path / "lake")
    before = bytes_of(lake)
    failing = Lake(lake.path, disk=FailingDisk(5, OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(LakeError):
        publish(failing, "b1", range(LAST))
    assert bytes_of(lake) == before
    assert list((lake.path / "_staging").iterdir()) == []


def test_no_file_is_ever_replaced_by_other_bytes(tmp_path: Path) -> None:
    lake = crashed(tmp_path / "lake", calls_of_a_publish(tmp_path).index("rmdir b1-" + RULESET + ".2026-10.ready"))
    part = lake.path / "_staging" / f"b1-{RULESET}.2026-10.ready" / "articles.part"
    place = lake.path / "articles" / "ingested=2026-10" / f"b1-{RULESET}.parquet"
    part.write_bytes(place.read_bytes())  # a disk that kept both names: the same bytes are no harm
    with lake.lock():
        assert lake.recover() == ("b1",)
    holds(lake, {"b0", "b1"})
    part.parent.mkdir()
    part.write_bytes(b"other")
    with lake.lock(), pytest.raises(LakeError, match="other bytes"):
        lake.recover()


def test_one_lake_built_by_three_histories_has_the_same_bytes(tmp_path: Path) -> None:
    """Straight, through a crash, and through a full disk: the files are equal."""
    straight = a_lake(tmp_path / "straight")
    publish(straight, "b1", range(LAST))
    after_crash = crashed(tmp_path / "crash", 12)
    publish(after_crash, "b1", range(LAST))
    full = a_lake(tmp_path / "full")
    with pytest.raises(LakeError):
        publish(Lake(full.path, disk=FailingDisk(4, OSError(errno.ENOSPC, "full"))), "b1", range(LAST))
    publish(full, "b1", range(LAST))
    assert bytes_of(straight) == bytes_of(after_crash) == bytes_of(full)
