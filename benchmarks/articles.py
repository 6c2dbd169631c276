"""Articles to measure with: real ones where ../shared stands beside the checkout, else multiplied from samples/."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared/corpus"
SEED = 20261121


def articles(count: int) -> tuple[str, list[dict[str, Any]]]:
    """Where the articles come from, and `count` of them in an order that is always the same."""
    files = sorted(CORPUS.glob("*.jsonl.gz"))
    if not files:
        return "invented, multiplied from samples/", list(multiplied(count))
    rows = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    random.Random(SEED).shuffle(rows)
    if len(rows) < count:
        raise SystemExit(f"{count} articles are asked for; ../shared/corpus has {len(rows)}")
    return "real, ../shared/corpus", rows[:count]


def multiplied(count: int) -> Iterator[dict[str, Any]]:
    """Articles with the furniture of one sample each and paragraphs of several, numbers changed: no two are copies."""
    texts = [file.read_text("utf-8").splitlines() for file in sorted((ROOT / "samples/text").glob("*.txt"))]
    story = [line for lines in texts for line in lines if len(line) > 120]
    for number in range(count):
        chance = random.Random(SEED + number)
        lines = list(chance.choice(texts))
        for at in (i for i, line in enumerate(lines) if len(line) > 120):
            words = " ".join(chance.sample(story, 2)).split()
            chance.shuffle(words)
            lines[at] = " ".join(str(chance.randrange(2, 9000)) if word.isdigit() else word for word in words)
        yield {"id": str(number), "url": f"https://www.contoh.example/berita/{number}", "text": "\n".join(lines)}
