"""Where a linked headline ends in flattened text; every sentence here is invented."""

from __future__ import annotations

import pytest

from cleaners.headline import HeadlineEnd, Known, find_end, known_titles_in_a_row
from cleaners.headline_features import N_FEATURES, places
from cleaners.headline_model import load_model

MARKER = "Para pedagang pulang saat hujan. Baca juga: "
STORY = " Harga ikan turun sejak kemarin, kata Darsono. Pasar dibuka lagi pada Senin."

# A bar marks the end of the headline, (title of the document, text after the marker).
EXACT = {
    "title case, a connective opens the sentence": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh Mulai Ramai Pembeli| Namun, sebagian pedagang memilih menunggu.",
    ),
    "title case, a quotation opens the sentence": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        'Pasar Ikan Muara Teduh Mulai Ramai Pembeli| "Kami senang sekali," kata Darsono di pasar itu.',
    ),
    "title case, an ordinary word opens the sentence": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Harga Emas Hari Ini Turun Tajam| Polisi menangkap dua orang yang menimbun emas itu.",
    ),
    "an English headline": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Fish Prices Drop Sharply in Muara Teduh After Floods| Pedagang mengatakan harga ikan turun.",
    ),
    "sentence case, a pronoun opens the sentence": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Pasar ikan Muara Teduh mulai ramai pembeli| Dia mengatakan harga ikan turun sejak kemarin.",
    ),
    "sentence case, the headline holds a name before its end": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Bupati Sukamakmur ajak Karang Taruna rawat hutan kota| Menurut dia, hutan itu milik semua warga.",
    ),
    "no title of its own": (
        None,
        "Pasar Ikan Muara Teduh Mulai Ramai Pembeli| Menurut Darsono, harga ikan turun sejak kemarin.",
    ),
    "glued to the story": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|Menurut Darsono, harga ikan turun sejak kemarin.",
    ),
    "an acronym glued to the story": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh Mulai Ramai, Ini Kata KPPU|Menurut Darsono, harga ikan turun sejak kemarin.",
    ),
    "a byline follows": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Pasar ikan Muara Teduh mulai ramai pembeli|Pewarta: DarsonoEditor: Sri COPYRIGHT © ANTARA 2023",
    ),
    "another marker follows": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Pasar ikan Muara Teduh mulai ramai pembeli| Baca juga: Kapal nelayan Teduh Raya diperbaiki",
    ),
    "the paragraph ends": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|\nHarga ikan turun sejak kemarin.",
    ),
    "the pointer's bracket closes": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh (Bagian Dua) Mulai Ramai Pembeli|) Harga ikan turun sejak kemarin.",
    ),
    "page numbers follow": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Pasar ikan Muara Teduh mulai ramai pembeli| 12345Tampilkan SemuaEditor: Darsono",
    ),
    "a brand in small letters is glued to it": (
        "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru",
        "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|iPhone terbaru dijual di pasar itu sejak kemarin, kata warga.",
    ),
    "page numbers follow a number of the headline": (
        "Warga Desa Sukamakmur resmikan jembatan bambu baru",
        "Pasar ikan Muara Teduh mulai ramai pembeli pada 2023| 12345Tampilkan SemuaEditor: Darsono",
    ),
}


@pytest.mark.parametrize(("title", "marked"), EXACT.values(), ids=EXACT.keys())
def test_the_headline_ends_before_the_story(title: str | None, marked: str) -> None:
    headline = marked[: marked.index("|")]
    text = MARKER + marked.replace("|", "", 1)
    found = find_end(text, len(MARKER), title=title)
    assert text[len(MARKER) : found.end] == headline
    assert found.certain


UNSURE = {
    "story without a headline": "Harga ikan turun sejak kemarin, kata Darsono yang berdagang di Muara Teduh.",
    "a name opens the sentence": "Pasar Ikan Teduh Mulai Ramai Pembeli| Darsono mengatakan harga ikan turun.",
    "an office opens the sentence": "Pasar Ikan Teduh Mulai Ramai Pembeli| Bupati Darsono mengatakan harga turun.",
}


@pytest.mark.parametrize("marked", UNSURE.values(), ids=UNSURE.keys())
def test_where_it_is_unsure_no_story_goes(marked: str) -> None:
    text = MARKER + marked.replace("|", "", 1)
    found = find_end(text, len(MARKER), title="Warga Desa Sukamakmur Resmikan Jembatan Bambu")
    assert found.end <= len(MARKER) + max(0, marked.find("|"))


@pytest.mark.parametrize("text", ["", " ", "\n", "-", ")", "Baca juga: ", "A", "\u200b", "“”", "123", "a" * 1000])
def test_any_text_gives_an_end_inside_its_line(text: str) -> None:
    found = find_end(text, 0)
    assert 0 <= found.end <= len(text)
    assert "\n" not in text[: found.end]


def test_a_known_title_gives_the_exact_end_and_the_longest_wins() -> None:
    known = Known(["Harga ikan turun lagi", "Harga ikan turun lagi di Muara Teduh"])
    text = "Baca juga: Harga ikan turun lagi di Muara Teduh Darsono tertawa."
    assert find_end(text, 11, known=known) == HeadlineEnd(47, True, "known-title")
    assert text[11:47] == "Harga ikan turun lagi di Muara Teduh"


NO_MATCH = {
    "a longer word": "Harga ikan turunan naik",
    "a longer headline": "Harga ikan turun tajam",
    "another clause": "Harga ikan turun, nelayan gelisah",
    "other words": "Harga ikan naik",
}


@pytest.mark.parametrize("text", NO_MATCH.values(), ids=NO_MATCH.keys())
def test_a_known_title_is_no_match_in(text: str) -> None:
    assert Known(["Harga ikan turun"]).end_of(text, 0) is None


def test_a_known_title_matches_across_case_quotes_and_spaces() -> None:
    assert Known(["Nelayan: 'Harga Ikan' Turun!"]).end_of('NELAYAN: "Harga  Ikan" turun! Pasar sepi.', 0) == 29


@pytest.mark.parametrize(
    "title", ["Harga ikan turun 40%", "Harga ikan turun...", "Harga ikan (segar)", "Harga ikan turun?"]
)
def test_a_known_title_keeps_its_last_sign(title: str) -> None:
    assert Known([title]).end_of(f"{title} Darsono tertawa.", 0) == len(title)


def test_a_short_title_is_not_remembered() -> None:
    assert len(Known(["Foto", "", "Harga ikan turun"])) == 1


def test_known_titles_that_run_together_are_found_one_after_the_other() -> None:
    known = Known(["Harga Ikan Turun Lagi", "Kapal Nelayan Diperbaiki"])
    text = "Harga Ikan Turun LagiKapal Nelayan Diperbaiki - Harga ikan turun lagi Darsono tertawa."
    spans = ["Harga Ikan Turun Lagi", "Kapal Nelayan Diperbaiki", "Harga ikan turun lagi"]
    assert [text[a:b] for a, b in known_titles_in_a_row(text, 0, known)] == spans


def test_no_story_goes_with_a_list_of_headlines() -> None:
    text = "Baca Juga: - Pasar Ikan Muara Teduh Mulai Ramai Pembeli - Kapal Nelayan Teduh Raya Diperbaiki" + STORY
    found = find_end(text, 11, title="Warga Desa Sukamakmur Resmikan Jembatan")
    assert 11 < found.end <= text.index(STORY)


def test_the_shipped_parameters_fit_the_features() -> None:
    model = load_model()
    assert int(model.trees.feature.max()) < N_FEATURES
    text = MARKER + "Pasar Ikan Muara Teduh Mulai Ramai Pembeli" + STORY
    found = places(text, len(MARKER), len(text), False, None, model.vocabulary)
    chances = model.chances(found.features)
    assert found.features.shape == (len(found.ends), N_FEATURES)
    assert float(chances.sum()) == pytest.approx(1, abs=1e-4)


def test_many_headlines_do_not_change_each_other() -> None:
    texts = [f"Pasar Ikan Muara{i} Mulai Ramai{i} Pembeli{i} Menurut Darsono{i}, harga turun{i}." for i in range(6000)]
    first = [find_end(text, 0) for text in texts[:20]]
    for text in texts:
        find_end(text, 0)
    assert [find_end(text, 0) for text in texts[:20]] == first
