"""A lake that is cleaned again is the lake that today's rules would have made, and keeps its promises on the way."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SARING

from flows import plan
from flows.child import Limits
from flows.reclean import Wanted, radius, reclean, reclean_into
from flows.run import run
from flows.settings import IngestConfig
from lake import Lake, LakeError
from lake.compact import compact, months_of
from lake.exchange import Stale
from lake.forget import forget
from lake.selection import Selection
from lake.verify import verify

MISBEHAVING = str(Path(__file__).with_name("misbehaving.py"))
OUTLET = """
name = "Harian Rekaan"
hosts = ["rekaan.example"]
language = "id"
"""
RULE = """
[[rules]]
name = "{name}"
kind = "promo"
starts = ["{starts}"]
removes = "paragraph"
"""
EXAMPLE = """
[[examples]]
text = "Warga menyambut pembukaan itu dengan pawai dan musik bambu.{marked}"
"""
STAYS = """
[[examples]]
note = "Nothing else goes."
text = "Warga menyambut pembukaan itu dengan pawai dan musik bambu."
"""
MARKERS = {"kabar": "Kabar lain dari meja kami", "unduh": "Unduh aplikasi rekaan", "eater": "Lurah kampung"}
STORY = (
    "Warga kampung {n} menyambut pembukaan jembatan nomor {n} pada Senin pagi dengan pawai dan musik bambu.\n"
    "Lurah kampung {n} mengatakan jalan menuju pasar kini lebih pendek {n} menit daripada tahun lalu.\n"
    "Pedagang di ujung jembatan berharap pembeli datang lagi sebelum musim hujan yang ke-{n} tiba di sana."
)


def rules(*names: str) -> tuple[tuple[str, str], ...]:
    """An outlet file with some rules, each in an example."""
    text = OUTLET + "".join(RULE.format(name=name, starts=MARKERS[name]) for name in names)
    marked = "".join(f"{{--\\n{MARKERS[name]} hari ini.--}}" for name in names)
    return (("rekaan.toml", text + (EXAMPLE.format(marked=marked) if names else "") + STAYS),)


def record(n: int, *more: str, **fields: Any) -> dict[str, Any]:
    text = "\n".join([STORY.format(n=n), *more])
    return {"id": str(n), "url": f"https://rekaan.example/{n}", "title": f"Jembatan nomor {n}", "text": text} | fields


RECORDS = [
    *(record(n, f"{MARKERS['kabar']} nomor {n}.") for n in range(12)),
    record(3, f"{MARKERS['unduh']} {MARKERS['kabar']}", url="https://lain.example/3", id="copy of 3"),
    {"text": "Bagikan"},
    {"text": None},
    *(record(n, f"{MARKERS['unduh']} nomor {n}.", authors=["Sari Contoh"], date="2025-06-18") for n in range(20, 24)),
    {"id": "en", "text": "The mayor opened the new bridge on Monday and the traders were pleased with the crowd."},
]


MADE: dict[str, Path] = {}


def ingested(folder: Path, name: str, given: tuple[tuple[str, str], ...], **more: Any) -> Lake:
    """A lake of all records in batches of five, from two runs, by some rules; each is made once, and copied."""
    key = repr((given, more))
    if key not in MADE:
        MADE[key] = made(folder, name, given, **more).path
        shutil.copytree(MADE[key], folder / f"{name} kept")
        MADE[key] = folder / f"{name} kept"
        return Lake(folder / name / "lake")
    shutil.copytree(MADE[key], folder / name / "lake")
    return Lake(folder / name / "lake")


def made(folder: Path, name: str, given: tuple[tuple[str, str], ...], **more: Any) -> Lake:
    """Ingest all records in batches of five, by two runs."""
    (folder / name).mkdir()
    own = folder / name / "rules"
    own.mkdir()
    for file, text in given:
        (own / file).write_text(text)
    for part, records in (("a", RECORDS[:13]), ("b", RECORDS[13:])):
        source = folder / name / f"{part}.jsonl"
        source.write_text("".join(json.dumps(one) + "\n" for one in records))
        run(IngestConfig(inputs=[str(source)], lake=str(folder / name / "lake"), workers=1, rules=str(own), **more))
    return Lake(folder / name / "lake")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_DOCUMENTS", 5)


def contents(lake: Lake) -> dict[str, str]:
    """Name and SHA-256 of every file of every table but `runs`, which has the clock."""
    found = sorted(path for path in lake.path.glob("*/*/*.parquet") if "runs" not in path.parts)
    return {str(p.relative_to(lake.path)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def rows(lake: Lake, name: str) -> list[dict[str, Any]]:
    found = [pq.ParquetFile(path).read() for path in sorted((lake.path / name).glob("*/*.parquet"))]
    return sorted(pa.concat_tables(found).to_pylist(), key=lambda row: str(row.get("id") or row))


def tables(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    found = {name: rows(lake, name) for name in ("articles", "duplicates", "links", "removals", "rejects")}
    return found | {"rejects": [row | {"ruleset": None} for row in found["rejects"]]}  # they are not read again


def without_rejects(found: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in found.items() if not name.startswith("rejects/")}


def test_unchanged_rules_give_the_bytes_of_the_ingest(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules("kabar"), languages=["id"], keep_originals=True)
    found = reclean_into(lake, tmp_path / "new", Wanted(rules=rules("kabar"), workers=2))
    new = Lake(tmp_path / "new")
    assert contents(new) == contents(lake)
    assert (found.changed, found.retold, found.emptied, found.same) == (0, 0, 0, True)
    assert verify(new).problems == ()
    finished = [run["finished"] for run in lake.runs().to_pylist()]
    assert [run["finished"] for run in new.runs().to_pylist()] == finished
    assert all(run["recleaned"] for run in new.runs().to_pylist())


@pytest.mark.parametrize(
    ("then", "now"),
    [((), ("kabar",)), (("kabar",), ()), (("kabar",), ("kabar", "unduh")), (("eater", "kabar"), ("kabar",))],
    ids=["a rule came", "a rule went", "another came", "a greedy one went"],
)
def test_changed_rules_give_the_bytes_of_a_fresh_ingest(
    tmp_path: Path, then: tuple[str, ...], now: tuple[str, ...]
) -> None:
    lake, fresh = ingested(tmp_path, "old", rules(*then)), ingested(tmp_path, "fresh", rules(*now))
    found = reclean_into(lake, tmp_path / "new", Wanted(rules=rules(*now)))
    new = Lake(tmp_path / "new")
    assert without_rejects(contents(new)) == without_rejects(contents(fresh))
    assert tables(new) == tables(fresh)
    assert found.changed > 0
    assert verify(Lake(tmp_path / "new")).problems == ()
    reclean(lake, Wanted(rules=rules(*now)))
    assert tables(lake) == tables(fresh)
    assert verify(lake).problems == ()


def test_extracting_what_arrived_again_gives_the_same(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules("kabar"), keep_originals=True)
    reclean_into(lake, tmp_path / "new", Wanted(rules=rules("kabar"), extract=True))
    assert contents(Lake(tmp_path / "new")) == contents(lake)


def test_in_place_twice_is_once_and_where_nothing_changes_no_file_does(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    assert not reclean(lake, Wanted(rules=rules("kabar"))).same
    before = {path: path.stat().st_mtime_ns for path in lake.path.rglob("*.parquet")}
    found = reclean(Lake(lake.path), Wanted(rules=rules("kabar")))
    assert (found.changed, found.same) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in lake.path.rglob("*.parquet")} == before


def test_articles_become_copies_and_copies_articles_and_the_report_says_so(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    copies = {row["origin_id"] for row in rows(lake, "duplicates")}
    words = [f"kata{a}{b}" for a in "abcde" for b in "fghijklmn"]
    greedy = "\n".join(f"{MARKERS['unduh']} {' '.join(words[at : at + 9])}" for at in range(0, len(words), 9))
    source = tmp_path / "c.jsonl"
    source.write_text(
        json.dumps(record(30))
        + "\n"
        + json.dumps(record(30, greedy, url="https://rekaan.example/99", id="long"))
        + "\n"
    )
    run(IngestConfig(inputs=[str(source)], lake=str(lake.path), workers=1))
    assert {row["origin_id"] for row in rows(lake, "duplicates")} == copies
    found = reclean(lake, Wanted(rules=rules("unduh")))
    then = {row["origin_id"] for row in rows(lake, "duplicates")}
    assert "long" in then
    assert (found.became_copies, found.became_articles) == (len(then - copies), len(copies - then))
    assert verify(lake).problems == ()
    found = reclean(lake, Wanted(rules=rules()))
    assert {row["origin_id"] for row in rows(lake, "duplicates")} == copies
    assert (found.became_copies, found.became_articles) == (len(copies - then), len(then - copies))
    assert verify(lake).problems == ()


def test_an_article_without_a_story_becomes_a_reject_under_its_name_and_gets_its_second_chance(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    only = f"{MARKERS['eater']} mengatakan jalan menuju pasar kini lebih pendek daripada tahun lalu."
    source.write_text(json.dumps(record(1)) + "\n" + json.dumps(record(2, text=only)) + "\n")
    lake = Lake(tmp_path / "lake", create=True)
    run(IngestConfig(inputs=[str(source)], lake=str(lake.path), workers=1))
    (gone,) = [row for row in rows(lake, "articles") if row["origin_id"] == "2"]
    found = reclean(lake, Wanted(rules=rules("eater")))
    assert (found.emptied, found.changed) == (1, 1)
    (reject,) = rows(lake, "rejects")
    assert (reject["id"], reject["reason"], reject["payload"].decode()) == (gone["id"], "no-story", only)
    assert verify(lake).problems == ()
    run(IngestConfig(lake=str(lake.path), rejects=True, workers=1))
    (back,) = [row for row in rows(lake, "articles") if row["reject_id"]]
    assert (back["text"], back["title"], back["origin_id"]) == (only, "Jembatan nomor 2", "2")
    assert Lake(lake.path).status().open_rejects == {}
    assert verify(lake).problems == ()


def test_what_today_cannot_be_cleaned_stays_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(one) + "\n" for one in (record(1), record(2, text="SPIN"), record(3))))
    lake = Lake(tmp_path / "lake", create=True)
    run(IngestConfig(inputs=[str(source)], lake=str(lake.path), workers=1))
    before = tables(lake)
    found = reclean(lake, Wanted(rules=rules("eater")), limits=Limits(cpu_seconds=2, program=(MISBEHAVING,)))
    assert (found.articles, found.left) == (2, 1)
    stayed = [row for row in rows(lake, "articles") if row["text"] == "SPIN"]
    assert stayed == [row for row in before["articles"] if row["text"] == "SPIN"]
    assert verify(lake).problems == ()


def test_only_the_articles_of_one_outlet_are_cleaned_again(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    before = tables(lake)
    found = reclean(lake, Wanted(outlet="lain.example", rules=rules("kabar", "unduh")))
    assert found.articles == 1
    changed = [
        new["origin_id"]
        for name in ("articles", "duplicates")
        for new in rows(lake, name)
        if new["text"] not in {old["text"] for one in ("articles", "duplicates") for old in before[one]}
    ]
    assert set(changed) <= {"copy of 3"}
    assert verify(lake).problems == ()


def test_a_dry_run_says_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    before = {path: path.stat().st_mtime_ns for path in lake.path.rglob("*")}
    found = radius(lake, Wanted(rules=rules("kabar")))
    assert {path: path.stat().st_mtime_ns for path in lake.path.rglob("*")} == before
    assert found.changed == 12
    assert found.rules == {"rekaan/kabar": [12, 0]}
    assert {sample.taken.strip() for sample in found.samples} <= {f"{MARKERS['kabar']} nomor {n}." for n in range(12)}
    assert len(found.samples) == 3
    said = "\n".join(found.lines())
    assert "12 read differently" in said
    assert f"{{--{found.samples[0].taken}--}}".replace("\n", "¶") in said


def test_what_is_published_meanwhile_is_cleaned_again_too(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    source = tmp_path / "late.jsonl"
    source.write_text(json.dumps(record(40, f"{MARKERS['kabar']} nomor 40.")) + "\n")

    def publish(done: int, of: int) -> None:
        if done == 1 and of > 1:
            run(IngestConfig(inputs=[str(source)], lake=str(lake.path), workers=1))

    reclean(lake, Wanted(rules=rules("kabar")), progress=publish)
    (late,) = [row for row in rows(lake, "articles") if row["origin_id"] == "40"]
    assert late["text"] == STORY.format(n=40)
    assert verify(lake).problems == ()


def test_another_writer_that_replaces_files_meanwhile_stops_it_and_the_lake_is_as_it_was(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    before: dict[str, Any] = {}

    def replace(done: int, of: int) -> None:
        if done == of - 1 and not before:
            merge(lake)
            before.update(contents(lake))

    with pytest.raises(Stale, match=r"changed by another writer .* run it again"):
        reclean(lake, Wanted(rules=rules("kabar")), progress=replace)
    assert contents(lake) == before
    assert verify(lake).problems == ()
    assert reclean(lake, Wanted(rules=rules("kabar"))).changed == 12  # of batches whose rows lie in one file
    assert verify(lake).problems == ()


def merge(lake: Lake) -> None:
    """Put the files of the articles into one, as a compaction does."""
    files = sorted((lake.path / "articles").glob("*/*.parquet"))
    month = files[0].parent.name.removeprefix("ingested=")
    with lake.exchange() as exchange:
        exchange.write("articles", month, pa.concat_tables([pq.ParquetFile(file).read() for file in files]))
        exchange.drop("articles", month, [file.name for file in files])
        with lake.lock():
            exchange.commit(lake.runs().to_pylist()[-1]["finished"])


def test_what_was_forgotten_stays_out_when_today_makes_a_copy_of_it(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    same = record(1, url="https://lain.example/1", id="forgotten")
    source.write_text(json.dumps(same) + "\n" + json.dumps(record(1, f"{MARKERS['kabar']} nomor 1.")) + "\n")
    lake = Lake(tmp_path / "lake", create=True)
    run(IngestConfig(inputs=[str(source)], lake=str(lake.path), workers=1, keep_originals=True))
    forget(lake, Selection(urls=("https://lain.example/1",)), datetime.datetime.now(datetime.UTC))
    assert [row["origin_id"] for row in rows(lake, "articles")] == ["1"]
    reclean(lake, Wanted(rules=rules("kabar")))
    assert rows(lake, "articles") == rows(lake, "originals") == []
    assert [row["reason"] for row in rows(lake, "rejects")] == ["forgotten"]
    assert verify(lake).problems == ()


def test_a_compacted_lake_is_cleaned_again_too(tmp_path: Path) -> None:
    lake, fresh = ingested(tmp_path, "old", rules()), ingested(tmp_path, "fresh", rules("kabar"))
    for month in months_of(lake):
        compact(lake, month, datetime.datetime.now(datetime.UTC))
    reclean(lake, Wanted(rules=rules("kabar")))
    assert tables(lake) == tables(fresh)
    assert verify(lake).problems == ()


def test_a_stopped_one_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reclean_into(lake, tmp_path / "new", Wanted(rules=rules("kabar")), progress=stop)
    assert len(Lake(tmp_path / "new").done()) < len(lake.done())
    reclean_into(lake, tmp_path / "new", Wanted(rules=rules("kabar")))
    reclean_into(lake, tmp_path / "whole", Wanted(rules=rules("kabar")))
    assert contents(Lake(tmp_path / "new")) == contents(Lake(tmp_path / "whole"))
    with pytest.raises(LakeError, match="holds other batches than this would write"):
        reclean_into(lake, tmp_path / "new", Wanted(rules=rules("unduh")))
    with pytest.raises(LakeError, match="is the lake itself"):
        reclean_into(lake, lake.path, Wanted())


def test_an_outlet_that_nobody_knows_is_told_before_anything_is_read(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    for outlet, said in (("rekaa", "do you mean rekaan"), ("zzz", "it has ")):
        with pytest.raises(LakeError, match=said):
            radius(lake, Wanted(outlet=outlet, rules=rules()))


def test_the_command_tells_people_and_programs(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "old", rules())
    own = tmp_path / "rules"
    own.mkdir()
    for name, text in rules("kabar"):
        (own / name).write_text(text)

    def command(*given: str) -> subprocess.CompletedProcess[str]:
        ask = [SARING, "lake", "reclean", "--lake", str(lake.path), "--rules", str(own), *given]
        return subprocess.run(ask, capture_output=True, text=True)

    said: Mapping[str, Any] = json.loads(command("--dry-run", "--json").stdout)
    assert (said["changed"], said["rules"]) == (12, {"rekaan/kabar": {"more": 12, "fewer": 0}})
    done = command()
    assert (done.returncode, "12 read differently" in done.stdout) == (0, True), done.stderr
    assert command().stdout.endswith("Nothing changes, so no file was changed.\n")
    assert command("--dry-run", "--into", "x").returncode == 2
