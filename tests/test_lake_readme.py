"""The data contract says what the code does: its tables are the schemas, its snippets run, its queries answer."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import cleaned, publish
from probe import READERS
from test_duplicates import Story, cleaned_rows, edited, text

from cleaners.fingerprint import jaccard_of
from lake import Lake
from lake.candidates import BandIndex
from lake.columns import Column
from lake.judge import SYNDICATED_JACCARD
from lake.pool import another
from lake.schema import COLUMNS, OPTIONAL_COLUMNS, article_row, table

README = Path(__file__).parent.parent / "lake" / "README.md"
BEGIN = "<!-- tables: written from lake/columns.py; tests/test_lake_readme.py holds them together -->\n"
END = "<!-- end of tables -->"
INTRODUCED = {
    "articles": "The articles kept: of copies the first one seen.",
    "duplicates": "Articles recognised as copies, whole: the columns of `articles`; `duplicate_of` is never null.",
    "links": "Pairs of an article and one it matches; a `partial` match makes no copy, so both stay in `articles`.",
    "removals": "Spans that cleaning removed; ordered and disjoint for each article.",
    "rejects": "Inputs that could not be used; append-only.",
    "runs": "Batches; written last, so what stands here is complete.",
    "originals": "Optional, with `--keep-originals`: what arrived.",
    "clusters": "Optional, by `saring lake reconcile`: clusters that belong to another one.",
    "signatures": "Optional, by `saring lake rehash`: what is taken instead of an older signature.",
    "tombstones": "Optional: what was forgotten and is to stay out, as hashes.",
}


def spelled(column: Column) -> str:
    kind = re.sub(r"(element: | not null)", "", str(column.type)).replace("fixed_size_binary[128]", "binary(128)")
    return f"| `{column.name}` | `{kind}` | {'yes' if column.nullable else ''} | {column.meaning} |"


def tables() -> str:
    """The section of the README that lists all columns; run this module to write it."""
    listed = COLUMNS | OPTIONAL_COLUMNS
    parts = []
    for name in INTRODUCED:
        parts += [f"\n### `{name}`\n", INTRODUCED[name]]
        if name != "duplicates":
            parts += ["\n| column | type | null | meaning |\n|:--|:--|:--|:--|", *map(spelled, listed[name])]
    return "\n".join(parts) + "\n\n"


def snippets(language: str) -> dict[str, str]:
    found = re.findall(rf"```{language} (\w+)\n(.*?)```", README.read_text(), re.DOTALL)
    return dict(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake at lake/data, as the snippets expect it."""
    folder = tmp_path_factory.mktemp("project")
    lake = Lake(folder / "lake" / "data", create=True)
    publish(lake, "b1", range(6))
    publish(lake, "b2", range(3, 9))
    return folder


def test_every_table_and_column_stands_in_the_contract_as_it_is() -> None:
    page = README.read_text()
    assert page[page.index(BEGIN) + len(BEGIN) : page.index(END)] == tables()


@pytest.mark.parametrize("name", sorted(snippets("python").keys() - READERS - {"dask"}))
def test_every_snippet_runs(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    exec(snippets("python")[name], {})


QUERIES = re.findall(r"-- (.*?)\n(.*?;)", README.read_text().split("```sql")[1].split("```")[0], re.DOTALL)
ANSWERS = {
    "the accounts, batch by batch": [("b1", 7, 7), ("b2", 7, 7)],
    "the newest version of every article that was revised": 9,
    "who copies whom": [("rekaan", "rekaan", 3)],
    "what was taken out of one article, in the order of its text": 2,
    "rejects that are still open: no later row was read from them": [("no-story", 2)],
}


@pytest.mark.parametrize(("asked", "query"), QUERIES, ids=[asked for asked, _ in QUERIES])
def test_every_query_answers(asked: str, query: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    rows = duckdb.sql(query.rstrip(";")).fetchall()
    assert ANSWERS[asked] == (rows if isinstance(ANSWERS[asked], list) else len(rows))


CLUSTERS = dict(
    re.findall(
        r"-- (\w+): .*?\n(.*?;)", README.read_text().split("## Copies and clusters")[1].split("```")[1], re.DOTALL
    )
)


def member(id: str, cluster: str, source: str, hour: int, text: str, wire: str | None = None) -> dict[str, object]:
    day = datetime.datetime(2026, 10, 5, hour, tzinfo=datetime.UTC)
    row = article_row(cleaned(1), id=id, batch="b", ruleset="0" * 16)
    return row | {"cluster_id": cluster, "source": source, "date_published": day, "text": text, "wire_source": wire}


def written(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    (folder / f"lake/data/{name}/ingested=2026-10").mkdir(parents=True)
    pq.write_table(table(name, rows), folder / f"lake/data/{name}/ingested=2026-10/b-r.parquet")


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("first", ["a", "x"]),
        ("latest", ["c", "x"]),
        ("longest", ["b", "x"]),
        ("source", ["d", "x"]),
    ],
)
def test_the_representative_of_a_cluster_can_be_chosen(
    asked: str, chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "articles", [member("a", "a", "kompas", 9, "xx"), member("d", "d", "antara", 10, "xx")])
    written(
        tmp_path,
        "duplicates",
        [member("b", "a", "detik", 11, "xxxx", "ANTARA"), member("c", "d", "tempo", 12, "x")],
    )
    pq.write_table(
        table("articles", [member("x", "x", "bisnis", 1, "x", "Reuters")]),
        tmp_path / "lake/data/articles/ingested=2026-10/c-r.parquet",
    )
    written(
        tmp_path,
        "clusters",
        [
            {"id": "d", "cluster_id": "x", "batch": "reconcile000001"},
            {"id": "d", "cluster_id": "a", "batch": "reconcile000002"},
        ],
    )
    with duckdb.connect() as connection:
        connection.execute(CLUSTERS["members"])
        assert [row[0] for row in connection.sql(CLUSTERS[asked]).fetchall()] == chosen


def test_the_pairs_that_an_engine_finds_are_those_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    feed = [
        Story(edited(seed, changed), outlet)
        for seed in range(8)
        for changed, outlet in ((0, "satu"), (20, "dua"), (45, "tiga"), (70, "satu"), (100, "dua"))
    ]
    rows = cleaned_rows([*feed, Story(text(3, 40), "empat"), Story(text(3), None)], "b")
    written(tmp_path, "articles", rows.slice(0, 20).to_pylist())
    written(tmp_path, "duplicates", rows.slice(20).to_pylist())
    steps = README.read_text().split("-- pairs:")[1].split("```")[0].partition("\n")[2].strip().rstrip(";").split(";")
    with duckdb.connect(config={"memory_limit": "200MB", "temp_directory": str(tmp_path)}) as connection:
        for step in steps[:-1]:
            connection.execute(step)
        found = {(a, b): round(jaccard, 6) for a, b, jaccard in connection.sql(steps[-1]).fetchall()}
    assert found == in_process(rows)
    assert len(found) > 20


def in_process(rows: pa.Table) -> dict[tuple[str, str], float]:
    """What the index of a run finds of two outlets, 0.40 and more."""
    ids, sources = rows.column("id").to_pylist(), rows.column("source").to_pylist()
    signatures = rows.column("minhash_signature").to_pylist()
    whole = np.frombuffer(b"".join(one or bytes(128) for one in signatures), np.uint8).reshape(-1, 128)
    found = {}
    for pairs in BandIndex(whole, np.array([one is not None for one in signatures])).within():
        for a, b, equal in zip(*(column.tolist() for column in pairs), strict=True):
            if another(sources[a], sources[b]) and jaccard_of(equal) >= SYNDICATED_JACCARD:
                first, second = sorted((ids[a], ids[b]))
                found[first, second] = round(jaccard_of(equal), 6)
    return found


if __name__ == "__main__":
    page = README.read_text()
    README.write_text(page[: page.index(BEGIN) + len(BEGIN)] + tables() + page[page.index(END) :])
    sys.exit(0)
