from __future__ import annotations

import itertools
import re

import ftfy
import pytest
from ftfy.badness import is_bad

from cleaners import normalize as module
from cleaners.normalize import normalize


@pytest.mark.parametrize(
    "text",
    [
        "Satu paragraf.\nDua paragraf.",
        "Bahan:\nbawang merah\nbawang putih\ngaram",
        "1. Siapkan air\n2. Rebus telur",
        "Skor akhir 2-1, kata pelatih, dan semua senang.",
        "Perusahaan AT&T; membuka kantor.",
    ],
    ids=["paragraphs", "a list of short lines", "numbers", "commas in a sentence", "an ampersand that is no entity"],
)
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert normalize(text).text == text
    assert normalize(text).repairs == ()


@pytest.mark.parametrize(
    ("raw", "text", "repairs"),
    [
        ("a\r\nb\u2028c", "a\nb\nc", ()),
        ("a\u00a0b\u200b \t c", "ab c".replace("ab", "a b"), ()),
        ("satu\x00dua", "satudua", ("control-characters",)),
        ("kata \ud800dia", "kata dia", ("control-characters",)),
        ("Tom &amp; Jerry &quot;main&quot;", 'Tom & Jerry "main"', ("entities",)),
        ("harga ‚Äì naik", "harga – naik", ("mojibake",)),
        ("harga â€“ naik", "harga – naik", ("mojibake",)),
        ('"Dia berkata ""naik"" lagi."', 'Dia berkata "naik" lagi.', ("csv-quotes",)),
        ("Hal itu dilansir\ndetikJateng\n, Selasa (10/6/2025).", "Hal itu dilansir\ndetikJateng, Selasa (10/6/2025).", ("broken-sentences",)),
        ("Rupiah melemah terhadap dolar pada pembukaan\nperdagangan pagi ini.", "Rupiah melemah terhadap dolar pada pembukaan perdagangan pagi ini.", ("broken-sentences",)),
        ("Berita Terkait\n-\nJembatan Baru Dibuka\n-\nPasar Lama Ditutup", "Berita Terkait\n- Jembatan Baru Dibuka\n- Pasar Lama Ditutup", ()),
        ("JAKARTA, KOMPAS.com\n-\nWali kota hadir.", "JAKARTA, KOMPAS.com - Wali kota hadir.", ("broken-sentences",)),
        ("Satu selesai.,Dua mulai.,Tiga datang.,Empat pergi.", "Satu selesai.\nDua mulai.\nTiga datang.\nEmpat pergi.", ("comma-paragraphs",)),
        ("Satu selesai. ,Dua mulai. ,“Tiga datang,” kata Sari. ,Empat pergi.", "Satu selesai.\nDua mulai.\n“Tiga datang,” kata Sari.\nEmpat pergi.", ("comma-paragraphs",)),
        ('Satu selesai.,"Apa itu dua?," kata Sari.,Tiga datang.,Empat pergi.', 'Satu selesai.\n"Apa itu dua?," kata Sari.\nTiga datang.\nEmpat pergi.', ("comma-paragraphs",)),
        ("Satu selesai.  Dua mulai.  Tiga datang.", "Satu selesai.\nDua mulai.\nTiga datang.", ("blank-paragraphs",)),
        ("Satu selesai.  Dua mulai. Baca juga:   Tiga Datang   Empat pergi.  Lima.", "Satu selesai.\nDua mulai. Baca juga: Tiga Datang\nEmpat pergi.\nLima.", ("blank-paragraphs",)),
    ],
    ids=["line ends", "blanks", "nul", "surrogate", "entities", "mac roman", "cp1252", "csv quotes", "comma after a link", "lower case goes on",
         "bullets on lines of their own", "a lone dash", "comma joints",
         "comma joints behind a blank", "a comma that a quotation ends with", "runs of blanks",
         "blanks behind a marker"],
)  # fmt: skip
def test_damage_is_mended_and_named(raw: str, text: str, repairs: tuple[str, ...]) -> None:
    article = normalize(raw)
    assert article.text == text
    assert article.repairs == repairs


@pytest.mark.parametrize(
    "line",
    [
        "harga ‚Äì naik",
        "‚ÄúHarga naik,‚Äù kata Budi.",
        "kedai√© itu",
        "itu â ‚Äì dan √",
        "Pantai Kuta ¬† ramai ê‚Äô",
        "harga ‚Äì “naik”",
        "harga ‚Äì naik Ì√â",
        "√Ç¬† dua kali √É¬© dibaca",
        "akar √ dua, ‚ saja",
        "SÅ\x82upsk",
    ],
)
def test_a_line_that_is_all_mac_roman_gets_what_ftfy_gives(line: str) -> None:
    assert module._mend(line) == ftfy.fix_encoding(line)


def test_plain_signs_alone_never_look_misread_to_ftfy() -> None:
    plain = [chr(code) for code in range(0x80, 0x10000) if not module._NOT_PLAIN.match(chr(code))]
    for length in (1, 2, 3, 4):
        assert not any(is_bad("".join(signs)) for signs in itertools.product([*plain, *'aA .0?\n"'], repeat=length))


def test_the_two_spellings_of_comma_joints_find_the_same() -> None:
    plain = re.compile(r"(?<=[.!?”\":)]),+(?=[^\s,\d])|,{2,}(?=\S)|(?<=\S),{2,}")
    for signs in itertools.product(",. a1", repeat=7):
        text = "".join(signs)
        assert [m.span() for m in plain.finditer(text)] == [m.span() for m in module._COMMA_JOINT.finditer(text)]
