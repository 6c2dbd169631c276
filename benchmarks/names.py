"""Harm that furniture does to a search: hits for a name in articles whose story does not hold it, before and after.

usage: names.py [--articles N] [--json FILE]

A name is a capitalised word pair that three articles or more hold. A hit is a (name, article) pair: the name stands in
the normalised text as it arrived. It is false where the story, annotated by hand, would not hold it; over a whole
corpus the cleaned text stands for the story, so this counts what cleaning takes out of the hits: names that stood only
in links to other articles, bylines, captions and promos. Reads ../shared/corpus; takes 3 minutes for 33,000 articles.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from articles import articles

from cleaners.article import Cleaned, Document, Kind
from cleaners.catalog import load_catalog
from cleaners.pipeline import clean

ALL = 32_984
MIN_ARTICLES = 3
NAME = re.compile(r"(?<![\w.])(?=([A-Z][a-z'’]+(?:-[A-Z][a-z]+)? [A-Z][a-z'’]+(?:-[A-Z][a-z]+)?)(?![\w-]))")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=ALL, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    where, rows = articles(asked.articles)
    found = figures(rows) | {"articles": len(rows), "where": where}
    print(f"{found['articles']:,} articles ({where}), {found['names']:,} names in {MIN_ARTICLES} or more of them")
    print(f"hits before cleaning {found['hits_before']:,}, after {found['hits_after']:,}")
    print(f"only in furniture: {found['false_hits']:,} hits, {found['false_share']:.1%} of all")
    print(f"  in {found['articles_hit']:,} articles; names found nowhere else: {found['names_only_furniture']:,}")
    print("  by what they stood in: " + ", ".join(f"{kind} {number:,}" for kind, number in found["by_kind"].items()))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count hits before and after; the two texts of an article are looked at once, names are counted afterwards."""
    catalog = load_catalog()
    articles_of: Counter[str] = Counter()
    left_of: Counter[str] = Counter()
    gone: list[tuple[set[str], dict[str, Kind]]] = []
    for row in rows:
        found = clean(Document(text=row["text"], url=row.get("url"), title=row.get("title")), catalog)
        if not isinstance(found, Cleaned):
            continue
        before, after = names(found.article.text), names(found.text)
        articles_of.update(before)
        left_of.update(before & after)
        if before - after:
            gone.append((before - after, kinds(found)))
    known = {name for name, count in articles_of.items() if count >= MIN_ARTICLES}
    false = [(lost & known, by) for lost, by in gone if lost & known]
    by_kind = Counter(by.get(name, "a seam").__str__() for lost, by in false for name in lost)
    hits, kept = sum(articles_of[name] for name in known), sum(left_of[name] for name in known)
    return {
        "names": len(known),
        "hits_before": hits,
        "hits_after": kept,
        "false_hits": hits - kept,
        "false_share": (hits - kept) / max(1, hits),
        "articles_hit": len(false),
        "names_only_furniture": sum(1 for name in known if not left_of[name]),
        "by_kind": dict(by_kind.most_common()),
    }


def names(text: str) -> set[str]:
    """Every pair of capitalised words, also those that overlap."""
    return {found[1] for found in NAME.finditer(text)}


def kinds(found: Cleaned) -> dict[str, Kind]:
    """In which kind of removal each removed name stood."""
    told: dict[str, Kind] = {}
    for one in found.removals:
        for name in names(found.article.text[one.start : one.end]):
            told.setdefault(name, one.kind)
    return told


if __name__ == "__main__":
    main()
