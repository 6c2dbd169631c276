"""One article through the line: what it becomes, what it is rejected for, what it is flagged with."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cleaners.article import Cleaned, Document, Reason, Reject
from cleaners.catalog import load_catalog
from cleaners.headline import Known
from cleaners.pipeline import clean

CATALOG = load_catalog()
STORY = "Wali kota membuka jembatan baru pada Senin. Warga menyambut pembukaan itu dengan pawai dan musik bambu."


def cleaned(text: str, **given: str) -> Cleaned:
    result = clean(Document(text=text, **given), CATALOG)
    assert isinstance(result, Cleaned)
    return result


@pytest.mark.parametrize(
    "text",
    [
        "Harga itu wajar, kata dia kepada Kontan.co.id, Senin (7/4). Pedagang setuju.",
        "Baca juga buku ini sampai selesai, kata guru itu. Muridnya mengangguk.",
        'Pesan itu berbunyi "Gabung ke channel WhatsApp kami" dan menipu ratusan orang.',
        "Catatan redaksi: nama camat dalam berita ini sudah diperbaiki. Kami mohon maaf.",
        "Inflasi tercatat 2,5 persen (yoy). Harga beras naik.",
        "10. Di halaman selanjutnya, kamu harus mengonfirmasi nomor KTP. Lalu tekan kirim.",
        "Disclaimer: kunci jawaban ini hanya panduan bagi orang tua. Siswa tetap belajar sendiri.",
        "Video dan foto pelaku banyak beredar di grup WhatsApp, kata polisi. Dua orang ditangkap.",
    ],
)
def test_what_looks_like_furniture_and_is_story_stays(text: str) -> None:
    assert cleaned(text).text == text


def test_a_removal_carries_its_rule_and_its_kind() -> None:
    result = cleaned(f"JAKARTA, HARIANCONTOH.COM - {STORY}")
    assert [(r.rule, str(r.kind)) for r in result.removals] == [("dateline/place-site", "dateline")]
    assert result.text == STORY
    assert result.fields.dateline == "JAKARTA"


def test_known_headlines_end_pointers_exactly() -> None:
    headline = "Jembatan Lama Ditutup untuk Perbaikan Besar Pasar Induk"
    text = f"{STORY} Baca juga: {headline} Contoh Sari menyebut pasar akan pindah. {STORY}"
    result = clean(Document(text=text), CATALOG, known=Known([headline]))
    assert isinstance(result, Cleaned)
    assert [item.title for item in result.fields.related] == [headline]
    assert "Contoh Sari menyebut pasar akan pindah." in result.text


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (Document(), Reason.NO_TEXT),
        (Document(text=" \n\t"), Reason.NO_TEXT),
        (Document(text="!!! --- ???"), Reason.NO_TEXT),
        (Document(text="Baca Juga\nAdvertisement"), Reason.NO_STORY),
        (Document(text="a" * 5_000_001), Reason.TOO_LARGE),
        (Document(html="<html><body></body></html>"), Reason.NO_TEXT),
    ],
    ids=["nothing", "blank", "no word", "only furniture", "too large", "empty page"],
)
def test_what_cannot_be_used_is_rejected_with_its_reason(document: Document, reason: Reason) -> None:
    result = clean(document, CATALOG)
    assert isinstance(result, Reject)
    assert result.reason is reason
    assert result.document == document


def test_a_text_that_would_lose_most_of_its_words_is_kept_uncut_and_flagged() -> None:
    text = f"Hujan turun sejak pagi di kota.\n{'Ikuti saluran WhatsApp Harian Contoh untuk berita terbaru. ' * 1}\n" * 1
    text += "\n".join(f"Baca juga: Jembatan Nomor {i} Ditutup untuk Perbaikan Besar" for i in range(9))
    result = cleaned(text)
    assert "guard" in result.flags
    assert result.removals == ()
    assert result.text == result.article.text


def test_repairs_are_named() -> None:
    result = cleaned("Kata camat, ‚ÄúJembatan ini milik kita‚Äù dan &quot;semua warga&quot;. " + STORY)
    assert result.article.repairs == ("entities", "mojibake")
    assert "“Jembatan ini milik kita”" in result.text


def test_a_date_that_cannot_be_read_is_null_and_flagged() -> None:
    result = cleaned(STORY, date="Tidak Ditemukan")
    assert result.fields.published is None
    assert "date-unreadable" in result.flags


def test_the_url_names_source_and_canonical_address() -> None:
    result = cleaned(STORY, url="https://m.detik.com/news/d-123/jembatan?utm_source=x")
    assert (result.source.name, result.source.evidence) == ("detik", "url")
    assert result.canonical_url is not None
    assert "utm" not in result.canonical_url


def test_the_seeds_come_out_exactly(shared: Path) -> None:
    for seed in json.loads((shared / "seeds/expected.json").read_text(encoding="utf-8")):
        for text in (seed["text"], seed["text"].replace("\u00a0", " ")):
            result = cleaned(text)
            got = [(bare(result.article.text[r.start : r.end]), str(r.kind)) for r in result.removals]
            assert got == [(bare(seed["text"][a:b]), kind) for a, b, kind in sorted(seed["spans"])], seed["gid"]
            assert fields_of(result, seed["fields"]) == seed["fields"]


def bare(text: str) -> str:
    return "".join(text.split())


def fields_of(result: Cleaned, wanted: dict[str, object]) -> dict[str, object]:
    fields = result.fields
    at = fields.published.at if fields.published else None
    jakarta = at.astimezone(ZoneInfo("Asia/Jakarta")) if at else None
    have = {
        "source": result.source.name,
        "title": fields.title,
        "description": fields.description,
        "language": result.language.tag,
        "dateline": fields.dateline,
        "cited_sources": list(fields.cited_sources),
        "authors": list(fields.authors),
        "editors": list(fields.editors),
        "date_published": jakarta.isoformat() if jakarta else None,
        "photo_credits": list(fields.photo_credits),
        "related": [item.title for item in fields.related],
    }
    return {name: have[name] for name in wanted}
