"""Cleaning with two workers instead of one, and on Dask and Ray clusters of this machine, as ratios in one run.

usage: clusters.py [--articles N] [--shard N] [--workers N] [--rounds N] [--json FILE]

What is measured is the whole command, `saring ingest` into a new lake: `plain` without Prefect, `pool` as a flow run
with children of this machine, `dask` and `ray` as flow runs on clusters that are there before the clock starts and have
served a small run; and `plain 1` with one worker. In each round all of them run in turns. A ratio is articles a second
over those of `plain` in the same round: its median over the rounds, its least and its most.

Wall time says something on a machine with idle cores. Processor time, of the command and of the cluster (not of the
Prefect server), says what a way costs wherever it runs. Cores and load are printed. Each lake is compared with the
first one, byte for byte.
"""

import argparse
import hashlib
import importlib.util
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from articles import ROOT, articles
from run import tree

sys.path.insert(0, str(ROOT / "tests"))

from prefect_server import free_port, serving, started, until
from test_runners import CLUSTER_SECONDS, listens

WARM_UP_ARTICLES = 20  # workers import what they need at their first task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=8_000)
    parser.add_argument("--shard", type=int, default=2_000, help="documents of a shard; a real run has 2,000")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    origin, rows = articles(asked.articles)
    cores = len(os.sched_getaffinity(0))
    print(f"articles: {origin}; {len(rows):,} in shards of {asked.shard}; {cores} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="saring-") as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(serving(folder))
        source, few = write(folder / "in.jsonl", rows), write(folder / "few.jsonl", rows[:WARM_UP_ARTICLES])
        ways = dict(all_ways(stack, folder, asked.workers, server))
        for kind, way in ways.items():
            print(f"{kind} warmed up in {way.ingest(few, folder / f'warm-{kind}', asked.shard).wall:.0f} s", flush=True)
        took: dict[str, list[Took]] = {kind: [] for kind in ways}
        for number in range(asked.rounds):
            for kind, way in ways.items():  # in turns: the machine is disturbed alike
                lake = folder / f"{kind}-{number}"
                took[kind].append(way.ingest(source, lake, asked.shard))
                assert digests(lake) == digests(folder / "plain-0") != {}, f"{lake.name} differs"
                print(f"{kind}: {took[kind][-1]}, load {os.getloadavg()[0]:.1f}", flush=True)
    report(took)
    if asked.json:
        asked.json.write_text(json.dumps({kind: [asdict(one) for one in found] for kind, found in took.items()}) + "\n")


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and of processor by the command and by the cluster."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.cpu:.1f} s of processor time"


@dataclass(frozen=True)
class Way:
    """With so many workers, in this environment; `programs` and all below them do the work besides the command."""

    workers: int
    environment: dict[str, str]
    programs: tuple[int, ...] = ()

    def ingest(self, source: Path, lake: Path, shard: int) -> Took:
        small = [sys.executable, str(ROOT / "tests/small_shards.py"), str(shard), "locked", "ingest", str(source)]
        command = [*small, "--lake", str(lake), "--workers", str(self.workers)]
        used, began = self._processor(), time.monotonic()
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        return Took(time.monotonic() - began, self._processor() - used)

    def _processor(self) -> float:
        """Seconds used until now by commands that have ended, and by the cluster with what it has started."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        ticks = 0
        for pid in itertools.chain.from_iterable(map(tree, self.programs)):
            with suppress(OSError):
                ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
        return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def report(took: dict[str, list[Took]]) -> None:
    for kind, found in took.items():
        for what in ("wall", "cpu"):
            pairs = zip(took["plain"], found, strict=True)
            ratios = sorted(getattr(plain, what) / getattr(one, what) for plain, one in pairs)
            seconds = statistics.median(getattr(one, what) for one in found)
            spread = f"{statistics.median(ratios):.2f} of plain ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"{kind:8} {what:4}: {seconds:6.1f} s, {spread}")


def all_ways(stack: ExitStack, folder: Path, workers: int, server: dict[str, str]) -> Iterator[tuple[str, Way]]:
    """Plain runs, flow runs here, and flow runs on each cluster whose packages are installed."""
    plain = {name: value for name, value in server.items() if name != "PREFECT_API_URL"}
    yield "plain", Way(workers, plain)
    yield "plain 1", Way(1, plain)
    yield "pool", Way(workers, server)
    kinds: dict[str, Callable[..., Any]] = {"dask": dask, "ray": ray}
    for kind, make in kinds.items():
        if importlib.util.find_spec(f"prefect_{kind}"):
            place = folder / kind
            place.mkdir()
            environment, programs = stack.enter_context(make(place, workers, server))
            yield kind, Way(workers, environment, programs)


@contextmanager
def dask(folder: Path, workers: int, server: dict[str, str]) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1"]
    with started([*command, "--no-dashboard"], folder / "scheduler.log", server, folder) as scheduler:
        until(lambda: listens(port), CLUSTER_SECONDS, folder / "scheduler.log")
        many = ["--nworkers", str(workers), "--local-directory", str(folder), "--no-dashboard"]
        with started([*worker, *many], folder / "workers.log", server, folder) as crew:
            yield server | {"SARING_RUNNER": f"dask:{address}"}, (scheduler.pid, crew.pid)


@contextmanager
def ray(folder: Path, workers: int, server: dict[str, str]) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    port = free_port()
    environment = server | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    options = ["--port", str(port), "--num-cpus", str(workers), "--include-dashboard", "false", "--disable-usage-stats"]
    options += ["--min-worker-port", "0", "--max-worker-port", "0"]  # any: else half of the ports may not be the head's
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", *options, "--block"]
    log = folder / "head.log"
    with ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix="saring-", ignore_cleanup_errors=True)  # names of sockets are short
        place = ["--node-ip-address", "127.0.0.1", "--temp-dir", stack.enter_context(kept)]
        head = stack.enter_context(started([*command, *place], log, environment, folder))
        until(lambda: listens(port) and "Ray runtime started" in log.read_text(), CLUSTER_SECONDS, log)
        yield environment | {"SARING_RUNNER": f"ray:127.0.0.1:{port}"}, (head.pid,)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def digests(lake: Path) -> dict[str, str]:
    """The bytes of a lake, but those that hold times."""
    found = (file for file in lake.rglob("*.parquet") if "runs" not in file.parts)
    return {str(file.relative_to(lake)): hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


if __name__ == "__main__":
    main()
