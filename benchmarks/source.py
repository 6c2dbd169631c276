"""Which outlet published an article, told from its text alone: address and hint withheld, on real articles.

usage: source.py [--every N] [--unseen] [--show OUTLET] [--missed OUTLET] [--json FILE]

Needs ../shared/corpus. Only outlets that an outlet file declares can be named, so only their articles count; the
right answer is the outlet of the article's address. Most of this corpus comes without dateline, byline and footer:
"tellable" are articles whose text has a name or host of their outlet at its head or foot.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from articles import CORPUS

from cleaners.article import Cleaned, Document
from cleaners.catalog import load_catalog
from cleaners.outlet import Outlet
from cleaners.pipeline import clean
from cleaners.urls import host_of

EXCERPT = 110  # characters of a mistake's beginning and end
HEAD, FOOT = 90, 250  # characters: datelines and sign-offs stand in these


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=8, help="take each Nth article of the corpus (8: some 4,000)")
    parser.add_argument("--unseen", action="store_true", help="leave each outlet's own file out: any name is wrong")
    parser.add_argument("--show", metavar="OUTLET", help="print the mistakes about this outlet (all: of every one)")
    parser.add_argument("--missed", metavar="OUTLET", help="print what is tellable and was not told")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    catalog = load_catalog()
    used = {stem: load_catalog(without=[stem]) if asked.unseen else catalog for stem in catalog.outlets}
    articles, named, wrong, ways = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    tellable, told = Counter[str](), Counter[str]()
    for number, row in enumerate(corpus()):
        outlet = catalog.outlet_of_host(host_of(row.get("url") or ""))
        if number % asked.every or outlet is None:
            continue
        found = clean(Document(text=row["text"], title=row.get("title")), used[outlet.stem])
        if not isinstance(found, Cleaned):
            continue
        articles[outlet.stem] += 1
        named[outlet.stem] += found.source.name is not None
        ways[str(found.source.evidence)] += 1
        if says(found.article.text, outlet):
            tellable[outlet.stem] += 1
            told[outlet.stem] += found.source.name is not None
            if asked.missed in ("all", outlet.stem) and found.source.name is None:
                print(f"{row['id']}: {outlet.stem}, not named\n   {excerpt(found.article.text)}")
        if found.source.name not in (None, outlet.stem):
            wrong[outlet.stem] += 1
            if asked.show in ("all", outlet.stem):
                said = f"{found.source.name} by {found.source.evidence}"
                print(f"{row['id']}: {outlet.stem}, called {said}\n   {excerpt(found.article.text)}")
    print(f"{'outlet':<16}{'articles':>9}{'named %':>9}{'wrong %':>9}{'tellable':>9}{'of these named %':>18}")
    for stem, count in articles.most_common():
        shares = f"{100 * named[stem] / count:>9.1f}{100 * wrong[stem] / count:>9.2f}"
        print(f"{stem:<16}{count:>9,}{shares}{tellable[stem]:>9,}{100 * told[stem] / max(1, tellable[stem]):>18.1f}")
    total = articles.total()
    figures = {
        "named": 100 * named.total() / total,
        "wrong": 100 * wrong.total() / total,
        "tellable": 100 * tellable.total() / total,
        "tellable_named": 100 * told.total() / tellable.total(),
    }
    for name, value in figures.items():
        print(f"{name:<16}{value:>9.2f}")
    print(f"{total:,} articles, named by {dict(ways.most_common())}")
    if asked.json:
        asked.json.write_text(json.dumps(figures) + "\n", "utf-8")


def says(text: str, outlet: Outlet) -> bool:
    """Whether a name or host of the outlet stands where datelines and sign-offs do."""
    ends = (text[:HEAD] + "\n" + text[-FOOT:]).lower()
    return any(re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", ends) for name in (*outlet.names, *outlet.hosts))


def excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return f"{flat[:EXCERPT]} … {flat[-EXCERPT:]}"


def corpus() -> Iterator[dict[str, Any]]:
    for file in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
