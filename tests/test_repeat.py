from __future__ import annotations

from cleaners.repeat import find_doubled_captions, find_repeats

PASSAGE = (
    "Jembatan itu menghubungkan dua kecamatan yang lama terpisah oleh sungai besar. "
    "Warga menunggu pembukaannya sejak tiga tahun lalu, ketika jembatan lama hanyut."
)
OTHER = "Pasar di ujung jembatan dibuka lagi pada Selasa pagi dengan dua ratus kios baru milik pedagang setempat."


def test_what_stands_once_is_no_repeat() -> None:
    assert find_repeats(f"{PASSAGE}\n{OTHER}") == []


def test_a_chorus_without_stops_is_no_repeat() -> None:
    chorus = "pulanglah pulang ke rumah yang hangat di tepi sungai tempat ibu menunggu kita semua sampai pagi tiba\n"
    assert find_repeats(chorus + OTHER + "\n" + chorus) == []


def test_the_second_copy_of_a_passage_goes_and_the_first_stays() -> None:
    text = f"{PASSAGE}\n{OTHER}\n{PASSAGE}"
    (found,) = find_repeats(text)
    assert text[found.start : found.end] == PASSAGE
    assert found.start > 0


def test_a_passage_that_was_glued_to_a_pointer_the_first_time_is_a_repeat_from_its_first_word_on() -> None:
    text = f"Baca Juga:Pasar Lama Ditutup pada 15 Juni{PASSAGE}\n{PASSAGE}"
    assert [text[found.start : found.end] for found in find_repeats(text)] == [PASSAGE]


def test_a_caption_that_stands_twice_side_by_side_goes_twice() -> None:
    line = "shutterstock Ilustrasi jembatan di malam hari Ilustrasi jembatan di malam hari"
    (found,) = find_doubled_captions(f"{OTHER}\n{line}\n{PASSAGE}")
    assert f"{OTHER}\n{line}\n{PASSAGE}"[found.start : found.end] == line


def test_a_sentence_that_is_said_twice_is_no_caption() -> None:
    assert (
        find_doubled_captions("Kami menang hari ini kawan! Kami menang hari ini kawan! Begitu teriak mereka di jalan.")
        == []
    )
