"""Time and memory of Saring as ratios to what people use instead, on the same articles, in one run.

usage: run.py [--articles N] [--growth N] [--quick] [--json FILE]

Ratios are of processor time, which other programs on the machine disturb least; the two sides are measured in turns.
Memory is the highest sum over all processes of a command, shared pages counted once; without /proc the largest process.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from articles import ROOT, articles

CHUNK = 50  # articles between two turns of the two sides
POLL_SECONDS = 0.1
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds on the clock, seconds of processor, megabytes at the peak."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=3_000)
    parser.add_argument("--growth", type=int, default=30_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to see that it works")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    few, many = (asked.articles, asked.growth) if not asked.quick else (asked.articles // 10, asked.growth // 10)

    origin, rows = articles(many)
    sizes = statistics.median(len(row["text"]) for row in rows[:few])
    print(f"articles: {origin}; {few:,} and {many:,}, median {sizes:,.0f} characters")
    print(f"Python {platform.python_version()}, {platform.machine()}, one core\n")
    figures: dict[str, Any] = {"articles": few, "growth": many, "origin": origin}
    figures |= against_langdetect(rows[: min(few, 1_000)])
    with tempfile.TemporaryDirectory() as folder:
        figures |= against_the_usual_script(rows[:few], Path(folder))
        figures |= growth(rows, few, figures["ingest"], Path(folder))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def against_langdetect(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Our clean() with the language left out, and langdetect on the same texts, chunk by chunk in turns."""
    from langdetect import DetectorFactory, LangDetectException, detect_langs

    import cleaners.pipeline
    from cleaners.article import Document, Language, LanguageStatus
    from cleaners.catalog import load_catalog

    DetectorFactory.seed = 0
    none = Language("und", 0.0, LanguageStatus.SHORT)
    cleaners.pipeline.detect = lambda *_: none  # type: ignore[assignment]
    catalog = load_catalog()
    documents = [Document(id=row["id"], url=row.get("url"), title=row.get("title"), text=row["text"]) for row in rows]

    def langdetect(document: Document) -> object:
        try:
            return detect_langs(document.text)
        except LangDetectException:
            return None

    def ours(document: Document) -> object:
        return cleaners.pipeline.clean(document, catalog)

    ours(documents[0]), langdetect(documents[0])  # load what is loaded once
    mine, theirs = [], []
    for at in range(0, len(documents), CHUNK):
        chunk = documents[at : at + CHUNK]
        mine.append(cpu(ours, chunk))
        theirs.append(cpu(langdetect, chunk))
    ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
    a, b = 1000 * sum(mine) / len(documents), 1000 * sum(theirs) / len(documents)
    say("clean() without language / langdetect", ratio, "at most 0.12", f"{a:.2f} and {b:.2f} ms an article")
    return {"clean_to_langdetect": round(ratio, 4), "clean_ms": round(a, 3), "langdetect_ms": round(b, 3)}


def cpu(function: Callable[[Any], object], chunk: list[Any]) -> float:
    began = time.process_time()
    for one in chunk:
        function(one)
    return time.process_time() - began


def against_the_usual_script(rows: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """The whole of `saring ingest` and the whole of usual_script.py: one core, one worker, same file."""
    source = written(rows, folder / "few.jsonl")
    usual = cost([sys.executable, str(ROOT / "benchmarks/usual_script.py"), str(source), str(folder / "usual.parquet")])
    ours = ingest(source, folder / "lake-few")
    note = f"{1000 * ours.cpu / len(rows):.1f} and {1000 * usual.cpu / len(rows):.1f} ms an article"
    say("saring ingest / the usual script, time", ours.cpu / usual.cpu, "at most 1.0", note)
    note = f"{ours.memory:.0f} and {usual.memory:.0f} MB at the peak"
    say("saring ingest / the usual script, memory", ours.memory / usual.memory, "reported", note)
    return {"ingest": asdict(ours), "usual": asdict(usual)}


def growth(rows: list[dict[str, Any]], few: int, small: dict[str, float], folder: Path) -> dict[str, Any]:
    """What an article costs in a run of many, over what it costs in a run of few; and the memory of the two runs."""
    big = ingest(written(rows, folder / "many.jsonl"), folder / "lake-many")
    times = (big.cpu / len(rows)) / (small["cpu"] / few)
    steps = f"{few:,} to {len(rows):,} articles"
    say(
        f"time an article, {steps}",
        times,
        "at most 1.15",
        f"{big.cpu:.0f} s, {len(rows) / big.wall:.0f} articles a second",
    )
    memory = big.memory / small["memory"]
    say(f"memory, {steps}", memory, "at most 1.5", f"{small['memory']:.0f} and {big.memory:.0f} MB")
    return {"ingest_many": asdict(big), "time_growth": round(times, 3), "memory_growth": round(memory, 3)}


def ingest(source: Path, lake: Path) -> Cost:
    shutil.rmtree(lake, ignore_errors=True)
    return cost([str(BIN / "saring"), "ingest", str(source), "--lake", str(lake), "--workers", "1"])


def written(rows: list[dict[str, Any]], file: Path) -> Path:
    keep = ("id", "url", "title", "date", "text")
    lines = (json.dumps({key: row.get(key) for key in keep}, ensure_ascii=False) for row in rows)
    file.write_text("".join(line + "\n" for line in lines), "utf-8", errors="surrogatepass")
    return file


def cost(command: list[str]) -> Cost:
    """Run a command on one core and measure it with all its children."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment | {"OMP_NUM_THREADS": "1"},
        preexec_fn=on_one_core,
    )
    watch = Watch(process.pid)
    said = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)  # its children are in it, once it has waited for them
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {process.returncode}:\n{said.decode(errors='replace')[-2000:]}"
        )
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    largest = used.ru_maxrss * scale
    return Cost(round(wall, 2), round(used.ru_utime + used.ru_stime, 2), round(max(watch.stop(), largest) / 1e6, 1))


def on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Watch(threading.Thread):
    """Follows the memory of a process and all below it; `stop()` gives the highest sum in bytes, 0 without /proc."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(POLL_SECONDS):
            self.peak = max(self.peak, sum(map(own_bytes, tree(self.pid))))

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.peak


def tree(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        below = []
    return [pid, *(one for child in below for one in tree(int(child)))]


def own_bytes(pid: int) -> int:
    """The process's proportional share of memory: pages shared by n processes count 1/n in each."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def say(what: str, ratio: float, goal: str, note: str) -> None:
    print(f"{what:<48} {ratio:>6.2f}   goal {goal:<14} {note}", flush=True)


if __name__ == "__main__":
    main()
