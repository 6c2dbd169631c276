"""What compaction gives to readers: queries over many small files, the same lake compact, and one sorted file.

usage: layouts.py [--base N] [--batches N] [--batch N] [--json FILE]

Cleans N articles (--base) and copies their rows, under names and dates of their own, into a lake of --batches batches
of --batch articles. Each query is asked of the lake as it is, of the lake after `saring lake compact --all`, and of one
file that DuckDB wrote of the same rows, sorted by source, time and id: the floor. DuckDB, one thread, the least
processor time of five; a ratio is to the floor.
"""

import argparse
import datetime
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from articles import articles
from promises import NAMED, NOW, renamed, written
from run import BIN, cost

from lake import BatchInput, BatchTables, Lake, run_row
from lake.columns import SIGNATURE_BYTES

TIMES = 5
APART_DAYS = 40  # between the dates of one article's copies, so that they do not lie beside each other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=10_000)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    origin, rows = articles(asked.base)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cost([str(BIN / "saring"), "ingest", str(written(rows, folder / "base.jsonl")), "--lake", str(folder / "base")])
        lake = filled(folder / "base", folder / "lake", asked.batches, asked.batch)
        glob, one = f"{lake.path}/articles/*/*.parquet", f"{folder}/one.parquet"
        small = measured(glob)
        duckdb.sql(
            f"COPY (SELECT * EXCLUDE ingested FROM read_parquet('{glob}', hive_partitioning=true) ORDER BY source, "
            f"date_published, id) TO '{one}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 4096)"
        )
        spent = cost([str(BIN / "saring"), "lake", "compact", "--all", "--lake", str(lake.path)])
        compact, floor = measured(glob), measured(one)
        count = small.pop("rows")
        print(f"articles: {origin}; {count:,} in {asked.batches} batches; ", end="")
        print(f"compacted in {spent.cpu:.0f} s of processor time, {spent.memory:.0f} MB")
        print(f"{'':<24}{'small files':>12}{'compact':>12}{'one file':>14}")
        figures: dict[str, Any] = {"articles": count, "compact_cpu_s": spent.cpu, "compact_mb": spent.memory}
        for name, least in floor.items():
            if name == "rows":
                continue
            ratios = small[name] / least, compact[name] / least
            unit = "B an article" if name == "size" else "ms"
            shown = least / count if name == "size" else 1000 * least
            print(f"{name:<24}{ratios[0]:>12.2f}{ratios[1]:>12.2f}{shown:>11.1f} {unit}")
            figures[name] = {"small": ratios[0], "compact": ratios[1]}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def filled(base: Path, target: Path, batches: int, size: int) -> Lake:
    """A lake of as many batches, each with rows of the base in turn, dated apart."""
    tables = {
        name: pa.concat_tables([pq.ParquetFile(file).read() for file in sorted(base.glob(f"{name}/*/*.parquet"))])
        for name in NAMED
    }
    kept = tables["articles"]
    lake = Lake(target, create=True)
    for number in range(batches):
        batch, start = f"{number:032x}", number * size % max(1, kept.num_rows - size)
        chosen = kept.slice(start, size)
        parts = {name: table.slice(0, 0) for name, table in tables.items()}
        parts["articles"] = unlike(chosen, number * size // kept.num_rows)
        gone = pc.is_in(tables["removals"].column("article_id"), value_set=chosen.column("id").combine_chunks())
        parts["removals"] = tables["removals"].filter(gone)
        copies = {name: renamed(name, table, batch) for name, table in parts.items()}
        copies["runs"] = run_row(
            copies,
            run="benchmark",
            batch=batch,
            shard=number,
            inputs=[BatchInput(f"{number}.jsonl", batch * 2, 1, chosen.num_rows, 0, chosen.num_rows)],
            documents=chosen.num_rows,
            ruleset="0" * 16,
            started=NOW,
            finished=NOW,
            versions={},
        )
        with lake.lock():
            lake.publish(BatchTables(batch, "0" * 16, copies), NOW)
    return lake


def unlike(rows: pa.Table, copy: int) -> pa.Table:
    """The rows with dates of their own, another first word and another signature: no two copies are packed as one."""
    apart = pa.scalar(datetime.timedelta(days=APART_DAYS * copy), pa.duration("us"))
    dates = pc.add(pc.fill_null(rows.column("date_published"), pa.scalar(NOW, pa.timestamp("us", "UTC"))), apart)
    words = pc.binary_join_element_wise(pa.scalar(f"{copy}."), rows.column("text"), " ")
    signs = np.random.default_rng(copy).bytes(SIGNATURE_BYTES * rows.num_rows)
    signatures = [signs[at : at + SIGNATURE_BYTES] for at in range(0, len(signs), SIGNATURE_BYTES)]
    for name, values in (("date_published", dates), ("text", words), ("minhash_signature", pa.array(signatures))):
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), values.cast(rows.schema.field(at).type))
    return rows


def measured(files: str) -> dict[str, float]:
    """The least time of each query, seconds, and the bytes of the files."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    some = connection.execute(f"SELECT id, source FROM '{files}' ORDER BY id LIMIT 1").fetchone()
    assert some is not None
    outlet = "SELECT source FROM '{files}' WHERE source IS NOT NULL GROUP BY 1 ORDER BY count(*), 1 LIMIT 1 OFFSET 3"
    (source,) = connection.execute(outlet.format(files=files)).fetchone() or ("",)
    found: dict[str, float] = {}
    for name, query in queries(files, some[0], source):
        found[name] = min(seconds(connection, query) for _ in range(TIMES))
    count = connection.execute(f"SELECT count(*) FROM '{files}'").fetchone()
    found["rows"] = count[0] if count else 0
    root = Path(files.split("*")[0])
    found["size"] = (
        sum(file.stat().st_size for file in root.rglob("*.parquet")) if root.is_dir() else root.stat().st_size
    )
    return found


def queries(files: str, id: str, source: str) -> Iterator[tuple[str, str]]:
    yield "count", f"SELECT count(*) FROM '{files}'"
    yield "count by outlet", f"SELECT source, count(*) FROM '{files}' GROUP BY 1"
    yield "text of one outlet", f"SELECT sum(length(text)) FROM '{files}' WHERE source = '{source}'"
    yield "text of one id", f"SELECT sum(length(text)) FROM '{files}' WHERE id = '{id}'"
    month = "date_published >= '2019-10-01' AND date_published < '2019-11-01'"
    yield "text of one month", f"SELECT sum(length(text)) FROM '{files}' WHERE {month}"


def seconds(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    began = time.process_time()
    connection.execute(query).fetchall()
    return time.process_time() - began


if __name__ == "__main__":
    main()
