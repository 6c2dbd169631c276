"""Compaction: the same rows in fewer, sorted files, whatever stops it and whoever publishes meanwhile."""

from __future__ import annotations

import datetime
import itertools
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, Crash, FailingDisk, batch, bytes_of, cleaned, publish
from test_duplicates import Story, edited, text
from test_reconcile import ingest, of_old_scheme

import lake.compact
import lake.merge
from cleaners.fingerprint import SCHEME
from lake import Lake, LakeError
from lake.clusters import Clusters
from lake.compact import Different, closed, compact, compact_into, months_of
from lake.digest import row_digests
from lake.merge import COMPACTED_BY
from lake.reconcile import reconcile
from lake.schema import TABLES, article_row, table
from lake.signatures import rehash
from lake.verify import verify

NEXT = NOW + datetime.timedelta(days=10)  # another month


@pytest.fixture
def full(tmp_path: Path) -> Lake:
    """Three batches of October, copies among them, and one of November."""
    made = Lake(tmp_path / "lake", create=True)
    publish(made, "b1", range(6))
    publish(made, "b2", range(6, 12), rejects=3)
    publish(made, "b3", range(3, 9))
    with made.lock():
        made.publish(batch(made, "b4", range(10, 16)), NEXT)
    return made


def rows_of(lake: Lake, name: str) -> list[str]:
    files = sorted((lake.path / name).glob("*/*.parquet"))
    return sorted(repr(row) for file in files for row in pq.ParquetFile(file).read().to_pylist())


def everything(lake: Lake) -> dict[str, list[str]]:
    return {name: rows_of(lake, name) for name in TABLES}


def test_the_rows_stay_and_the_files_become_few_and_sorted(full: Lake) -> None:
    before = everything(full)
    october, november = months_of(full)
    done = compact(full, october, NEXT)
    assert everything(full) == before
    assert (done.files, done.rows) == ((18, 6), october.rows)
    assert [len(list((full.path / name / "ingested=2026-10").iterdir())) for name in TABLES] == [1] * 6
    (file,) = (full.path / "articles" / "ingested=2026-10").iterdir()
    kept = pq.ParquetFile(file).read(["source", "date_published", "id"])
    assert kept.equals(kept.sort_by([(name, "ascending") for name in COMPACTED_BY["articles"]]))
    assert verify(Lake(full.path)).holds
    assert months_of(full)[0].tables == ()
    assert months_of(full)[1] == november


def test_a_month_that_is_compact_is_left_as_it_is(full: Lake) -> None:
    compact(full, months_of(full)[0], NEXT)
    before = bytes_of(full)
    done = compact(full, months_of(full)[0], NEXT)
    assert bytes_of(full) == before
    assert done.files == (6, 6)


def test_only_months_in_which_nothing_comes_any_more_are_closed(full: Lake) -> None:
    assert [month.month for month in closed(months_of(full), NEXT)] == ["2026-10"]
    with pytest.raises(LakeError, match="no month 2025-01: it has 2026-10, 2026-11"):
        months_of(full, ["2025-01"])


def test_large_tables_are_cut_into_files_and_groups(full: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.merge, "MAX_FILE_ROWS", 6)
    monkeypatch.setattr(lake.compact, "MAX_FILE_ROWS", 6)
    monkeypatch.setattr(lake.merge, "ROW_GROUP_ROWS", 2)
    monkeypatch.setattr(lake.merge, "SPILL_ROWS", 4)
    monkeypatch.setattr(lake.merge, "READ_ROWS", 3)
    before = everything(full)
    compact(full, months_of(full)[0], NEXT)
    assert everything(full) == before
    files = [pq.ParquetFile(file) for file in (full.path / "articles" / "ingested=2026-10").iterdir()]
    assert sorted(file.metadata.num_rows for file in files) == [6, 6]
    assert {file.metadata.row_group(n).num_rows for file in files for n in range(file.num_row_groups)} == {2}
    assert months_of(full)[0].tables == ()


def test_large_rows_make_small_groups(full: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.merge, "MAX_GROUP_BYTES", 6000)
    before = everything(full)
    compact(full, months_of(full)[0], NEXT)
    assert everything(full) == before
    (file,) = (full.path / "articles" / "ingested=2026-10").iterdir()
    assert 1 < pq.ParquetFile(file).num_row_groups <= 12


def test_the_digest_of_a_row_is_that_of_its_values_alone() -> None:
    rows = table("articles", [article_row(cleaned(n), id=f"{n:032x}", batch="b", ruleset="r") for n in range(50)])
    whole = row_digests(rows.to_batches()[0])
    parts = [row_digests(part) for part in rows.slice(7).to_batches(max_chunksize=3)]
    assert np.array_equal(whole[7:], np.concatenate(parts))
    assert len({*whole.tolist()}) == 50


@pytest.mark.parametrize("name", TABLES["articles"].names)
def test_a_value_that_changes_changes_the_digest_of_its_row(name: str) -> None:
    row = article_row(cleaned(1), id="a" * 32, batch="b", ruleset="r") | {"duplicate_of": "b" * 32, "wire_source": ""}
    field = TABLES["articles"].field(name)
    others: dict[object, list[object]] = {
        pa.string(): ["other", "", None],
        pa.int32(): [7, 0],
        pa.int64(): [7, 0, None],
        pa.float32(): [0.5, None],
        pa.date32(): [datetime.date(2020, 1, 1), None],
    }
    lists: list[object] = [[], [""], ["a", "b"], ["ab"], ["b", "a"]]
    if pa.types.is_list(field.type):
        lists = lists if pa.types.is_string(field.type.value_type) else [[], [dict.fromkeys(("title", "url"), "a")]]
        lists = [[], [{"language": "id", "share": 0.5}]] if name == "language_shares" else lists
        values = lists
    elif pa.types.is_timestamp(field.type):
        values = [NOW, NOW + datetime.timedelta(microseconds=1), None]
    elif pa.types.is_fixed_size_binary(field.type):
        values = [bytes(128), b"a" * 128, None]
    else:
        values = others[field.type]
    schema = pa.schema([one.with_nullable(True) for one in TABLES["articles"]])
    rows = pa.Table.from_pylist([row | {name: value} for value in values], schema=schema)
    assert len({*row_digests(rows.to_batches()[0]).tolist()}) == len(values)


def test_rows_that_come_back_otherwise_stop_it_before_anything_goes(
    full: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(full)
    add = lake.merge.Files.add

    def changed(files: lake.merge.Files, group: pa.Table) -> None:
        at = group.column_names.index("batch")
        upper = pc.utf8_upper(group.column("batch"))
        add(files, group.set_column(at, group.schema.field(at), upper))

    monkeypatch.setattr(lake.merge.Files, "add", changed)
    with pytest.raises(Different, match="or some of them differ"):
        compact(full, months_of(full)[0], NEXT)
    assert bytes_of(full) == before
    assert list((full.path / "_staging").iterdir()) == []


def test_stopped_at_any_call_the_rows_are_there_and_it_can_be_done_again(tmp_path: Path) -> None:
    small = Lake(tmp_path / "small", create=True, disk=FailingDisk())
    publish(small, "b1", range(2))
    publish(small, "b2", range(1, 3))
    before = everything(small)
    for at in itertools.count():
        made = Lake(shutil.copytree(small.path, tmp_path / "lake"), disk=FailingDisk(at))
        try:
            compact(made, months_of(made)[0], NEXT)
            break
        except Crash:
            assert everything(made) == before
        again = Lake(made.path, disk=FailingDisk())
        compact(again, months_of(again)[0], NEXT)
        assert everything(again) == before
        assert months_of(again)[0].tables == ()
        assert {path.name[:4] for path in (again.path / "_staging").iterdir()} <= {"old-"}
        shutil.rmtree(made.path)
    assert at > 40


def test_batches_published_while_it_works_are_not_lost(full: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty batches, one after each table that is written; without the links of the exchange they would be gone."""
    compare, published = lake.compact._compare, []

    def published_meanwhile(*given: object) -> None:
        compare(*given)  # type: ignore[arg-type]
        name = f"n{len(published)}"
        publish(Lake(full.path), name, range(100 + 3 * len(published), 103 + 3 * len(published)))
        published.append(name)

    monkeypatch.setattr(lake.compact, "_compare", published_meanwhile)
    for _ in range(3):
        compact(full, months_of(full)[0], NEXT)
    assert len(published) == 18
    assert Lake(full.path).done() == {"b1", "b2", "b3", "b4", *published}
    assert verify(Lake(full.path)).holds


def test_signatures_made_anew_are_put_into_their_rows(tmp_path: Path) -> None:
    made = Lake(tmp_path / "lake", create=True)
    ingest(made, "b1", Story(text(1), "detik"), Story(text(2), "kompas"), change=of_old_scheme)
    ingest(made, "b2", Story(text(3), "detik"), change=of_old_scheme)
    assert rehash(made, NOW) == 3
    told = [(part.rows["id"].to_pylist(), part.rows["minhash_signature"].to_pylist()) for part in made.scan_keys()]
    compact(made, months_of(made)[0], NEXT)
    (file,) = (made.path / "articles" / "ingested=2026-10").iterdir()
    rows = pq.ParquetFile(file).read()
    assert set(rows["minhash_scheme"].to_pylist()) == {SCHEME}
    signed = dict(zip(rows["id"].to_pylist(), rows["minhash_signature"].to_pylist(), strict=True))
    assert signed == {id: one for ids, found in told for id, one in zip(ids, found, strict=True)}
    assert sum(pq.read_metadata(one).num_rows for one in (made.path / "signatures").glob("*/*.parquet")) == 0
    assert made.status().other_schemes == {}


def test_signatures_are_made_anew_of_a_compact_lake_too(tmp_path: Path) -> None:
    made = Lake(tmp_path / "lake", create=True)
    ingest(made, "b1", Story(text(1), "detik"), Story(text(2), "kompas"), change=of_old_scheme)
    ingest(made, "b2", Story(text(3), "detik"), change=of_old_scheme)
    compact(made, months_of(made)[0], NEXT)
    assert made.status().other_schemes == {"w5-old/0": 3}
    assert rehash(made, NOW) == 3
    assert rehash(made, NOW) == 0
    assert made.status().other_schemes == {}
    ingest(made, "b3", Story(edited(2, 10), "tempo"))
    assert made.status().rows["duplicates"] == 1
    compact(made, months_of(made)[0], NEXT)
    assert made.status().other_schemes == {}
    assert verify(made).holds


def test_reconciliations_go_on_counting(tmp_path: Path) -> None:
    made = Lake(tmp_path / "lake", create=True)
    ingest(made, "b1", Story(text(1), "detik"), Story(text(2), "kompas"), change=of_old_scheme)
    ingest(made, "b2", Story(edited(1, 10), "tempo"))
    rehash(made, NOW)
    assert reconcile(made, NOW).batch == "reconcile000001"
    joined = Clusters.read(made.path).joined
    compact(made, months_of(made)[0], NEXT)
    assert Clusters.read(made.path).joined == joined
    assert Clusters.read(made.path).next_batch() == "reconcile000002"


def test_a_new_lake_beside_this_one_has_the_same_rows(full: Lake, tmp_path: Path) -> None:
    before, files = everything(full), bytes_of(full)
    told: list[str] = []
    compact_into(full, tmp_path / "new", NEXT, lambda done: told.append(done.month))
    assert told == ["2026-10", "2026-11"]
    made = Lake(tmp_path / "new")
    assert everything(made) == before
    assert len(bytes_of(made)) == 12
    assert bytes_of(full) == files
    assert verify(made).holds
    with pytest.raises(LakeError, match="name a new folder"):
        compact_into(full, tmp_path / "new", NEXT)


def test_a_new_lake_that_was_not_finished_is_begun_anew(full: Lake, tmp_path: Path) -> None:
    before = everything(full)
    calls = FailingDisk()
    compact_into(Lake(full.path, disk=calls), tmp_path / "all", NEXT)
    for at in range(0, len(calls.made), 11):
        with pytest.raises(Crash):
            compact_into(Lake(full.path, disk=FailingDisk(at)), tmp_path / "new", NEXT)
        assert not (tmp_path / "new").exists()
    compact_into(full, tmp_path / "new", NEXT)
    assert everything(Lake(tmp_path / "new")) == before
    assert not (tmp_path / "new.unfinished").exists()
