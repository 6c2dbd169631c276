"""Does cleaning take time linear in the length of its input, whatever the input? Adversarial inputs against the clock.

usage: worst.py [--large CHARACTERS] [--slowest N] [--only WORD] [--json FILE]

Inputs are those of adversaries.py: made from every rule of the shipped catalog, from signs, noise, pages and fields
that rules know nothing of. Each is cleaned at 5,000 and at 20,000 characters; what grows faster than its length there
is cleaned at 50,000 and 200,000; what still does, and the slowest of all, at --large (1 MB). It fails where that takes
over one and a half times as long as its length says. Times are of the processor. A line is one input.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversaries import Input, all_inputs

from cleaners.article import Document
from cleaners.catalog import Catalog, load_catalog
from cleaners.pipeline import clean

LARGE = 1_000_000
SHORT, LONG = 5_000, 20_000
STEPS = (50_000, 200_000)
MAX_RATIO = 6.0  # of four times the length: linear is 4, quadratic 16
MAX_GROWTH = 1.5  # to full length, above its length
TIMEOUT_SECONDS = 120
PROGRESS_EVERY = 100
SLOWEST = 25  # of all inputs, these are tried at full length


@dataclass
class Timed:
    """Processor seconds of one input at several lengths; infinite where it was stopped."""

    input: Input
    short: float
    long: float
    steps: tuple[float, ...] = ()
    large: float | None = None

    def __str__(self) -> str:
        return f"{self.input.name}: {self.long:.2f} s for {LONG:,} characters"

    @property
    def ratio(self) -> float:
        """How many times longer four times the length takes."""
        return self.steps[-1] / self.steps[0] if self.steps else self.long / self.short

    def growth(self, large: int) -> float:
        """How much longer full length takes than its length says, from the last step on."""
        return (self.large or 0.0) / self.steps[-1] / (large / STEPS[-1])


def main() -> None:
    asked = arguments()
    catalog = load_catalog()
    warm_up(catalog)
    tried = [one for one in all_inputs() if not asked.only or asked.only in one.name]
    print(f"{len(tried):,} inputs", file=sys.stderr, flush=True)
    found = []
    for number, one in enumerate(tried, 1):
        found.append(screen(one, catalog))
        if number % PROGRESS_EVERY == 0:
            worst = max(found[-PROGRESS_EVERY:], key=lambda timed: timed.long)
            print(f"{number:,} of {len(tried):,}, slowest of late: {worst}", file=sys.stderr, flush=True)
    found.sort(key=lambda one: -one.long)
    suspects = [one for one in found if one.ratio > MAX_RATIO]
    print(f"{len(suspects):,} of them are looked at again", file=sys.stderr, flush=True)
    for one in suspects:
        one.steps = tuple(seconds(one.input, catalog, length) for length in STEPS)
    chosen = [one for one in suspects if one.ratio > MAX_RATIO]
    chosen += [one for one in found if one not in chosen][: asked.slowest]
    print(f"{'input':<72} {'20 kB, s':>8} {'ratio':>6} {'1 MB, s':>8}")
    for one in chosen:
        one.large = seconds(one.input, catalog, asked.large)
        if not one.steps:
            one.steps = tuple(seconds(one.input, catalog, length) for length in STEPS)
        print(f"{one.input.name:<72.72} {one.long:>8.3f} {one.ratio:>6.1f} {one.large:>8.2f}", flush=True)
    wrong = [one for one in chosen if one.growth(asked.large) > MAX_GROWTH]
    slowest = max(chosen, key=lambda one: one.large or 0.0)
    print(f"slowest: {slowest.large:.2f} s for {asked.large:,} characters of {slowest.input.name}")
    print(f"faster than their length: {len(wrong)} of {len(tried):,} inputs")
    if asked.json:
        asked.json.write_text(json.dumps(figures(found, chosen, wrong, slowest), indent=1) + "\n", "utf-8")
    sys.exit(bool(wrong))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--large", type=int, default=LARGE, metavar="CHARACTERS")
    parser.add_argument("--slowest", type=int, default=SLOWEST, metavar="N", help="how many are tried at full length")
    parser.add_argument("--only", metavar="WORD", help="only inputs whose name holds it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def warm_up(catalog: Catalog) -> None:
    """Load what is loaded once: it is not to be timed."""
    for sentence in ("Warga menyambut jembatan baru itu. ", "People welcomed the new bridge on Monday. ", "12.3 "):
        clean(Document(text=sentence * 20), catalog)
        clean(Document(html=f"<p>{sentence * 20}</p>"), catalog)


def screen(one: Input, catalog: Catalog) -> Timed:
    """Time an input at two lengths; once more where it seems to grow too fast: other programs disturb short times."""
    seconds(one, catalog, 1_000)  # patterns are compiled when a text first needs them
    timed = Timed(one, seconds(one, catalog, SHORT), seconds(one, catalog, LONG))
    if timed.ratio > MAX_RATIO:
        again = Timed(one, seconds(one, catalog, SHORT), seconds(one, catalog, LONG))
        timed.short, timed.long = max(timed.short, again.short), min(timed.long, again.long)
    return timed


def seconds(one: Input, catalog: Catalog, length: int) -> float:
    """Clean an input of a length; infinite where it takes too long."""
    document = one.document(length)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(TIMEOUT_SECONDS)
    began = time.process_time()
    try:
        clean(document, catalog)
    except TimeoutError:
        return float("inf")
    finally:
        signal.alarm(0)
    return time.process_time() - began


def figures(found: Sequence[Timed], chosen: Sequence[Timed], wrong: Sequence[Timed], slowest: Timed) -> dict[str, Any]:
    """What --json keeps."""
    return {
        "inputs": len(found),
        "slowest": slowest.input.name,
        "slowest_s": round(slowest.large or 0.0, 3),
        "median_20_kB_s": round(sorted(one.long for one in found)[len(found) // 2], 4),
        "whole_s": {one.input.name: round(one.large or 0.0, 2) for one in chosen},
        "over": {one.input.name: round(one.ratio, 1) for one in wrong},
    }


def _stop(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main()
