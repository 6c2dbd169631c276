"""Read the corpus and count what words do in ordinary text, outlet by outlet, so that one can be left out."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from cleaners.headline_model import vocabulary_of
from cleaners.headline_words import EDGES, SCALE

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
SENTENCE = re.compile(r"""(?<=[.!?”"])[ ]+(?=["“(]?[A-Z0-9])""")
ABBREVIATED = re.compile(r"(?:\b(?:Dr|Ir|Prof|Drs|Hj|H|St|No|Jl|Kab|Bpk|Sdr|vs|Rp|Mr|Mrs|[A-Z])\.)$")
MIXED = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")
N_EXAMPLE_PARTS = 5  # one fifth of the documents gives examples, the others the statistics


def flat(text):
    """One line, single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def read_gold():
    """The records of gold/pointers.jsonl."""
    with (SHARED / "gold/pointers.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_corpus():
    """Every document once (by title and head of text): id, outlet, title, raw text, part (0 gives examples)."""
    seen, docs = set(), []
    gold = read_gold()
    pointed, linked = {p["id"] for p in gold}, {flat(p["title"]) for p in gold}
    for file in sorted((SHARED / "corpus").glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for d in map(json.loads, lines):
                same = (d["title"], d["text"][:80])
                if d["id"] in pointed or (same not in seen and len(d["text"]) > 200):
                    seen.add(same)
                    title = flat(d["title"] or "")
                    part = zlib.crc32((title or d["id"]).encode()) % N_EXAMPLE_PARTS
                    if d["id"] in pointed or title in linked:
                        part = 0
                    docs.append({k: d[k] for k in ("id", "outlet", "text")} | {"title": title, "part": part})
    return docs


def sentences(text):
    """Sentences of a text, as (starts a paragraph, sentence)."""
    for line in text.split("\n"):
        line, held = flat(line), ""
        if not line:
            continue
        for piece in SENTENCE.split(line):
            held = f"{held} {piece}" if held else piece
            if not ABBREVIATED.search(held):
                yield held
                held = ""
        if held:
            yield held


class Counts:
    """Counts of one outlet: words by role, pairs of neighbours, pairs that open sentences."""

    def __init__(self):
        self.roles = [Counter() for _ in range(10)]
        self.pairs, self.opening, self.mixed = Counter(), Counter(), Counter()

    def add(self, doc):
        """Count the title and the sentences of a document."""
        start, midcap, midlow, tend, tstart, title, text, send, nextcap, second = self.roles
        if doc["title"]:
            w = [c for c in (x.strip(EDGES).lower() for x in doc["title"].split()) if c]
            title.update(w)
            tend.update(w[-1:])
            tstart.update(w[:1])
            self.pairs.update(pairwise(w))
        for s in sentences(doc["text"]):
            raw = [x.strip(EDGES) for x in s.split()]
            raw = [x for x in raw if x]
            if len(raw) < 4:
                continue
            w = [x.lower() for x in raw]
            text.update(w)
            start.update(w[:1])
            send.update(w[-1:])
            second.update(w[1:2])
            self.opening.update(pairwise(w[:2]))
            self.pairs.update(pairwise(w))
            up = [x[0].isupper() for x in raw]
            midcap.update(x for x, u in zip(w[1:], up[1:], strict=True) if u)
            midlow.update(x for x, u in zip(w[1:], up[1:], strict=True) if not u)
            nextcap.update(x for x, u in zip(w, up[1:], strict=False) if u)
            self.mixed.update(x.lower() for x in raw if MIXED.search(x))


def count(docs):
    """Counts by outlet."""
    by_outlet = defaultdict(Counts)
    for d in docs:
        by_outlet[d["outlet"]].add(d)
    return dict(by_outlet)


def odds(a, b):
    """Logarithm of a : b, with half a case added to both."""
    return np.log((a + 0.5) / (b + 0.5))


def quantised(numbers):
    """Sixteenths in one byte."""
    return np.clip(np.round(np.asarray(numbers) * SCALE), -127, 127).astype(np.int8)


def vocabulary(counts, without=None, n_words=12000, n_pairs=30000, min_count=12):
    """Statistics of all outlets but one as the features take them, and as the arrays that are shipped."""
    kept = [c for o, c in counts.items() if o != without]
    total = [sum((c.roles[i] for c in kept), Counter()) for i in range(10)]
    start, midcap, midlow, tend, tstart, title, text, send, nextcap, second = total
    mixed = sum((c.mixed for c in kept), Counter())
    spread = Counter(w for c in kept for w in c.mixed)
    everything = text + title
    words = [
        w
        for w, n in sorted(everything.items(), key=lambda item: (-item[1], item[0]))
        if n >= min_count and not w.isdigit() and len(w) < 25 and (mixed[w] < n / 2 or spread[w] >= 3)
    ][:n_words]  # mixed case in few outlets is words glued by a scraper
    n_text, n_title = sum(text.values()), sum(title.values())
    more_in_titles = np.log(n_text) - np.log(n_title)
    table = np.array(
        [
            (
                odds(start[w], midcap[w]),
                odds(midcap[w], midlow[w]),
                odds(tend[w], title[w] - tend[w]),
                odds(tstart[w], title[w] - tstart[w]),
                odds(title[w], text[w]) + more_in_titles,
                odds(send[w], text[w] - send[w]),
                np.log(everything[w]) - 6,
                odds(nextcap[w], text[w] - nextcap[w]),
                odds(second[w], text[w] - second[w]),
            )
            for w in words
        ]
    )
    rows = {w: i + 1 for i, w in enumerate(words)}
    pairs, opening = Counter(), Counter()
    for c in kept:
        for (a, b), n in c.pairs.items():
            if a in rows and b in rows:
                pairs[rows[a] * 65536 + rows[b]] += n
        for (a, b), n in c.opening.items():
            if a in rows and b in rows:
                opening[rows[a] * 65536 + rows[b]] += n
    n_all = sum(everything.values())
    scored = []
    for key, n in pairs.items():
        if n >= 4:
            a, b = words[(key >> 16) - 1], words[(key & 65535) - 1]
            together = np.log(n * n_all / (everything[a] * everything[b]))
            opens = odds(opening[key], n - opening[key])
            worth = n**0.5 * max(0, together - 1) + (opening[key] ** 0.5) * max(0, opens + 3)
            scored.append((worth, key, together, opens))
    scored.sort(reverse=True)
    scored = sorted(scored[:n_pairs], key=lambda x: x[1])
    keys = np.array([s[1] for s in scored], np.int64)
    arrays = {
        "words": np.frombuffer("\n".join(words).encode(), np.uint8), "word_stats": quantised(table),
        "pair_gaps": np.diff(keys, prepend=0).astype(np.uint32), "pair_stats": quantised([s[2:] for s in scored]),
    }  # fmt: skip
    return arrays, vocabulary_of(arrays)
