"""Headlines of a run end pointers exactly, and a digest of them stands in `runs`."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from flows.run import run
from flows.settings import IngestConfig, Titles
from flows.titles import digest

HEADLINE = "jembatan lama ditutup warga kota Contoh menunggu kabar"
STORY = "Wali kota membuka jembatan baru pada Senin. Warga menyambut pembukaan itu dengan pawai dan musik bambu."
POINTING = f"{STORY} Baca juga: {HEADLINE} Sari Contoh dari dinas menyebut pasar akan pindah. {STORY}"


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    rows = [{"title": "Jembatan baru dibuka wali kota", "text": POINTING}, {"title": HEADLINE, "text": STORY * 2}]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read(lake: Path, sql: str) -> list[tuple[object, ...]]:
    return duckdb.sql(sql.format(lake=lake)).fetchall()


@pytest.mark.parametrize("titles", [Titles.RUN, Titles.NONE])
def test_headlines_of_the_same_run_are_known_unless_told_not_to(inputs: Path, tmp_path: Path, titles: Titles) -> None:
    lake = tmp_path / "lake"
    run(IngestConfig(inputs=[str(inputs)], lake=str(lake), titles=titles, workers=1))
    related = read(
        lake, "select list_extract(related, 1).title from '{lake}/articles/*/*.parquet' where origin_row = 0"
    )
    ((known,),) = read(lake, "select known_titles_digest from '{lake}/runs/*/*.parquet'")
    if titles is Titles.RUN:
        assert related == [(HEADLINE,)]
        assert known == digest([HEADLINE, "Jembatan baru dibuka wali kota"])
    else:
        assert known is None


def test_headlines_of_the_lake_are_known_when_asked(inputs: Path, tmp_path: Path) -> None:
    lake, later = tmp_path / "lake", tmp_path / "later.jsonl"
    run(IngestConfig(inputs=[str(inputs)], lake=str(lake), workers=1))
    later.write_text(json.dumps({"text": POINTING.replace("Senin", "Kamis")}) + "\n", "utf-8")
    run(IngestConfig(inputs=[str(later)], lake=str(lake), titles=Titles.LAKE, workers=1))
    sql = "select list_extract(related, 1).title from '{lake}/*/*/*.parquet' where origin_file = 'later.jsonl'"
    tables = ("articles", "duplicates")
    found = [row for table in tables for row in read(lake, sql.replace("{lake}/*", "{lake}/" + table))]
    assert found == [(HEADLINE,)]
