"""The command line: what stands on standard output, what on standard error, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import SARING
from prefect_server import interruptible

from cleaners.catalog import load_catalog
from flows import cli
from flows.stream import clean_lines
from lake.schema import LAKE_ONLY, TABLES

STORY = (
    "Warga menyambut pembukaan jembatan itu pada Senin pagi.\n"
    "Baca juga: Jembatan Lama Ditutup\n"
    "Pasar di ujungnya ramai lagi."
)
KEPT = "Warga menyambut pembukaan jembatan itu pada Senin pagi.\nPasar di ujungnya ramai lagi."


def saring(*arguments: str, given: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    raw = given.encode() if isinstance(given, str) else given
    done = subprocess.run([SARING, *arguments], input=raw, capture_output=True, env=os.environ | environment)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def rows(*lines: bytes | str | dict[str, Any], original: bool = False) -> list[dict[str, Any]]:
    """What `saring clean --jsonl` prints for these lines."""
    raw = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    given = [line.encode() + b"\n" if isinstance(line, str) else line + b"\n" for line in raw]
    return [json.loads(line) for line in clean_lines(given, load_catalog(), original=original)]


# ---------------------------------------------------------------------------------------------------- clean, one text


def test_clean_is_a_filter() -> None:
    done = saring("clean", given=STORY)
    assert (done.stdout, done.stderr, done.returncode) == (KEPT + "\n", "", 0)


def test_clean_takes_a_page() -> None:
    story = "".join(
        f"<p>Warga kampung menyambut jembatan nomor {n} pada Senin pagi dengan pasar murah di ujungnya.</p>"
        for n in range(9)
    )
    page = f"<html><body><nav>Menu</nav><article><h1>Jembatan Dibuka</h1>{story}</article></body></html>"
    done = saring("clean", "--html", "--url", "https://contoh.example/2024/jembatan-dibuka", given=page)
    assert done.returncode == 0, done.stderr
    assert "jembatan nomor 8" in done.stdout
    assert "<p>" not in done.stdout


def test_an_article_without_a_story_fails_with_its_reason() -> None:
    done = saring("clean", given="Baca juga: Jembatan Lama Ditutup untuk Perbaikan\n")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("saring: Rejected, no-story: ")


def test_explain_writes_marks_where_there_is_no_terminal() -> None:
    done = saring("explain", given=STORY)
    assert "{--" in done.stdout
    assert "--}{>>related/" in done.stdout
    assert ", related, rules/related.toml<<}" in done.stdout
    assert "language" in done.stderr


# ------------------------------------------------------------------------------------------------------ clean --jsonl

LINES: dict[str, tuple[bytes | str | dict[str, Any], Any, str, str | None]] = {  # line -> id, status, reason
    "a text": ({"id": "a", "text": STORY}, "a", "kept", None),
    "an id that is a number stays one": ({"id": 7, "text": STORY}, 7, "kept", None),
    "without an id: the line's number": ({"text": STORY}, 1, "kept", None),
    "every key may be null": (
        {"id": None, "text": STORY, "html": None, "url": None, "title": None, "outlet": None, "date": None},
        1,
        "kept",
        None,
    ),
    "no text": ({"id": "a", "text": None}, "a", "rejected", "no-text"),
    "an empty text": ({"id": "a", "text": " "}, "a", "rejected", "no-text"),
    "a text that is a number": ({"id": "a", "text": 5}, "a", "rejected", "broken-record"),
    "only furniture": ({"id": "a", "text": "Baca juga: Jembatan Lama Ditutup"}, "a", "rejected", "no-story"),
    "no JSON": ("{broken", 1, "rejected", "broken-record"),
    "no object": ("[1, 2]", 1, "rejected", "broken-record"),
    "an empty line": ("", 1, "rejected", "broken-record"),
    "a lone surrogate": ('{"id": "\\ud800", "text": "Warga \\ud800 menyambut jembatan itu."}', "\ud800", "kept", None),
    "bytes that are no text": (b"\xff\xfe\x00\x80", 1, "rejected", "broken-record"),
}


@pytest.mark.parametrize(("line", "name", "status", "reason"), LINES.values(), ids=LINES.keys())
def test_every_line_becomes_one_line(
    line: bytes | str | dict[str, Any], name: Any, status: str, reason: str | None
) -> None:
    (row,) = rows(line)
    assert (row["id"], row["status"], row["reason"]) == (name, status, reason)
    assert (row["text"] is None) == (status == "rejected")
    assert row["removals"] == [] or status == "kept"


def test_lines_keep_their_order_and_broken_ones_their_place() -> None:
    found = rows({"id": "x", "text": STORY}, "{broken", {"text": STORY})
    assert [(row["id"], row["status"]) for row in found] == [("x", "kept"), (2, "rejected"), (3, "kept")]


def test_kept_and_rejected_lines_have_the_same_keys() -> None:
    kept, rejected = rows({"text": STORY}, "{")
    assert kept.keys() == rejected.keys()
    assert {*TABLES["articles"].names} - LAKE_ONLY <= kept.keys()
    assert not (LAKE_ONLY - {"id"}) & kept.keys()


def test_removals_say_what_went_and_where_in_the_original() -> None:
    (row,) = rows({"text": STORY}, original=True)
    assert row["text"] == KEPT
    (removal,) = row["removals"]
    assert removal.keys() == {"rule", "kind", "start", "end", "text"}
    assert row["original"][removal["start"] : removal["end"]] == removal["text"]
    assert "Baca juga: Jembatan Lama Ditutup" in removal["text"]
    assert row["related"] == [{"title": "Jembatan Lama Ditutup", "url": None}]


def test_the_original_is_there_only_when_asked_for() -> None:
    assert "original" not in rows({"text": STORY})[0]
    assert rows("{", original=True)[0]["original"] is None


def test_times_have_an_offset_and_binary_is_hex() -> None:
    text = " ".join(f"Pasar nomor {n} buka pagi." for n in range(20))
    (row,) = rows({"text": text, "date": "Rabu, 18 Jun 2025 07:30 WIB"})
    assert row["date_published"] == "2025-06-18T07:30:00+07:00"
    assert row["date_published_day"] == "2025-06-18"
    assert len(row["minhash_signature"]) == 256
    int(row["minhash_signature"], 16)


def test_no_line_knows_another_ones_title() -> None:
    line = {"text": STORY}
    alone = rows(line)
    assert rows(line, {"text": STORY, "title": "Jembatan Lama Ditutup Pasar di ujungnya"})[:1] == alone


def test_lines_are_answered_as_they_come() -> None:
    with subprocess.Popen([SARING, "clean", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in ("a", "b"):
            process.stdin.write(json.dumps({"id": name, "text": STORY}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == name
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    line = json.dumps({"text": STORY * 20})
    shell = f"yes '{line}' | head -n 2000 | {SARING} clean --jsonl | head -n 1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def test_the_seeds_come_out_as_expected(shared: Path) -> None:
    expected = json.loads((shared / "seeds/expected.json").read_text())
    found = rows(*({"id": one["gid"], "text": one["text"]} for one in expected))
    assert [row["source"] for row in found] == [one["outlet"] for one in expected]


# ----------------------------------------------------------------------------------------------------------- wrong use

WRONG: dict[str, tuple[list[str], int, str]] = {  # arguments -> exit status, a part of the sentence
    "no such command": (["foo"], 2, "Try 'saring --help'."),
    "no path": (["ingest"], 2, "Try 'saring ingest --help'."),
    "no such file": (["ingest", "none.jsonl"], 2, "none.jsonl"),
    "a suffix that nobody reads": (["ingest", "a.docx"], 2, ".docx"),
    "an empty folder": (["ingest", "empty"], 2, "empty"),
    "a table without a text": (["ingest", "numbers.csv"], 2, "numbers.csv"),
    "a number that is none": (["ingest", "a.txt", "--workers", "x"], 2, "--workers"),
    "too many workers": (["ingest", "a.txt", "--workers", "100000"], 2, "workers"),
    "a mapping that is none": (["ingest", "a.txt", "--map", "isi"], 2, "--map"),
    "an outlet that is none": (["ingest", "a.txt", "--without", "none"], 2, "there is no outlet"),
    "rules that are not there": (["ingest", "a.txt", "--rules", "none"], 2, "--rules"),
    "rules that are wrong": (["rules", "check", "--rules", "rules"], 2, "salah.toml"),
    "a lake that is none": (["lake", "status", "--lake", "empty"], 2, "not a lake"),
    "a folder that is no lake": (["ingest", "a.txt", "--lake", "full"], 2, "full"),
    "a lake that cannot be made": (["ingest", "a.txt", "--lake", "a.txt/lake"], 2, "cannot be written"),
    "marks without lines": (["clean", "--original"], 2, "--jsonl"),
    "a schedule without a server": (["serve", "a.txt", "--cron", "0 5 * * *"], 2, "PREFECT_API_URL"),
    "a new outlet without a place": (["rules", "new", "Kabar Kita"], 2, "--rules"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "a.txt").write_text(STORY)
    (tmp_path / "a.docx").write_text(STORY)
    (tmp_path / "full" / "letter.txt").write_text("x")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    (tmp_path / "rules" / "salah.toml").write_text('nama = "x"\n')
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("arguments", "status", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_ends_with_one_sentence(
    arguments: list[str], status: int, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.status_of(arguments) == status
    printed = capfd.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    last = printed.err.strip().splitlines()[-1]
    assert last.startswith("saring: ")
    assert last.endswith(".")


# -------------------------------------------------------------------------------------------------------------- ingest


def test_ingest_tells_what_it_did_and_the_second_time_that_there_is_nothing_new(folder: Path) -> None:
    first, second = saring("ingest", "a.txt", "--lake", "lake"), saring("ingest", "a.txt", "--lake", "lake")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "1 article kept, 0 copies, 0 rejects" in first.stdout
    assert "related" in first.stdout
    assert "1 document to read, from 1 file" in first.stderr
    assert second.stdout == "Nothing new: the lake holds all of it already, and no file was changed.\n"
    assert second.stderr == "1 file skipped: in the lake already\n"


def test_the_one_liners_that_are_printed_read_the_lake(folder: Path) -> None:
    done = saring("ingest", "a.txt", "--lake", "lake")
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  python -c")]
    assert len(commands) == 2
    for command in commands:
        python = command.replace("python", sys.executable, 1)
        shown = subprocess.run(python, shell=True, capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        assert "Warga menyambut" in shown.stdout


def test_json_is_all_that_stands_on_standard_output(folder: Path) -> None:
    found = json.loads(saring("ingest", "a.txt", "--lake", "lake", "--json").stdout)
    assert (found["documents"], found["articles"], found["ok"], found["nothing_new"]) == (1, 1, True, False)
    status = json.loads(saring("lake", "status", "--lake", "lake", "--json").stdout)
    assert status["rows"]["articles"] == 1
    verdict = json.loads(saring("lake", "verify", "--lake", "lake", "--json").stdout)
    assert verdict["holds"] is True


def test_standard_input_is_ingested(folder: Path) -> None:
    done = saring("ingest", "-", "--lake", "lake", given=json.dumps({"text": STORY}) + "\n")
    assert "1 article kept" in done.stdout


def test_the_lake_may_come_from_the_environment(folder: Path) -> None:
    saring("ingest", "a.txt", SARING_LAKE="elsewhere")
    assert (folder / "elsewhere" / "articles").is_dir()


def test_a_broken_promise_is_exit_1(folder: Path) -> None:
    saring("ingest", "a.txt", "--lake", "lake")
    assert saring("lake", "verify", "--lake", "lake").returncode == 0
    (file,) = (folder / "lake" / "articles").glob("*/*.parquet")
    file.unlink()
    done = saring("lake", "verify", "--lake", "lake")
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert done.stderr.startswith("saring: ")


def test_a_new_outlet_begins_with_examples_that_hold(folder: Path) -> None:
    done = saring("rules", "new", "Kabar Kita", "--rules", "mine")
    assert done.stdout == "mine/kabarkita.toml\n"
    checked = saring("rules", "check", "--rules", "mine")
    assert (checked.returncode, checked.stderr) == (0, "")
    again = saring("rules", "new", "Kabar Kita", "--rules", "mine")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_interrupting_leaves_a_whole_lake_and_no_process(folder: Path) -> None:
    with (folder / "many.jsonl").open("w") as out:
        out.writelines(json.dumps({"text": f"{n} {STORY}"}) + "\n" for n in range(50_000))
    command = [SARING, "ingest", "many.jsonl", "--lake", "lake", "--workers", "1"]
    with interruptible():
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with process:
        while not list(folder.glob("lake/_staging/work-*")):
            time.sleep(0.05)
            assert process.poll() is None
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=600)[1]
    assert process.returncode == 130
    assert told.splitlines()[-1] == "saring: interrupted; what was published stays, run it again to go on"
    assert "Traceback" not in told
    assert list((folder / "lake" / "_staging").iterdir()) == []
    assert saring("lake", "verify", "--lake", "lake").returncode == 0


def test_the_light_commands_do_not_load_prefect() -> None:
    code = "import sys; from flows import cli; cli.status_of(['clean']); sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], input=STORY, text=True, capture_output=True).returncode == 0


def test_a_prefect_server_that_does_not_answer_is_one_sentence(tmp_path: Path, saring: str) -> None:
    article = tmp_path / "a.txt"
    article.write_text("Wali kota membuka jembatan baru pada Senin.", "utf-8")
    environment = {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:1/api"}
    command = [saring, "ingest", str(article), "--lake", str(tmp_path / "lake")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "No Prefect server answers" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lake").exists()
