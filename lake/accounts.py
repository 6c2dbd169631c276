"""Count what a batch holds, for its one row in `runs`.

Everything is counted from the tables that are written, so that the row cannot differ from them; only `documents` comes
from outside, counted while reading: that the sum agrees is the promise that nothing was lost.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cleaners.leftovers import residue
from lake.columns import SCHEMA_VERSION
from lake.schema import TABLES, table


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A range of records of one file: `records` in all, of which this batch reads [start, stop).

    `name` is relative to the argument given, `sha256` and `size` (bytes) are of the whole file. `continues` is the
    SHA-256 of a known shorter file whose records, all in the lake, are this one's first.
    """

    name: str
    sha256: str
    size: int
    records: int
    start: int
    stop: int
    continues: str | None = None


def run_row(
    tables: Mapping[str, pa.Table],
    *,
    run: str,
    batch: str,
    shard: int,
    inputs: Sequence[BatchInput],
    documents: int,
    ruleset: str,
    started: datetime.datetime,
    finished: datetime.datetime,
    versions: Mapping[str, str],
    options: Mapping[str, str] | None = None,
    known_titles_digest: str | None = None,
    forgotten: int = 0,
    alarms: Callable[[Sequence[Mapping[str, Any]]], Sequence[str]] = lambda outlets: (),
    recleaned: datetime.datetime | None = None,
) -> pa.Table:
    """The table `runs` of one batch: one row, counted from its decided tables; `documents` is what was read.

    A table left out counts as empty. Times are aware. `alarms` is asked what is strange about the outlets counted.
    """
    counted = _counts(tables)
    row = {
        "run": run,
        "batch": batch,
        "shard": shard,
        "inputs": [asdict(one) for one in inputs],
        "documents": documents,
        "forgotten": forgotten,
        **counted,
        "alarms": list(alarms(counted["outlets"])),
        "ruleset": ruleset,
        "known_titles_digest": known_titles_digest,
        "options": _pairs(options or {}),
        "versions": _pairs(versions),
        "schema_version": SCHEMA_VERSION,
        "started": started,
        "finished": finished,
        "seconds": (finished - started).total_seconds(),
        "recleaned": recleaned,
    }
    return table("runs", [row])


COUNTED = (
    "id",
    "source",
    "title",
    "date_published",
    "authors",
    "language",
    "original_length",
    "removed_chars",
    "flags",
    "extraction_method",
)


NEEDS: Mapping[str, tuple[str, ...]] = {  # the columns that are counted, by table
    "articles": (*COUNTED, "text"),
    "duplicates": (*COUNTED, "duplicate_kind"),
    "removals": ("article_id", "kind", "rule"),
    "rejects": ("source", "stage", "reason"),
    "links": ("id",),
}


def recounted(
    row: Mapping[str, Any], tables: Mapping[str, pa.Table], forgotten: int, sources: Collection[str | None]
) -> dict[str, Any]:
    """A row of `runs` when so many of its documents are forgotten more: what is left, in `tables`, counted anew.

    Articles of `sources` went or came; what looks like furniture in those of others is as it was.
    """
    residues = {one["source"]: one["residue"] for one in row["outlets"] if one["source"] not in sources}
    return {**row, **_counts(tables, residues), "forgotten": row["forgotten"] + forgotten}


def outlet_counts(
    articles: pa.Table,
    duplicates: pa.Table,
    removals: pa.Table,
    rejects: pa.Table,
    residues: Mapping[str | None, int] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """What `runs.outlets` says: one entry per source, by name, those without a source last.

    `residues` are those known by source; counting one takes longer than all else.
    """
    source_of: dict[str, str | None] = {}
    refused = Counter(row["source"] for row in _rows(rejects, "source"))
    groups: dict[str | None, list[dict[str, Any]]] = {source: [] for source in refused}
    kept: Counter[str | None] = Counter()
    for one, rows in (("articles", articles), ("duplicates", duplicates)):
        for row in _rows(rows, *COUNTED):
            source_of[row["id"]] = row["source"]
            groups.setdefault(row["source"], []).append(row)
            kept[row["source"]] += one == "articles"
    texts: dict[str | None, list[str]] = {}
    known = pc.is_in(articles.column("source"), pa.array([*residues], pa.string()))
    for row in _rows(articles.filter(pc.invert(known)), "source", "text"):  # copies share their edges with articles
        texts.setdefault(row["source"], []).append(row["text"])
    kinds: dict[str | None, Counter[str]] = {source: Counter() for source in groups}
    rules: dict[str | None, Counter[str]] = {source: Counter() for source in groups}
    for row in _rows(removals, "article_id", "kind", "rule"):
        kinds[source_of[row["article_id"]]][row["kind"]] += 1
        rules[source_of[row["article_id"]]][row["rule"]] += 1
    return [
        _outlet(source, groups[source], kept[source])
        | {"residue": residues[source] if source in residues else residue(texts.get(source, ()))}
        | {"kinds": _counted("kind", kinds[source].elements()), "rules": _counted("rule", rules[source].elements())}
        | {"rejects": refused[source]}
        for source in sorted(groups, key=lambda name: (name is None, name or ""))
    ]


def _counts(
    tables: Mapping[str, pa.Table], residues: Mapping[str | None, int] = MappingProxyType({})
) -> dict[str, Any]:
    """What can be counted from the tables."""
    articles, duplicates, rejects, removals, links = (
        tables.get(name, TABLES[name].empty_table())
        for name in ("articles", "duplicates", "rejects", "removals", "links")
    )
    outlets = outlet_counts(articles, duplicates, removals, rejects, residues)
    both = [*_rows(articles, "flags"), *_rows(duplicates, "flags")]
    return {
        "articles": articles.num_rows,
        "duplicates": duplicates.num_rows,
        "rejects": rejects.num_rows,
        "removals": removals.num_rows,
        "links": links.num_rows,
        "chars_in": sum(one["chars_in"] for one in outlets),
        "chars_removed": sum(one["chars_removed"] for one in outlets),
        "outlets": outlets,
        "duplicate_kinds": _counted("kind", (row["duplicate_kind"] for row in _rows(duplicates, "duplicate_kind"))),
        "rejected": _rejected(rejects),
        "flags": _counted("flag", (flag for row in both for flag in row["flags"])),
    }


def _outlet(source: str | None, rows: list[dict[str, Any]], articles: int) -> dict[str, Any]:
    return {
        "source": source,
        "articles": articles,
        "duplicates": len(rows) - articles,
        "chars_in": sum(row["original_length"] for row in rows),
        "chars_removed": sum(row["removed_chars"] for row in rows),
        "without_title": sum(row["title"] is None for row in rows),
        "without_date": sum(row["date_published"] is None for row in rows),
        "without_author": sum(not row["authors"] for row in rows),
        "flagged": sum(bool(row["flags"]) for row in rows),
        "languages": _counted("language", (row["language"] for row in rows)),
        "methods": _counted("method", (row["extraction_method"] for row in rows)),
    }


def _rejected(rejects: pa.Table) -> list[dict[str, Any]]:
    found = Counter((row["stage"], row["reason"]) for row in _rows(rejects, "stage", "reason"))
    return [{"stage": stage, "reason": reason, "count": count} for (stage, reason), count in sorted(found.items())]


def _rows(table: pa.Table, *columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.select(columns).to_pylist()
    return rows


def _counted(name: str, values: Iterable[str]) -> list[dict[str, Any]]:
    return [{name: value, "count": count} for value, count in sorted(Counter(values).items())]


def _pairs(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(given.items())]
