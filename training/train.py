"""Train the model of `cleaners/headline.py`: `python training/train.py` (see README.md for needs, time and scores)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import corpus  # noqa: E402
import examples  # noqa: E402
import trees  # noqa: E402

from cleaners.headline import EATS_STORY_CHANCE, GOES_ON_CHANCE, Known, _region  # noqa: E402
from cleaners.headline_features import N_FEATURES, places  # noqa: E402
from cleaners.headline_model import unpack  # noqa: E402

LARGE = ("antara", "kontan", "okezone", "sindonews", "kompas")
ALSO_LEFT_OUT = ("tribunnews", "detik", "bisnis")
N_MADE = 24_000
REAL_WEIGHT = 3.0  # one real pointer counts as three made ones
FLATTENED_A_OUTLET = 200


def encode(found, vocabulary):
    """Numbers, truth and number of places of every example, and the examples with their places."""
    x, y, lengths, kept = [], [], [], []
    for example in found:
        _, text, start, end, title, _ = example
        at = places(text, start, *_region(text, start), title, vocabulary)
        x.append(at.features)
        y.append(np.array(at.ends) == end)
        lengths.append(len(at.ends))
        kept.append((example, at.ends))
    return np.concatenate(x), np.concatenate(y).astype(np.float32), np.array(lengths), kept


def learn(real, made, vocabulary):
    """The arrays of `headline.npz` but the vocabulary's; examples whose true end is no place teach nothing."""
    x, y, lengths, kept = encode(real + made, vocabulary)
    weights = np.where(np.arange(len(kept)) < len(real), REAL_WEIGHT, 1.0)
    firsts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    usable = np.add.reduceat(y, firsts) > 0
    rows = np.repeat(usable, lengths)
    return trees.arrays(trees.grow(x[rows], y[rows], lengths[usable], weights[usable]))


def judge(model, tests):
    """For every example its true end, the best guess, and what the policy gives (end, certain)."""
    for example in tests:
        outlet, text, start, end, title, kind = example
        at = places(text, start, *_region(text, start), title, model.vocabulary)
        chances = model.chances(at.features)
        so_far = chances.cumsum()
        first = int((so_far > EATS_STORY_CHANCE).argmax())
        yield outlet, kind, end, at.ends[int(chances.argmax())], at.ends[first], 1 - so_far[first] <= GOES_ON_CHANCE


def percent(hits):
    """Share of true ones."""
    hits = list(hits)
    return round(100 * float(sum(hits)) / len(hits), 1)


def table(judged):
    """Shares in percent by outlet: best guess exact, too late, too early; under the policy exact, too late, certain."""
    groups = defaultdict(list)
    for outlet, kind, *rest in judged:
        name = "flattened lines" if kind in ("own-line", "line") else "pointers"
        groups[f"{name}: {outlet}"].append(rest)
        groups[f"{name}: all"].append(rest)
    out = {}
    for name, rows in sorted(groups.items()):
        out[name] = {
            "n": len(rows),
            "best_exact": percent(b == t for t, b, p, c in rows),
            "best_eats": percent(b > t for t, b, p, c in rows),
            "policy_exact": percent(p == t for t, b, p, c in rows),
            "policy_eats": percent(p > t for t, b, p, c in rows),
            "policy_certain": percent(c for t, b, p, c in rows),
            "certain_and_exact": percent(c and p == t for t, b, p, c in rows),
        }
    return out


def known_exact(real, docs):
    """Share of gold pointers whose end is found where the titles of the corpus and of the gold are known."""
    titles = {d["title"] for d in docs if d["title"]} | {g["title"] for g in corpus.read_gold()}
    known, hits = Known(sorted(titles)), Counter()
    for _, text, start, end, _, kind in real:
        if kind in ("inline", "glued"):
            got = known.end_of(text, start)
            hits["exact" if got == end else "none" if got is None else "wrong"] += 1
    return {name: round(100 * n / hits.total(), 2) for name, n in hits.items()}


def main():
    """Measure with each outlet left out in turn, then train on all and write the parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-scores", action="store_true", help="only train and write headline.npz")
    parser.add_argument("--no-model", action="store_true", help="only measure and write scores.json")
    options = parser.parse_args()
    started = time.time()
    docs = corpus.read_corpus()
    counts = corpus.count([d for d in docs if d["part"]])
    gold = list(examples.gold_pointers({d["id"]: d for d in docs}))
    lines = list(examples.line_pointers(docs))
    makers = [d for d in docs if d["part"] == 0]
    print(f"{len(docs)} documents, {len(gold)} + {len(lines)} real pointers, {time.time() - started:.0f} s", flush=True)
    if not options.no_scores:
        judged = []
        for outlet in (*LARGE, *ALSO_LEFT_OUT):
            arrays, vocabulary = corpus.vocabulary(counts, without=outlet)
            real = [e for e in gold + lines if e[0] != outlet]
            made = list(examples.made([d for d in makers if d["outlet"] != outlet], vocabulary, N_MADE))
            model = unpack(arrays | learn(real, made, vocabulary))
            tests = [e for e in gold if e[0] == outlet] + [e for e in lines if e[0] == outlet][:FLATTENED_A_OUTLET]
            judged += judge(model, tests)
            print(outlet, json.dumps(table(judged[-len(tests) :])), f"{time.time() - started:.0f} s", flush=True)
        scores = {"left_out_one_by_one": table(judged), "titles_known": known_exact(gold, docs)}
        (HERE / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    if not options.no_model:
        arrays, vocabulary = corpus.vocabulary(counts)
        made = list(examples.made(makers, vocabulary, N_MADE))
        arrays |= learn(gold + lines, made, vocabulary)
        np.savez_compressed(HERE.parent / "cleaners" / "headline.npz", **arrays)
        print(f"{N_FEATURES} numbers a place, {len(arrays['roots'])} trees, {time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
