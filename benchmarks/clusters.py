"""Cleaning with more workers, and on Dask and Ray clusters of this machine, as ratios of wall time in one run.

usage: clusters.py [--articles N] [--shard N] [--workers 1,2] [--rounds N] [--json FILE]

All are flow runs with one Prefect server; schedulers, heads and workers are there before the clock starts, and have
served a small run. What is measured is the whole command, `saring ingest` into a new lake, the least of the rounds.
Ratios are articles a second over those of the pool of children here with the same number of workers; each lake is
compared with that of the pool, byte for byte. Cores and load are printed: without idle cores nothing scales.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from articles import ROOT, articles

sys.path.insert(0, str(ROOT / "tests"))

from prefect_server import free_port, serving, started, until
from test_runners import CLUSTER_SECONDS, listens

WARM_UP_ARTICLES = 20  # workers import what they need at their first task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=3_000)
    parser.add_argument("--shard", type=int, default=500, help="documents of a shard; a real run has 2,000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    origin, rows = articles(asked.articles)
    cores = len(os.sched_getaffinity(0))
    print(f"articles: {origin}; {len(rows):,} in shards of {asked.shard}; {cores} cores, load {os.getloadavg()[0]:.1f}")
    figures = []
    with tempfile.TemporaryDirectory(prefix="saring-") as name, serving(Path(name)) as server:
        folder = Path(name)
        source, few = write(folder / "in.jsonl", rows), write(folder / "few.jsonl", rows[:WARM_UP_ARTICLES])
        for workers in map(int, asked.workers.split(",")):
            with ExitStack() as stack:
                where = dict(clusters(stack, folder, workers, server))
                for kind, environment in where.items():
                    took = ingest(few, folder / f"warm-{kind}-{workers}", asked.shard, workers, environment)
                    print(f"{kind} warmed up in {took:.0f} s", file=sys.stderr)
                seconds: dict[str, list[float]] = {kind: [] for kind in where}
                for number in range(asked.rounds):
                    for kind, environment in where.items():  # in turns: the machine is disturbed alike
                        lake = folder / f"{kind}-{workers}-{number}"
                        seconds[kind].append(ingest(source, lake, asked.shard, workers, environment))
                        assert digests(lake) == digests(folder / f"pool-{workers}-0") != {}, f"{lake.name} differs"
                        print(f"{kind} took {seconds[kind][-1]:.0f} s", file=sys.stderr)
            figures += report(seconds, workers, len(rows))
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def report(seconds: dict[str, list[float]], workers: int, count: int) -> list[dict[str, Any]]:
    best = {kind: min(took) for kind, took in seconds.items()}
    for kind, took in best.items():
        rate, ratio = count / took, best["pool"] / took
        print(f"{workers} workers, {kind:5}: {took:6.1f} s, {rate:5.0f} articles a second, {ratio:.2f} of the pool")
    return [{"kind": kind, "workers": workers, "seconds": seconds[kind]} for kind in seconds]


def clusters(
    stack: ExitStack, folder: Path, workers: int, server: dict[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The environments of runs with so many workers: the pool, and each cluster whose packages are installed."""
    yield "pool", server
    kinds: dict[str, Callable[..., Any]] = {"dask": dask, "ray": ray}
    for kind, make in kinds.items():
        if importlib.util.find_spec(f"prefect_{kind}"):
            place = folder / f"{kind}{workers}"
            place.mkdir()
            yield kind, stack.enter_context(make(place, workers, server))


@contextmanager
def dask(folder: Path, workers: int, server: dict[str, str]) -> Iterator[dict[str, str]]:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1"]
    with started([*command, "--no-dashboard"], folder / "scheduler.log", server, folder):
        until(lambda: listens(port), CLUSTER_SECONDS, folder / "scheduler.log")
        many = ["--nworkers", str(workers), "--local-directory", str(folder), "--no-dashboard"]
        with started([*worker, *many], folder / "workers.log", server, folder):
            yield server | {"SARING_RUNNER": f"dask:{address}"}


@contextmanager
def ray(folder: Path, workers: int, server: dict[str, str]) -> Iterator[dict[str, str]]:
    port = free_port()
    environment = server | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    options = ["--port", str(port), "--num-cpus", str(workers), "--include-dashboard", "false", "--disable-usage-stats"]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", *options, "--block"]
    log = folder / "head.log"
    with ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix="saring-", ignore_cleanup_errors=True)  # names of sockets are short
        place = ["--node-ip-address", "127.0.0.1", "--temp-dir", stack.enter_context(kept)]
        stack.enter_context(started([*command, *place], log, environment, folder))
        until(lambda: listens(port) and "Ray runtime started" in log.read_text(), CLUSTER_SECONDS, log)
        yield environment | {"SARING_RUNNER": f"ray:127.0.0.1:{port}"}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def ingest(source: Path, lake: Path, shard: int, workers: int, environment: dict[str, str]) -> float:
    """Seconds of one run."""
    small = [sys.executable, str(ROOT / "tests/small_shards.py"), str(shard), "locked", "ingest", str(source)]
    began = time.monotonic()
    done = subprocess.run(
        [*small, "--lake", str(lake), "--workers", str(workers)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return time.monotonic() - began


def digests(lake: Path) -> dict[str, str]:
    """The bytes of a lake, but those that hold times."""
    found = (file for file in lake.rglob("*.parquet") if "runs" not in file.parts)
    return {str(file.relative_to(lake)): hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


if __name__ == "__main__":
    main()
