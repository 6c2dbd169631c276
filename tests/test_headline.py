"""Where a linked headline ends in flattened text; every sentence here is invented."""

from __future__ import annotations

import pytest

from cleaners.headline import HeadlineEnd, Known, find_end, known_titles_in_a_row

TITLE_CASE = "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru"
SENTENCE_CASE = "Warga desa Sukamakmur resmikan jembatan bambu baru"

# A bar marks the end of the headline; what follows it is story.
CERTAIN = {
    "a connective opens the next sentence": "Pasar Ikan Muara Teduh Mulai Ramai Pembeli| Namun, sebagian pedagang menunggu.",
    "a quotation opens the next sentence": 'Pasar Ikan Muara Teduh Mulai Ramai Pembeli| "Kami senang sekali," kata Darsono.',
    "the story is glued to the headline": "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|Menurut Darsono, harga ikan turun sejak kemarin.",
    "another marker follows": "Pasar Ikan Muara Teduh Mulai Ramai Pembeli| Baca juga: Kapal Nelayan Teduh Raya Diperbaiki",
    "a byline is glued to the headline": "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|Pewarta: Darsono",
    "the paragraph ends": "Pasar Ikan Muara Teduh Mulai Ramai Pembeli|\nHarga ikan turun sejak kemarin.",
}


@pytest.mark.parametrize("marked", CERTAIN.values(), ids=CERTAIN.keys())
def test_a_certain_end_stands_before_the_story(marked: str) -> None:
    end = marked.index("|")
    text = "Baca juga: " + marked.replace("|", "", 1)
    found = find_end(text, 11, title=TITLE_CASE)
    assert text[11 : found.end] == marked[:end]
    assert found.certain


def test_a_known_title_gives_the_exact_end_and_the_longest_wins() -> None:
    known = Known(["Harga ikan turun lagi", "Harga ikan turun lagi di Muara Teduh"])
    text = "Baca juga: Harga ikan turun lagi di Muara Teduh Darsono tertawa."
    assert find_end(text, 11, known=known) == HeadlineEnd(47, True, "known-title")
    assert text[11:47] == "Harga ikan turun lagi di Muara Teduh"


def test_known_titles_that_run_together_are_found_one_after_the_other() -> None:
    known = Known(["Harga Ikan Turun Lagi", "Kapal Nelayan Diperbaiki"])
    text = "Harga Ikan Turun LagiKapal Nelayan Diperbaiki Darsono tertawa."
    assert [text[a:b] for a, b in known_titles_in_a_row(text, 0, known)] == [
        "Harga Ikan Turun Lagi",
        "Kapal Nelayan Diperbaiki",
    ]


def test_a_known_title_inside_a_longer_word_is_no_match() -> None:
    known = Known(["Harga ikan turun"])
    assert known.end_of("Harga ikan turunan naik", 0) is None
