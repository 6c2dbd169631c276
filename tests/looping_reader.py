"""Read the table articles again and again with one tool, and say of each answer whether it can be right.

usage: looping_reader.py TOOL LAKE      until LAKE.stop is there; then one line of JSON: right, wrong, errors

Beside the lake its writer keeps three logs of lines, each written in one step: `LAKE.come` the batches that are in it
(batch, number of rows), `LAKE.going` ids that are about to be forgotten, `LAKE.gone` those that are.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from lake.schema import row_id

Rows = list[tuple[str, str]]  # id, batch


def duckdb(articles: Path) -> Rows:
    import duckdb

    return duckdb.sql(f"SELECT id, batch FROM '{articles}/*/*.parquet'").fetchall()


def polars(articles: Path) -> Rows:
    import polars

    return polars.scan_parquet(f"{articles}/*/*.parquet").select("id", "batch").collect().rows()


def pandas(articles: Path) -> Rows:
    import pandas

    found = pandas.read_parquet(articles, columns=["id", "batch"])
    return list(zip(found["id"], found["batch"], strict=True))


def pyarrow(articles: Path) -> Rows:
    import pyarrow.dataset as ds

    found = ds.dataset(articles, partitioning="hive").to_table(columns=["id", "batch"])
    return list(zip(found["id"].to_pylist(), found["batch"].to_pylist(), strict=True))


TOOLS: dict[str, Callable[[Path], Rows]] = {f.__name__: f for f in (duckdb, polars, pandas, pyarrow)}


def log(lake: Path, name: str) -> list[str]:
    file = lake.with_suffix(f".{name}")
    return file.read_text().split() if file.exists() else []


def fault(rows: Rows, come: dict[str, int], going: set[str], gone: set[str]) -> str | None:
    """What is wrong with an answer: `come` and `gone` as they were before it, `going` as it was after it."""
    seen = Counter(id for id, _ in rows)
    if twice := [id for id, times in seen.items() if times > 1]:
        return f"{len(twice)} ids twice"
    if still := gone & seen.keys():
        return f"{len(still)} forgotten rows are there"
    for batch, size in come.items():
        if missing := {row_id(batch, n) for n in range(size)} - seen.keys() - going:
            return f"{len(missing)} rows of {size} missing of batch {batch}"
    return None


def main(tool: str, lake: Path) -> None:
    right, wrong, errors = 0, Counter[str](), Counter[str]()
    while not lake.with_suffix(".stop").exists():
        come = {batch: int(size) for batch, _, size in (line.partition(":") for line in log(lake, "come"))}
        gone = set(log(lake, "gone"))
        try:
            rows = TOOLS[tool](lake / "articles")
        except BaseException as error:  # Polars may panic, and a panic is no Exception
            errors[f"{type(error).__name__}: {' '.join(str(error).split())[:60]}"] += 1
            continue
        found = fault(rows, come, set(log(lake, "going")), gone)
        right += found is None
        wrong.update([found] if found else [])
        if right == 1:
            lake.with_suffix(f".{tool}").touch()
    print(json.dumps({"right": right, "wrong": wrong, "errors": errors}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
