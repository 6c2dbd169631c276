"""Drift alarms on real articles: how many injected changes are found, how often an unchanged outlet alarms.

usage: drift.py [--day N] [--changed N] [--unchanged N] [--seed N] [--show]

Needs ../shared/corpus. The articles of one outlet in one file of a collection, in their order, are cut into days of
`--day` articles; each day is a run, and the runs before it are its history. An unchanged day alarms falsely. A changed
day has all its articles changed in one way before they are cleaned: wording (what the outlet's most frequent kind of
removal says is said in other, invented words), or layout (what a scraper delivers when a page changes).
"""

import argparse
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from articles import CORPUS

from cleaners.article import Cleaned, Document, Kind, Reject
from cleaners.catalog import Catalog, load_catalog
from cleaners.pipeline import clean
from flows.drift import MIN_RUNS, History
from lake.accounts import outlet_counts
from lake.schema import article_row, reject_row, removal_rows, row_id, table

LEAST_DAYS = MIN_RUNS + 4  # a shorter collection tests nothing
RULESET = "0" * 16
OTHER_WORDS = {  # what a kind says in words that no rule knows; {} is what stood there, less its first words
    Kind.RELATED: "Tengok pula kabar {} ",
    Kind.BYLINE: "Ditulis Raka dan Sinta di meja redaksi. ",
    Kind.DATELINE: "Kabar dari ibu kota: ",
    Kind.PROMO: "Pantau terus layanan kabar kami lewat gawai Anda masing-masing ya. ",
}
MENU = "Beranda Nasional Daerah Ekonomi Olahraga Hiburan Teknologi Otomotif Properti Gaya Hidup Indeks Masuk Daftar "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--day", type=int, default=50, help="articles in a day")
    parser.add_argument("--changed", type=int, default=50, help="days to change")
    parser.add_argument("--unchanged", type=int, default=500, help="days to leave alone, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print each false alarm and each miss")
    asked = parser.parse_args()
    catalog, pick = load_catalog(), random.Random(asked.seed)
    streams = {name: list(days) for name, days in collections(asked.day) if len(days) >= LEAST_DAYS}
    told = {name: [counted(day, catalog) for day in days] for name, days in streams.items()}
    places = [(name, at) for name, days in streams.items() for at in range(MIN_RUNS, len(days))]
    pick.shuffle(places)
    quiet = places[: asked.unchanged]
    false = [place for place in quiet if raised(told[place[0]], place[1], told[place[0]][place[1]], asked.show)]
    print(f"unchanged days with an alarm: {len(false)} of {len(quiet)} ({len(false) / len(quiet):.1%})")
    found, tried = Counter[str](), Counter[str]()
    for name, at, way in changes(places, told, asked.changed):
        day = [CHANGES[way](document, catalog, told[name][at]) for document in streams[name][at]]
        tried[way] += 1
        if raised(told[name], at, counted(day, catalog)):
            found[way] += 1
        elif asked.show:
            print(f"missed: {way} at {name}, day {at}")
    for way in tried:
        print(f"{way:>16}: {found[way]} of {tried[way]} found")
    print(f"{'all':>16}: {found.total()} of {tried.total()} found ({found.total() / tried.total():.0%})")


def collections(size: int) -> Iterator[tuple[str, list[list[Document]]]]:
    """Yield the days of each outlet in each collection."""
    streams: defaultdict[str, list[Document]] = defaultdict(list)
    for path in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                name = f"{row['outlet']} of {row['origin']}"
                given = {key: row.get(key) or None for key in ("text", "title", "url", "date", "outlet")}
                streams[name].append(Document(**given))
    for name, documents in streams.items():
        yield name, [documents[at : at + size] for at in range(0, len(documents) - size + 1, size)]


def counted(day: list[Document], catalog: Catalog) -> list[dict[str, Any]]:
    """Clean a day and count it as `runs.outlets` does."""
    articles, removals, rejects = [], [], []
    for number, document in enumerate(day):
        name, found = row_id("day", number), clean(document, catalog)
        if isinstance(found, Reject):
            rejects.append(reject_row(found, id=name, batch="day", ruleset=RULESET))
        else:
            articles.append(article_row(found, id=name, batch="day", ruleset=RULESET))
            removals += removal_rows(found, id=name, batch="day", ruleset=RULESET)
    none = table("duplicates", [])
    return outlet_counts(table("articles", articles), none, table("removals", removals), table("rejects", rejects))


def changes(places: list[tuple[str, int]], told: dict[str, Any], number: int) -> Iterator[tuple[str, int, str]]:
    """Yield days and ways to change them, half of them the wording; a day that has no dates cannot lose them."""
    others = -(-number // (2 * (len(CHANGES) - 1)))
    left = {way: number // 2 if way == "wording" else others for way in CHANGES}
    for name, at in places:
        day = max(told[name][at], key=lambda outlet: outlet["articles"])
        rows = day["articles"]
        able = {
            "wording": max((one["count"] for one in day["kinds"] if one["kind"] in OTHER_WORDS), default=0) >= rows / 2,
            "no title": day["without_title"] < rows / 2,
            "no date": day["without_date"] < rows / 2,
        }
        way = max((way for way in CHANGES if able.get(way, True)), key=lambda way: left[way])
        if left[way]:
            left[way] -= 1
            yield name, at, way


def raised(days: list[list[dict[str, Any]]], at: int, now: list[dict[str, Any]], show: bool = False) -> bool:
    """Whether a day alarms after those before it."""
    history = History({"run": str(number), "outlets": day} for number, day in enumerate(days[:at]))
    alarms = history.batch(now)
    if show:
        for alarm in alarms:
            print(f"  alarm: {alarm.sentence()} far {alarm.far:.1f}")
    return bool(alarms)


# ------------------------------------------------------------------------------------------------------------ changes


def other_words(document: Document, catalog: Catalog, day: list[dict[str, Any]]) -> Document:
    """Say the most frequent kind of removal of the day in other words."""
    found = clean(document, catalog)
    kinds = Counter({one["kind"]: one["count"] for outlet in day for one in outlet["kinds"]})
    known = [kind for kind, _ in kinds.most_common() if kind in OTHER_WORDS]
    if not isinstance(found, Cleaned) or not known:
        return document
    text = found.article.text
    for removal in reversed(found.removals):
        if removal.kind == known[0]:
            said = OTHER_WORDS[Kind(known[0])].format(" ".join(text[removal.start : removal.end].split()[2:]))
            text = text[: removal.start] + said + text[removal.end :]
    return replace(document, text=text)


def text_of(document: Document) -> str:
    return document.text or ""


CHANGES: dict[str, Callable[[Document, Catalog, list[dict[str, Any]]], Document]] = {
    "wording": other_words,
    "no title": lambda document, *_: replace(document, title=None, text=text_of(document)),
    "no date": lambda document, *_: replace(document, date=None),
    "first paragraph": lambda document, *_: replace(document, text=text_of(document)[: len(text_of(document)) // 4]),
    "menu in the text": lambda document, *_: replace(document, text=MENU * 6 + text_of(document)),
    "empty pages": lambda document, *_: replace(document, text=""),
}


if __name__ == "__main__":
    main()
