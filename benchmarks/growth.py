"""What recognising copies costs as the lake grows: 10,000 new articles against 100,000 and 1,000,000 stored ones.

usage: growth.py [--stored N]… [--new N] [--batch N] [--reconcile N] [--json FILE]

Signatures of real articles (../shared/corpus, else multiplied samples), each multiplied by scrambling all of its copy's
bytes in the same way: copies resemble each other as the originals do, and nobody else. A third of the new articles are
stored ones with a fifth of their bytes changed, at another outlet. Every step runs in a process of its own; memory is
its peak above what it had with the batch in hand. `--batch` decides N articles at once, `--reconcile` reconciles a lake
of N.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from articles import articles

from cleaners.fingerprint import HASHES, MIN_WORDS, SCHEME, fingerprint
from lake import Lake
from lake.duplicates import Index
from lake.read import KEYS
from lake.reconcile import reconcile
from lake.schema import TABLES, table

SEED = 20_261_121
REAL = 20_000  # articles whose signatures are multiplied
FILE_ROWS = 5_000
PLANTED = 1 / 3  # of the new articles
CHANGED = 0.2  # of a planted one's bytes: a Jaccard index of about 0.80
OUTLETS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, action="append", metavar="N")
    parser.add_argument("--new", type=int, default=10_000, metavar="N")
    parser.add_argument("--batch", type=int, default=0, metavar="N")
    parser.add_argument("--reconcile", type=int, default=0, metavar="N")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step, folder, count = asked.step
        print(json.dumps(STEPS[step](Path(folder), int(count))))
        return
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "real.npy"), real())
        for stored in asked.stored or [100_000, 1_000_000]:
            figures[f"against {stored:,}"] = fresh(Path(folder), stored, "against", asked.new)
        if asked.batch:
            figures[f"a batch of {asked.batch:,}"] = run("batch", folder, asked.batch)
        if asked.reconcile:
            figures[f"reconcile {asked.reconcile:,}"] = fresh(Path(folder), asked.reconcile, "reconcile", 0)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def fresh(folder: Path, stored: int, step: str, count: int) -> dict[str, float]:
    """Write a lake of stored signatures, run a step on it, delete it."""
    lake = folder / "lake"
    signatures = np.load(folder / "real.npy")
    Lake(lake, create=True)
    for number, at in enumerate(range(0, stored, FILE_ROWS)):
        place = lake / f"articles/ingested=2026-10/b{number:06d}-r.parquet"
        place.parent.mkdir(exist_ok=True)
        rows = stored_rows(signatures, at, min(FILE_ROWS, stored - at))
        pq.write_table(rows.select(TABLES["articles"].names), place)
    figures = run(step, str(folder), count, f"{stored:,} stored: ")
    shutil.rmtree(lake)
    return figures


def run(step: str, folder: str, count: int, said: str = "") -> dict[str, float]:
    command = [sys.executable, __file__, "--step", step, str(folder), str(count)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print(f"{said}{step} {count or ''}  {figures}", flush=True)
    return figures


def against(folder: Path, count: int) -> dict[str, float]:
    """Compare a batch with the lake, and decide it."""
    rows = new_rows(np.load(folder / "real.npy"), count)
    lake = Lake(folder / "lake")
    before, began, cpu = now(), time.monotonic(), time.process_time()
    index = Index(rows)
    for known in lake.scan_keys():
        index.probe(known)
    probed = time.monotonic() - began
    found = index.decide(lambda ids, files: dict.fromkeys(ids, ""))
    return {"copies": found.duplicates.num_rows, "probe_seconds": round(probed, 2)} | cost(before, began, cpu)


def batch(folder: Path, count: int) -> dict[str, float]:
    """Decide one batch of that many articles, texts left out."""
    rows = stored_rows(np.load(folder / "real.npy"), 0, count)
    before, began, cpu = now(), time.monotonic(), time.process_time()
    found = Index(rows).decide(lambda ids, files: {})
    return {"copies": found.duplicates.num_rows, "peak_mb": round(peak())} | cost(before, began, cpu)


def reconciled(folder: Path, _: int) -> dict[str, float]:
    before, began, cpu = now(), time.monotonic(), time.process_time()
    found = reconcile(Lake(folder / "lake"), datetime.now(UTC))
    return {"rows": found.rows, "joined": found.joined, "peak_mb": round(peak())} | cost(before, began, cpu)


STEPS = {"against": against, "batch": batch, "reconcile": reconciled}


def real() -> npt.NDArray[np.uint8]:
    _, rows = articles(REAL)
    made = (fingerprint(row["text"]).signature for row in rows if len(row["text"].split()) > MIN_WORDS)
    return np.frombuffer(b"".join(one for one in made if one), np.uint8).reshape(-1, HASHES)


def scrambled(real: npt.NDArray[np.uint8], start: int, count: int) -> npt.NDArray[np.uint8]:
    """Stored signatures number `start` and on: copy after copy of the real ones, each with another secret."""
    places = np.arange(start, start + count)
    masks = np.random.Generator(np.random.PCG64(SEED)).integers(0, 256, (places[-1] // len(real) + 1, HASHES), np.uint8)
    found: npt.NDArray[np.uint8] = real[places % len(real)] ^ masks[places // len(real)]
    return found


def stored_rows(real: npt.NDArray[np.uint8], start: int, count: int) -> pa.Table:
    names = [f"{at:032x}" for at in range(start, start + count)]
    return as_rows(names, scrambled(real, start, count))


def new_rows(real: npt.NDArray[np.uint8], count: int) -> pa.Table:
    """New articles: some are stored ones, changed; the rest resemble nobody."""
    chance = np.random.Generator(np.random.PCG64(SEED + 1))
    signatures = chance.integers(0, 256, (count, HASHES), np.uint8)
    planted = round(count * PLANTED)
    known = scrambled(real, 0, planted)
    signatures[:planted] = np.where(chance.random(known.shape) < CHANGED, signatures[:planted], known)
    return as_rows([f"f{at:031x}" for at in range(count)], signatures, shift=1)


def as_rows(names: list[str], signatures: npt.NDArray[np.uint8], shift: int = 0) -> pa.Table:
    """Articles of which everything that decides about copies is there, and the rest is as short as it can be."""
    count = len(names)
    ids = pa.array(names)
    same = {
        "id": ids,
        "cluster_id": ids,
        "content_hash": ids,
        "source": pa.array([f"outlet{(at + shift) % OUTLETS}" for at in range(count)]),
        "canonical_url": pa.array([f"https://outlet.example/read/{name}/jembatan-baru-dibuka" for name in names]),
        "title": pa.array([f"Jembatan baru nomor {at} dibuka pada Senin" for at in range(count)]),
        "minhash_signature": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(HASHES), count, [None, pa.py_buffer(np.ascontiguousarray(signatures))]
        ),
        "shingle_count": pa.array([250] * count, pa.int32()),
        "minhash_scheme": pa.array([SCHEME] * count),
    }
    assert set(KEYS) <= {*same, "revision"}
    blank = table("articles", [{"text": "", "flags": [], "revision": 0} | BLANK]).take(pa.array([0] * count))
    for name, values in same.items():
        at = blank.schema.get_field_index(name)
        blank = blank.set_column(at, blank.schema.field(at), values)
    return blank


BLANK = {field.name: [] if pa.types.is_list(field.type) else 0 if pa.types.is_integer(field.type) else
         0.0 if pa.types.is_floating(field.type) else "" for field in TABLES["articles"]
         if not field.nullable and field.name not in ("text", "flags", "revision")}  # fmt: skip


def now() -> float:
    """Resident memory of this process, MB; from here on `peak` counts anew. Only where there is /proc."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def peak() -> float:
    """The most memory that this process had since `now`, MB."""
    return memory("VmHWM")


def memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


def cost(before: float, began: float, cpu: float) -> dict[str, float]:
    seconds, used = time.monotonic() - began, time.process_time() - cpu
    return {"seconds": round(seconds, 2), "cpu": round(used, 2), "extra_mb": round(peak() - before, 1)}


if __name__ == "__main__":
    main()
