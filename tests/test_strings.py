"""Columns of strings that stay Arrow's answer as a list of them would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lake.strings import ROWS_AT_ONCE, Strings, among, batched, hashes, shared

CASES = {
    "nothing": [],
    "one column": [["a", "b", "a"]],
    "missing ones are no string": [["a", None], [None, "b"]],
    "several columns, an empty one between": [["a", "é"], [], ["b", "a"]],
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def columns(request: pytest.FixtureRequest) -> list[list[str | None]]:
    return request.param  # type: ignore[no-any-return]


def test_each_string_stands_at_its_place(columns: list[list[str | None]]) -> None:
    strings, every = held(columns), [one for column in columns for one in column]
    assert len(strings) == len(every)
    assert [strings[place] for place in range(len(strings))] == every


def test_only_strings_that_come_twice_have_a_number(columns: list[list[str | None]]) -> None:
    every = [one for column in columns for one in column]
    codes = held(columns).codes().tolist()
    for one, code in zip(every, codes, strict=True):
        same = {i for i, other in enumerate(every) if other == one and one is not None}
        assert {i for i, other in enumerate(codes) if other == code} == same if len(same) > 1 else code == -1


def test_a_long_column_is_given_piece_by_piece() -> None:
    column = pa.chunked_array([[str(n) for n in range(ROWS_AT_ONCE)], ["last"]])
    pieces = list(batched(column))
    assert [len(piece) for piece in pieces] == [ROWS_AT_ONCE, 1]
    assert pieces[1] == ["last"]


def test_hashes_are_of_the_string_alone() -> None:
    first, none, second = hashes(["a", None, "a"], 3).tolist()
    assert first == second >= 0 > none == -1


def test_what_stands_among_others_is_told() -> None:
    assert among(np.array([1, 5, 9]), np.array([2, 5])).tolist() == [False, True, False]
    assert among(np.array([1]), np.array([], np.int64)).tolist() == [False]
    assert shared(np.array([4, 7, 4])).tolist() == [4, -1, 4]


def held(columns: list[list[str | None]]) -> Strings:
    strings = Strings()
    for column in columns:
        strings.add(pa.chunked_array([pa.array(column, pa.string())]))
    return strings
