"""Every tool reads every table: the snippets of lake/README.md give all rows, all values, and the types it says."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, cleaned, publish, with_run
from probe import README, Table, plain, snippet

from lake import Lake
from lake.schema import OPTIONAL, TABLES, article_row, row_id, schema_of, table
from lake.write import BatchTables

ALL = (*TABLES, *OPTIONAL)
PROBE = Path(__file__).parent / "probe.py"
NODE_MODULES = Path(sys.prefix) / "readers" / "node_modules"  # where .ci/run lets npm put them
READERS = ("duckdb", "polars", "pandas", "pyarrow", "pyspark", "datasets", "chdb", "hyparquet")
WITHOUT_MONTH = ("datasets", "hyparquet")  # these do not read the folder's name
SECONDS = 600  # Spark starts a Java first, on a loaded machine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake at lake/data: all tables, two months, a batch without rows, columns that are all null."""
    folder = tmp_path_factory.mktemp("readers")
    lake = Lake(folder / "lake" / "data", create=True)
    publish(lake, "b1", range(6))
    publish(lake, "b2", range(3, 9))
    publish(lake, "b3", [], rejects=0)
    with lake.lock():
        bare = {"related": [], "authors": [], "language_shares": [], "date_published": None, "date_published_day": None}
        row = article_row(cleaned(40), id=row_id("b4", 0), batch="b4", ruleset="0" * 16) | bare | {"removed_chars": 0}
        row |= {"text": 'baris satu\n"kutip" \u2028 𝄞', "url": None, "minhash_signature": None}
        made = with_run("b4", {"articles": table("articles", [row])}, 1)
        arrived = {"id": row["id"], "payload": b"\x00\xffasal", "media_type": "text/html", "batch": "b4"}
        tables = dict(made.tables) | {"originals": table("originals", [arrived])}
        lake.publish(BatchTables(made.batch, made.ruleset, tables), NOW.replace(month=9, day=30))
        told = {"id": row["id"], "minhash_signature": bytes(range(128)), "shingle_count": 9, "minhash_scheme": "w3/1"}
        lake.add("signatures", table("signatures", [told | {"batch": "b4"}]), "b4-w31", NOW)
        joined = [{"id": row["id"], "cluster_id": row_id("b1", 0), "batch": "reconcile000001"}]
        lake.add("clusters", table("clusters", joined), "reconcile000001-clusters", NOW)
        gone = [{"id": row_id("b9", 0), "batch": "b9", "reason": "url", "forgotten": NOW}]
        lake.add("tombstones", table("tombstones", gone), "forget000001-hashes", NOW)
    assert {name for name, rows in lake.status().rows.items() if rows} == set(ALL)
    return folder


def expected(folder: Path, name: str, *, month: bool) -> list[dict[str, Any]]:
    """The rows of a table as its files have them, one after the other."""
    rows: list[dict[str, Any]] = []
    for file in sorted((folder / "lake/data" / name).glob("*/*.parquet")):
        more = {"ingested": file.parent.name.partition("=")[2]} if month else {}
        rows += [row | more for row in pq.ParquetFile(file).read().to_pylist()]
    return [plain(row) for row in rows]


def in_order(rows: list[dict[str, Any]], name: str) -> list[str]:
    return sorted(
        json.dumps({column: same(row[column], kind_of(name, column)) for column in sorted(row)}) for row in rows
    )


def kind_of(name: str, column: str) -> pa.DataType:
    return pa.string() if column == "ingested" else schema_of(name).field(column).type


def same(value: Any, kind: pa.DataType) -> Any:
    """A value that came through JSON or a reader's own type, in one writing."""
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        at = datetime.datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC).isoformat()
    if pa.types.is_date(kind):
        return value[:10]
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_floating(kind):
        return float(f"{value:.6g}")
    if pa.types.is_list(kind):
        return [same(inner, kind.value_type) for inner in value]
    if pa.types.is_struct(kind):
        return {field.name: same(value[field.name], field.type) for field in kind}
    return value


def missing(reader: str) -> str | None:
    """Why a reader cannot be tried here, or None."""
    if reader == "hyparquet":
        if shutil.which("node") is None:
            return "there is no node here"
        return None if (NODE_MODULES / "hyparquet").is_dir() else f"npm has not put hyparquet into {NODE_MODULES}"
    if importlib.util.find_spec(reader) is None:
        return f"{reader} is not installed: pip install -c constraints.txt -e '.[readers]'"
    return "Spark needs Java" if reader == "pyspark" and shutil.which("java") is None else None


@pytest.fixture(scope="module")
def answer_of(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Table]]:
    """What a reader found, asked once."""

    @cache
    def answer(reader: str) -> dict[str, Table]:
        if reason := missing(reader):
            pytest.skip(reason)
        return ask(reader, folder, tmp_path_factory.mktemp(reader))

    return answer


def ask(reader: str, folder: Path, at: Path) -> dict[str, Table]:
    answer = at / "answer.json"
    environment = os.environ | {"HF_HOME": str(at), "HF_HUB_OFFLINE": "1", "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, str(PROBE), reader, str(answer), *ALL]
    if reader == "hyparquet":
        (at / "node_modules").symlink_to(NODE_MODULES)
        (at / "probe.mjs").write_text(javascript(answer), "utf-8")
        command = ["node", str(at / "probe.mjs")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Table] = json.loads(answer.read_text("utf-8"))
    return found


def javascript(answer: Path) -> str:
    """The snippet for every table in a block of its own, its imports above, and what writes down its values."""
    imports = re.findall(r"^import .*$", snippet("hyparquet", "articles"), re.MULTILINE)
    blocks = []
    for name in ALL:
        code = re.sub(r"^import .*$", "", snippet("hyparquet", name), flags=re.MULTILINE)
        blocks.append(f"{{\n{code}\nfound['{name}'] = [kinds(rows), rows]\n}}")
    return "\n".join(
        [*imports, _WRITE_DOWN, *blocks, f"writeFileSync({json.dumps(str(answer))}, JSON.stringify(found))"]
    )


_WRITE_DOWN = """
import { writeFileSync } from 'node:fs'
const found = {}
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
const kind = value => value === null || value === undefined ? null
  : Array.isArray(value) ? 'Array' : typeof value === 'object' ? value.constructor.name : typeof value
const kinds = rows => Object.fromEntries(rows.flatMap(row => Object.entries(row)).filter(([, value]) => kind(value))
  .map(([name, value]) => [name, kind(value)]))
BigInt.prototype.toJSON = function () { return Number(this) }
Uint8Array.prototype.toJSON = function () { return hex(this) }
"""


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_gives_every_row_of_every_table(
    reader: str, name: str, folder: Path, answer_of: Callable[[str], dict[str, Table]]
) -> None:
    _, rows = answer_of(reader)[name]
    assert in_order(rows, name) == in_order(expected(folder, name, month=reader not in WITHOUT_MONTH), name)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_gives_the_types_that_the_contract_says(
    reader: str, answer_of: Callable[[str], dict[str, Table]]
) -> None:
    kinds = {row[0].strip("` "): row[1 + READERS.index(reader)] for row in type_table()}
    for name, (types, _) in answer_of(reader).items():
        for column, kind in types.items():
            said = kinds["ingested" if column == "ingested" else spelled(kind_of(name, column))]
            assert any(is_written(kind, one) for one in re.findall(r"`(.*?)`", said)), (name, column, kind, said)


def type_table() -> list[list[str]]:
    """The rows of the table of types in lake/README.md."""
    lines = README.read_text("utf-8").split("| here | DuckDB |")[1].splitlines()[2:]
    return [line.strip("|").split("|") for line in lines[: lines.index("")]]


def spelled(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return "list<…>"
    return str(kind).replace("fixed_size_binary[128]", "binary(128)")


def is_written(kind: str, said: str) -> bool:
    """Whether a reader's own name of a type is what the table says; what stands for … is not compared."""
    bare = re.sub(r"^(?:Nullable\(|Value\(')(.*?)(?:'\)|\))$", r"\1", kind, flags=re.DOTALL)
    before, _, after = said.partition("…")
    return bare.startswith(before) and bare.endswith(after) if "…" in said else bare == said
