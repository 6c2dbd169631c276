"""What arrived is given back byte for byte, and what was cut is put back exactly."""

from __future__ import annotations

import base64
import errno
import gzip
import json
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SARING
from lake_samples import Crash, FailingDisk

from cleaners.article import Document
from cleaners.fingerprint import text_hash
from flows.options import Stop
from flows.records import document_of as read_record
from flows.restore import _written
from flows.run import run
from flows.settings import IngestConfig
from flows.sources import expand, read
from lake import Lake, LakeError
from lake.originals import document_of
from lake.restore import Form, Restored, restored

STORY = (
    "Warga Desa Sukamakmur menyambut jembatan baru pada Senin pagi dengan pawai dan musik bambu.\n"
    "Baca juga: Jembatan Lama Desa Ditutup\n"
    "Lurah mengatakan jalan ke pasar kini lebih pendek lima menit daripada sebelum jembatan itu dibuka."
)
CURLED = STORY.replace("Senin", "“Senin”")
PAGE = (
    "<html><head><title>Jembatan Baru</title></head><body><article>"
    + "".join(f"<p>{line} Kampung itu merayakannya.</p>" for line in STORY.split("\n") * 3)
    + "</article></body></html>"
)


def ingested(folder: Path, name: str, data: bytes, *, keep: bool = True) -> Lake:
    (folder / "in").mkdir()
    (folder / "in" / name).write_bytes(data)
    lake = str(folder / "lake")
    run(IngestConfig(inputs=[str(folder / "in")], lake=lake, workers=1, keep_originals=keep))
    return Lake(lake)


def line(**record: str) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


ARRIVED = {
    "a text": ("a.txt", STORY.encode(), STORY.encode(), "utf-8"),
    "a text with a byte order mark": ("a.txt", b"\xef\xbb\xbf" + STORY.encode(), b"\xef\xbb\xbf" + STORY.encode(), "utf-8"),
    "a text in UTF-16": ("a.txt", STORY.encode("utf-16"), STORY.encode("utf-16"), "utf-16"),
    "a text in cp1252": ("a.txt", CURLED.encode("cp1252"), CURLED.encode("cp1252"), "utf-8"),
    "a packed text": ("a.txt.gz", gzip.compress(STORY.encode()), STORY.encode(), "utf-8"),
    "a page in a declared encoding": (
        "a.html",
        PAGE.replace("<title>", '<meta charset="gbk"><title>').replace("bambu", "竹").encode("gb18030"),
        PAGE.replace("<title>", '<meta charset="gbk"><title>').replace("bambu", "竹").encode("gb18030"),
        "gb18030",
    ),
    "the text of a record": ("a.jsonl", line(id="1", text=STORY, title="Jembatan"), STORY.encode(), "utf-8"),
    "the page of a record": ("a.jsonl", line(id="1", html=PAGE, text="x"), PAGE.encode(), "utf-8"),
    "a record with a NUL": ("a.jsonl", line(text=STORY + "\0"), STORY.encode() + b"\0", "utf-8"),
    "a record in cp1252": ("a.jsonl", b'{"text": "' + CURLED.replace("\n", " ").encode("cp1252") + b'"}\n',
                           CURLED.replace("\n", " ").encode("cp1252"), "utf-8"),
    "a lone surrogate": ("a.jsonl", b'{"text": "\\ud83d ' + STORY.replace("\n", " ").encode() + b'"}\n',
                         b"\xed\xa0\xbd " + STORY.replace("\n", " ").encode(), "utf-8"),
    "a broken line": ("a.jsonl", b'{"text": \n', b'{"text": ', None),
    "no text": ("a.txt", b"\x89PNG" + STORY.encode(), b"\x89PNG" + STORY.encode(), None),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "arrived", "encoding"), ARRIVED.values(), ids=ARRIVED)
def test_what_arrived_is_given_back_byte_for_byte(
    tmp_path: Path, name: str, data: bytes, arrived: bytes, encoding: str | None
) -> None:
    lake = ingested(tmp_path, name, data)
    (found,) = restored(lake.path)
    assert (found.form, found.payload, found.encoding) == (Form.ORIGINAL, arrived, encoding)


@pytest.mark.parametrize(
    ("name", "data"), [given[:2] for given in ARRIVED.values() if given[3]], ids=[n for n in ARRIVED if ARRIVED[n][3]]
)
def test_the_document_is_built_again_from_what_was_kept(tmp_path: Path, name: str, data: bytes) -> None:
    lake = ingested(tmp_path, name, data)
    (before,) = read(expand([str(tmp_path / "in")]).files[0])
    assert isinstance(before, Document)
    (row,) = pq.read_table(lake.path / "originals", partitioning=None).to_pylist()
    kept = document_of(row["payload"], row["media_type"], row["encoding"], row["document"])
    assert kept is not None
    again = read_record({"html" if kept.html else "text": kept.html or kept.text})
    assert isinstance(again, Document)
    assert (again.html or again.text) == (before.html or before.text)
    assert (kept.title, kept.repairs) == (before.title, before.repairs)


def test_without_originals_the_text_before_the_cut_comes_back(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "a.jsonl", line(text=STORY, url="https://contoh.example/1"), keep=False)
    (found,) = restored(lake.path)
    assert (found.form, found.payload.decode()) == (Form.NORMALISED, STORY)
    (row,) = pq.read_table(lake.path / "articles", partitioning=None).to_pylist()
    assert row["text"] != STORY
    assert text_hash(found.payload.decode()) == row["original_hash"]
    with pytest.raises(LakeError, match=r"was not kept: saring ingest --keep-originals"):
        list(restored(lake.path, [row["id"]], Form.ORIGINAL))


def test_a_text_that_its_hash_does_not_fit_is_an_error(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "a.jsonl", line(text=STORY, url="https://contoh.example/1"), keep=False)
    (file,) = (lake.path / "removals").glob("*/*.parquet")
    whole = pq.ParquetFile(file).read()
    at = whole.schema.get_field_index("text")
    pq.write_table(whole.set_column(at, whole.schema.field(at), pa.array(["x"] * whole.num_rows)), file)
    with pytest.raises(LakeError, match="do not give what its hash names: saring lake verify"):
        list(restored(lake.path))


WRONG = {
    "ffff": "No article and no reject of this lake has an id that begins with 'ffff'",
    "ab": "too short for an id: give at least 4",
}


@pytest.mark.parametrize(("id", "message"), WRONG.items())
def test_an_id_that_is_none_is_told(tmp_path: Path, id: str, message: str) -> None:
    lake = ingested(tmp_path, "a.txt", STORY.encode())
    with pytest.raises(LakeError, match=message):
        list(restored(lake.path, [id]))


def test_a_reject_without_a_payload_says_where_its_input_lies(tmp_path: Path) -> None:
    lake = ingested(tmp_path, "a.jsonl", line(id="1", text=""))
    (row,) = pq.read_table(lake.path / "rejects", partitioning=None).to_pylist()
    with pytest.raises(LakeError, match=r"is not in the lake: record 0 of a\.jsonl"):
        list(restored(lake.path, [row["id"]]))
    assert list(restored(lake.path)) == []


def restore(lake: Path, *given: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([SARING, "lake", "restore", "--lake", str(lake), *given], capture_output=True)


def test_the_command_gives_one_to_standard_output_and_many_as_files_or_lines(tmp_path: Path) -> None:
    data = line(text=CURLED) + line(html=PAGE) + b"{broken\xff\n"
    lake = ingested(tmp_path, "a.jsonl", data).path
    ids = {one.media_type: one.id for one in restored(lake)}
    done = restore(lake, ids["text/plain"][:8])
    assert (done.returncode, done.stdout) == (0, CURLED.encode())
    assert restore(lake, ids["text/plain"], "--normalised").stdout == CURLED.encode()
    done = restore(lake, "--all", "--to", str(tmp_path / "out"))
    assert (done.returncode, done.stderr.decode()) == (0, f"3 files written to {tmp_path / 'out'}\n")
    assert {path.suffix: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        ".txt": CURLED.encode(),
        ".html": PAGE.encode(),
        ".bin": b"{broken\xff",
    }
    done = restore(lake, "--all", "--to", str(tmp_path / "out"))  # again, as after a kill: the rest is written
    assert (done.returncode, done.stderr.decode()) == (0, f"0 files written to {tmp_path / 'out'}\n")
    (tmp_path / "out" / f"{ids['text/plain']}.txt").write_bytes(b"another")
    assert restore(lake, "--all", "--to", str(tmp_path / "out")).returncode == 2
    told = [json.loads(one) for one in restore(lake, "--all", "--json").stdout.splitlines()]
    assert {one.get("text") for one in told} == {CURLED, PAGE, None}
    assert base64.b64decode(next(one["base64"] for one in told if "base64" in one)) == b"{broken\xff"


FAULTS = {
    "killed": Crash(),
    "the disk is full": OSError(errno.ENOSPC, "No space left on device"),
    "the disk broke": OSError(errno.EIO, "Input/output error"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_stopped_at_any_call_no_half_file_has_a_name_and_the_next_one_goes_on(
    fault: BaseException, tmp_path: Path
) -> None:
    kept = [Restored(id, Form.ORIGINAL, "text/plain", None, id.encode() * 9, None, None) for id in ("abcd", "efab")]

    def write(folder: Path, disk: FailingDisk) -> None:
        for one in kept:
            _written(one, folder, disk)

    whole = FailingDisk()
    write(tmp_path / "whole", whole)
    for at in range(len(whole.made)):
        folder = tmp_path / str(at)
        with pytest.raises((Crash, Stop)):
            write(folder, FailingDisk(at, fault, lasting=True))
        for path in folder.glob("*.txt"):
            assert path.read_bytes() == path.stem.encode() * 9
        write(folder, FailingDisk())
        assert sorted(path.name for path in folder.iterdir()) == ["abcd.txt", "efab.txt"]


@pytest.mark.parametrize(
    "given", [[], ["abcd", "--all"], ["--all"], ["abcd", "abce"], ["abcd", "--original", "--normalised"]]
)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, given: list[str]) -> None:
    lake = ingested(tmp_path, "a.txt", STORY.encode()).path
    done = restore(lake, *given)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
