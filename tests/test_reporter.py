"""Where a story names its own reporter, and where it names an outlet for another reason."""

from __future__ import annotations

import pytest

from cleaners.catalog import load_catalog
from cleaners.reporter import MAX_NAMED, addressed_readers, told_reporters

CATALOG = load_catalog()
STORY = "Wali kota membuka jembatan baru pada Senin. Warga menyambut pembukaan itu dengan pawai dan musik bambu. " * 3

OTHERS = {
    "what is given to the outlet": "Penghargaan diserahkan kepada Okezone pada Senin.",
    "what is done to it": "Gugatan wali kota kepada Tempo dicabut.",
    "the outlet as a source": "Demikian dikutip dari Okezone, Senin (3/3).",
    "the outlet as a source, and an interview that it had": '"Ramai," kata dia kepada Okezone. Melansir Okezone, ia puas.',
    "who was quoted": "Hal itu dilansir Okezone, Senin (3/3).",
    "another house": '"Ramai," kata dia kepada Tempo Institute.',
    "another site": '"Ramai," kata dia kepada Okezone.net.',
    "a word that begins so": '"Ramai," kata dia kepada Temporer.',
    "a sentence that ended": "Begitu kata dia. Bantuan diserahkan kepada Okezone.",
    "an outlet whose texts its sisters take over": '"Ramai," kata dia kepada Kompas.com, Senin (3/3).',
    "an agency": '"Ramai," kata dia kepada ANTARA.',
}


@pytest.mark.parametrize("sentence", OTHERS.values(), ids=OTHERS.keys())
def test_a_name_alone_is_no_reporter(sentence: str) -> None:
    assert not told_reporters(f"{STORY}{sentence}", None, CATALOG.callers)


REPORTERS = {
    "who was told": ('"Ramai," kata Kepala Dinas Sari Contoh (41) di Padang kepada Okezone, Senin (3/3).', "okezone"),
    "who was told, on a day": ('"Ramai," ujarnya kepada Okezone Senin (3/3).', "okezone"),
    "who told": ('Sari mengatakan kepada wartawan Tempo, "Ramai."', "tempo"),
    "who asked": ('"Ramai," kata dia saat dihubungi tim detikcom.', "detik"),
    "who got a release": ("Begitu isi keterangan tertulis yang diterima SINDOnews, Senin (3/3).", "sindonews"),
    "who looked": ("Pantauan Tribunnews.com di lokasi, warga berdatangan.", "tribunnews"),
    "who took it from elsewhere": ("Hal itu dikutip Okezone dari laman panitia.", "okezone"),
    "who collected": ("Berikut Okezone telah merangkum jembatan terpanjang.", "okezone"),
    "who waited for an answer": ("Hingga berita ini ditulis, Tempo belum mendapatkan jawaban.", "tempo"),
}


@pytest.mark.parametrize(("sentence", "stem"), REPORTERS.values(), ids=REPORTERS.keys())
def test_an_own_reporter_is_told_by_what_he_does(sentence: str, stem: str) -> None:
    assert [*told_reporters(f"{STORY}{sentence}", None, CATALOG.callers)] == [stem]
    assert [*told_reporters(f"{sentence} {STORY}", None, CATALOG.callers)] == [stem]


def test_what_a_story_is_about_is_not_its_reporter() -> None:
    told = '"Ramai," kata dia kepada Okezone.'
    often = f"{STORY} {told} " + "Warga membaca Okezone. " * MAX_NAMED
    for text, title in (
        (f"Okezone berulang tahun. {STORY} {told}", None),
        (often, None),
        (STORY + told, "Okezone Pawai"),
    ):
        assert not told_reporters(text, title, CATALOG.callers)


def test_readers_are_addressed_by_a_whole_word() -> None:
    assert [*addressed_readers("Yuk, KLovers, intip.", CATALOG.addressed)] == ["kapanlagi"]
    assert not addressed_readers("Grup BookLovers, KLoversmania.", CATALOG.addressed)
