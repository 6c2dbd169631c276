"""Several headlines behind one marker, with the story on the same line; every sentence here is invented."""

from __future__ import annotations

import pytest

from cleaners.headline import find_end
from cleaners.headline_row import Row, find_row

MARKER = "Para pedagang pulang saat hujan. Baca Juga "
FIRST = "Warga Desa Sukamakmur Resmikan Jembatan Bambu Baru"
SECOND = "Harga Ikan di Pasar Muara Teduh Anjlok, Ini Penyebabnya"
THIRD = "Bupati Sukamakmur Ajak Pelajar Rawat Hutan Kota"
STORY = "Menurut Darsono, harga ikan turun sejak kemarin karena ombak tinggi."


def row(behind: str, told: bool = False) -> tuple[Row | None, str]:
    text = MARKER + behind
    start = len(MARKER) + (2 if behind.startswith("- ") else 0)
    return find_row(text, start, find_end(text, start), told), text


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param(f"{FIRST} {SECOND} {STORY}", id="no sign of a row, and nobody told of one"),
        pytest.param(f"- {FIRST} - {SECOND} {STORY}", id="bullets, which lists of the story have too"),
        pytest.param(f"{FIRST} Penyebab Harga Ikan Turun {STORY}", id="a sub-heading of the story"),
        pytest.param(f"{FIRST} 2. Perahu Layar Teluk Damai {STORY}", id="an item of a list"),
        pytest.param(f"{FIRST}2. Perahu Layar Teluk Damai{STORY}", id="an item of a list, glued"),
        pytest.param(f"{FIRST} Catat Jadwal dan Cara MenontonnyaHari: Senin, 10 Juni 2025{STORY}", id="glued later"),
    ],
)
def test_what_only_looks_like_a_headline_is_story(behind: str) -> None:
    assert row(behind)[0] is None


def test_where_the_rule_tells_of_a_row_the_story_stays() -> None:
    assert row(f"{FIRST} {STORY}", told=True)[0] is None
    line_up = "Pelatih: Darsono Teduh FC (4-3-3): Budi; Sari, Contoh."
    found, text = row(f"{FIRST} {SECOND} {line_up}", told=True)
    assert found is not None
    assert text[found.end :].strip() == line_up


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (f"{FIRST} {SECOND} {THIRD} {STORY}", True),
        (f"{FIRST}{SECOND}{THIRD}{STORY}", False),
    ],
    ids=["told", "glued"],
)
def test_a_row_goes_up_to_the_story(behind: str, told: bool) -> None:
    found, text = row(behind, told)
    assert found is not None
    assert text[found.end :].strip() == STORY
    assert " ".join(text[a:b] for a, b in found.headlines).replace(" - ", " ").split() == (
        f"{FIRST} {SECOND} {THIRD}".split()
    )


def test_lost_blanks_part_the_headlines() -> None:
    found, text = row(f"{FIRST}{SECOND}{STORY}")
    assert found is not None
    assert [text[a:b] for a, b in found.headlines] == [FIRST, SECOND]
