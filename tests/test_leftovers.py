from __future__ import annotations

import pytest

from cleaners.leftovers import looks_furnished, residue

STORY = "Warga menyambut jembatan baru di tepi sungai pada Senin pagi. Mereka berharap pasar ramai lagi."

CLEAN = {
    "a story": STORY,
    "an empty text": "",
    "a story that begins with a company": f"PT Jembatan Rekaan (Persero) membangun jembatan baru.\n{STORY}",
    "a story that begins with a day": f"Senin, 3 Maret 2025 menjadi hari yang ditunggu warga.\n{STORY}",
    "pointing words inside a sentence": f"Ia meminta warga baca juga pengumuman di balai desa.\n{STORY}",
    "an invitation inside the story": f'Simak pesan kepala desa itu baik-baik.\n"Ikuti aturan," katanya.\n{STORY}',
}
FURNISHED = {
    "a marker": f"{STORY}\nBaca juga: Jembatan Lama Ditutup\n{STORY}",
    "a marker glued to the story": f"{STORY}Baca Juga Jembatan Lama Ditutup {STORY}",
    "a byline at the head": f"Penulis: Sari Rekaan\n{STORY}",
    "an outlet's dateline": f"BUKIT PERCA, HARIAN REKAAN - {STORY}",
    "a site's dateline glued to the story": f"Rekaan.com, Bukit Perca{STORY}",
    "a day and time at the head": f"Senin, 3 Maret 2025 | 10:30 WIB\n{STORY}",
    "an invitation at the end": f"{STORY}\nIkuti kanal kami untuk berita terbaru.",
    "an invitation at the end of flat text": f"{STORY} Yuk, simak berita lain di sini!",
    "a label at the end": f"{STORY}\nEditor:",
    "initials at the end": f"{STORY} (abc/def)",
}


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_a_story_does_not_look_like_holding_furniture(text: str) -> None:
    assert not looks_furnished(text)


@pytest.mark.parametrize("text", FURNISHED.values(), ids=FURNISHED)
def test_furniture_where_it_stands_is_seen_without_a_rule(text: str) -> None:
    assert looks_furnished(text)


def stories(count: int) -> list[str]:
    ends = ("pasar", "sungai", "balai desa", "sekolah", "sawah", "kebun", "lapangan", "stasiun")
    return [
        f"Di dekat {ends[n]} warga menanam pohon untuk anak cucu mereka dan {ends[-n]} kampung." for n in range(count)
    ]


def test_stories_of_one_source_that_share_no_edge_have_no_residue() -> None:
    assert residue(stories(8)) == 0
    assert residue([]) == 0


def test_last_words_that_three_texts_share_are_residue_whatever_they_say() -> None:
    unseen = "Begitulah warta dari rumah kami hari ini"
    assert residue([*stories(5), *(f"{text} {unseen}" for text in stories(3))]) == 3
    assert residue([*stories(5), *(f"{text} {unseen}" for text in stories(2))]) == 0


def test_edges_with_numbers_are_tables_and_robot_stories() -> None:
    assert residue([f"{text} Harga emas naik 5 ribu rupiah per gram" for text in stories(6)]) == 0


def test_an_edge_in_under_one_per_cent_of_many_texts_is_chance() -> None:
    many = [f"Warga bernama {n} pulang lebih awal dari biasanya kemarin {n}." for n in range(400)]
    same = [f"Kampung {n} tenang sekali. Mereka pulang ke rumah masing-masing sore itu" for n in range(3)]
    assert residue([*many, *same]) == 0
