"""Which records a run reads: tables of files against what the lake holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flows.plan import SHARD_DOCUMENTS, Plan, Shard, make_plan
from flows.sources import SourceFile
from lake.read import KnownInput

RULES = "00000000000000aa"
FULL = SHARD_DOCUMENTS


def file(name: str, content: str = "") -> SourceFile:
    return SourceFile(Path(name), name, hashlib.sha256((content or name).encode()).hexdigest(), 10)


def held(name: str, records: int, *ranges: tuple[int, int], rules: str = RULES, content: str = "") -> KnownInput:
    return KnownInput(file(name, content).sha256, name, 10, records, ranges, frozenset({rules}))


def plan(sizes: dict[str, int], *known: KnownInput, limit: int | None = None) -> Plan:
    files = [file(name) for name in sizes]
    by_hash = {one.sha256: one for one in known}
    return make_plan(files, by_hash, count=lambda file: sizes[file.name], ruleset=RULES, limit=limit)


def cuts(shards: tuple[Shard, ...]) -> list[list[tuple[str, int, int]]]:
    return [[(piece.file.name, piece.start, piece.stop) for piece in shard.pieces] for shard in shards]


def test_a_file_that_the_lake_holds_whole_is_not_read_again() -> None:
    found = plan({"a.txt": 1, "b.txt": 1}, held("a.txt", 1, (0, 1)))
    assert cuts(found.shards) == [[("b.txt", 0, 1)]]
    assert (found.known, found.stale) == (("a.txt",), ())


CUTS: dict[str, tuple[dict[str, int], list[list[tuple[str, int, int]]]]] = {
    "small files share a shard": ({"a": 1, "b": 2}, [[("a", 0, 1), ("b", 0, 2)]]),
    "a large file is spread over several": (
        {"a": FULL * 2 + 5},
        [[("a", 0, FULL)], [("a", FULL, 2 * FULL)], [("a", 2 * FULL, 2 * FULL + 5)]],
    ),
    "a shard is filled from the next file": (
        {"a": FULL - 1, "b": 3},
        [[("a", 0, FULL - 1), ("b", 0, 1)], [("b", 1, 3)]],
    ),
    "a full shard ends where its file ends": ({"a": FULL, "b": 1}, [[("a", 0, FULL)], [("b", 0, 1)]]),
    "a file without records is no piece": ({"a": 0, "b": 1}, [[("b", 0, 1)]]),
    "no files, no shards": ({}, []),
}


@pytest.mark.parametrize(("sizes", "expected"), CUTS.values(), ids=CUTS.keys())
def test_records_are_cut_into_shards(sizes: dict[str, int], expected: list[list[tuple[str, int, int]]]) -> None:
    found = plan(sizes)
    assert cuts(found.shards) == expected
    assert found.documents == sum(sizes.values())


PARTLY: dict[str, tuple[tuple[tuple[int, int], ...], list[tuple[str, int, int]]]] = {
    "its beginning": (((0, 4),), [("a", 4, 10)]),
    "its middle": (((3, 6),), [("a", 0, 3), ("a", 6, 10)]),
    "its end": (((6, 10),), [("a", 0, 6)]),
    "two stretches": (((0, 2), (5, 7)), [("a", 2, 5), ("a", 7, 10)]),
    "more than there is": (((0, 4), (8, 40)), [("a", 4, 8)]),
}


@pytest.mark.parametrize(("ranges", "expected"), PARTLY.values(), ids=PARTLY.keys())
def test_of_a_file_known_in_part_the_rest_is_read(
    ranges: tuple[tuple[int, int], ...], expected: list[tuple[str, int, int]]
) -> None:
    assert cuts(plan({"a": 10}, held("a", 10, *ranges)).shards) == [expected]


def test_a_file_cleaned_by_other_rules_is_told_and_left() -> None:
    found = plan({"a": 1}, held("a", 1, (0, 1), rules="00000000000000bb"))
    assert (found.shards, found.stale) == ((), ("a",))


def test_a_file_with_the_bytes_of_an_earlier_one_is_read_once() -> None:
    files = [file("a", "same"), file("b", "same")]
    found = make_plan(files, {}, count=lambda _: 1, ruleset=RULES)
    assert cuts(found.shards) == [[("a", 0, 1)]]
    assert found.repeated == (("b", "a"),)


def test_a_renamed_file_is_known_by_its_bytes() -> None:
    found = make_plan(
        [file("new", "x")],
        {f.sha256: f for f in [held("old", 1, (0, 1), content="x")]},
        count=lambda _: 1,
        ruleset=RULES,
    )
    assert (found.shards, found.known) == ((), ("new",))


@pytest.mark.parametrize(
    ("limit", "expected"), [(1, [("a", 0, 1)]), (3, [("a", 0, 3)]), (4, [("a", 0, 3), ("b", 0, 1)])]
)
def test_a_limit_ends_the_plan(limit: int, expected: list[tuple[str, int, int]]) -> None:
    found = plan({"a": 3, "b": 3}, limit=limit)
    assert cuts(found.shards) == [expected]
    assert found.left_by_limit == 6 - limit


def test_a_batch_is_named_by_its_input_alone() -> None:
    once, again = plan({"a": 3, "b": 3}), plan({"a": 3, "b": 3}, limit=6)
    assert [shard.batch for shard in once.shards] == [shard.batch for shard in again.shards]
    names = {plan({"a": 3}).shards[0].batch, plan({"b": 3}).shards[0].batch, plan({"a": 3}, limit=2).shards[0].batch}
    assert len(names) == 3
    assert all(len(name) == 32 for name in names)


def test_after_a_stop_the_rest_of_the_plan_is_planned_batch_for_batch() -> None:
    sizes = {"a": FULL + 10, "b": 5, "c": FULL * 2}
    whole = plan(sizes).shards
    rest = plan(sizes, held("a", FULL + 10, (0, FULL))).shards
    assert [shard.batch for shard in rest] == [shard.batch for shard in whole[1:]]


GROWN: dict[str, tuple[str, str, int, int | None]] = {  # old bytes, new bytes, records then, read from (None: all)
    "lines were added": ("1\n2\n", "1\n2\n3\n", 2, 2),
    "the last line had no line feed": ("1\n2", "1\n2\n3\n", 2, 2),
    "the last line was cut short": ("1\n2", "1\n23\n", 2, 1),
    "another first line": ("1\n2\n", "0\n2\n3\n", 2, None),
}


@pytest.mark.parametrize(("old", "new", "records", "start"), GROWN.values(), ids=GROWN.keys())
def test_a_file_that_grew_is_read_from_its_old_end(
    old: str, new: str, records: int, start: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text(new)
    before = hashlib.sha256(old.encode()).hexdigest()
    known = KnownInput(before, "day.jsonl", len(old), records, ((0, records),), frozenset({RULES}))
    given = SourceFile(path, "day.jsonl", hashlib.sha256(new.encode()).hexdigest(), len(new))
    found = make_plan([given], {before: known}, count=lambda _: new.count("\n"), ruleset=RULES)
    (piece,) = found.shards[0].pieces
    assert (piece.start, piece.stop) == (start or 0, new.count("\n"))
    assert piece.continues == (before if start is not None else None)
    assert found.grown == (("day.jsonl",) if start is not None else ())


def test_a_page_never_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>1</p><p>2</p>")
    before = hashlib.sha256(b"<p>1</p>").hexdigest()
    known = KnownInput(before, "a.html", 8, 1, ((0, 1),), frozenset({RULES}))
    found = make_plan([SourceFile(path, "a.html", "f" * 64, 16)], {before: known}, count=lambda _: 1, ruleset=RULES)
    assert found.grown == ()
