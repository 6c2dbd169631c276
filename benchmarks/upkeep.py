"""What the care of a large lake costs: verify, forget, reclean, compact, over many articles in many batches.

usage: upkeep.py [--base N] [--articles N] [--batch N] [--place DIR] [--steps NAME,…] [--json FILE]

Ingests N articles (--base) in batches of so many (--batch), and multiplies them to a lake of --articles: copies have
other vowels, other digits in their addresses, and other signatures, so that no two are alike,
and every cut can still be undone. The lake is kept in --place, so that it is made once. Each step is a real command on
a copy of it (files are linked: no file of a lake is ever changed), on one core: time on the clock and of the processor,
the highest memory of the command with its children, and the longest time for which it held the lock.
"""

import argparse
import fcntl
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from articles import articles
from promises import NAMED, NOW, written
from run import BIN, Cost, cost

from cleaners.fingerprint import content_hash, text_hash
from cleaners.strip import restore
from flows import plan
from flows.run import run
from flows.settings import IngestConfig
from lake import BatchInput, BatchTables, Lake, run_row

VOWELS, DIGITS = "aeiou", "0123456789"
POLL_SECONDS = 0.02
COPIES = 10  # a rotation of ten digits tells no more apart
STEPS = ("verify", "forget-one", "forget-outlet", "reclean-outlet", "compact", "after")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=30_000)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--place", type=Path, help="where the lakes are made, or lie; else a temporary folder")
    parser.add_argument("--steps", default=",".join(STEPS), help="also: reclean, dry-run, into")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = asked.place or Path(temporary)
        lake = made(place, asked.base, asked.articles, asked.batch)
        status = Lake(lake).status(last=0)
        print(f"{dict(status.rows)} in {status.batches} batches, {status.size_bytes / 1e6:.0f} MB", flush=True)
        figures: dict[str, Any] = {"rows": dict(status.rows), "batches": status.batches}
        for name, spent, held in measured(lake, place, asked.steps.split(",")):
            print(
                f"{name:<24}{spent.wall:>9.1f} s{spent.cpu:>9.1f} s CPU{spent.memory:>8.0f} MB, lock {held:.1f} s",
                flush=True,
            )
            figures[name] = {"wall_s": spent.wall, "cpu_s": spent.cpu, "mb": spent.memory, "lock_s": held}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def made(place: Path, base: int, count: int, batch: int) -> Path:
    """The lake of so many articles; one that lies there already is taken."""
    plan.SHARD_DOCUMENTS = batch
    real, lake = place / f"base-{base}-{batch}", place / f"lake-{count}-{batch}"
    if not real.exists():
        source = written(articles(base)[1], place / "articles.jsonl")
        run(IngestConfig(inputs=[str(source)], lake=f"{real}.made", workers=1))
        os.rename(f"{real}.made", real)
    if not lake.exists():
        os.rename(multiplied(Lake(real), place / f"{lake.name}.made", count // batch), lake)
    return lake


def multiplied(base: Lake, target: Path, batches: int) -> Path:
    """A lake of as many batches, the base's again and again, each with names, texts and addresses of its own."""
    lake, runs = Lake(target, create=True), base.runs().to_pylist()
    if batches > COPIES * len(runs):
        raise SystemExit(f"{batches} batches cannot be made of {len(runs)}: raise --base")
    for number in range(batches):
        given, copy = runs[number % len(runs)], number // len(runs)
        stem = f"{given['batch']}-{given['ruleset']}.parquet"
        tables = {name: pq.ParquetFile(next(base.path.glob(f"{name}/*/{stem}"))).read() for name in NAMED}
        spans: dict[str, list[tuple[int, int, str]]] = {}
        for row in tables["removals"].sort_by("start").to_pylist():
            spans.setdefault(row["article_id"], []).append((row["start"], row["end"], row["text"]))
        tables |= {name: told_apart(tables[name], spans, copy) for name in ("articles", "duplicates")}
        tables = {name: renamed(name, table, copy, f"{number:032x}") for name, table in tables.items()}
        tables["runs"] = run_row(
            tables,
            run="benchmark",
            batch=f"{number:032x}",
            shard=number,
            inputs=[BatchInput(f"{number}.jsonl", f"{number:064x}", 1, given["documents"], 0, given["documents"])],
            documents=given["documents"],
            ruleset=given["ruleset"],
            started=NOW,
            finished=NOW,
            versions={},
        )
        with lake.lock():
            lake.publish(BatchTables(f"{number:032x}", given["ruleset"], tables), NOW)
    return target


def told_apart(rows: pa.Table, spans: dict[str, list[tuple[int, int, str]]], copy: int) -> pa.Table:
    """The rows as other articles of the same length: what is copied within the base is copied here too."""
    order = VOWELS[copy % 5 :] + VOWELS[: copy % 5]
    order = order if copy < len(VOWELS) else order[::-1]
    vowels = str.maketrans(VOWELS + VOWELS.upper(), order + order.upper())
    digits = str.maketrans(DIGITS, DIGITS[copy:] + DIGITS[:copy])
    made = rows.to_pylist()
    for row in made:
        row["text"] = row["text"].translate(vowels)
        row["content_hash"] = content_hash(row["text"])
        row["original_hash"] = text_hash(restore(row["text"], spans.get(row["id"], [])))
        for name in ("url", "canonical_url"):
            if row[name]:
                parts = urlsplit(row[name])
                row[name] = parts._replace(path=parts.path.translate(vowels | digits)).geturl()
        if row["minhash_signature"]:
            signature = np.frombuffer(row["minhash_signature"], np.uint8)
            row["minhash_signature"] = (signature ^ np.uint8(copy)).tobytes()
    return pa.Table.from_pylist(made, schema=rows.schema)


def renamed(name: str, table: pa.Table, copy: int, batch: str) -> pa.Table:
    """The rows under names of their own, the same in every batch of one copy of the base."""
    for column in (*NAMED[name], "batch"):
        if column != "content_hash":  # which is that of the text
            at = table.schema.get_field_index(column)
            names = [batch if column == "batch" else new_name(one, copy) for one in table.column(column).to_pylist()]
            table = table.set_column(at, table.schema.field(at), pa.array(names, pa.string()))
    return table


def new_name(name: str | None, copy: int) -> str | None:
    return xxhash.xxh3_128_hexdigest(f"{copy}{name}".encode()) if name else None


class Held(threading.Thread):
    """Watches a lake's lock from outside; `stop()` gives the longest time, seconds, for which it was not free."""

    def __init__(self, lake: Path) -> None:
        super().__init__(daemon=True)
        self.handle, self.longest, self.ended = os.open(lake / "_lock", os.O_RDWR | os.O_CREAT), 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        since = None
        while not self.ended.wait(POLL_SECONDS):
            try:
                fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(self.handle, fcntl.LOCK_UN)
                since = None
            except BlockingIOError:
                since = since or time.monotonic()
                self.longest = max(self.longest, time.monotonic() - since)

    def stop(self) -> float:
        self.ended.set()
        self.join()
        os.close(self.handle)
        return self.longest


def measured(lake: Path, place: Path, steps: list[str]) -> Iterator[tuple[str, Cost, float]]:
    """Each step on a copy of the lake, then those that differ on what compaction made of it."""
    shown = Lake(lake)
    (row,) = next(iter(shown.scan_keys())).rows.slice(0, 1).to_pylist()
    rows: Counter[str] = Counter()
    for one in (one for row in shown.runs().to_pylist() for one in row["outlets"] if one["source"]):
        rows[one["source"]] += one["articles"] + one["duplicates"]
    outlet = sorted(rows, key=lambda name: abs(rows[name] - rows.total() / 100))[0]  # one of about a hundredth
    print(f"one outlet: {outlet}, {rows[outlet]:,} rows", flush=True)
    commands = {
        "verify": ["verify"],
        "forget-one": ["forget", "--url", row["canonical_url"], "--yes"],
        "forget-outlet": ["forget", "--outlet", outlet, "--yes"],
        "reclean-outlet": ["reclean", "--workers", "1", "--outlet", outlet],
        "dry-run": ["reclean", "--dry-run", "--workers", "1"],
        "reclean": ["reclean", "--workers", "1"],
        "into": ["reclean", "--workers", "1", "--into", str(place / "into")],
        "compact": ["compact", "--all"],
    }
    for name, command in commands.items():
        if name in steps:
            yield name, *on_a_copy(lake, command, place)
    shutil.rmtree(place / "into", ignore_errors=True)
    if "after" in steps:
        compacted = place / f"{lake.name}-compact"
        if not compacted.exists():
            shutil.copytree(lake, compacted, copy_function=os.link)
            cost([str(BIN / "saring"), "lake", "compact", "--all", "--lake", str(compacted)])
        for name in (name for name in ("verify", "forget-one", "forget-outlet", "reclean-outlet") if name in steps):
            yield f"{name}, compact", *on_a_copy(compacted, commands[name], place)


def on_a_copy(lake: Path, command: list[str], place: Path) -> tuple[Cost, float]:
    copy = Path(shutil.copytree(lake, place / "copy", copy_function=os.link))
    (copy / "_lock").unlink()  # it was linked too
    held = Held(copy)
    try:
        return cost([str(BIN / "saring"), "lake", *command, "--lake", str(copy)]), held.stop()
    finally:
        shutil.rmtree(copy)


if __name__ == "__main__":
    main()
