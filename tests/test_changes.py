"""What came since: every change once, in order, as the documented query says, and the cursor goes on from there."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lake_samples import NOW, batch, publish

from flows import cli
from lake import Lake, LakeError
from lake import changes as module
from lake.changes import changes
from lake.schema import row_id, table
from lake.write import BatchTables

README = Path(__file__).parent.parent / "lake" / "README.md"
HOUR = datetime.timedelta(hours=1)
SINCE = [
    pytest.param(None, id="from the beginning"),
    pytest.param(NOW, id="after the first batch"),
    pytest.param(NOW + HOUR, id="after the second"),
    pytest.param(NOW + 2 * HOUR, id="after a batch was cleaned again"),
    pytest.param(NOW + 5 * HOUR, id="after everything"),
]


def came(lake: Lake, name: str, numbers: range, at: datetime.datetime, **changed: Any) -> None:
    """Publish a batch that finished at a time; `changed` columns of its row in runs, `kind` of its copies."""
    kind = changed.pop("kind", "exact")
    made = batch(lake, name, numbers)
    (run,) = made.tables["runs"].to_pylist()
    copies = [row | {"duplicate_kind": kind} for row in made.tables["duplicates"].to_pylist()]
    links = [row | {"kind": kind} for row in made.tables["links"].to_pylist()]
    tables = dict(made.tables) | {"runs": table("runs", [run | {"finished": at} | changed])}
    tables |= {"duplicates": table("duplicates", copies), "links": table("links", links)}
    with lake.lock():
        lake.publish(BatchTables(made.batch, made.ruleset, tables), at)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three batches: one cleaned again later, one with revisions, and rows that were forgotten."""
    lake = Lake(tmp_path_factory.mktemp("changes") / "lake" / "data", create=True)
    came(lake, "aaaa1", range(6), NOW, recleaned=NOW + 3 * HOUR)
    came(lake, "aaab2", range(3, 9), NOW + HOUR, kind="revision")
    came(lake, "bbbb3", range(7, 12), NOW + 2 * HOUR)
    gone = [
        {"id": row_id("gone", n), "batch": "aaaa1", "reason": "url", "forgotten": NOW + 4 * HOUR + n * HOUR / 60}
        for n in range(2)
    ]
    with lake.lock():
        lake.add("tombstones", table("tombstones", gone), "forget000001-hashes", NOW + 4 * HOUR)
    return lake


def told(lake: Lake, since: Any) -> list[tuple[Any, ...]]:
    return [
        (change.at, change.kind.value, change.row["id"], change.row["cluster_id"], change.row["title"])
        for change in changes(lake, since).feed
    ]


@pytest.mark.parametrize("since", SINCE)
@pytest.mark.parametrize("group", [50_000, 1])
def test_the_feed_is_the_answer_of_the_documented_query(
    lake: Lake, since: datetime.datetime | None, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lake.path.parent.parent)
    monkeypatch.setattr(module, "GROUP_ROWS", group)
    query = re.search(r"-- changes: [^\n]*\n(.*?);", README.read_text(), re.DOTALL)
    assert query is not None
    asked = query[1].replace("'2026-10-01 00:00:00+07'", f"'{since.isoformat() if since else '0001-01-01 00:00:00Z'}'")
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        expected = connection.sql(f"SELECT changed, kind, id, cluster_id, title FROM ({asked}) ORDER BY ALL").fetchall()
    assert sorted(told(lake, since), key=str) == sorted(expected, key=str)
    assert told(lake, since) == sorted(told(lake, since), key=lambda one: (one[0], one[1] != "new", one[2]))


def test_every_kind_of_change_is_told(lake: Lake) -> None:
    kinds = [(kind, at) for at, kind, *_ in told(lake, NOW)]
    hours = {kind: sorted({round((at - NOW) / HOUR) for found, at in kinds if found == kind}) for kind, _ in kinds}
    assert hours == {"new": [1, 2], "revision": [1], "copy": [2], "recleaned": [3], "forgotten": [4]}


def test_a_consumer_that_goes_on_from_the_cursor_misses_nothing_and_hears_nothing_twice(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    heard: list[str] = []
    cursor = None
    for number in range(4):
        came(lake, f"b{number}", range(3 * number, 3 * number + 5), NOW + number * HOUR)
        found = changes(lake, cursor)
        heard += [change.row["id"] for change in found.feed]
        cursor = found.cursor
        assert list(changes(lake, cursor).feed) == []
    assert len(heard) == len(set(heard)) == 20


def test_a_batch_that_is_not_complete_is_told_when_it_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    publish(lake, "b1", range(3))
    came(lake, "b2", range(3, 5), NOW + HOUR)
    file = next(lake.path.glob("runs/*/b2-*"))
    hidden = file.rename(tmp_path / file.name)
    early = changes(Lake(lake.path))
    assert len(list(early.feed)) == 3
    hidden.rename(file)
    assert len(list(changes(Lake(lake.path), early.cursor).feed)) == 2


def test_an_empty_lake_has_no_changes(tmp_path: Path) -> None:
    found = changes(Lake(tmp_path / "lake", create=True), "2026-10-05")
    assert list(found.feed) == []
    assert found.cursor == datetime.datetime(2026, 10, 4, 17, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ("aaab2", NOW + HOUR),
        ("AAAB", NOW + HOUR),
        ("2026-10-31T23:30:00Z", NOW),
        ("2026-11-01T06:30", NOW),
        ("2026-11-01", NOW - 6.5 * HOUR),
    ],
)
def test_since_is_a_batch_or_a_time_of_jakarta(lake: Lake, given: str, since: datetime.datetime) -> None:
    assert changes(lake, given).since == since


@pytest.mark.parametrize("given", ["aaa", "cccc", "yesterday", ""])
def test_what_is_neither_is_refused(lake: Lake, given: str) -> None:
    with pytest.raises(LakeError, match="saring lake status names"):
        changes(lake, given)


def test_the_command_ends_with_the_cursor(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["lake", "changes", "--lake", str(lake.path), "--since", "aaab2"]
    assert cli.status_of([*asked, "--jsonl"]) == 0
    *lines, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert last == {"kind": "cursor", "changed": "2026-11-01T03:31:00Z"}
    assert [line["kind"] for line in lines].count("recleaned") == 6
    assert lines[0]["date_published"] == "2026-10-05T18:00:00Z"
    assert cli.status_of(asked) == 0
    people = capsys.readouterr().out.splitlines()
    assert len(people) == len(lines) + 1
    assert people[-1] == "Next time: --since 2026-11-01T03:31:00Z"
    assert cli.status_of(["lake", "changes", "--lake", str(lake.path), "--since", last["changed"]]) == 0
    assert capsys.readouterr().out.splitlines() == people[-1:]
