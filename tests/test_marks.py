from __future__ import annotations

from cleaners.marks import after, before, mark


def test_marks_say_what_came_and_what_stays() -> None:
    marked = "{--Baca juga: X\n--}Hujan turun."
    assert before(marked) == "Baca juga: X\nHujan turun."
    assert after(marked) == "Hujan turun."
    assert mark(before(marked), [(0, 13)]) == marked
