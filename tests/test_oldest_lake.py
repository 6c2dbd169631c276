"""A lake that the oldest version wrote is read, verified, and goes on growing; a schema only grows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

from flows import cli
from lake import Lake
from lake.changes import changes
from lake.columns import SCHEMA_VERSION
from lake.export import export
from lake.formats import Form
from lake.read import version_of
from lake.representatives import Wanted
from lake.schema import OPTIONAL, TABLES, schema_of
from lake.verify import verify

OLDEST = Path(__file__).parent / "oldest_lake"
ROWS = {
    "articles": 30,
    "duplicates": 4,
    "links": 4,
    "removals": 135,
    "rejects": 8,
    "runs": 2,
    "originals": 39,
    "clusters": 1,
    "signatures": 1,
    "tombstones": 4,
}
FILES = sorted(OLDEST.glob("*/*/*.parquet"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    shutil.copytree(OLDEST, tmp_path / "lake")
    return Lake(tmp_path / "lake")


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(OLDEST).as_posix() for file in FILES])
def test_a_schema_only_grows(file: Path) -> None:
    old, now = pq.read_schema(file), schema_of(file.parts[-3])
    assert [name for name in now.names if name in old.names] == old.names
    for field in old:
        grown = now.field(field.name)
        assert str(grown.type).startswith(str(field.type).rstrip(">")) or grown.type == field.type, field.name
        assert grown.nullable or not field.nullable
    assert (version_of(old) or 0) <= SCHEMA_VERSION


def test_it_holds_every_table() -> None:
    assert ROWS.keys() == {*TABLES, *OPTIONAL}
    assert {file.parts[-3] for file in FILES} == ROWS.keys()


def test_it_is_read_whole(lake: Lake) -> None:
    assert lake.status().rows == ROWS
    assert verify(lake).holds
    for name, rows in ROWS.items():
        (found,) = duckdb.sql(f"SELECT count(*) FROM '{OLDEST}/{name}/*/*.parquet'").fetchall()
        assert found == (rows,)


def test_what_is_in_it_can_be_handed_out(lake: Lake, tmp_path: Path) -> None:
    kinds = [change.kind.value for change in changes(lake).feed]
    assert kinds.count("new") == 30
    assert kinds.count("forgotten") == 4
    assert export(lake, tmp_path / "out", Form.JSONL, Wanted()).articles == 29  # two clusters were joined
    texts = [json.loads(line)["text"] for line in (tmp_path / "out/articles.jsonl").read_bytes().splitlines()]
    assert all(texts)


def test_it_goes_on_growing_and_no_old_file_changes(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in lake.path.glob("*/*/*.parquet")}
    monkeypatch.chdir(ROOT)
    assert cli.status_of(["ingest", "samples", "--lake", str(lake.path), "--workers", "1", "--json"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert {file: file.read_bytes() for file in before} == before
    grown = Lake(lake.path)
    assert verify(grown).holds
    assert grown.status().batches > 2
    assert grown.status().rows["articles"] > ROWS["articles"], after
    outlets = duckdb.sql(f"SELECT DISTINCT source FROM '{lake.path}/articles/*/*.parquet'").fetchall()
    assert ("ekoin",) not in outlets  # what was forgotten stays out


def test_the_table_of_versions_ends_with_todays() -> None:
    page = (ROOT / "lake/README.md").read_text("utf-8").split("## Versions of the schema")[1]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(
        range(1, SCHEMA_VERSION + 1)
    )
