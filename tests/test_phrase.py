"""What a phrase matches, what it must not, and what is said of one that cannot be compiled."""

from __future__ import annotations

import re

import pytest

from cleaners.phrase import PhraseError, compile_phrase


def found(phrase: str, text: str) -> str | None:
    match = re.search(compile_phrase(phrase).source, text, re.IGNORECASE)
    return match.group() if match else None


MUST_NOT_MATCH = {
    "inside a word": ("Baca juga", "Pembaca jugalah yang menilai."),
    "a word that goes on": ("Simak berita", "Simak beritanya sampai selesai."),
    "over a line's end": ("Baca juga", "Baca\njuga"),
    "another word between": ("Baca juga", "Baca buku juga"),
    "a place in small letters": ("{place} -", "kota lama -"),
    "a place not in capitals": ("{upper} -", "Padang -"),
    "a name in small letters": ("({names})", "(sari contoh)"),
    "a saying's source is no name": ("({names})", "(HR. Contoh dan Teladan)"),
    "a number with a dash is no initials": ("({initials})", "(2024-2025)"),
    "a day without a time is no moment": ("{moment}", "Kamis, 18 Januari 2024"),
    "a dash inside a word": ("Persija{dash}", "Persija-nya"),
    "a sentence more than any": ("Ikuti {any}WhatsApp", "Ikuti aturan itu. Pesan WhatsApp menyebar."),
    "no branch of a choice": ("{simak|lihat} juga:", "Baca juga:"),
    "what must begin with a capital": ("JAKARTA -{capital}", "JAKARTA - dan sekitarnya"),
}

MATCHES = {
    "case does not count": ("Baca Juga", "BACA JUGA", "BACA JUGA"),
    "any run of blanks": ("Baca juga", "Baca   juga", "Baca   juga"),
    "quotes are alike": ('Simak video "Jembatan"', "Simak video “Jembatan”", "Simak video “Jembatan”"),
    "dashes are alike": ("CONTOH - Padang", "CONTOH — Padang", "CONTOH — Padang"),
    "a blank before a colon is free": ("Baca juga:", "Baca juga :", "Baca juga :"),
    "a written blank before a colon is free too": ("Baca juga :", "Baca juga:", "Baca juga:"),
    "a blank before a comma is free": ("{city}, {brand} -", "Denpasar , Harian Contoh -", "Denpasar , Harian Contoh -"),
    "a colon in a cell of its own": ("Penulis: {name}", "Penulis | : | Sari Contoh |", "Penulis | : | Sari Contoh"),
    "an agency's day": ("{city}, {day} (", "Jakarta, Dec 31, 2017 (", "Jakarta, Dec 31, 2017 ("),
    "glued behind a small letter": ("Editor: {editors}", "Sari ContohEditor: Budi", "Editor: Budi"),
    "glued before a capital": ("Channel Contoh", "Channel ContohWarga", "Channel Contoh"),
    "a branch": ("{simak|lihat} juga", "Lihat juga", "Lihat juga"),
    "a branch that is absent": ("berita {terbaru |}di", "berita di", "berita di"),
    "a branch that is there": ("berita {terbaru |}di", "berita terbaru di", "berita terbaru di"),
    "a choice in a choice": ("{baca {juga|pula}|lihat}:", "baca pula:", "baca pula:"),
    "a domain": ("{site}", "kepada contohnews.co.id, Senin", "contohnews.co.id"),
    "a place of two words": ("{place} -", "Bandung Barat - ", "Bandung Barat -"),
    "a place in capitals": ("{upper} -", "KOTA LAMA - ", "KOTA LAMA -"),
    "names joined": ("({names})", "(Sari Contoh dan Budi Contoh)", "(Sari Contoh dan Budi Contoh)"),
    "initials": ("({initials})", "(sar/bud)", "(sar/bud)"),
    "initials with a number": ("({initials})", "(E-2)", "(E-2)"),
    "a day": ("{date}", "Kamis, 18 Jan 2024 ", "Kamis, 18 Jan 2024"),
    "a day with its time": ("{moment}", "18/01/2024, 08:25 WIB", "18/01/2024, 08:25 WIB"),
    "agencies in capitals": ("{signature}", "CONTOH NEWS | TELADAN", "CONTOH NEWS | TELADAN"),
    "a dash with a blank": ("JAKARTA {dash}", "JAKARTA – ", "JAKARTA –"),
    "two dashes without a blank": ("JAKARTA {dash}", "JAKARTA--Warga", "JAKARTA--"),
    "regular expressions mean nothing": ("(*)", "Selesai. (*)", "(*)"),
}

FIELDS = {
    "a field for each placeholder, in order": ("{place}, {site} {dash}", ("dateline", "site", None)),
    "those inside a choice too": ("{Editor: {editors}|Oleh: {authors}}", ("editors", "authors")),
    "none": ("Baca juga:", ()),
}

ERRORS = {
    "nothing": ("  ", "write the words that stand in the article"),
    "an unknown placeholder, nearly known": ("{plcae} -", "did you mean {place}?"),
    "an unknown placeholder": ("{xyzzy}", "use one of any, authors, brand,"),
    "a brace that does not close": ("Baca {juga", "write {place} or {one|other}"),
    "a brace that does not open": ("Baca juga}", "write {place} or {one|other}"),
}


@pytest.mark.parametrize(("phrase", "text"), MUST_NOT_MATCH.values(), ids=MUST_NOT_MATCH)
def test_a_phrase_leaves(phrase: str, text: str) -> None:
    assert found(phrase, text) is None


@pytest.mark.parametrize(("phrase", "text", "matched"), MATCHES.values(), ids=MATCHES)
def test_a_phrase_matches(phrase: str, text: str, matched: str) -> None:
    assert found(phrase, text) == matched


@pytest.mark.parametrize(("phrase", "fields"), FIELDS.values(), ids=FIELDS)
def test_a_phrase_fills(phrase: str, fields: tuple[str | None, ...]) -> None:
    assert compile_phrase(phrase).groups == fields


@pytest.mark.parametrize(("phrase", "remedy"), ERRORS.values(), ids=ERRORS)
def test_a_phrase_that_cannot_be_compiled_says_what_to_write(phrase: str, remedy: str) -> None:
    with pytest.raises(PhraseError) as error:
        compile_phrase(phrase)
    assert error.value.remedy.startswith(remedy)
    assert error.value.remedy in str(error.value)


@pytest.mark.parametrize("phrase", [phrase for phrase, *_ in MATCHES.values()], ids=MATCHES)
def test_what_a_phrase_needs_stands_in_what_it_matches(phrase: str) -> None:
    compiled = compile_phrase(phrase)
    text = next(text for other, text, _ in MATCHES.values() if other == phrase).lower()
    assert not compiled.needs or any(word in text for word in compiled.needs)
    assert not compiled.openings or any(opening in text for opening in compiled.openings)


@pytest.mark.parametrize(
    ("phrase", "closings"),
    [
        ("Artikel ini ditulis oleh {any}", frozenset()),
        ("Baca juga:", frozenset()),
        ("Hak cipta{ ANTARA|}", frozenset()),
        ("({names})", frozenset(")")),
        ("Redaksi", frozenset("i")),
        ("Simak {artikel|{berita|video} ini}", frozenset("li")),
    ],
)
def test_the_signs_that_a_match_ends_with_are_known_only_where_they_are_certain(
    phrase: str, closings: frozenset[str]
) -> None:
    assert compile_phrase(phrase).closings == closings
