"""The commands that replace files: what they say, what they ask, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lake_samples import bytes_of, publish

from flows import cli
from lake import Lake
from lake.verify import verify


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "lake", create=True)
    publish(made, "b1", range(6))
    publish(made, "b2", range(3, 9))
    return made


def said(lake: Lake, command: str, *options: str) -> int:
    return cli.status_of(["lake", command, "--lake", str(lake.path), *options])


def test_compact_says_what_it_would_do_and_what_it_did(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes_of(lake)
    assert said(lake, "compact", "--dry-run", "--json") == 0
    (month,) = json.loads(capsys.readouterr().out)
    assert (month["month"], month["files"], "articles" in month["to_merge"]) == ("2026-10", 12, True)
    assert bytes_of(lake) == before
    assert said(lake, "compact", "--month", "2026-10") == 0
    assert "2026-10: 12 files became 6" in capsys.readouterr().out
    assert said(lake, "compact") == 0
    assert capsys.readouterr().out == "Every closed month is compact.\n"
    assert said(lake, "compact", "--dry-run") == 0
    assert "; compact" in capsys.readouterr().out
    assert verify(Lake(lake.path)).holds


def test_compact_writes_a_new_lake_beside_this_one(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = bytes_of(lake)
    assert said(lake, "compact", "--into", str(tmp_path / "new")) == 0
    assert bytes_of(lake) == before
    assert len(bytes_of(Lake(tmp_path / "new"))) == 6
    assert said(lake, "compact", "--into", str(tmp_path / "new")) == 2
    assert "name a new folder" in capsys.readouterr().err
    assert said(lake, "compact", "--into", str(tmp_path / "newer"), "--all") == 2


def test_a_month_that_is_not_there_is_told(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(lake, "compact", "--month", "2020-01") == 2
    assert "has no month 2020-01: it has 2026-10" in capsys.readouterr().err


def test_forget_shows_what_would_go_and_changes_nothing(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes_of(lake)
    assert said(lake, "forget", "--url", "https://rekaan.example/4", "--dry-run") == 0
    out = capsys.readouterr().out
    assert out.startswith("1 article, 1 copy and 0 rejects would be forgotten\n")
    assert "Pohon ke-4" in out
    assert bytes_of(lake) == before


def test_forget_asks_before_it_does_what_cannot_be_undone(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes_of(lake)
    assert said(lake, "forget", "--url", "https://rekaan.example/4") == 2
    assert "This cannot be undone" in capsys.readouterr().err
    assert bytes_of(lake) == before
    assert said(lake, "forget", "--url", "https://rekaan.example/4", "--yes", "--json") == 0
    assert {**json.loads(capsys.readouterr().out), "samples": 0} == {
        "articles": 1,
        "duplicates": 1,
        "rejects": 0,
        "heirs": 0,
        "samples": 0,
    }
    assert said(lake, "forget", "--url", "https://rekaan.example/4", "--yes") == 0
    assert capsys.readouterr().out == "Nothing in the lake is that.\n"
    assert verify(Lake(lake.path)).holds


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Say what to forget"),
        (["--before", "last year"], "give a day as 2020-01-31"),
        (["--url", "kompas"], "is no web address"),
    ],
)
def test_what_is_asked_for_wrongly_is_told_in_one_sentence(
    options: list[str], sentence: str, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(lake, "forget", *options) == 2
    assert sentence in capsys.readouterr().err
