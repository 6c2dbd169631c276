"""What `saring ingest` makes of samples/: every document kept, found to be a copy, or rejected for a reason."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SARING

SAMPLES = ROOT / "samples"

# path: (articles, duplicates, rejects); a file that is not here is one article
COUNTS = {
    "copies/1-wire.jsonl": (1, 2, 0),
    "copies/2-revision.jsonl": (1, 2, 0),
    "copies/3-not-copies.jsonl": (2, 0, 0),
    "damaged/broken-lines.jsonl": (2, 0, 4),
    "damaged/empty.txt": (0, 0, 1),
    "damaged/not-text.txt": (0, 0, 1),
    "damaged/only-furniture.txt": (0, 0, 1),
    "damaged/truncated.jsonl.gz": (2, 0, 1),
    "flattened/flattened.jsonl": (5, 0, 0),
    "languages/languages.jsonl": (4, 0, 0),
    "pages/index-terkini.html": (0, 0, 1),
    "scraped/arsip.json": (2, 0, 0),
    "scraped/excel-for-mac.csv": (3, 0, 0),
    "scraped/news-watch.csv": (3, 0, 0),
}

REASONS = {
    ("damaged/broken-lines.jsonl", 1): "broken-record",
    ("damaged/broken-lines.jsonl", 2): "no-text",
    ("damaged/broken-lines.jsonl", 3): "no-text",
    ("damaged/broken-lines.jsonl", 4): "no-story",
    ("damaged/empty.txt", 0): "no-text",
    ("damaged/not-text.txt", 0): "unreadable",
    ("damaged/only-furniture.txt", 0): "no-story",
    ("damaged/truncated.jsonl.gz", 2): "unreadable",
    ("pages/index-terkini.html", 0): "not-an-article",
}

COPIES = {"wire-republika": "syndicated", "wire-okezone": "syndicated", "gempa-2": "revision", "gempa-1-amp": "exact"}

# path: (source, first words, last words) of what is left
STORIES = {
    "pages/antara-gerabah.html": ("antara", "Sebanyak 19 perajin", "tidak mengganggu permukiman."),
    "pages/detik-trotoar.html": ("detik", "Pemerintah kota memasang", "rusak hingga akhir tahun."),
    "pages/kompas-bank-sampah.html": ("kompas", "Bank sampah di lereng", "membeli mesin cetak kedua."),
    "pages/kompastv-sirene.html": ("kompastv", "Sirene banjir yang dirakit", "satu jembatan kayu bergeser."),
    "pages/kontan-sepeda-kargo.html": ("kontan", "Pabrik sepeda kargo PT", "dikirim dari luar kota."),
    "pages/liputan6-kebun-atap.html": ("liputan6", "Kebun di atap gedung", "tidak cepat habis haranya."),
    "pages/republika-masjid-apung.html": ("republika", "Masjid apung yang berdiri", "sebelas bulan pengerjaan."),
    "pages/tribunnews-lomba-dongeng.html": ("tribunnews", "Lomba dongeng khusus", "koran selama setahun."),
    "text/antara-budaya-lokal.txt": ("antara", "Paduan suara ibu-ibu", "berlangsung tiga hari."),
    "text/ekoin-panel-surya.txt": ("ekoin", "Sebanyak 27 desa", "tersebut pada 2029."),
    "text/ekoin-pasar-terapung.txt": ("ekoin", "Pedagang pasar terapung", "menunjukkan kodenya."),
    "text/kompas-pesan-berantai.txt": ("kompas", "Pesan berantai yang", "semula salah menyebut nama kota."),
    "text/kompastv-jembatan.txt": ("kompastv", "Warga Nagari Batu", "bulan puasa tahun depan."),
    "text/kompastv-perpustakaan-nbsp.txt": ("kompastv", "Perpustakaan keliling milik", "dalam bahasa Sunda."),
    "text/kontan-koperasi-kakao.txt": ("kontan", "Koperasi Tani Lestari", "mundur hingga dua pekan."),
    "text/kontan-obligasi-daerah.txt": ("kontan", "Penawaran obligasi daerah", "turun menjadi 2,1 kali."),
    "text/liputan6-kedai-jamu.txt": ("liputan6", "Kedai jamu di", "botol yang cukup luas."),
    "text/republika-kaligrafi.txt": ("republika", "Sebanyak 58 karya", "membeli alat pemintal kedua."),
    "text/republika-wakaf-sumur.txt": ("republika", "Sumur wakaf sedalam", "hasilnya ditempel di masjid."),
    "text/tempo-arsip-radio.txt": ("tempo", "Sebuah arsip berisi", "datang setiap akhir pekan."),
    "text/tribunnews-penjaga-mercusuar.txt": ("tribunnews", "Penjaga mercusuar terakhir", "jawab atas kebersihan."),
    "text/tribunsolo-kereta-mini.txt": ("tribunnews", "Sebuah kereta mini", "tepi jalur tidak rusak."),
}

FURNITURE = re.compile(
    r"baca juga ?:|whatsapp (?:channel|ekoin)|advertisement|scroll to|\[gambas|copyright|pewarta:|editor:|google news"
    r"|selanjutnya:|menarik dibaca|terpopuler",
    re.IGNORECASE,
)

MUST_STAY = {
    "a quoted promo is the story": ("text/kompas-pesan-berantai.txt", 0, '"Gabung ke channel WhatsApp kami untuk'),
    "a sentence may begin like a pointer": (
        "text/kompas-pesan-berantai.txt",
        0,
        '"Baca juga pengumuman resmi di papan',
    ),
    "a correction serves the story": (
        "text/kompas-pesan-berantai.txt",
        0,
        "Catatan redaksi: Judul berita ini diperbaiki",
    ),
    "an outlet named in a sentence stays": ("text/kontan-obligasi-daerah.txt", 0, "ujarnya kepada Kontan.co.id, Rabu"),
    "a sub-heading stays": ("text/ekoin-panel-surya.txt", 0, "\nIuran Warga untuk Perawatan\n"),
    "a heading of a page stays": ("pages/kompas-bank-sampah.html", 0, "\nDiuji di laboratorium\n"),
    "a heading between containers stays": ("pages/liputan6-kebun-atap.html", 0, "\nDisiram Air Pendingin Ruangan\n"),
    "a link in a sentence keeps its word": ("pages/kompas-bank-sampah.html", 0, "dipakai untuk jalan setapak menuju"),
    "what follows a pointer in one line stays": ("flattened/flattened.jsonl", 0, '"Mutunya juga membaik karena'),
    "what follows a glued pointer stays": (
        "flattened/flattened.jsonl",
        3,
        "Ratih mengatakan ia ingin membangun akademi",
    ),
    "mojibake is mended": ("scraped/excel-for-mac.csv", 0, "“Awalnya mereka kikuk, lalu ketagihan,” ujar Adelia"),
    "cp1252 quotes are mended": ("damaged/cp1252-in-utf8.txt", 0, "“Kami sudah menolak tiga pesanan bulan ini”, kata"),
    "NUL bytes go, words stay": ("damaged/nul-bytes.txt", 0, "Perajin batik di Pekalongan memakai ampas kopi"),
    "UTF-16 is read": ("damaged/utf-16.txt", 0, "Nelayan di Manado memasang rumpon"),
}


FIELDS: dict[tuple[str, int], dict[str, Any]] = {
    ("text/tribunnews-penjaga-mercusuar.txt", 0): {
        "title": "Penjaga Mercusuar Terakhir di Pulau Batu Layar Pensiun setelah 34 Tahun",
        "description": "Lampu mercusuar kini menyala otomatis, tetapi warga meminta rumah jaga tetap dibuka.",
        "authors": ["Galuh Ayu Kinasih"],
        "editors": ["Raka Sadewa Putra"],
    },
    ("text/republika-wakaf-sumur.txt", 0): {
        "authors": ["Hanifah Zahratunnisa"],
        "editors": ["Umar Abdurrahim"],
        "dateline": "GUNUNGKIDUL",
        "cited_sources": ["Antara"],
        "photo_credits": ["Republika"],
    },
    ("text/kompastv-jembatan.txt", 0): {"dateline": "PADANG", "cited_sources": ["Kompas TV"], "authors": []},
    ("pages/kompas-bank-sampah.html", 0): {
        "title": "Bank Sampah di Lereng Merapi Ubah Plastik Jadi Paving",
        "authors": ["Ratna Puspitasari"],
        "editors": ["Joko Prabowo Adi"],
        "dateline": "SLEMAN",
        "section": "Regional",
    },
    ("pages/antara-gerabah.html", 0): {"authors": ["Lalu Ahmad Fathoni"], "editors": ["Nurul Aulia Hastari"]},
    ("flattened/flattened.jsonl", 1): {"authors": ["Muhamad Ilyasa"], "editors": ["Nurul Aulia Hastari"]},
    ("scraped/news-watch.csv", 1): {"authors": ["Joko Prabowo Adi"], "section": "regional"},
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "lake"
    ingest(folder)
    return folder


@pytest.fixture(scope="module")
def rows(lake: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: list(read(lake / name)) for name in ("articles", "duplicates", "rejects", "links", "runs")}


def test_every_file_is_what_it_should_be(rows: dict[str, list[dict[str, Any]]]) -> None:
    files = [str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*") if file.is_file() and file.suffix != ".md"]
    found = [Counter(row["origin_file"] for row in rows[name]) for name in ("articles", "duplicates", "rejects")]
    got = {file: tuple(counter[file] for counter in found) for file in files}
    assert got == {file: COUNTS.get(file, (1, 0, 0)) for file in files}


def test_every_document_is_accounted_for(rows: dict[str, list[dict[str, Any]]]) -> None:
    counted = len(rows["articles"]) + len(rows["duplicates"]) + len(rows["rejects"])
    assert sum(run["documents"] for run in rows["runs"]) == counted
    assert counted >= 30


def test_a_reject_says_why(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert {(row["origin_file"], row["origin_row"]): row["reason"] for row in rows["rejects"]} == REASONS
    assert all(row["detail"] for row in rows["rejects"])


def test_copies_are_found_and_named(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert {row["origin_id"]: row["duplicate_kind"] for row in rows["duplicates"]} == COPIES
    kept = {row["id"] for row in rows["articles"]}
    assert {row["duplicate_of"] for row in rows["duplicates"]} <= kept | {row["id"] for row in rows["duplicates"]}


@pytest.mark.parametrize("file", STORIES)
def test_the_story_is_whole_and_alone(rows: dict[str, list[dict[str, Any]]], file: str) -> None:
    source, first, last = STORIES[file]
    row = article(rows, file, 0)
    assert row["source"] == source
    assert row["text"].startswith(first)
    assert row["text"].endswith(last)
    assert FURNITURE.search(row["text"]) is None


@pytest.mark.parametrize(("file", "row", "words"), MUST_STAY.values(), ids=MUST_STAY.keys())
def test_what_looks_like_furniture_or_is_damaged_stays(
    rows: dict[str, list[dict[str, Any]]], file: str, row: int, words: str
) -> None:
    assert words in article(rows, file, row)["text"]


@pytest.mark.parametrize(("file", "row"), FIELDS, ids=[f"{file}:{row}" for file, row in FIELDS])
def test_what_furniture_says_becomes_fields(rows: dict[str, list[dict[str, Any]]], file: str, row: int) -> None:
    want = FIELDS[file, row]
    got = article(rows, file, row)
    assert {name: got[name] for name in want} == want


def test_headlines_pointed_to_are_kept(rows: dict[str, list[dict[str, Any]]]) -> None:
    pointers = article(rows, "text/kontan-koperasi-kakao.txt", 0)["related"]
    assert [pointer["title"] for pointer in pointers] == [
        "Harga Kakao Menguat, Pabrik Cokelat Rumahan Mulai Menahan Pembelian",
        "Gudang Fermentasi Jadi Syarat Baru Pembeli Biji Kakao Eropa",
        "Penjualan Mesin Sangrai Lokal Tumbuh Dua Digit pada Kuartal I",
        "5 Cara Menyimpan Cokelat agar Tidak Berbintik Putih",
    ]


def test_languages_are_told_apart(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert article(rows, "languages/languages.jsonl", 0)["language"] == "ms"
    assert article(rows, "languages/languages.jsonl", 1)["language"] == "en"
    assert article(rows, "languages/languages.jsonl", 3)["language_status"] == "short"
    others = [row for row in rows["articles"] if row["origin_file"] != "languages/languages.jsonl"]
    assert {row["language"] for row in others} == {"id"}


def test_dates_are_read_right_or_not_at_all(rows: dict[str, list[dict[str, Any]]]) -> None:
    def day(file: str, row: int) -> str | None:
        at = article(rows, file, row)["date_published_day"]
        return None if at is None else str(at)

    assert day("scraped/arsip.json", 0) == "2026-06-05"
    assert day("scraped/arsip.json", 1) == "2026-11-06"
    assert day("scraped/excel-for-mac.csv", 0) == "2026-06-03", "the URL says the day where Excel swapped it"
    assert day("scraped/excel-for-mac.csv", 1) is None
    assert day("scraped/excel-for-mac.csv", 2) is None
    assert day("text/republika-wakaf-sumur.txt", 0) == "2026-04-21"
    assert day("pages/tribunnews-lomba-dongeng.html", 0) == "2026-05-22"


def test_the_second_run_finds_nothing_new_and_changes_no_byte(lake: Path) -> None:
    before = digests(lake)
    report = ingest(lake)
    assert report["nothing_new"]
    assert digests(lake) == before


def test_the_promises_hold(lake: Path) -> None:
    done = subprocess.run([SARING, "lake", "verify", "--lake", str(lake)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_says_what_each_file_is_for() -> None:
    table = [line for line in (SAMPLES / "README.md").read_text("utf-8").splitlines() if line.startswith("|")]
    named = re.findall(r"`([a-z]+/[^`]+)`", "\n".join(table))
    files = [str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*") if file.is_file() and file.suffix != ".md"]
    assert not [file for file in files if not any(fnmatch.fnmatch(file, pattern) for pattern in named)]
    assert not [pattern for pattern in named if not fnmatch.filter(files, pattern)]


def ingest(lake: Path) -> dict[str, Any]:
    command = [SARING, "ingest", str(SAMPLES), "--lake", str(lake), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def read(table: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(table.rglob("*.parquet")):
        yield from pq.ParquetFile(file).read().to_pylist()


def article(rows: dict[str, list[dict[str, Any]]], file: str, row: int) -> dict[str, Any]:
    return next(r for r in rows["articles"] if (r["origin_file"], r["origin_row"]) == (file, row))


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(f): (hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}
