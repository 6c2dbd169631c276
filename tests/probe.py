"""Run one reader's snippet of lake/README.md for every table, in a process of its own: types and values as JSON.

python probe.py READER FILE TABLE…    in a folder that holds lake/data
"""

from __future__ import annotations

import datetime
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "lake" / "README.md"
Table = tuple[dict[str, str], list[dict[str, Any]]]


def snippet(reader: str, table: str) -> str:
    """The snippet of a reader, with another table for articles."""
    found = re.search(rf"```(?:python|js) {reader}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None, f"lake/README.md shows nothing for {reader}"
    code, times = re.subn(r"(table = )(['\"])articles\2", rf"\1\2{table}\2", found[1])
    assert times == 1
    return code


def plain(value: Any) -> Any:
    """A value as JSON has it, the same from whichever reader it comes."""
    if hasattr(value, "tolist") and not isinstance(value, bytes):  # of numpy, or a pandas time
        value = value.tolist()
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        at = value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value
        return at.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def rows_of(columns: list[str], rows: Any) -> list[dict[str, Any]]:
    return [plain(dict(zip(columns, row, strict=True))) for row in rows]


def duckdb(given: dict[str, Any]) -> Table:
    rows = given["rows"]
    return dict(zip(rows.columns, map(str, rows.types), strict=True)), rows_of(rows.columns, rows.fetchall())


def polars(given: dict[str, Any]) -> Table:
    rows = given["rows"].collect()
    return {name: str(kind) for name, kind in rows.schema.items()}, plain(rows.to_dicts())


def pandas(given: dict[str, Any]) -> Table:
    rows = given["rows"]
    as_none = rows.astype(object).where(rows.notna(), None)
    return {name: str(kind) for name, kind in rows.dtypes.items()}, plain(as_none.to_dict("records"))


def pyarrow(given: dict[str, Any]) -> Table:
    rows = given["rows"]
    return {field.name: str(field.type) for field in rows.schema}, plain(rows.to_table().to_pylist())


def pyspark(given: dict[str, Any]) -> Table:
    rows = given["rows"]
    return dict(rows.dtypes), [plain(row.asDict(recursive=True)) for row in rows.collect()]


def datasets(given: dict[str, Any]) -> Table:
    rows = given["rows"]
    return {name: str(kind) for name, kind in rows.features.items()}, plain(rows.to_list())


def chdb(given: dict[str, Any]) -> Table:
    query, ask = given["rows"], given["clickhouse"].query
    described = map(json.loads, str(ask(f"DESCRIBE ({query})", "JSONEachRow")).splitlines())
    types = {one["name"]: one["type"] for one in described}
    binary = {name for name, kind in types.items() if "FixedString" in kind or name == "payload"}
    shown = [f"lower(hex({name})) AS {name}" if name in binary else name for name in types]
    lines = str(ask(f"SELECT {', '.join(shown)} FROM ({query})", "JSONEachRow")).splitlines()
    return types, [json.loads(line) for line in lines]


READERS: dict[str, Callable[[dict[str, Any]], Table]] = {
    one.__name__: one for one in (duckdb, polars, pandas, pyarrow, pyspark, datasets, chdb)
}

if __name__ == "__main__":
    reader, answer, *tables = sys.argv[1:]
    found = {}
    for table in tables:
        namespace: dict[str, Any] = {}
        exec(snippet(reader, table), namespace)
        found[table] = READERS[reader](namespace)
    Path(answer).write_text(json.dumps(found), "utf-8")
