"""Texts with a linked headline whose end is known: real pointers, and titles joined with sentences of others.

An example is (outlet, text, start, end, the document's title, kind).
"""

from __future__ import annotations

import random
import re
from collections import defaultdict

from corpus import EDGES, flat, read_gold, sentences

LINE_POINTER = re.compile(r"^\W{0,3}(?:baca|lihat|simak) juga ?:? *(\S.{15,160})$", re.I)
TAILS = (
    "Pewarta: {n} Editor: {m}",
    "Editor: {n}",
    "Penulis: {n}",
    "Baca juga: {t}",
    "Baca Juga: {t}",
    "(erh)",
    "Penerjemah: {n}Editor: {m}",
)
FURNITURE = re.compile(r"\W*(?:baca|simak|lihat|advert|scroll|editor|\[|foto|penulis|reporter|copyright)", re.I)
NAMES = ["Darsono", "Sri Wahyuni", "Bambang H", "Rina Kartika Dewi", "Teguh"]


def gold_pointers(docs_by_id):
    """gold/pointers.jsonl as examples; own-line ones flattened."""
    for p in read_gold():
        d = docs_by_id.get(p["id"])
        if d is None:
            continue
        raw = d["text"]
        start, end = p["start"] + len(p["marker"]), p["end"]
        squeeze = flat if p["kind"] == "own-line" else (lambda s: re.sub(r"[^\S\n]+", " ", s))
        before = squeeze(raw[: p["start"]] + p["marker"].strip()) + (" " if p["marker"][-1].isspace() else "")
        linked = raw[start:end].rstrip()
        if "(" in p["marker"] and linked.count(")") > linked.count("("):
            linked = linked[: linked.rindex(")")].rstrip()
        rest = raw[start + len(linked) : end] + raw[end:]
        linked = linked.strip()
        if p["kind"] != "own-line" and raw[end - 1 : end].isspace():
            rest = " " + rest
        text = before + squeeze(linked) + squeeze(" " * (rest[:1].isspace()) + rest.lstrip())
        yield p["outlet"], text, len(before), len(before) + len(squeeze(linked)), d["title"], p["kind"]


def line_pointers(docs):
    """Pointers on a line of their own, flattened: the line's end is the headline's."""
    for d in docs:
        lines = d["text"].split("\n")
        for i, line in enumerate(lines[:-1]):
            found = LINE_POINTER.match(line.strip())
            following = lines[i + 1].strip()
            if found and found[1][-1] != ":" and len(following.split()) > 4 and "video" not in found[1][:12].lower():
                before = flat(" ".join(lines[:i]) + " Baca juga: ") + " "
                linked = flat(found[1])
                text = before + linked + " " + flat(" ".join(lines[i + 1 :]))
                yield d["outlet"], text, len(before), len(before) + len(linked), d["title"], "line"


def recase(title, vocabulary, how, rng):
    """Write a Title Case headline as another outlet would: `sentence`, `every` (word capitalised) or `upper` case."""
    words = title.split(" ")
    out = []
    for i, w in enumerate(words):
        core = w.strip(EDGES)
        row = vocabulary.rows.get(core.lower(), 0)
        clause = i > 0 and words[i - 1][-1:] in (":", "?", "!") and rng.random() < 0.7
        if how == "sentence" and i and core[1:].islower() and not clause:
            named = vocabulary.stats[row, 1] > 0 if row else rng.random() < 0.75
            out.append(w if named else w.lower())
        elif how == "every" and core:
            out.append(w[:1].upper() + w[1:])
        elif how == "upper":
            out.append(w.upper())
        else:
            out.append(w)
    return " ".join(out)


def made(docs, vocabulary, n, seed=0):
    """n examples from titles and articles of the same outlet, half of them on the same matter."""
    rng = random.Random(seed)
    by_outlet, index = defaultdict(list), defaultdict(list)
    for d in docs:
        if d["title"] and 3 <= len(d["title"].split()) <= 24:
            by_outlet[d["outlet"]].append(d)
            for w in sorted(set(re.findall(r"[A-Z]\w{3,}", d["title"]))):
                index[d["outlet"], w.lower()].append(d)
    by_outlet = {o: v for o, v in by_outlet.items() if len(v) >= 30}
    weights = [min(len(v), 400) for v in by_outlet.values()]
    outlets = list(by_outlet)
    starts = {}
    while n > 0:
        o = rng.choices(outlets, weights)[0]
        d = rng.choice(by_outlet[o])
        if d["id"] not in starts:
            starts[d["id"]] = _starts(d["text"])
        body, at = starts[d["id"]]
        if len(at) < 2:
            continue
        linked = _other(d, by_outlet[o], index, rng)
        if linked["title"] == d["title"]:
            continue
        n -= 1
        yield _join(o, d, linked["title"], body, rng.choice(at), vocabulary, rng, by_outlet[o])


def _starts(text):
    """Flattened text and the offsets where sentences (of kept paragraphs: paragraphs) start."""
    body, at = "", []
    lined = text.count("\n") >= 4
    for line in text.split("\n"):
        for j, s in enumerate(sentences(line)):
            heading = lined and j == 0 and len(s.split()) <= 7 and s[-1] not in '.,!?:;"”'
            opens = (j == 0 if lined else True) and len(s.split()) >= (2 if lined else 5) and not s[0].islower()
            if len(body) > 100 and opens and not FURNITURE.match(s):
                at += [len(body)] * (4 if heading else 1)  # headings are rare and look like headlines
            body += s + " "
    return body, at


def _other(d, pool, index, rng):
    if rng.random() < 0.6:
        mine = sorted(set(re.findall(r"[A-Z]\w{3,}", d["text"][:1500])))
        mine = [w for w in mine if len(index.get((d["outlet"], w.lower()), ())) > 1]
        if mine:
            found = index[d["outlet"], rng.choice(mine).lower()]
            return rng.choice(found)
    return rng.choice(pool)


def _join(o, d, linked, body, at, vocabulary, rng, pool):
    own = d["title"]
    roll = rng.random()
    how = "sentence" if roll < 0.35 else "every" if roll < 0.39 else "upper" if roll < 0.4 else "as is"
    if o == "antara" and how == "sentence":
        how = "as is"
    linked, own = recase(linked, vocabulary, how, rng), recase(own, vocabulary, how, rng)
    own = None if rng.random() < 0.08 else own
    before, after = body[:at] + rng.choice(["Baca juga: ", "Baca Juga: ", "BACA JUGA: ", "Baca Juga:"]), body[at:]
    roll = rng.random()
    gap = "" if rng.random() < 0.15 else " "
    start = len(before)
    if roll < 0.03:
        return o, before + after, start, start, own, "empty"
    if roll < 0.12:
        tail = rng.choice(TAILS).format(n=rng.choice(NAMES), m=rng.choice(NAMES), t=rng.choice(pool)["title"])
        return o, before + linked + gap + tail + " " + after, start, start + len(linked), own, "hard"
    if roll < 0.17:
        second = recase(rng.choice(pool)["title"], vocabulary, how, rng)
        dash = rng.choice(["", "", " -"])
        return o, before + linked + dash + gap + second + " " + after, start, start + len(linked), own, "row"
    return o, before + linked + gap + after, start, start + len(linked), own, "made"
