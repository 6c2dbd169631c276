"""Rejects get a second chance: what passes names its reject, what fails as before leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SARING

from cleaners.article import Document, Reason, Reject
from flows.kept import line_of, read_kept, readable
from flows.observer import Observer
from flows.prepare import Prepared
from flows.report import RunReport
from flows.run import run
from flows.settings import IngestConfig
from lake import Lake
from lake.rejects import open_rejects
from lake.restore import restored
from lake.verify import verify

ENGLISH = "The mayor opened the new bridge on Monday morning, and the traders at its end were pleased with the crowd."
STORY = "Warga menyambut pembukaan jembatan baru pada Senin pagi dengan pawai dan musik bambu dari kampung sebelah."
EATER = """
name = "Harian Rekaan"
hosts = ["rekaan.example"]
language = "en"
[[rules]]
name = "eater"
kind = "promo"
starts = ["The mayor opened"]
removes = "paragraph"
[[examples]]
text = "{--The mayor opened it.\\n--}Warga menyambut pembukaan itu dengan pawai dan musik bambu."
[[examples]]
note = "Nothing else goes."
text = "Warga menyambut pembukaan itu dengan pawai dan musik bambu."
"""


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def ingest(lake: Path, *inputs: Path, **more: Any) -> RunReport:
    return run(IngestConfig(inputs=[str(path) for path in inputs], lake=str(lake), workers=1, **more))


def again(lake: Path, *inputs: Path, **more: Any) -> RunReport:
    return ingest(lake, *inputs, rejects=True, **more)


def table(lake: Path, name: str) -> list[dict[str, Any]]:
    found = [pq.read_table(path, partitioning=None) for path in sorted((lake / name).glob("*/*.parquet"))]
    rows: list[dict[str, Any]] = pa.concat_tables(found).to_pylist()
    return rows


def files(lake: Path) -> set[Path]:
    return set(lake.rglob("*.parquet"))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake that rejected two English articles (one of them another's copy) and a broken line."""
    source = lines(
        tmp_path / "in.jsonl",
        {"id": "1", "text": STORY},
        {"id": "2", "text": ENGLISH, "title": "A bridge", "url": "https://rekaan.example/2", "authors": ["Sari"]},
        {"id": "3", "text": ENGLISH},
    )
    with source.open("a") as out:
        out.write("{broken\n")
    ingest(tmp_path / "lake", source, languages=["id"])
    return tmp_path / "lake"


def test_what_passes_is_a_row_of_a_new_batch_that_names_its_reject(lake: Path) -> None:
    report = again(lake, reasons=["other-language"])
    assert (report.planned, report.documents, report.articles, report.duplicates) == (2, 2, 1, 1)
    rejected = {row["origin_id"]: row["id"] for row in table(lake, "rejects")}
    (article,) = [row for row in table(lake, "articles") if row["reject_id"]]
    (copy,) = table(lake, "duplicates")
    assert (article["origin_id"], article["reject_id"]) == ("2", rejected["2"])
    assert (copy["origin_id"], copy["reject_id"], copy["duplicate_of"]) == ("3", rejected["3"], article["id"])
    assert (article["origin_file"], article["origin_row"], article["title"]) == ("in.jsonl", 1, "A bridge")
    assert (article["authors"], article["given"]) == (["Sari"], ["title", "authors"])
    assert Lake(lake).status().open_rejects == {"broken-record": 1}
    assert verify(Lake(lake)).problems == ()
    newest = Lake(lake).runs().to_pylist()[-1]
    assert [(one["name"], one["records"]) for one in newest["inputs"]] == [("rejects", 2)]
    assert next(restored(lake, [article["id"]])).payload == ENGLISH.encode()


def test_what_fails_as_before_leaves_no_row_however_often(lake: Path) -> None:
    before = files(lake)
    for _ in range(2):
        report = again(lake)
        assert (report.planned, report.documents) == (1, 0)  # what was left out on purpose is not tried
        assert files(lake) == before
    assert again(lake, reasons=["other-language"], languages=["id"]).documents == 0
    assert files(lake) == before


def test_what_fails_for_another_reason_is_open_for_that_one(lake: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "rekaan.toml").write_text(EATER)
    assert again(lake, reasons=["other-language"], outlet="Harian Rekaan", rules=str(rules)).rejects == 2
    assert Lake(lake).status().open_rejects == {"broken-record": 1, "no-story": 2}
    first = {row["id"]: row["reason"] for row in table(lake, "rejects")}
    assert [first[row["reject_id"]] for row in open_rejects(Lake(lake), ["no-story"])] == ["other-language"] * 2
    assert again(lake).articles == 1  # without that rule they pass
    assert Lake(lake).status().open_rejects == {"broken-record": 1}
    assert verify(Lake(lake)).problems == ()


def test_what_another_run_read_meanwhile_is_not_there_twice(lake: Path) -> None:
    class Overtaken(Observer):
        def planned(self, prepared: Prepared) -> None:
            again(lake, reasons=["other-language"], limit=1)

    config = IngestConfig(lake=str(lake), rejects=True, reasons=[Reason.OTHER_LANGUAGE], workers=1)
    report = run(config, observer=Overtaken())
    assert (report.planned, report.documents, report.duplicates) == (2, 1, 1)
    assert len({row["reject_id"] for name in ("articles", "duplicates") for row in table(lake, name)} - {None}) == 2
    assert verify(Lake(lake)).problems == ()


def test_a_payload_that_was_too_large_is_read_from_its_file_if_that_is_unchanged(tmp_path: Path) -> None:
    large = {"id": "1", "text": f"{ENGLISH}\n" * 12_000}
    source, lake = lines(tmp_path / "in.jsonl", {"text": STORY}, large), tmp_path / "lake"
    ingest(lake, source, languages=["id"], titles="none")
    report = again(lake, reasons=["other-language"])
    assert report.nothing_new
    (place,) = report.out_of_reach
    assert "record 1 of in.jsonl" in place
    assert f"{len(large['text'])} bytes, SHA-256" in place
    with source.open("a") as out:
        out.write("\n")
    assert again(lake, source, reasons=["other-language"]).out_of_reach == (place,)
    lines(source, {"text": STORY}, large)
    report = again(lake, tmp_path, reasons=["other-language"])
    assert (report.articles, report.out_of_reach) == (1, ())
    assert [row["origin_row"] for row in table(lake, "articles") if row["reject_id"]] == [1]
    assert verify(Lake(lake)).problems == ()


def test_a_dry_run_says_how_many_and_writes_nothing(lake: Path) -> None:
    before = files(lake)
    assert again(lake, reasons=["other-language"], dry_run=True).planned == 2
    assert files(lake) == before


def test_a_lake_without_open_rejects_has_nothing_to_do(tmp_path: Path) -> None:
    ingest(tmp_path / "lake", lines(tmp_path / "in.jsonl", {"text": STORY}))
    assert again(tmp_path / "lake").sentence() == "No open reject can be read again."


READ = {
    "a line that is JSON now": ("a.jsonl", Reason.BROKEN_RECORD, b'{"isi": "Warga."}', Document(text="Warga.")),
    "an element of an array": ("a.json", Reason.BROKEN_RECORD, b'{"text":\n"Warga."}', Document(text="Warga.")),
    "a line of standard input": ("-", Reason.BROKEN_RECORD, b'{"text": "Warga."}', Document(text="Warga.")),
    "a cell in another encoding": ("a.csv", Reason.BAD_ENCODING, b"\x93A\x94", Document(text="“A”", repairs=("cp1252",))),
    "a file": ("a.txt", Reason.UNREADABLE, b"\xef\xbb\xbfWarga.", Document(text="Warga.")),
    "a page": ("a.html.gz", Reason.UNREADABLE, b"<p>Warga.", Document(html="<p>Warga.")),
}  # fmt: skip


@pytest.mark.parametrize(("name", "reason", "payload", "expected"), READ.values(), ids=READ)
def test_a_payload_is_read_as_its_format_is(
    tmp_path: Path, name: str, reason: Reason, payload: bytes, expected: Document
) -> None:
    row = {
        "id": "r1", "reason": reason, "payload_type": "application/octet-stream", "document": None, "url": None,
        "title": None, "origin_file": name, "origin_row": 4, "origin_id": None,
    }  # fmt: skip
    assert readable(row)
    kept = tmp_path / "kept"
    kept.write_text(json.dumps(line_of(row, payload, {"text": "isi"} if b"isi" in payload else {})) + "\n")
    (found,) = read_kept(kept, 0)
    assert not isinstance(found, Reject)
    assert (found.text, found.html, found.repairs) == (expected.text, expected.html, expected.repairs)
    assert (found.origin_file, found.origin_row, found.reject_id) == (name, 4, "r1")


@pytest.mark.parametrize(
    ("name", "reason"), [("a.jsonl.gz", Reason.UNREADABLE), ("a.csv", Reason.BROKEN_RECORD)], ids=["cut off", "a row"]
)
def test_half_an_input_is_not_read_again(name: str, reason: Reason) -> None:
    assert not readable({"reason": reason, "origin_file": name, "payload_type": "application/octet-stream"})


def test_the_command_says_what_became_of_them(lake: Path) -> None:
    done = subprocess.run(
        [SARING, "ingest", "--rejects", "--reason", "other-language", "--reason", "broken-record", "--lake", str(lake)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 rejects read again: 1 failed as before and stay open\n")


@pytest.mark.parametrize(
    "given", [[], ["--reason", "no-text", "in.jsonl"], ["--rejects", "--reason", "nothing"]], ids=" ".join
)
def test_what_cannot_be_meant_is_one_sentence(given: list[str]) -> None:
    done = subprocess.run([SARING, "ingest", *given], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
