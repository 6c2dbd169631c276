"""A whole run in plain Python: what comes in goes out, once, the same with any number of workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaners.catalog import CatalogError
from flows import plan
from flows.child import Limits
from flows.columns import InputError
from flows.observer import Observer
from flows.plan import Shard
from flows.prepare import Prepared, prepare
from flows.report import RunReport
from flows.run import run
from flows.settings import IngestConfig
from lake import Lake, LakeError
from lake.verify import verify

MISBEHAVING = str(Path(__file__).with_name("misbehaving.py"))
STORY = (
    "Warga kampung {n} menyambut pembukaan jembatan nomor {n} pada Senin pagi. "
    "Lurah {n} mengatakan jalan menuju pasar kini lebih pendek {n} menit.\n"
    "Baca juga: Jembatan Lama Nomor {n} Ditutup\n"
    "Pedagang di ujung jembatan berharap pembeli datang lagi sebelum musim hujan."
)


def lines(path: Path, numbers: range, **more: str) -> Path:
    with path.open("w") as out:
        for n in numbers:
            out.write(
                json.dumps(
                    {"id": str(n), "url": f"https://contoh{n % 7}.example/berita/{n}", "text": STORY.format(n=n)} | more
                )
                + "\n"
            )
    return path


def ingest(inputs: Path | list[Path], lake: Path, *, limits: Limits | None = None, **more: Any) -> RunReport:
    given = inputs if isinstance(inputs, list) else [inputs]
    config = IngestConfig(inputs=[str(path) for path in given], lake=str(lake), **{"workers": 1} | more)
    return run(config, limits=limits)


def files(lake: Path) -> dict[str, str]:
    """Name and SHA-256 of every file below a folder."""
    found = sorted(path for path in lake.rglob("*") if path.is_file())
    return {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def table(lake: Path, name: str) -> pa.Table:
    found = [pq.read_table(path, partitioning=None) for path in sorted((lake / name).glob("*/*.parquet"))]
    return pa.concat_tables(found)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_DOCUMENTS", 10)


def test_a_second_run_changes_no_file(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(5)), tmp_path / "lake"
    ingest(source, lake)
    before, stamps = files(lake), {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    report = ingest(source, lake)
    assert report.nothing_new
    assert report.sentence() == "Nothing new: the lake holds all of it already."
    assert files(lake) == before
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == stamps


@pytest.mark.usefixtures("small_shards")
def test_results_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    lines(source / "a.jsonl", range(25))
    lines(source / "b.jsonl", range(20, 40), outlet="Harian Contoh")
    (source / "c.jsonl").write_text("{broken\n" * 3)
    found = []
    for workers in (1, 2, 3):
        lake = tmp_path / f"lake{workers}"
        report = ingest(source, lake, workers=workers)
        assert report.shards == 5
        found.append({name: digest for name, digest in files(lake).items() if not name.startswith("runs/")})
    assert found[0] == found[1] == found[2]


@pytest.mark.usefixtures("small_shards")
def test_everything_read_is_accounted_for(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines(source, range(12))
    with source.open("a") as out:
        out.write('{broken\n{"text": null}\n' + json.dumps({"text": STORY.format(n=3)}) + "\n")
    report = ingest(source, tmp_path / "lake")
    assert report.documents == 15
    assert report.articles + report.duplicates + report.rejects == 15
    assert (report.rejects, dict(report.reasons)) == (2, {"broken-record": 1, "no-text": 1})
    assert [(copy.kind, copy.of_title) for copy in report.copies if copy.kind == "exact"] == [("exact", None)]
    assert verify(Lake(tmp_path / "lake")).problems == ()


@pytest.mark.usefixtures("small_shards")
def test_a_stopped_run_is_finished_by_the_next_with_the_same_bytes(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", range(35))

    class Stopping(Observer):
        def published(self, shard: Shard, row: Mapping[str, Any] | None) -> None:
            if shard.number == 1:
                raise KeyboardInterrupt

    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    ingest(source, whole)
    with pytest.raises(KeyboardInterrupt):
        run(IngestConfig(inputs=[str(source)], lake=str(stopped), workers=1), observer=Stopping())
    assert list((stopped / "_staging").iterdir()) == []
    report = ingest(source, stopped)
    assert report.documents == 15
    assert contents(stopped) == contents(whole)


def contents(lake: Path) -> dict[str, str]:
    return {name: digest for name, digest in files(lake).items() if not name.startswith("runs/")}


def test_a_page_that_hangs_its_child_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", range(3))
    with source.open("a") as out:
        out.write(json.dumps({"id": "bad", "text": "SPIN"}) + "\n")
        out.write(json.dumps({"id": "good", "text": STORY.format(n=9)}) + "\n")
    report = ingest(source, tmp_path / "lake", limits=Limits(cpu_seconds=2, program=(MISBEHAVING,)))
    assert (report.articles, dict(report.reasons), report.ok) == (4, {"timeout": 1}, True)
    (reject,) = table(tmp_path / "lake", "rejects").to_pylist()
    assert (reject["origin_id"], reject["payload"], reject["stage"]) == ("bad", b"SPIN", "run")


@pytest.mark.usefixtures("small_shards")
def test_a_shard_that_fails_is_told_and_the_others_are_published(tmp_path: Path) -> None:
    first, second = lines(tmp_path / "a.jsonl", range(10)), lines(tmp_path / "b.jsonl", range(10, 20))

    class Cutting(Observer):
        def planned(self, prepared: Prepared) -> None:
            lines(first, range(3))

    config = IngestConfig(inputs=[str(first), str(second)], lake=str(tmp_path / "lake"), workers=1)
    report = run(config, observer=Cutting())
    assert not report.ok
    assert report.failures == [
        "Shard 0 was given up: FileChanged: a.jsonl changed while it was being read; run again when it is complete"
    ]
    assert report.articles == 10


def test_a_file_that_grew_is_read_from_its_old_end(tmp_path: Path) -> None:
    source, lake = tmp_path / "in.jsonl", tmp_path / "lake"
    lines(source, range(3))
    ingest(source, lake)
    lines(source, range(5))
    report = ingest(source, lake)
    assert (report.grown_files, report.documents) == (("in.jsonl",), 2)
    assert sorted(table(lake, "articles")["origin_row"].to_pylist()) == [0, 1, 2, 3, 4]
    assert ingest(source, lake).nothing_new


def test_a_limit_reads_so_many_and_the_next_run_goes_on(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(5)), tmp_path / "lake"
    assert ingest(source, lake, limit=2).left_by_limit == 3
    assert [ingest(source, lake).documents, ingest(source, lake).documents] == [3, 0]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    report = ingest(lines(tmp_path / "in.jsonl", range(5)), tmp_path / "lake", dry_run=True)
    assert (report.planned, report.documents) == (5, 0)
    assert not (tmp_path / "lake").exists()


def test_an_outlet_hint_is_for_those_who_do_not_say_it(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    texts = [{"text": STORY.format(n=1)}, {"text": STORY.format(n=2), "outlet": "Koran Lain"}]
    source.write_text("".join(json.dumps(one) + "\n" for one in texts))
    ingest(source, tmp_path / "lake", outlet="Harian Contoh")
    rows = {row["origin_row"]: row["source"] for row in table(tmp_path / "lake", "articles").to_pylist()}
    assert rows == {0: "Harian Contoh", 1: "Koran Lain"}


def test_languages_that_were_not_asked_for_become_rejects(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    english = (
        "The mayor opened the new bridge on Monday morning, and the traders at its end were pleased with the crowd."
    )
    source.write_text(json.dumps({"text": STORY.format(n=1)}) + "\n" + json.dumps({"text": english}) + "\n")
    report = ingest(source, tmp_path / "lake", languages=["id", "ms"])
    assert (report.articles, report.rejects) == (1, 1)
    (reject,) = table(tmp_path / "lake", "rejects").to_pylist()
    assert reject["detail"] == "left out by --languages: it is en, asked for: id, ms"
    assert reject["payload"] == english.encode()


def test_originals_are_kept_on_request(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(2)), tmp_path / "lake"
    ingest(source, lake, keep_originals=True)
    payloads = table(lake, "originals")["payload"].to_pylist()
    assert sorted(payloads) == [STORY.format(n=n).encode() for n in range(2)]


def test_another_run_that_did_the_same_meanwhile_is_noticed(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(3)), tmp_path / "lake"

    class Overtaken(Observer):
        def planned(self, prepared: Prepared) -> None:
            ingest(source, lake)

    report = run(IngestConfig(inputs=[str(source)], lake=str(lake), workers=1), observer=Overtaken())
    assert (report.done_elsewhere, report.documents) == (1, 0)
    assert table(lake, "articles").num_rows == 3


def test_wrong_things_end_a_run_before_it_starts(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "salah.toml").write_text("nama = 1\n")
    source = lines(tmp_path / "in.jsonl", range(1))
    with pytest.raises(CatalogError):
        ingest(source, tmp_path / "lake", rules=str(rules))
    with pytest.raises(InputError):
        ingest(tmp_path / "none.jsonl", tmp_path / "lake")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(LakeError):
        ingest(source, tmp_path / "other")
    assert not (tmp_path / "lake").exists()


def test_the_leavings_of_a_dead_run_are_cleared_by_the_next(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(1)), tmp_path / "lake"
    ingest(source, lake)
    dead = lake / "_staging" / "work-dead"
    dead.mkdir()
    (dead / "owner").touch()
    assert ingest(source, lake).nothing_new
    assert not dead.exists()


def test_rules_that_changed_are_told(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(1)), tmp_path / "lake"
    ingest(source, lake)
    assert ingest(source, lake, without=["kompas"]).stale_files == ("in.jsonl",)


def test_a_run_says_which_columns_it_reads(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("isi_teks,tautan\nWarga menyambut jembatan itu.,https://contoh.example/1\n")
    prepared = prepare(IngestConfig(inputs=[str(source)], lake=str(tmp_path / "lake"), columns={"text": "isi_teks"}))
    (mapping,) = prepared.maps.values()
    assert mapping.used == (("text", "isi_teks"), ("url", "tautan"))


def test_a_config_is_the_same_after_a_trip_through_json() -> None:
    config = IngestConfig(inputs=["a"], lake="b", columns={"text": "isi"}, workers=2)
    assert IngestConfig.model_validate_json(config.model_dump_json()) == config


def test_a_run_that_finds_another_at_work_says_that_it_waits(tmp_path: Path) -> None:
    source, lake = lines(tmp_path / "in.jsonl", range(1)), tmp_path / "lake"
    Lake(lake, create=True)
    (lake / "_staging" / "work-dead").mkdir()  # so it needs the lock before it has planned
    told: list[str] = []
    with ExitStack() as other:
        other.enter_context(Lake(lake).lock())

        class Waiting(Observer):
            def waiting(self, seconds: float) -> None:
                told.append("waiting")
                other.close()

            def planned(self, prepared: Prepared) -> None:
                told.append("planned")

        run(IngestConfig(inputs=[str(source)], lake=str(lake), workers=1), observer=Waiting())
    assert told == ["waiting", "planned"]


def test_a_lake_without_its_folder_for_staging_is_mended(tmp_path: Path) -> None:
    """Whoever copies a lake may leave out what is empty."""
    source, lake = lines(tmp_path / "in.jsonl", range(2)), tmp_path / "lake"
    ingest(source, lake)
    (lake / "_staging").rmdir()
    assert ingest(source, lake).nothing_new
    lines(source, range(3))
    assert ingest(source, lake).articles == 1
    assert verify(Lake(lake)).problems == ()
