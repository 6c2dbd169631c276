"""What it costs to keep and to prove the lake's promises: `saring lake verify` over many articles, and the lock.

usage: promises.py [--base N] [--articles N] [--batch N] [--json FILE]

Cleans N articles (--base), multiplies their rows through the writer to lakes of an eighth and of all of --articles, and
verifies both: processor time beside that of reading and cleaning as many, memory of one beside the other. Then a batch
(--batch) is ingested into the larger lake, and the processor time for which the lock is held stands beside that of the
cleaning. Ratios are of processor time, which other programs on the machine disturb least.
"""

import argparse
import datetime
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from articles import articles
from run import BIN, cost

from flows import plan
from flows.run import run
from flows.settings import IngestConfig
from lake import BatchInput, BatchTables, Lake, run_row

NAMED = {  # columns that name rows: each is renamed alike in every copy of the base
    "articles": ("id", "cluster_id", "content_hash"),
    "duplicates": ("id", "cluster_id", "duplicate_of", "content_hash"),
    "removals": ("article_id",),
    "rejects": ("id",),
    "links": ("id", "other"),
}
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=1_000)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    origin, rows = articles(asked.base + asked.batch)
    print(f"articles: {origin}", flush=True)
    figures: dict[str, Any] = {"origin": origin, "articles": asked.articles}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        base, cleaning = folder / "base", written(rows[: asked.base], folder / "base.jsonl")
        cleaned = cost([str(BIN / "saring"), "ingest", str(cleaning), "--lake", str(base), "--workers", "1"])
        each = cleaned.cpu / asked.base
        print(f"reading, cleaning, writing: {1000 * each:.2f} ms an article", flush=True)
        sizes = (asked.articles // 8, asked.articles)
        found = []
        for size in sizes:
            lake = multiplied(base, folder / str(size), size, asked.base)
            found.append(cost([str(BIN / "saring"), "lake", "verify", "--lake", str(lake)]))
            ratio = each * size / found[-1].cpu
            print(
                f"verify, {size:,} articles: {1000 * found[-1].cpu / size:.3f} ms an article, cleaning takes "
                f"{ratio:.0f} times as long (goal: 10); {found[-1].memory:.0f} MB",
                flush=True,
            )
            figures |= {f"verify_{size}_ratio": ratio, f"verify_{size}_mb": found[-1].memory}
        compacted = cost([str(BIN / "saring"), "lake", "compact", "--all", "--lake", str(lake)])
        again = cost([str(BIN / "saring"), "lake", "verify", "--lake", str(lake)])
        print(f"compacted in {compacted.cpu:.0f} s of processor time, {compacted.memory:.0f} MB; ", end="")
        print(f"then verify: {1000 * again.cpu / sizes[-1]:.3f} ms an article, {again.memory:.0f} MB", flush=True)
        figures |= {"verify_compacted_ratio": each * sizes[-1] / again.cpu, "verify_compacted_mb": again.memory}
        figures |= lock(written(rows[asked.base :], folder / "batch.jsonl"), lake, asked.batch)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def written(rows: list[dict[str, Any]], path: Path) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def multiplied(base: Path, target: Path, size: int, documents: int) -> Path:
    """A lake of copies of a base lake, each a batch with names of its own."""
    tables = {
        name: pa.concat_tables([pq.ParquetFile(file).read() for file in sorted(base.glob(f"{name}/*/*.parquet"))])
        for name in NAMED
    }
    (run,) = Lake(base).runs().slice(0, 1).to_pylist()
    lake = Lake(target, create=True)
    for number in range(size // documents):
        batch = f"{number:032x}"
        copies = {name: renamed(name, table, batch) for name, table in tables.items()}
        copies["runs"] = run_row(
            copies,
            run="benchmark",
            batch=batch,
            shard=number,
            inputs=[BatchInput(f"{number}.jsonl", batch * 2, 1, documents, 0, documents)],
            documents=documents,
            ruleset=run["ruleset"],
            started=NOW,
            finished=NOW,
            versions={},
        )
        with lake.lock():
            lake.publish(BatchTables(batch, run["ruleset"], copies), NOW)
    return target


def renamed(name: str, table: pa.Table, batch: str) -> pa.Table:
    for column in (*NAMED[name], "batch"):
        at = table.schema.get_field_index(column)
        field = table.schema.field(at)
        if column == "batch":
            values = pa.array([batch] * table.num_rows, field.type)
        else:
            known = table.column(column).combine_chunks().dictionary_encode()
            names = [xxhash.xxh3_128_hexdigest(f"{batch}{one}".encode()) for one in known.dictionary.to_pylist()]
            values = pc.take(pa.array(names, pa.string()), known.indices)
        table = table.set_column(at, field, values)
    return table


def lock(source: Path, lake: Path, documents: int) -> dict[str, Any]:
    """Ingest one batch, and measure the time of this process between taking the lock and letting it go."""
    plan.SHARD_DOCUMENTS = documents
    held: list[tuple[float, float]] = []
    original: Callable[..., Any] = Lake.lock

    @contextmanager
    def measured(self: Lake, waiting: Any = None) -> Iterator[None]:
        with original(self, waiting):
            began = time.process_time(), time.monotonic()
            yield
            held.append((time.process_time() - began[0], time.monotonic() - began[1]))

    Lake.lock = measured  # type: ignore[method-assign]
    before = children()
    run(IngestConfig(inputs=[str(source)], lake=str(lake), workers=1))
    Lake.lock = original  # type: ignore[method-assign]
    cleaning = children() - before
    cpu, wall = max(held)
    print(f"lock, a batch of {documents:,}: held for {cpu:.2f} s of processor time ({wall:.2f} s on the clock),")
    print(f"  {cpu / cleaning:.1%} of its cleaning, {cleaning:.1f} s (goal: at most 10 %)", flush=True)
    return {"lock_cpu_s": cpu, "lock_wall_s": wall, "cleaning_cpu_s": cleaning, "lock_share": cpu / cleaning}


def children() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
