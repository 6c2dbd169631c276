"""Forgetting: rows leave every table and every byte, stay out, and everything is still accounted for."""

from __future__ import annotations

import datetime
import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, RULESET, Crash, FailingDisk, batch, bytes_of, publish
from test_duplicates import Story, edited, text
from test_exchange import state
from test_reconcile import ingest, of_old_scheme

from cleaners.urls import canonical_url
from flows.run import Going
from flows.run import run as run_all
from flows.settings import IngestConfig
from lake import BatchTables, Lake, LakeError
from lake.clusters import Clusters
from lake.compact import compact, months_of
from lake.forget import _Forgetting, forget, would_forget
from lake.reconcile import reconcile
from lake.schema import row_id, table
from lake.selection import Selection
from lake.signatures import rehash
from lake.tombstones import Tombstones, url_hash
from lake.verify import verify

LATER = NOW + datetime.timedelta(days=10)
ARTICLE = "https://kompas.com/read/2025/01/02/10000001/judul-lama"
SITE = "https://rekaan.example"
SAME_ARTICLE = "https://www.kompas.com/nasional/read/2025/01/02/10000001/judul-baru?utm_source=x"


def rows_of(lake: Lake, name: str) -> list[dict[str, Any]]:
    files = sorted((lake.path / name).glob("*/*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def by_id(lake: Lake, name: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows_of(lake, name)}


def url(number: int) -> Selection:
    return Selection(urls=(f"{SITE}/{number}",))


def left_of(lake: Lake, ids: set[str], words: str) -> list[str]:
    """Where anything of some rows still stands: in any Parquet file below the lake, whatever its name or folder."""
    found = []
    for file in (path for path in lake.path.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"PAR1"):
        said = [json.dumps(row, default=repr) for row in pq.ParquetFile(file).read().to_pylist()]
        if "tombstones" in file.parts:
            said = [one for one in said if words in one]
        found += [
            file.relative_to(lake.path).as_posix() for one in said if words in one or any(id in one for id in ids)
        ]
    return found


def accounts_hold(lake: Lake) -> None:
    """The law as the README queries it, and as verify counts it."""
    for run in rows_of(lake, "runs"):
        assert run["documents"] == run["articles"] + run["duplicates"] + run["rejects"] + run["forgotten"]
    verdict = verify(Lake(lake.path))
    assert verdict.problems == ()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three batches, the third of copies, and one of the next month with copies too."""
    made = Lake(tmp_path / "lake", create=True)
    publish(made, "b1", range(6))
    publish(made, "b2", range(6, 12))
    publish(made, "b3", range(3, 9))
    with made.lock():
        made.publish(batch(made, "b4", range(3, 7)), LATER)
    return made


# --- what goes, and what takes its place


def test_an_article_and_its_copies_leave_every_table(lake: Lake) -> None:
    gone = {row_id("b1", 4), row_id("b3", 1), row_id("b4", 1)}
    assert left_of(lake, gone, "menanam 4 pohon")
    done = forget(lake, url(4), LATER)
    assert done.rows == {"articles": 1, "duplicates": 2, "rejects": 0}
    assert left_of(lake, gone, "menanam 4 pohon") == []
    assert list((lake.path / "_staging").iterdir()) == []
    assert {row["id"] for row in rows_of(lake, "tombstones")} == gone
    assert {run["batch"]: run["forgotten"] for run in rows_of(lake, "runs")} == {"b1": 1, "b2": 0, "b3": 1, "b4": 1}
    accounts_hold(lake)


def test_the_next_oldest_copy_takes_the_place_of_a_forgotten_article(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    ingest(lake, "b1", Story(text(1), "kompas", ARTICLE, "Jembatan"))
    ingest(lake, "b2", Story(edited(1, 20), "detik"), Story(edited(1, 20), "tempo"))
    ingest(lake, "b3", Story(text(1), "antara"))
    first, second, third, fourth = row_id("b1", 0), row_id("b2", 0), row_id("b2", 1), row_id("b3", 0)
    assert {id: row["duplicate_of"] for id, row in by_id(lake, "duplicates").items()} == {
        second: first,
        third: second,
        fourth: first,
    }
    done = forget(lake, Selection(urls=(SAME_ARTICLE,)), LATER)
    assert ([one.id for one in done.doomed], done.heirs) == ([first], 1)
    (heir,) = rows_of(lake, "articles")
    assert (heir["id"], heir["cluster_id"]) == (second, first)
    assert {heir[name] for name in ("duplicate_of", "duplicate_kind", "similarity", "containment")} == {None}
    copies = by_id(lake, "duplicates")
    assert {id: (row["duplicate_of"], row["duplicate_kind"], row["cluster_id"]) for id, row in copies.items()} == {
        third: (second, "exact", first),
        fourth: (second, "syndicated", first),
    }
    assert copies[third]["similarity"] == 1.0
    assert 0.4 <= copies[fourth]["similarity"] < 1.0
    runs = by_batch(lake)
    assert [(runs[b]["articles"], runs[b]["duplicates"], runs[b]["forgotten"]) for b in ("b1", "b2", "b3")] == [
        (0, 0, 1),
        (1, 1, 0),
        (0, 1, 0),
    ]
    assert runs["b2"]["duplicate_kinds"] == [{"kind": "exact", "count": 1}]
    accounts_hold(lake)


def by_batch(lake: Lake) -> dict[str, dict[str, Any]]:
    return {run["batch"]: run for run in rows_of(lake, "runs")}


def test_a_copy_of_a_forgotten_copy_becomes_one_of_the_article(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    ingest(lake, "b1", Story(text(1), "kompas"))
    ingest(lake, "b2", Story(edited(1, 40), "detik", "https://detik.com/x/d-1234567/satu"))
    ingest(lake, "b3", Story(edited(1, 40), "tempo"))
    first, second, third = row_id("b1", 0), row_id("b2", 0), row_id("b3", 0)
    assert by_id(lake, "duplicates")[third]["duplicate_of"] == second
    assert forget(lake, Selection(urls=("https://m.detik.com/x/d-1234567/dua",)), LATER).heirs == 0
    assert by_id(lake, "duplicates")[third]["duplicate_of"] == first
    assert by_id(lake, "duplicates")[third]["duplicate_kind"] == "syndicated"
    accounts_hold(lake)


def test_an_heir_of_an_heir_keeps_the_cluster(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    for number in range(4):
        ingest(lake, f"b{number}", Story(text(1), f"satu{number}", f"https://satu{number}.example/a/cerita-panjang"))
    for number in range(3):
        forget(lake, Selection(outlet=f"satu{number}"), LATER)
        (kept,) = rows_of(lake, "articles")
        assert (kept["source"], kept["cluster_id"]) == (f"satu{number + 1}", row_id("b0", 0))
        accounts_hold(lake)
    ingest(lake, "b9", Story(edited(1, 5), "lima"))
    assert [row["cluster_id"] for row in rows_of(lake, "duplicates")] == [row_id("b0", 0)]


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (Selection(outlet="rekaan"), (12, 10, 0)),
        (Selection(outlet="lain"), (0, 0, 0)),
        (Selection(before=datetime.date(2026, 10, 6)), (0, 0, 0)),  # 18:00 UTC of the 5th is the 6th in Jakarta
        (Selection(before=datetime.date(2026, 10, 7)), (12, 10, 0)),
        (Selection(ingested_before=datetime.date(2026, 11, 1)), (0, 0, 0)),  # 23:30 UTC of the 31st is the 1st there
        (Selection(ingested_before=datetime.date(2026, 11, 2)), (12, 10, 4)),
        (Selection(urls=("https://rekaan.example/4", "https://rekaan.example/5")), (2, 4, 0)),
        (Selection(urls=("https://rekaan.example/4",), outlet="lain"), (0, 0, 0)),
    ],
    ids=["outlet", "another outlet", "not before", "before", "not ingested", "ingested", "urls", "all must hold"],
)
def test_what_is_chosen_goes_and_nothing_else(selection: Selection, rows: tuple[int, ...], lake: Lake) -> None:
    before = bytes_of(lake)
    assert tuple(would_forget(lake, selection).rows.values()) == rows
    assert bytes_of(lake) == before
    assert tuple(forget(lake, selection, LATER).rows.values()) == rows
    assert lake.status().rows["articles"] == 12 - rows[0]
    assert sum(run["forgotten"] for run in rows_of(lake, "runs")) == sum(rows)
    assert (bytes_of(lake) == before) == (sum(rows) == 0)
    assert lake.done() == {"b1", "b2", "b3", "b4"}
    accounts_hold(lake)


def test_a_selection_of_nothing_or_of_no_address_is_refused(lake: Lake) -> None:
    for selection, said in ((Selection(), "Say what to forget"), (Selection(urls=("kompas",)), "is no web address")):
        with pytest.raises(LakeError, match=said):
            would_forget(lake, selection)


def test_a_compact_lake_forgets_too(lake: Lake) -> None:
    for month in months_of(lake):
        compact(lake, month, LATER)
    order = [row["id"] for row in rows_of(lake, "articles")]
    forget(lake, url(4), LATER)
    assert left_of(lake, {row_id("b1", 4)}, "menanam 4 pohon") == []
    assert list((lake.path / "_staging").iterdir()) == []  # not even what the compaction kept
    assert [row["id"] for row in rows_of(lake, "articles")] == [id for id in order if id != row_id("b1", 4)]
    accounts_hold(lake)


def test_signatures_and_clusters_of_what_is_forgotten_go_too(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    ingest(lake, "b1", Story(text(1), "kompas", ARTICLE), Story(text(2), "kompas"), change=of_old_scheme)
    ingest(lake, "b2", Story(edited(1, 10), "tempo", "https://tempo.co/read/1234567/satu"))
    rehash(lake, NOW)
    assert reconcile(lake, NOW).joined == 1
    forget(lake, Selection(urls=(ARTICLE,)), LATER)
    assert left_of(lake, {row_id("b1", 0)} - {Clusters.read(lake.path).of(row_id("b2", 0))}, "\0") == []
    assert lake.status().other_schemes == {}
    ingest(lake, "b3", Story(edited(2, 10), "detik"))  # found by the signature that was made anew
    assert lake.status().rows["duplicates"] == 1
    forget(lake, Selection(outlet="tempo"), LATER)
    assert rows_of(lake, "clusters") == []
    accounts_hold(lake)


def test_what_arrived_goes_too(lake: Lake) -> None:
    made = batch(lake, "b5", range(20, 23))
    kept = [
        {"id": row["id"], "payload": row["text"].encode(), "media_type": "text/plain", "batch": "b5"}
        for row in made.tables["articles"].to_pylist()
    ]
    with lake.lock():
        lake.publish(BatchTables("b5", RULESET, {**made.tables, "originals": table("originals", kept)}), NOW)
    forget(lake, url(21), LATER)
    assert len(rows_of(lake, "originals")) == 2
    assert left_of(lake, {row_id("b5", 1)}, "menanam 21 pohon") == []
    accounts_hold(lake)


# --- what stays out


VARIANTS = {
    "the same address": {"url": ARTICLE, "text": text(40)},
    "another slug, host and tracking": {"url": SAME_ARTICLE, "text": text(41)},
    "the same text elsewhere": {"url": "https://tempo.co/read/7654321/lain", "text": text(1)},
    "the same text, other case and marks": {"url": None, "text": text(1).upper().replace(" ", ",  ", 3)},
}


def documents(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def run(lake: Path, *inputs: Path) -> Any:
    return run_all(IngestConfig(inputs=[str(one) for one in inputs], lake=str(lake), workers=1))


@pytest.mark.parametrize("again", VARIANTS.values(), ids=VARIANTS)
def test_what_was_forgotten_stays_out_whatever_file_it_comes_from(again: dict[str, Any], tmp_path: Path) -> None:
    record = {"url": ARTICLE, "title": "Jembatan Baru", "text": text(1)}
    run(
        tmp_path / "lake", documents(tmp_path / "one.jsonl", record, {"url": "https://kompas.com/a/b", "text": text(9)})
    )
    lake = Lake(tmp_path / "lake")
    assert forget(lake, Selection(urls=(ARTICLE,)), LATER).rows["articles"] == 1
    other = {"url": "https://kompas.com/read/2025/01/02/10000002/lain", "text": text(5)}
    run(lake.path, documents(tmp_path / "two.jsonl", again, other))
    (kept_out,) = [row for row in rows_of(lake, "rejects") if row["reason"] == "forgotten"]
    assert (kept_out["stage"], kept_out["origin_file"], kept_out["origin_row"]) == ("run", "two.jsonl", 0)
    silent = ("url", "title", "document", "payload", "payload_sha256", "payload_length")
    assert {kept_out[name] for name in silent} == {None}
    newest = by_batch(lake)[kept_out["batch"]]
    assert (newest["documents"], newest["articles"], newest["rejects"], newest["forgotten"]) == (2, 1, 1, 0)
    assert left_of(lake, set(), text(1)[:60]) == []
    accounts_hold(lake)
    assert would_forget(lake, Selection(ingested_before=datetime.date(2100, 1, 1))).rows["rejects"] == 0


def test_a_reject_that_was_forgotten_stays_out(tmp_path: Path) -> None:
    record = {"url": "https://kompas.com/read/2025/01/02/10000003/kosong", "text": "Bagikan"}
    run(tmp_path / "lake", documents(tmp_path / "one.jsonl", record, {"url": ARTICLE, "text": text(1)}))
    lake = Lake(tmp_path / "lake")
    assert forget(lake, Selection(urls=(record["url"],)), LATER).rows == {"articles": 0, "duplicates": 0, "rejects": 1}
    assert rows_of(lake, "rejects") == []
    accounts_hold(lake)
    run(lake.path, documents(tmp_path / "two.jsonl", record | {"url": None}, record | {"text": text(3)}))
    assert [row["reason"] for row in rows_of(lake, "rejects")] == ["forgotten", "forgotten"]
    assert {row["payload"] for row in rows_of(lake, "rejects")} == {None}
    accounts_hold(lake)


def test_an_address_of_many_stories_keeps_nothing_out(tmp_path: Path) -> None:
    assert url_hash("https://kompas.com/") is None
    lake = Lake(tmp_path / "lake", create=True)
    ingest(lake, "b1", Story(text(1), "kompas", canonical_url("https://kompas.com/")))
    assert forget(lake, Selection(urls=("https://kompas.com/",)), LATER).rows["articles"] == 1
    assert len(Tombstones.read(lake.path).urls) == 0


def test_what_is_forgotten_while_a_batch_waits_is_not_what_it_is_a_copy_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has compared its rows with the lake; before it holds the lock, the article they match is forgotten."""
    run(tmp_path / "lake", documents(tmp_path / "one.jsonl", {"url": ARTICLE, "text": text(1)}))
    lake = Lake(tmp_path / "lake")
    compare, times = Going._compare, itertools.count()

    def forgotten_meanwhile(going: Going, index: Any, seen: set[str]) -> None:
        compare(going, index, seen)
        if next(times) == 0:
            forget(lake, Selection(urls=(ARTICLE,)), LATER)

    monkeypatch.setattr(Going, "_compare", forgotten_meanwhile)
    near = {"url": "https://tempo.co/read/7654321/lain", "text": edited(1, 20)}
    run(lake.path, documents(tmp_path / "two.jsonl", near, {"url": SAME_ARTICLE, "text": text(4)}))
    assert [row["url"] for row in rows_of(lake, "articles")] == [near["url"]]
    assert rows_of(lake, "duplicates") == []
    assert [row["reason"] for row in rows_of(lake, "rejects")] == ["forgotten"]
    accounts_hold(lake)


# --- others at work


def meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> list[int]:
    """Have something happen when all is written and the lock not yet taken; how often it was written."""
    write, times, root = _Forgetting.write, list[int](), list[_Forgetting]()

    def written(forgetting: _Forgetting, reason: str, when: datetime.datetime) -> None:
        write(forgetting, reason, when)
        if not root:  # what is done may be to forget, too
            root.append(forgetting)
            do()  # needs the lock: it would wait for ever if that were held
        times.append(1)

    monkeypatch.setattr(_Forgetting, "write", written)
    return times


def test_what_is_published_while_it_writes_stays_and_need_not_be_looked_at_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = meanwhile(monkeypatch, lambda: publish(Lake(lake.path), "b5", [*range(8, 11), 30]))
    assert forget(lake, url(4), LATER).rows == {"articles": 1, "duplicates": 2, "rejects": 0}
    assert len(times) == 1
    assert lake.done() == {"b1", "b2", "b3", "b4", "b5"}
    assert row_id("b5", 3) in by_id(lake, "articles")
    accounts_hold(lake)


@pytest.mark.parametrize(
    "selection", [url(4), Selection(outlet="rekaan"), Selection(before=datetime.date(2026, 10, 7))], ids=repr
)
def test_what_is_published_while_it_writes_and_is_to_go_goes_too(
    selection: Selection, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = meanwhile(monkeypatch, lambda: publish(Lake(lake.path), "b5", range(4, 6)))
    forget(lake, selection, LATER)
    assert len(times) == 2
    assert left_of(lake, {row_id("b5", 0), row_id("b1", 4)}, "menanam 4 pohon") == []
    assert list((lake.path / "_staging").iterdir()) == []
    accounts_hold(lake)


def test_a_copy_that_comes_while_it_writes_takes_the_place_of_what_it_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    ingest(lake, "b1", Story(text(1), "kompas", ARTICLE), Story(text(2), "kompas"))
    times = meanwhile(monkeypatch, lambda: ingest(Lake(lake.path), "b2", Story(edited(1, 20), "tempo")))
    assert forget(lake, Selection(urls=(ARTICLE,)), LATER).heirs == 1
    assert len(times) == 2
    assert by_id(lake, "articles").keys() == {row_id("b1", 1), row_id("b2", 0)}
    assert rows_of(lake, "duplicates") == []
    accounts_hold(lake)


def test_files_that_are_replaced_while_it_reads_are_read_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Lake(lake.path)
    times = meanwhile(monkeypatch, lambda: [compact(other, month, LATER) for month in months_of(other)])
    forget(lake, url(4), LATER)
    assert len(times) == 2
    assert left_of(lake, {row_id("b1", 4)}, "menanam 4 pohon") == []
    accounts_hold(lake)


def test_what_another_forgets_meanwhile_is_forgotten_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    times = meanwhile(monkeypatch, lambda: forget(Lake(lake.path), Selection(urls=(f"{SITE}/4", f"{SITE}/5")), LATER))
    assert forget(lake, url(4), LATER).doomed == ()
    assert len(times) == 2
    assert sum(run["forgotten"] for run in rows_of(lake, "runs")) == 6
    accounts_hold(lake)


def test_what_looks_like_furniture_is_counted_anew_for_the_outlets_that_lost_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    told = [Story(text(n), source, f"https://{source}.example/a/{n}") for n, source in enumerate(("satu", "dua") * 2)]
    ingest(lake, "b1", *told)
    counted: list[int] = []
    monkeypatch.setattr("lake.accounts.residue", lambda texts: counted.append(len(texts)) or 7)
    forget(lake, Selection(urls=(told[0].url or "",)), LATER)
    assert counted == [1]
    (run,) = rows_of(lake, "runs")
    assert [(one["source"], one["articles"], one["residue"]) for one in run["outlets"]] == [
        ("dua", 2, 0),
        ("satu", 1, 7),
    ]
    accounts_hold(lake)


# --- stopped at every call


def test_stopped_anywhere_all_of_it_is_there_or_none(tmp_path: Path) -> None:
    made = Lake(tmp_path / "made", create=True, disk=FailingDisk())
    publish(made, "b1", range(2))
    publish(made, "b2", range(1, 3))
    before = state(made)
    done = []
    for at in itertools.count():
        shutil.copytree(made.path, tmp_path / "lake", copy_function=os.link)
        try:
            forget(Lake(tmp_path / "lake", disk=FailingDisk(at)), url(1), NOW)
            break
        except Crash:
            lake = Lake(tmp_path / "lake", disk=FailingDisk())
        with lake.lock():
            lake.recover(NOW)
        accounts_hold(lake)
        done.append(state(lake) != before)
        assert bool(left_of(lake, {row_id("b1", 1)}, "menanam 1 pohon")) is not done[-1]
        assert list((lake.path / "_staging").iterdir()) == []
        forget(lake, url(1), NOW)
        assert left_of(lake, {row_id("b1", 1)}, "menanam 1 pohon") == []
        assert len(rows_of(lake, "tombstones")) == 2
        accounts_hold(lake)
        shutil.rmtree(lake.path)
    assert done == sorted(done)
    assert set(done) == {False, True}
