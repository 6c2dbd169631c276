"""Two texts side by side: what changed stands beside what it was made of."""

from __future__ import annotations

import pytest

from flows.compare import Beside, Change, Words, beside, columns, words

OLD, NEW = "Warga membuka pasar baru di Bukit Perca.", "Warga membuka pasar lama di Bukit Perca."
MORE = "Bupati hadir."
CASES = {
    "the same": ("a\nb\nc", "a\nb\nc", [Beside(Change.SAME, "a", "a", 2)]),
    "a word changed": (OLD, NEW, [Beside(Change.CHANGED, OLD, NEW)]),
    "another story": (OLD, MORE, [Beside(Change.LEFT, OLD, ""), Beside(Change.RIGHT, "", MORE)]),
    "a paragraph more": (OLD, f"{MORE}\n{NEW}", [Beside(Change.RIGHT, "", MORE), Beside(Change.CHANGED, OLD, NEW)]),
    "a paragraph less": (f"{OLD}\n{MORE}", OLD, [Beside(Change.SAME, OLD, OLD), Beside(Change.LEFT, MORE, "")]),
}


@pytest.mark.parametrize(("left", "right", "expected"), CASES.values(), ids=CASES.keys())
def test_paragraphs_stand_beside_those_they_were_made_of(left: str, right: str, expected: list[Beside]) -> None:
    assert beside(left, right) == expected


def test_words_that_one_side_has_are_told() -> None:
    assert words("pasar baru dibuka", "pasar lama dibuka") == (
        [Words("pasar", True), Words("baru", False), Words("dibuka", True)],
        [Words("pasar", True), Words("lama", False), Words("dibuka", True)],
    )


def test_columns_keep_their_width_and_their_sign() -> None:
    lines = list(columns(beside(f"sama\nsama juga\n{OLD}", f"sama\nsama juga\n{NEW}"), 60))
    assert lines[1] == "  … 1 more the same"
    assert all(len(line) <= 60 for line in lines)
    assert {line[29] for line in lines[2:]} == {"|"}
