"""Pointers, heads and tails: what goes in each shape, written as marks."""

from __future__ import annotations

import pytest

from cleaners.article import Kind, Source
from cleaners.catalog import load_catalog
from cleaners.marks import after, before, mark
from cleaners.normalize import normalize
from cleaners.pipeline import find_removals
from cleaners.pointer import Hints
from cleaners.strip import restore

CATALOG = load_catalog()


def marked(text: str, outlet: str | None = None, title: str | None = None) -> str:
    normal = normalize(before(text)).text
    found = CATALOG.outlets[outlet] if outlet else None
    matches, _, _ = find_removals(normal, CATALOG, Source(outlet or "", "hint"), found, Hints(title))
    return mark(normal, [(match.start, match.end) for match in matches])


POINTERS = {
    "same line": "Hujan turun.\n{--Baca juga: Jembatan Lama Ditutup untuk Umum\n--}Warga senang.",
    "next line, a headline": "Hujan turun.\n{--Baca juga:\nJembatan Lama Ditutup untuk Umum Besok\n--}Warga senang dan bersyukur.",
    "next line, story": "Hujan turun.\n{--Baca Juga\n--}Warga senang dan bersyukur atas jembatan itu.",
    "in parentheses": "Hujan turun {--(Baca juga: Jembatan Lama Ditutup) --}sejak pagi.",
    "a single Baca in parentheses": "Hujan turun. {--(Baca: Jembatan Lama Ditutup) --}Warga senang.",
    "in quotes": 'Hujan turun.\n{--Simak Video "Jembatan Baru Dibuka" di sini:\n--}Warga senang.',
    "several in a row": "Hujan turun.\n{--Baca juga: Jembatan Lama Ditutup\nBaca juga: Pasar Baru Dibuka\n--}Warga senang.",
    "at the end": "Hujan turun. Warga senang.{--\nBaca juga: Jembatan Lama Ditutup--}",
}


@pytest.mark.parametrize("text", POINTERS.values(), ids=POINTERS.keys())
def test_a_pointer_goes_with_its_headline_and_nothing_else(text: str) -> None:
    got = marked(text)
    assert after(got) == after(text)


CAPTIONS = {
    "a stop before the credit closes the caption": "Hujan turun. {--Suasana pasar di Kota Padang. (ANTARA/Sari Contoh) --}Warga senang.",
    "a caption without a stop": "Hujan turun. {--Suasana pasar di Kota Padang (ANTARA/Sari Contoh) --}Warga senang.",
    "a sub-heading before it stays": "Hujan turun. Kesan pertama {--Suasana pasar di Kota Padang. (ANTARA/Sari Contoh) --}Warga senang.",
    "a pointer before it": "Hujan turun. {--Baca juga: Jembatan lama ditutup untuk umum Wali kota meninjau pasar. (ANTARA/Sari Contoh) --}Warga senang.",
    "at the end it signs the story off": "Hujan turun. Warga senang. {--(ANTARA/Sari Contoh)--}",
    "behind a paragraph of the story": "Hujan turun.\nPasar dibuka. Warga senang.{-- (ANTARA/Sari Contoh)--}\nWali kota datang.",
    "a caption of its own line": "Hujan turun.\n{--Pasar di Kota Contoh. (Foto: Sari Contoh)\n--}Wali kota datang.",
    "an agency's bracket in a dateline": "{--Tokyo, (ANTARA/PRNewswire)- --}Warga senang.",
}


@pytest.mark.parametrize("text", CAPTIONS.values(), ids=CAPTIONS.keys())
def test_a_caption_goes_with_the_credit_in_brackets_that_closes_it(text: str) -> None:
    assert after(marked(text, "antara")).strip() == after(text).strip()


def test_a_pointer_before_a_caption_keeps_its_headline_as_a_field() -> None:
    text = (
        "Hujan turun. Baca juga: Jembatan lama ditutup untuk umum Wali kota meninjau pasar. (ANTARA/Sari) Warga senang."
    )
    matches, _, _ = find_removals(text, CATALOG, Source("antara", "hint"), CATALOG.outlets["antara"], Hints())
    assert [match.kind for match in matches] == [Kind.RELATED, Kind.CAPTION]


HEADS = {
    "title and byline": ("{--Jembatan Baru Dibuka\nPenulis: Sari Contoh\n--}Wali kota membuka jembatan.", None),
    "own title": (
        "{--Jembatan Baru Dibuka Wali Kota\n--}Wali kota membuka jembatan.",
        "Jembatan Baru Dibuka Wali Kota",
    ),
    "all before a dateline": (
        "{--Jembatan Baru Dibuka\nPeresmian berlangsung meriah.\nJAKARTA, CONTOH.COM - --}Wali kota membuka jembatan.",
        None,
    ),
    "a standfirst that ends in capitals": (
        "{--Jembatan dibuka pukul 10.00 WIBJakarta (ANTARA) - --}Wali kota membuka jembatan.",
        None,
    ),
    "a standfirst that ends with a number": (
        "{--Lebar jembatan itu 11.5Jakarta (ANTARA) - --}Wali kota membuka jembatan.",
        None,
    ),
}


@pytest.mark.parametrize(("text", "title"), HEADS.values(), ids=HEADS.keys())
def test_a_head_goes_up_to_the_first_word_of_the_story(text: str, title: str | None) -> None:
    assert after(marked(text, title=title)) == after(text)


TAILS = {
    "sign-off and its tags": "Hujan turun. {--(sar/bud)\njembatan\nkota contoh--}",
    "a chain in flattened text": "Hujan turun. {--Sumber: Reuters Penerjemah: Sari ContohEditor: Budi Contoh COPYRIGHT © CONTOH 2023--}",
    "a player's title taken twice": (
        "Hujan turun sejak pagi.\n{--Melihat Jembatan Baru di Kota Contoh\nMelihat Jembatan Baru di Kota Contoh\n"
        "(sar/bud)\njembatan--}"
    ),
    "a song that ends with two lines alike": (
        "Hujan turun sejak pagi\nDi Jembatan Baru Kita Bertemu\nDi Jembatan Baru Kita Bertemu\n{--(sar/bud)--}"
    ),
    "a sentence said twice": "Hujan turun.\nWarga masih menunggu hujan.\nWarga masih menunggu hujan.\n{--(sar/bud)--}",
    "a title taken twice without a sign-off": (
        "Hujan turun.\nMelihat Jembatan Baru di Kota Contoh\nMelihat Jembatan Baru di Kota Contoh"
    ),
    "syndication": "Hujan turun.\n{--Artikel ini telah tayang di Contoh.com dengan judul Hujan--}",
}


@pytest.mark.parametrize("text", TAILS.values(), ids=TAILS.keys())
def test_a_tail_goes_from_the_last_word_of_the_story(text: str) -> None:
    assert "".join(after(marked(text)).split()) == "".join(after(text).split())


def test_restore_puts_back_what_was_cut() -> None:
    assert restore("bd", [(0, 1, "a"), (2, 3, "c"), (4, 5, "e")]) == "abcde"
