"""One clean set for those who want a file: the story of every cluster once, the same bytes, whole or not at all."""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from lake_samples import NOW, cleaned, publish, with_run

from flows import cli
from lake import Lake, LakeError
from lake import export as exports
from lake.columns import ARTICLES
from lake.export import export
from lake.formats import COLUMNS, LEFT_OUT, Compress, Form
from lake.reconcile import RULESET as JOINING
from lake.representatives import Keep, Wanted
from lake.schema import article_row, row_id, table

README = Path(__file__).parent.parent / "lake" / "README.md"
CLUSTERS = dict(
    re.findall(
        r"-- (\w+): .*?\n(.*?;)", README.read_text().split("## Copies and clusters")[1].split("```")[1], re.DOTALL
    )
)
OUTLETS = ("antara", "kompas", "detik", "tempo", None)


def member(batch: str, number: int, **changes: Any) -> dict[str, Any]:
    row = article_row(cleaned(number), id=row_id(batch, number), batch=batch, ruleset="0123456789abcdef")
    return row | {"origin_row": number} | changes


def published(lake: Lake, batch: str, rows: list[dict[str, Any]], after: int = 0) -> None:
    articles = [row for row in rows if row["duplicate_of"] is None]
    copies = [row for row in rows if row["duplicate_of"] is not None]
    tables = {"articles": table("articles", articles), "duplicates": table("duplicates", copies)}
    with lake.lock():
        lake.publish(with_run(batch, tables, len(rows)), NOW + datetime.timedelta(days=after))


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Four batches of 300 rows with copies of every kind, dates and names missing, two clusters joined to others."""
    lake = Lake(tmp_path_factory.mktemp("varied") / "lake", create=True)
    luck = random.Random(6)
    first: list[str] = []
    for batch in range(4):
        rows = []
        for number in range(300):
            name = f"b{batch}"
            at = datetime.datetime(2026, 10, luck.randint(1, 9), 18, luck.randint(0, 3), tzinfo=datetime.UTC)
            row = member(
                name,
                number,
                source=luck.choice(OUTLETS),
                text="kata " * luck.randint(5, 9) + "Äé𝄞"[: luck.randint(1, 3)],
                wire_source=luck.choice((None, None, "ANTARA", "Kompas.com", "Reuters")),
                language=luck.choice(("id", "id", "ms", "en")),
                revision=luck.randint(0, 2),
                **(
                    {"date_published": None, "date_published_day": None}
                    if luck.random() < 0.2
                    else {"date_published": at}
                ),
            )
            if first and luck.random() < 0.3:
                of = luck.choice(first)
                row |= {"cluster_id": of, "duplicate_of": of, "duplicate_kind": "syndicated", "similarity": 0.9}
            else:
                first.append(row["id"])
            rows.append(row)
        published(lake, f"b{batch}", rows)
    joined = [{"id": first[n], "cluster_id": first[0], "batch": "reconcile000001"} for n in (5, 77)]
    with lake.lock():
        lake.add("clusters", table("clusters", joined), f"reconcile000001-{JOINING}", NOW)
    return lake


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "articles.parquet").to_pylist()


# -------------------------------------------------------------------------------------------------- which are chosen


@pytest.mark.parametrize("keep", Keep)
def test_the_choice_is_that_of_the_documented_query(
    varied: Lake, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/data").symlink_to(varied.path)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(CLUSTERS["members"])
        expected = {row[0] for row in connection.sql(CLUSTERS[keep]).fetchall()}
    export(varied, tmp_path / "out", Form.PARQUET, Wanted(keep))
    found = rows_of(tmp_path / "out")
    assert {row["id"] for row in found} == expected
    assert len({row["cluster_id"] for row in found}) == len(found) == len(expected)


@pytest.mark.parametrize("keep", Keep)
def test_a_story_is_not_lost_because_another_of_its_copies_was_not_asked_for(
    varied: Lake, keep: Keep, tmp_path: Path
) -> None:
    wanted = Wanted(keep, frozenset({"id", "ms"}), frozenset({"kompas", "detik"}), datetime.date(2026, 10, 3))
    export(varied, tmp_path / "out", Form.PARQUET, wanted)
    asked = duckdb.sql(
        f"""SELECT DISTINCT coalesce(c.cluster_id, m.cluster_id)
        FROM read_parquet(['{varied.path}/articles/*/*.parquet', '{varied.path}/duplicates/*/*.parquet']) m
        LEFT JOIN '{varied.path}/clusters/*/*.parquet' c ON c.id = m.cluster_id
        WHERE language IN ('id', 'ms') AND source IN ('kompas', 'detik') AND date_published_day >= DATE '2026-10-03'"""
    ).fetchall()
    found = rows_of(tmp_path / "out")
    assert {row["cluster_id"] for row in found} == {cluster for (cluster,) in asked}
    assert len(found) == len(asked)
    assert {row["source"] for row in found} == {"kompas", "detik"}
    assert {row["language"] for row in found} == {"id", "ms"}


def test_rows_of_a_batch_that_is_not_complete_are_not_exported(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    publish(lake, "b1", range(3))
    publish(lake, "b2", range(3, 5))
    next(lake.path.glob("runs/*/b2-*")).unlink()
    assert export(Lake(lake.path), tmp_path / "out", Form.PARQUET, Wanted()).articles == 3


# ------------------------------------------------------------------------------------------------ how they are written


def test_the_rows_come_by_source_time_and_id_wherever_they_lie(varied: Lake, tmp_path: Path) -> None:
    export(varied, tmp_path / "out", Form.PARQUET, Wanted())
    last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    keys = [(row["source"] or "~", row["date_published"] or last, row["id"]) for row in rows_of(tmp_path / "out")]
    assert keys == sorted(keys)


@pytest.mark.parametrize("form", Form)
def test_the_same_lake_gives_the_same_bytes_in_stretches_and_at_once(
    varied: Lake, form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(name: str) -> dict[str, bytes]:
        export(varied, tmp_path / name, form, Wanted(Keep.LATEST))
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        return {p.relative_to(tmp_path / name).as_posix(): p.read_bytes() for p in files}

    whole = written("whole")
    assert written("again") == whole
    monkeypatch.setattr(exports, "STRETCH_ROWS", 100)
    if form in (Form.JSONL, Form.CSV):  # Parquet has a row group for each stretch
        assert written("stretches") == whole


@pytest.mark.parametrize("compress", Compress)
@pytest.mark.parametrize("form", [Form.JSONL, Form.CSV])
def test_compressed_files_hold_the_same(varied: Lake, form: Form, compress: Compress, tmp_path: Path) -> None:
    unpack: dict[Compress, Callable[[bytes], bytes]] = {
        Compress.NONE: lambda data: data,
        Compress.GZIP: gzip.decompress,
        Compress.ZSTD: lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
    }
    export(varied, tmp_path / "plain", form, Wanted())
    (name,) = export(varied, tmp_path / "out", form, Wanted(), compress=compress).files
    assert (
        unpack[compress]((tmp_path / "out" / name).read_bytes()) == (tmp_path / f"plain/articles.{form}").read_bytes()
    )


@pytest.fixture
def awkward(tmp_path: Path) -> Lake:
    """Texts with everything that CSV and JSON quote."""
    lake = Lake(tmp_path / "lake", create=True)
    texts = ['kata "kutip", koma\nbaris kedua', "'=1+1\ttab", "\u2028pemisah\r\nlama", "satu"]
    rows = [member("b1", n, text=text, title=None, authors=["A, B", 'C "D"']) for n, text in enumerate(texts)]
    published(lake, "b1", rows)
    return lake


def test_json_lines_hold_every_value_as_the_lake_has_it(awkward: Lake, tmp_path: Path) -> None:
    export(awkward, tmp_path / "out", Form.JSONL, Wanted())
    export(awkward, tmp_path / "parquet", Form.PARQUET, Wanted())
    lines = (tmp_path / "out/articles.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    for line, row in zip(map(json.loads, lines), rows_of(tmp_path / "parquet"), strict=True):
        assert list(line) == list(COLUMNS)
        assert line["text"] == row["text"]
        assert datetime.datetime.fromisoformat(line["date_published"]) == row["date_published"]
        assert line["date_published"].endswith("Z")
        assert line["language_shares"] == [{"language": "id", "share": 0.7}, {"language": "jv", "share": 0.3}]
        assert line["title"] is None
        assert line["related"] == row["related"]


def test_csv_is_read_back_by_everybody(awkward: Lake, tmp_path: Path) -> None:
    export(awkward, tmp_path / "out", Form.CSV, Wanted())
    export(awkward, tmp_path / "parquet", Form.PARQUET, Wanted())
    file = tmp_path / "out/articles.csv"
    texts = [row["text"] for row in rows_of(tmp_path / "parquet")]
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["text"] for row in rows] == texts
    assert {row["title"] for row in rows} == {""}
    assert json.loads(rows[0]["authors"]) == ["A, B", 'C "D"']
    assert pd.read_csv(file)["text"].tolist() == texts
    assert pl.read_csv(file)["text"].to_list() == texts
    with duckdb.connect() as connection:
        read = connection.sql(f"SELECT text FROM read_csv('{file}', all_varchar=true)").fetchall()
    assert [text for (text,) in read] == texts


def test_parquet_carries_what_each_column_means(varied: Lake, tmp_path: Path) -> None:
    export(varied, tmp_path / "out", Form.PARQUET, Wanted())
    file = pq.ParquetFile(tmp_path / "out/articles.parquet")
    assert set(file.schema_arrow.names) == {column.name for column in ARTICLES} - LEFT_OUT
    assert file.schema_arrow.field("text").metadata[b"meaning"].startswith(b"The story")
    assert file.schema_arrow.field("date_published").type == pa.timestamp("us", "UTC")


def test_shards_for_hugging_face_are_numbered_and_whole(
    varied: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STRETCH_ROWS", 100)
    monkeypatch.setattr("lake.formats.SHARD_ROWS", 300)
    done = export(varied, tmp_path / "out", Form.HF, Wanted())
    assert done.files == tuple(f"data/train-{n:05}-of-{len(done.files):05}.parquet" for n in range(len(done.files)))
    assert [pq.read_metadata(tmp_path / "out" / name).num_rows for name in done.files][:-1] == [300] * (
        len(done.files) - 1
    )
    assert sum(pq.read_metadata(tmp_path / "out" / name).num_rows for name in done.files) == done.articles


def test_hugging_face_loads_the_folder(varied: Lake, tmp_path: Path) -> None:
    if importlib.util.find_spec("datasets") is None:
        pytest.skip("datasets is not installed: pip install -c constraints.txt -e '.[readers]'")
    done = export(varied, tmp_path / "out", Form.HF, Wanted())
    code = """from datasets import load_dataset
(name, rows), = load_dataset("out").items()
print(name, len(rows), rows.features["date_published"], rows[0]["id"])"""
    environment = os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    first = pq.read_table(tmp_path / "out" / done.files[0])["id"][0]
    assert ran.stdout.split() == ["train", str(done.articles), "Value('timestamp[us,", "tz=UTC]')", str(first)]


# ---------------------------------------------------------------------------------------------------------- its card


def test_the_card_says_what_there_is_and_whose_it_is(varied: Lake, tmp_path: Path) -> None:
    wanted = Wanted(Keep.LATEST, outlets=frozenset({"kompas", "detik"}), since=datetime.date(2026, 10, 3))
    done = export(varied, tmp_path / "out", Form.CSV, wanted)
    page = (tmp_path / "out/README.md").read_text()
    assert "The texts belong to their outlets" in page
    assert f"- {done.articles:,} articles" in page
    assert f"- {done.copies:,} copies are left out" in page
    assert "outlets detik, kompas; published on 2026-10-03 or later" in page
    with (tmp_path / "out/articles.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kompas = [row for row in rows if row["source"] == "kompas"]
    days = sorted(row["date_published_day"] for row in kompas)
    assert f"| kompas | {len(kompas)} | {days[0]} | {days[-1]} |" in page
    assert "| 0123456789abcdef |" in page
    assert f"| pyarrow, of this export | {pa.__version__} |" in page
    for name in COLUMNS:
        assert f"| `{name}` |" in page
    assert not page.startswith("---")


# --------------------------------------------------------------------------------------------- whole, or not at all


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_folder_that_holds_something_is_refused(varied: Lake, tmp_path: Path, kind: str) -> None:
    at = tmp_path / "out"
    if kind == "folder":
        at.mkdir()
        (at / "notes").write_text("mine")
    else:
        at.write_text("mine")
    with pytest.raises(LakeError, match="holds something already"):
        export(varied, at, Form.CSV, Wanted())
    assert (at / "notes" if kind == "folder" else at).read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(varied: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "card", broken)
    (tmp_path / "out").mkdir()
    with pytest.raises(LakeError, match="No space left"):
        export(varied, tmp_path / "out", Form.CSV, Wanted())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not any((tmp_path / "out").iterdir())


def test_what_a_killed_export_left_is_cleared_away(varied: Lake, tmp_path: Path) -> None:
    left = tmp_path / ".out.saring-export"
    (left / "data").mkdir(parents=True)
    (left / "articles.csv").write_text("half")
    export(varied, tmp_path / "out", Form.CSV, Wanted())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "articles.csv"]


def test_nothing_is_written_where_nothing_matches(varied: Lake, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="none is asked for"):
        export(varied, tmp_path / "out", Form.CSV, Wanted(languages=frozenset({"tlh"})))
    assert not any(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------------- the command


def test_the_command_writes_and_says_so(varied: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["lake", "export", "--to", "jsonl", "--lake", str(varied.path), "--languages", "id, ms", "--json"]
    assert cli.status_of([*asked, str(tmp_path / "out")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["articles"] == len((tmp_path / "out/articles.jsonl").read_bytes().splitlines())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--to", "xml"], "--to xml: expected one of parquet, jsonl, csv, hf"),
        (["--to", "csv", "--keep", "best"], "--keep best: expected one of first, source"),
        (["--to", "csv", "--since", "kemarin"], "--since kemarin: expected a day"),
        (["--to", "hf", "--compress", "gzip"], "Parquet is compressed already"),
    ],
)
def test_what_was_asked_wrongly_is_said(
    varied: Lake, tmp_path: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.status_of(["lake", "export", "--lake", str(varied.path), *given, str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
