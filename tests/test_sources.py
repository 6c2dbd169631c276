"""Sources: whatever a file holds, each record is one document or one reject, and wrong usage is told before a run."""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.article import Document, Reason, Reject, Stage
from flows import unpack
from flows.sources import InputError, SourceFile, count, expand, mapping_of, read, sha256_of

STORY = "Warga Desa Sukamakmur menyambut jembatan baru pada Senin. "


def put(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def only(path: Path) -> SourceFile:
    (file,) = expand([path]).files
    return file


def items(path: Path, **overrides: str) -> list[Document | Reject]:
    """All records of a file, counted as well."""
    file = only(path)
    mapping = mapping_of(file, overrides)
    found = list(read(file, mapping))
    assert count(file, mapping) == len(found)
    return found


def gist(found: list[Document | Reject]) -> list[str]:
    """Of each record its text or page, or its reason."""
    return [item.reason.value if isinstance(item, Reject) else item.text or item.html or "" for item in found]


def jsonl(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def parquet(path: Path, columns: dict[str, object], **options: object) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


# ------------------------------------------------------------------------------------------------------ bad input

BAD: dict[str, tuple[str, bytes, list[str]]] = {
    "a broken JSON line": ("a.jsonl", b'{"text": "A"}\n{"text": "B\n{"text": "C"}\n', ["A", "broken-record", "C"]),
    "a line that is no object": ("a.jsonl", b'["A"]\n"B"\n{"text": "C"}\n', ["broken-record", "broken-record", "C"]),
    "a missing text": ("a.jsonl", b'{"text": "A"}\n{"url": "u"}\n', ["A", "no-text"]),
    "an empty text": ("a.jsonl", b'{"text": ""}\n{"text": null}\n', ["no-text", "no-text"]),
    "blank lines are nothing": ("a.jsonl", b'\n{"text": "A"}\n \r\n\n{"text": "B"}', ["A", "B"]),
    "an empty file of lines": ("a.jsonl", b"", []),
    "an empty text file": ("a.txt", b"", ["no-text"]),
    "an empty page": ("a.html", b"\xef\xbb\xbf", ["no-text"]),
    "an empty JSON file": ("a.json", b"", ["broken-record"]),
    "cp1252 bytes in UTF-8": ("a.txt", "“Baik” ".encode() + b"\x93kata\x94", ["“Baik” “kata”"]),
    "cp1252 bytes in one line of two": ("a.jsonl", b'{"text": "\x93A\x94"}\n{"text": "\xc3\xa9"}\n', ["“A”", "é"]),
    "UTF-16 with its mark": ("a.txt", "Kafé".encode("utf-16"), ["Kafé"]),
    "UTF-16 without its mark": ("a.txt", "Kafé baru di kota".encode("utf-16-be"), ["Kafé baru di kota"]),
    "UTF-16 lines": ("a.jsonl", jsonl({"text": "A"}, {"text": "B"}).decode().encode("utf-16"), ["A", "B"]),
    "UTF-16 table": ("a.csv", "id;text\n1;Kafé\n".encode("utf-16"), ["Kafé"]),
    "another encoding": ("a.txt", ("日本語の記事" * 5).encode("euc_jp"), ["bad-encoding"]),
    "Mac-Roman mojibake is left to normalising": ("a.txt", "Jakarta ‚Äì A", ["Jakarta ‚Äì A"]),
    "NUL bytes": ("a.txt", b"A\0B\0\0", ["AB"]),
    "a NUL in a JSON string": ("a.jsonl", b'{"text": "A\0B"}\n{"text": "C\\u0000"}\n', ["AB", "C"]),
    "a binary named .txt": ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, ["unreadable"]),
    "compiled code named .txt": ("a.txt", bytes(range(1, 32)) * 50, ["unreadable"]),
    "lone surrogates": ("a.jsonl", b'{"text": "A \\ud83d B", "title": "\\udc00"}\n', ["A \ufffd B"]),
    "a pair of surrogates": ("a.jsonl", b'{"text": "\\ud83d\\ude00"}\n', ["😀"]),
    "a number too long for Python": ("a.jsonl", b'{"text": "A", "n": ' + b"9" * 5000 + b"}\n", ["broken-record"]),
    "nesting too deep": ("a.jsonl", b'{"x": ' + b"[" * 100_000 + b"\n" + b'{"text": "A"}', ["broken-record", "A"]),
    "a list as text": ("a.jsonl", b'{"text": ["A", "B"]}\n', ["broken-record"]),
    "a JSON array cut off in a record": ("a.json", b'[{"text": "A"}, {"text": "B', ["A", "broken-record"]),
    "a JSON array cut off between": ("a.json", b'[{"text": "A"}, ', ["A", "unreadable"]),
    "a broken record in a JSON array": (
        "a.json",
        b'[{"text": "A"},\n {"text": "kata "B" dia", "tags": [{"x": 1}]},\n {"text": "C"}]',
        ["A", "broken-record", "C"],
    ),
    "a page that is no JSON": ("a.json", b"<html></html>", ["broken-record"]),
    "an unclosed quote": ("a.csv", b'id,text\n1,"A\n2,B\n3,"C"\n4,D\n', ["broken-record", "B", "C", "D"]),
    "an unclosed quote at the end": ("a.csv", b'id,text\n1,"A"\n2,"B\n', ["A", "broken-record"]),
    "a row with more cells": ("a.csv", b"id,text\n1,A,B\n2,C\n3,D,,\n", ["broken-record", "C", "D"]),
    "a row with fewer cells": ("a.csv", b"text,id,url\nA,1\nB\n", ["A", "B"]),
    "a truncated Parquet file": ("a.parquet", b"PAR1\0\0\0", ["unreadable"]),
    "an empty Parquet file": ("a.parquet", b"", ["unreadable"]),
    "no gzip": ("a.jsonl.gz", b'{"text": "A"}\n', ["unreadable"]),
    "no zstd": ("a.txt.zst", b"Pasar dibuka", ["unreadable"]),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "expected"), BAD.values(), ids=BAD)
def test_bad_input_becomes_rejects_and_costs_no_other_record(
    tmp_path: Path, name: str, data: bytes, expected: list[str]
) -> None:
    found = items(put(tmp_path, name, data))
    assert gist(found) == expected
    for row, item in enumerate(found):
        document = item.document if isinstance(item, Reject) else item
        assert (document.origin_file, document.origin_row) == (name, row)
        assert isinstance(item, Document) or (item.stage, bool(item.detail)) == (Stage.READ, True)


def test_a_broken_line_is_kept_byte_for_byte(tmp_path: Path) -> None:
    (found,) = items(put(tmp_path, "a.jsonl", b'{"text": "\xff\r\n'))
    assert isinstance(found, Reject)
    assert found.payload == b'{"text": "\xff\r'


def test_what_was_mended_is_named(tmp_path: Path) -> None:
    (text,) = items(put(tmp_path, "a.txt", "A\0B".encode("utf-16")))
    assert isinstance(text, Document)
    assert text.repairs == ("utf-16", "nul")


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".csv.gz", ".jsonl.zst", ".csv.zst"])
def test_a_truncated_archive_gives_what_comes_before_the_break(tmp_path: Path, suffix: str) -> None:
    texts = [hashlib.sha256(bytes([n])).hexdigest() * 40 for n in range(200)]  # hardly compressible
    rows = jsonl(*({"text": text} for text in texts)) if "json" in suffix else "\n".join(["text", *texts]).encode()
    packed = gzip.compress(rows) if suffix.endswith("gz") else zstandard.compress(rows)
    cut = len(packed) * 2 // 3
    found = items(put(tmp_path, "a" + suffix, packed[:cut]))
    assert len(found) > 20
    assert gist(found[:-1]) == texts[: len(found) - 1]
    assert isinstance(found[-1], Reject)
    assert found[-1].reason is Reason.UNREADABLE
    assert f"byte {cut}" in found[-1].detail


def test_a_damaged_archive_gives_what_comes_before_the_damage(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(jsonl(*({"text": f"{STORY}{n}" * 5} for n in range(3000)))))
    packed[len(packed) // 2] ^= 0xFF
    found = items(put(tmp_path, "a.jsonl.gz", bytes(packed)))
    assert len(found) > 100
    assert [item.reason for item in found if isinstance(item, Reject)][-1] is Reason.UNREADABLE


def test_archives_of_several_members_and_padding_are_read(tmp_path: Path) -> None:
    one, two = jsonl({"text": "A"}), jsonl({"text": "B"})
    assert gist(items(put(tmp_path, "a.jsonl.gz", gzip.compress(one) + gzip.compress(two) + b"\0" * 512))) == ["A", "B"]
    assert gist(items(put(tmp_path, "a.jsonl.zst", zstandard.compress(one) + zstandard.compress(two)))) == ["A", "B"]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".csv"])
def test_a_record_of_60_mb_is_measured_and_not_held(tmp_path: Path, suffix: str) -> None:
    huge = b"x" * 60_000_000
    around = {
        ".json": (b'[{"text": "A"}, {"text": "', b'"}, {"text": "B"}]'),
        ".csv": (b"text,id\nA,1\n", b",2\nB,3\n"),
    }.get(suffix, (b'{"text": "A"}\n{"text": "', b'"}\n{"text": "B"}\n'))
    data = around[0] + huge + around[1]
    path = put(tmp_path, "a" + suffix, gzip.compress(data, 1) if suffix.endswith(".gz") else data)
    file = only(path)
    mapping = mapping_of(file)
    tracemalloc.start()
    found = list(read(file, mapping))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert gist(found) == ["A", "too-large", "B"]
    assert count(file, mapping) == 3
    assert isinstance(found[1], Reject)
    assert found[1].payload is None
    assert "SHA-256" in found[1].detail
    assert str(60_000_000)[:2] in found[1].detail
    assert peak < 6 * unpack.RECORD_BYTES


def test_the_hash_of_a_line_that_is_too_large_is_that_of_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "RECORD_BYTES", 100)
    monkeypatch.setattr(unpack, "CHUNK_BYTES", 7)
    line = b'{"text": "' + b"y" * 150 + b'"}'
    found = items(put(tmp_path, "a.jsonl", b'{"text": "A"}\n' + line + b'\n{"text": "B"}'))
    assert gist(found) == ["A", "too-large", "B"]
    assert isinstance(found[1], Reject)
    assert found[1].detail == (
        f"{len(line)} bytes from byte 14, at most 100 are read; SHA-256 {hashlib.sha256(line).hexdigest()}"
    )


@pytest.mark.parametrize("name", ["a.txt", "a.html"])
def test_a_file_that_is_too_large_is_one_reject(tmp_path: Path, name: str) -> None:
    found = items(put(tmp_path, name, b"x" * (unpack.RECORD_BYTES + 1)))
    assert gist(found) == ["too-large"]


def test_a_file_that_cannot_be_opened_is_one_reject(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", STORY)
    for name in ("b.jsonl", "c.csv", "d.parquet", "e.json", "f.html"):
        (tmp_path / name).symlink_to(tmp_path / "gone")
    found = expand([tmp_path]).files
    assert [file.name for file in found] == ["a.txt", "b.jsonl", "c.csv", "d.parquet", "e.json", "f.html"]
    assert len({file.sha256 for file in found}) == 6
    for file in found[1:]:
        assert gist(list(read(file))) == ["unreadable"]
        assert count(file) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_one_reject(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", b"{}")
    path.chmod(0)
    assert gist(items(path)) == ["unreadable"]


def test_a_damaged_row_group_is_rejected_row_by_row(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet", {"text": [f"{STORY}{n}" for n in range(300)]}, row_group_size=100, compression="gzip"
    )
    data = bytearray(path.read_bytes())
    place = pq.ParquetFile(path).metadata.row_group(1).column(0)
    begin = place.dictionary_page_offset or place.data_page_offset
    data[begin : begin + place.total_compressed_size] = b"\xaa" * place.total_compressed_size
    found = items(put(tmp_path, "a.parquet", bytes(data)))
    assert gist(found)[:100] == [f"{STORY}{n}" for n in range(100)]
    assert gist(found)[100:200] == ["unreadable"] * 100
    assert gist(found)[200:] == [f"{STORY}{n}" for n in range(200, 300)]


# ------------------------------------------------------------------------------------------------------ the property

SUFFIXES = (".txt", ".html", ".jsonl", ".json", ".csv", ".tsv", ".parquet")
PIECES = [
    b'{"text": "A"}', b'"text": {"0": "A"}', b'{"articles": [', b"text", b"id", b"\\ud800", b"9", b"\n", b"\r\n", b'"',
    b",", b";", b"[", b"]", b"{", b"}", b"\xff", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"PAR1", b"\x1f\x8b\x08",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(PIECES) | st.binary(max_size=6)).map(b"".join),
    st.sampled_from(SUFFIXES),
    st.sampled_from(["", ".gz", ".zst"]),
    st.integers(0, 60),
    st.integers(0, 5),
    st.integers(0, 3),
)
def test_what_is_counted_is_what_is_read_whatever_a_file_holds(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str, packed: str, cut: int, start: int, length: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    packed = "" if suffix == ".parquet" else packed
    pack: Callable[[bytes], bytes] = {".gz": gzip.compress, ".zst": zstandard.compress}.get(packed, bytes)
    put(folder, f"a{suffix}{packed}", pack(data)[: -cut or None])
    (file,) = expand([folder]).files
    mapping = mapping_of(file)
    whole = list(read(file, mapping))
    assert count(file, mapping) == len(whole)
    assert list(read(file, mapping, start, start + length)) == whole[start : start + length]
    rows = [item.document.origin_row if isinstance(item, Reject) else item.origin_row for item in whole]
    assert rows == list(range(len(whole)))


# --------------------------------------------------------------------------------------------------- wrong usage


def test_wrong_usage_is_one_sentence_before_anything_is_read(tmp_path: Path) -> None:
    put(tmp_path, "a.pdf", b"%PDF")
    put(tmp_path, "none/.hidden.txt", STORY)
    put(tmp_path, "pictures/a.png", b"")
    put(tmp_path, "a.csv", "tanggal,harga\n1,2\n")
    put(tmp_path, "empty.csv", "")
    parquet(tmp_path / "list.parquet", {"text": [["A", "B"]]})
    put(tmp_path, "a.jsonl", jsonl({"isi": "A"}))
    (tmp_path / "dead.txt").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.jsonl")
    wrong = {
        "gone.txt": "gone.txt: no such file or folder",
        "a.pdf": "cannot read .pdf; readable are .txt .html",
        "none": "holds nothing that can be read (it is empty)",
        "pictures": "holds nothing that can be read (1 .png)",
        "x*.txt": "holds nothing that can be read",
        "a.csv": "a.csv: no text or html column among: tanggal, harga; name it with --map text=COLUMN",
        "empty.csv": "no text or html column among: none, the file is empty",
        "list.parquet": "column 'text' holds list<element: string>, expected text",
        "dead.txt": "a link to a file that does not exist",
        "pipe.jsonl": "no regular file",
    }
    for name, message in wrong.items():
        with pytest.raises(InputError) as error:
            mapping_of(only(tmp_path / name))
        assert message in str(error.value)
    with pytest.raises(InputError, match="no column 'teks'; there are: isi"):
        mapping_of(only(tmp_path / "a.jsonl"), {"text": "teks"})


def test_a_table_without_a_text_in_a_folder_is_one_reject(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "tanggal,harga\n1,2\n3,4\n")
    parquet(tmp_path / "b.parquet", {"text": [["A", "B"], ["C"]]})
    put(tmp_path, "c.csv", "")
    found = [list(read(file)) for file in expand([tmp_path]).files]
    assert [gist(file) for file in found] == [["no-text"], ["broken-record"], ["no-text"]]
    assert [count(file) for file in expand([tmp_path]).files] == [1, 1, 1]


# --------------------------------------------------------------------------------------------------------- finding


def test_a_folder_is_read_sorted_without_hidden_and_unknown_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.JSONL", "a/.git/x.txt", ".b.txt", "c.pdf", "d.PDF", "e.jsonl.gz", "f.parquet.gz", "g"):
        put(tmp_path, name, STORY)
    found = expand([tmp_path])
    assert [file.name for file in found.files] == ["a/z.JSONL", "b.txt", "e.jsonl.gz"]
    assert found.skipped == {".pdf": 2, ".gz": 1, "g": 1}
    assert not any(file.named for file in found.files)


def test_files_come_in_the_order_given_and_once(tmp_path: Path) -> None:
    first, second = put(tmp_path, "z/b.txt", "B"), put(tmp_path, "z/a.txt", "A")
    assert [file.name for file in expand([first, tmp_path / "z", second]).files] == ["b.txt", "a.txt"]
    assert [file.named for file in expand([first, tmp_path / "z", second]).files] == [True, False]


def test_a_pattern_finds_files_and_names_them_from_its_fixed_part(tmp_path: Path) -> None:
    for name in ("2025/01/a.txt", "2025/02/b.txt", "2025/02/c.pdf"):
        put(tmp_path, name, STORY)
    found = expand([str(tmp_path / "2025" / "*" / "*")])
    assert [file.name for file in found.files] == ["01/a.txt", "02/b.txt"]
    assert found.skipped == {".pdf": 1}


def test_a_file_whose_name_is_no_utf8_has_a_name_that_is(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt"))
    path.write_text(STORY)
    (file,) = expand([tmp_path]).files
    assert file.name == "\ufffd.txt"
    assert gist(list(read(file))) == [STORY]


STDIN = {
    "lines": (jsonl({"text": "A"}, {"text": "B"}), ["A", "B"]),
    "an array": (b'[{"text": "A"}]', ["A"]),
    "an object over many lines": (b'{\n "text": "A"\n}', ["A"]),
    "a page": (b"<!doctype html><p>A", ["<!doctype html><p>A"]),
    "a table": (b"id;isi\n1;A\n", ["A"]),
    "a text": (b"Pasar, kata dia, dibuka.", ["Pasar, kata dia, dibuka."]),
    "nothing": (b"", ["no-text"]),
    "gzip": (gzip.compress(jsonl({"text": "A"})), ["A"]),
    "zstd": (zstandard.compress(b"A"), ["A"]),
}


@pytest.mark.parametrize(("data", "expected"), STDIN.values(), ids=STDIN)
def test_standard_input_is_kept_and_told_by_its_beginning(data: bytes, expected: list[str]) -> None:
    inputs = expand(["-"], stdin=io.BytesIO(data))
    (file,) = inputs.files
    assert (file.name, file.size, file.sha256) == ("-", len(data), hashlib.sha256(data).hexdigest())
    assert gist(list(read(file))) == expected
    assert file.path.exists()
    inputs.close()
    assert not file.path.exists()


def test_the_hash_of_a_files_beginning(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", b"abcdef")
    assert sha256_of(path, 3) == hashlib.sha256(b"abc").hexdigest()
    assert sha256_of(path) == only(path).sha256 == hashlib.sha256(b"abcdef").hexdigest()


# ---------------------------------------------------------------------------------------------------------- formats

NEWS_WATCH = {
    "title": "Jembatan Baru",
    "publish_date": "2025-06-18 07:30:00",
    "author": "Sari Wijaya",
    "content": f'{STORY}\n\nKata dia, "baik"; lalu, selesai.',
    "keyword": "jembatan",
    "category": "Daerah",
    "source": "contoh",
    "link": "https://contoh.id/a",
}


def news_watch_csv(folder: Path) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(NEWS_WATCH), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(NEWS_WATCH)
    return put(folder, "news-watch.csv", text.getvalue())


def news_watch_json(folder: Path) -> Path:
    return put(folder, "news-watch.json", json.dumps([NEWS_WATCH], indent=2, ensure_ascii=False))


@pytest.mark.parametrize("write", [news_watch_csv, news_watch_json])
def test_what_news_watch_writes_is_read_without_options(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path)
    (found,) = items(path)
    assert found == Document(
        text=NEWS_WATCH["content"],
        title="Jembatan Baru",
        date="2025-06-18 07:30:00",
        authors=("Sari Wijaya",),
        section="Daerah",
        outlet="contoh",
        url="https://contoh.id/a",
        origin_file=path.name,
        origin_row=0,
    )
    assert str(mapping_of(only(path))).endswith("; not used: keyword")


LATIN = '<meta charset="iso-8859-1">'

READ: dict[str, tuple[str, bytes, list[str]]] = {
    "lines with a mark and returns": ("a.jsonl", b'\xef\xbb\xbf{"text": "A"}\r\n{"text": "B"}\r\n', ["A", "B"]),
    "lines whose keys differ": ("a.ndjson", jsonl({"text": "A"}, {"isi": "B"}, {"content": "C"}), ["A", "B", "C"]),
    "raw tabs in JSON strings": ("a.jsonl", b'{"text": "A\tB"}', ["A\tB"]),
    "an array": ("a.json", b' [ {"text": "A"} , {"text": "B"} ] ', ["A", "B"]),
    "an empty array": ("a.json", b"[]", []),
    "one object": ("a.json", b'{"text": "A", "tags": [{"x": 1}]}', ["A"]),
    "an object with a list": ("a.json", b'{"ok": true, "articles": [{"content": "A"}, {"body": "B"}]}', ["A", "B"]),
    "an object in an object": ("a.json", b'{"response": {"docs": [{"body": "A"}]}, "x": [1]}', ["A"]),
    "lines named .json": ("a.json", jsonl({"text": "A"}, {"text": "B"}), ["A", "B"]),
    "what pandas writes by default": ("a.json", b'{"text": {"0": "A", "1": "B"}, "id": {"0": 1, "1": 2}}', ["A", "B"]),
    "an object of other things": ("a.json", b'{"harga": [1, 2]}', ["no-text"]),
    "quotes and breaks in cells": ("a.csv", b'id,text\n1,"A ""B""\r\n\r\nC, D"\n2,E\r\n', ['A "B"\r\n\r\nC, D', "E"]),
    "semicolons": ("a.csv", b"\xef\xbb\xbfid;isi;harga, rupiah\n1;A, B;2\n", ["A, B"]),
    "a delimiter announced": ("a.csv", b"sep=|\nid|isi\n1|A;B\n", ["A;B"]),
    "tabs": ("a.tsv", b"id\tteks\n1\tA, B\n", ["A, B"]),
    "one column": ("a.csv", b"text\nA\n\nB\n", ["A", "B"]),
    "a quote inside a cell": ("a.csv", b'id,text\n1,panjang 5" saja\n2,B\n', ['panjang 5" saja', "B"]),
    "a cell beyond csv's own limit": ("a.csv", b'text,id\n"' + b"x" * 200_000 + b'",1\n', ["x" * 200_000]),
    "a page in Latin-1": ("a.html", (LATIN + "Kafé").encode("latin-1"), [LATIN + "Kafé"]),
    "a page in UTF-8 that says Latin-1": ("a.htm", (LATIN + "Kafé").encode(), [LATIN + "Kafé"]),
    "a page in GB 2312": ("a.html", '<meta charset="gb2312">新闻'.encode("gb2312"), ['<meta charset="gb2312">新闻']),
    "a page in UTF-16": ("a.html", "<p>Kafé".encode("utf-16"), ["<p>Kafé"]),
    "a page of an unknown charset": ("a.html", b'<meta charset="x-none">\x93A\x94', ['<meta charset="x-none">“A”']),
    "a page of a charset that is no text": ("a.html", b'<meta charset="rot13">A \x93', ['<meta charset="rot13">A “']),
    "a page named .txt": ("a.txt", b"<html><p>A", ["<html><p>A"]),
}  # fmt: skip


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("name", "data", "expected"), READ.values(), ids=READ)
def test_a_format_is_read_plain_and_packed(
    tmp_path: Path, name: str, data: bytes, expected: list[str], packed: str
) -> None:
    pack: Callable[[bytes], bytes] = {".gz": gzip.compress, ".zst": zstandard.compress}.get(packed, bytes)
    assert gist(items(put(tmp_path, name + packed, pack(data)))) == expected


def test_columns_of_parquet_become_strings(tmp_path: Path) -> None:
    noon = datetime.datetime(2025, 6, 18, 12, 0, 0, 5)
    path = parquet(
        tmp_path / "a.parquet",
        {
            "isi": pa.array([STORY, b"\x93A\x94"], pa.binary()),
            "id": [1, None],
            "publish_date": pa.array([noon, None], pa.timestamp("ns")),
            "tags": [["pasar", None], None],
            "source": pa.array(["contoh", None]).dictionary_encode(),
            "harga": [1.5, 2.5],
        },
    )
    first, second = items(path)
    assert first == Document(
        text=STORY,
        id="1",
        date="2025-06-18T12:00:00.000005",
        keywords=("pasar",),
        outlet="contoh",
        origin_file="a.parquet",
        origin_row=0,
    )
    assert second == Document(
        text="“A”", origin_file="a.parquet", origin_row=1, repairs=("cp1252",), arrived=b"\x93A\x94"
    )


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.timestamp("s"), 1750235400, "2025-06-18T08:30:00"),
        (pa.timestamp("ms", "UTC"), 1750235400000, "2025-06-18T08:30:00+00:00"),
        (pa.timestamp("us", "Asia/Jakarta"), 1750235400000000, "2025-06-18T08:30:00+00:00"),
        (pa.timestamp("s"), 2**40, None),
        (pa.date32(), 20257, "2025-06-18"),
        (pa.int64(), 1750235400, "1750235400"),
        (pa.string(), "18 Juni 2025", "18 Juni 2025"),
        (pa.null(), None, None),
    ],
    ids=str,
)
def test_dates_of_parquet_are_iso_8601(tmp_path: Path, kind: pa.DataType, value: object, expected: str | None) -> None:
    column = pa.array([value], pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.array([value], kind)
    (found,) = items(parquet(tmp_path / "a.parquet", {"text": ["A"], "date": column}))
    assert isinstance(found, Document)
    assert found.date == expected


def test_overrides_say_which_column_is_the_text(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "text,ringkas\nA,B\n")
    assert gist(items(path, text="ringkas")) == ["B"]
    assert gist(items(put(tmp_path, "a.jsonl", jsonl({"text": "A", "x": "B"}, {"text": "C"})), text="x")) == [
        "B",
        "no-text",
    ]


def test_in_a_folder_an_override_need_not_be_in_every_file(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "x,text\nA,B\n")
    put(tmp_path, "b.csv", "url,text\nu,C\n")
    found = [list(read(file, {"text": "x"})) for file in expand([tmp_path]).files]
    assert [gist(file) for file in found] == [["A"], ["no-text"]]


def test_a_file_of_american_dates_is_seen_by_those_that_cannot_be_else(tmp_path: Path) -> None:
    days = ["9/10/2025 22:30", "10/21/2025 20:43", "10/22/2025", "10/23/2025"]
    american = put(tmp_path, "a.jsonl", jsonl(*({"text": "A", "date": day} for day in days)))
    mixed = put(tmp_path, "b.csv", "\n".join(["text,date", *(f"A,{day}" for day in [*days, "21/10/2025"])]))
    (first, *_) = items(american)
    (other, *_) = items(mixed)
    assert isinstance(first, Document)
    assert isinstance(other, Document)
    assert (first.date, first.repairs) == ("2025-09-10 22:30", ("month-first",))
    assert (other.date, other.repairs) == ("9/10/2025 22:30", ())


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet"])
def test_ranges_side_by_side_are_the_whole(tmp_path: Path, suffix: str) -> None:
    texts = [f"{n}, {STORY}" for n in range(50)]
    rows = [{"text": text, "id": n} for n, text in enumerate(texts)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        parquet(path, {"text": texts}, row_group_size=7)
    elif suffix == ".csv":
        path.write_text("text\n" + "".join(f'"{text}"\n' for text in texts))
    else:
        data = json.dumps(rows).encode() if suffix == ".json" else jsonl(*rows)
        path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    file = only(path)
    mapping = mapping_of(file)
    cuts = [0, 1, 7, 20, 21, 50, 60]
    parts = [list(read(file, mapping, start, stop)) for start, stop in pairwise(cuts)]
    assert [gist(part) for part in parts] == [texts[start:stop] for start, stop in pairwise(cuts)]
    assert [item for part in parts for item in part] == list(read(file, mapping))
    assert list(read(file, mapping, 49)) == parts[4][-1:]


def test_memory_stays_flat_over_a_long_file(tmp_path: Path) -> None:
    line = jsonl({"text": STORY * 30})
    peaks = []
    for lines in (2_000, 20_000):
        path = put(tmp_path, f"{lines}.jsonl", line * lines)
        file = only(path)
        mapping = mapping_of(file)
        tracemalloc.start()
        assert sum(1 for _ in read(file, mapping)) == lines
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
