"""How many copies are found, named and joined: `saring ingest` on articles whose copies are known, form by form.

usage: copies.py [--form text] [--form text_with_page_chrome] [--json FILE]

Needs ../shared/gold. A pair of true copies counts as found if both have one cluster_id, or a `partial` link joins the
two; "through clusters" also counts what such a link joins one of them to the other's cluster by. Two kinds only look
like copies: T_template is another article with other numbers (no text-similarity method can tell it: left out of
precision), N_quote quotes two paragraphs of another.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

GOLD = Path(__file__).resolve().parent.parent.parent / "shared/gold/near_duplicates.jsonl.gz"
SARING = Path(sys.executable).parent / "saring"
FORMS = ("text", "text_with_page_chrome")
NO_COPIES = ("T_template", "N_quote")

Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", action="append", choices=FORMS)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    found = {form: measured(documents, form) for form in asked.form or FORMS}
    figures = {f"{form}.{name}": value for form, values in found.items() for name, value in values.items()}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def measured(documents: list[dict[str, Any]], form: str) -> dict[str, float]:
    """Ingest one form of the articles, print what was found, and return it."""
    with tempfile.TemporaryDirectory() as folder:
        source, lake = Path(folder, "articles.jsonl"), Path(folder, "lake")
        given = (
            {"id": str(d["id"]), **{k: d[k] for k in ("url", "outlet", "title")}, "text": d[form]} for d in documents
        )
        source.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in given), "utf-8")
        began = time.monotonic()
        subprocess.run([SARING, "ingest", source, "--lake", lake], stdout=subprocess.DEVNULL, check=True)
        seconds = time.monotonic() - began
        clusters, links = read(lake)
    found = scored({str(d["id"]): d for d in documents}, clusters, links)
    found["ms_per_article"] = 1000 * seconds / len(documents)
    for name, value in found.items():
        print(f"{form:<24}{name:<36}{value:8.2f}", flush=True)
    return found


def read(lake: Path) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Clusters of all rows, and links, by the ids that the input gave."""
    origin, clusters = {}, {}
    for table in ("articles", "duplicates"):
        for row in ds.dataset(lake / table).to_table(columns=["id", "origin_id", "cluster_id"]).to_pylist():
            origin[row["id"]], clusters[row["origin_id"]] = row["origin_id"], row["cluster_id"]
    links = ds.dataset(lake / "links").to_table(columns=["id", "other", "kind"]).to_pylist()
    return clusters, [(origin[link["id"]], origin[link["other"]], link["kind"]) for link in links]


def scored(
    documents: dict[str, dict[str, Any]],
    clusters: dict[str, str],
    links: list[tuple[str, str, str]],
    *,
    quiet: bool = False,
) -> dict[str, float]:
    """Recall, precision and mistakes, per cent; what is missed is printed too."""
    compared = {id for id, document in documents.items() if document["kind"] != "T_template"}
    stories = {id: d["cluster"] if d["kind"] not in NO_COPIES else f"alone {id}" for id, d in documents.items()}
    true = pairs({id: stories[id] for id in compared})
    joined = pairs({id: clusters[id] for id in compared if id in clusters})
    partial = {ordered(a, b) for a, b, kind in links if kind == "partial" and compared >= {a, b}}
    members = defaultdict(set)
    for id in compared & clusters.keys():
        members[clusters[id]].add(id)
    through = {ordered(x, y) for a, b in partial for x, y in reached(a, b, members, clusters) if x != y}
    if not quiet:
        print_kinds(documents, true, joined | partial)
    figures = {
        "recall": share(true & (joined | partial), true),
        "precision": share(true & (joined | partial), joined | partial),
        "recall_of_copies_alone": share(true & joined, true),
        "recall_through_clusters": share(true & (joined | partial | through), true),
        "precision_through_clusters": share(true & (joined | through | partial), joined | through | partial),
    }
    return figures | {f"{kind}_joined": mistaken(documents, clusters, kind) for kind in NO_COPIES}


def pairs(groups: dict[str, str]) -> set[Pair]:
    """All pairs of one group."""
    members = defaultdict(list)
    for id, group in groups.items():
        members[group].append(id)
    return {ordered(a, b) for group in members.values() for a, b in combinations(group, 2)}


def reached(a: str, b: str, members: dict[str, set[str]], clusters: dict[str, str]) -> set[Pair]:
    return {(a, other) for other in members[clusters[b]]} | {(b, other) for other in members[clusters[a]]}


def mistaken(documents: dict[str, dict[str, Any]], clusters: dict[str, str], kind: str) -> float:
    """Of the articles of a kind whose source is here, the share that is in its source's cluster, per cent."""
    bases = {int(d["url"].rsplit("/", 1)[1]): id for id, d in documents.items() if d["kind"] == "base"}
    asked = [(id, bases[int(d["src"])]) for id, d in documents.items() if d["kind"] == kind and int(d["src"]) in bases]
    return 100 * sum(clusters.get(id) == clusters.get(base) for id, base in asked) / len(asked)


def print_kinds(documents: dict[str, dict[str, Any]], true: set[Pair], found: set[Pair]) -> None:
    """What is missed, by the kinds of the two articles, the most missed first."""
    every: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for a, b in true:
        kinds = " / ".join(sorted((documents[a]["kind"], documents[b]["kind"])))
        every[kinds] += 1
        missed[kinds] += (a, b) not in found
    for kinds, count in missed.most_common(8):
        print(f"  missed {count:5} of {every[kinds]:5}   {kinds}")


def ordered(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def share(part: set[Pair], whole: set[Pair]) -> float:
    return 100 * len(part) / max(1, len(whole))


if __name__ == "__main__":
    main()
