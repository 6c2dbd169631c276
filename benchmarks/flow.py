"""What the flow costs over the plain run: the same articles into a fresh lake each, in turns, wall and processor time.

usage: flow.py [--articles N] [--workers N] [--times N] [--json FILE]

Real articles of ../shared/corpus, else multiplied samples. A Prefect server with a database of its own runs beside
both, so that both have the same machine; its start and its processor time are not counted, the client's start is.
`overhead` is the ratio of the sums minus one; of wall time it says something on a machine that does nothing else.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from articles import ROOT, articles

sys.path.insert(0, str(ROOT / "tests"))
from prefect_server import serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=30_000, metavar="N")
    parser.add_argument("--workers", type=int, default=None, metavar="N")
    parser.add_argument("--times", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    origin, rows = articles(asked.articles)
    figures: dict[str, object] = {"articles": len(rows), "origin": origin, "load before": os.getloadavg()[0]}
    took: dict[str, list[tuple[float, float]]] = {"plain": [], "flow": []}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in.jsonl")
        source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        home = Path(folder, "prefect")
        home.mkdir()
        with serving(home) as server:
            plain = {name: value for name, value in server.items() if name != "PREFECT_API_URL"}
            for turn in range(asked.times):
                for way, environment in (("plain", plain), ("flow", server)):
                    took[way].append(run(source, Path(folder, f"{way}-{turn}"), environment, asked.workers))
                    print(f"{way}: {took[way][-1][0]:.1f} s, {took[way][-1][1]:.1f} s of processor time", flush=True)
    for at, what in enumerate(("wall", "processor")):
        sums = {way: sum(one[at] for one in found) for way, found in took.items()}
        figures |= {f"{what}, {way}": round(seconds, 1) for way, seconds in sums.items()}
        figures[f"overhead, {what}"] = round(sums["flow"] / sums["plain"] - 1, 3)
    figures["load after"] = os.getloadavg()[0]
    print(json.dumps(figures, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def run(source: Path, lake: Path, environment: dict[str, str], workers: int | None) -> tuple[float, float]:
    """Seconds of wall and of processor time of one `saring ingest` with all its children."""
    command = [sys.executable, "-m", "flows", "ingest", str(source), "--lake", str(lake)]
    before, began = _processor(), time.perf_counter()
    more = ["--workers", str(workers)] if workers else []
    subprocess.run([*command, *more], env=environment, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began, _processor() - before


def _processor() -> float:
    """Of all children that have ended; the server has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
