"""Clean JSON lines as they come: `saring clean --jsonl`, one line out for each line in, in order, also for broken ones.

A stable door: programs read it. Each line is cleaned by itself; the catalog is loaded once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import pyarrow as pa

from cleaners.article import Cleaned, Document, Reject
from cleaners.catalog import Catalog
from flows.records import Problem, document_of, parse_line, reject_of
from flows.shard import clean_one
from lake.schema import LAKE_ONLY, TABLES, public_row

# Every line has every key, so that readers which guess a schema from the first lines guess right.
MISSING: dict[str, Any] = {
    f.name: [] if pa.types.is_list(f.type) else None for f in TABLES["articles"] if f.name not in LAKE_ONLY
}


@dataclass(frozen=True, slots=True)
class Hints:
    """What the caller says of every line that does not say it itself."""

    outlet: str | None = None
    url: str | None = None
    title: str | None = None

    def given_to(self, document: Document) -> Document:
        """Return the document with what it does not say itself."""
        missing = {f.name: getattr(self, f.name) for f in fields(self) if getattr(document, f.name) is None}
        return replace(document, **missing) if any(missing.values()) else document


NO_HINTS = Hints()


def clean_lines(
    lines: Iterable[bytes],
    catalog: Catalog,
    *,
    original: bool = False,
    hints: Hints = NO_HINTS,
    clean: Callable[[Document, Catalog], Cleaned | Reject] = clean_one,
) -> Iterator[bytes]:
    """Yield one JSON line (UTF-8, with its line feed) for each line of JSON, as soon as it has come.

    `original` adds the normalised text that the offsets of `removals` refer to. Never raises on what is in a line.
    """
    for number, line in enumerate(lines, 1):
        record = parse_line(line)
        read = _read(record, hints)
        found = read if isinstance(read, Reject) else clean(read, catalog)
        name = record.get("id") if isinstance(record, Mapping) else None
        name = next(given for given in (name, found.document.id, number) if given is not None)
        yield _encoded(_line(name, found, catalog, original))


def _line(name: Any, found: Cleaned | Reject, catalog: Catalog, original: bool) -> dict[str, Any]:
    row = _rejected(name, found) if isinstance(found, Reject) else _kept(name, found, catalog)
    if original:
        row["original"] = None if isinstance(found, Reject) else found.article.text
    return row


def _kept(name: Any, found: Cleaned, catalog: Catalog) -> dict[str, Any]:
    row = {"id": name, "status": "kept", "reason": None, "detail": None, **public_row(found, ruleset=catalog.ruleset)}
    row["removals"] = [
        {"rule": r.rule, "kind": r.kind, "start": r.start, "end": r.end, "text": found.article.text[r.start : r.end]}
        for r in found.removals
    ]
    return row


def _rejected(name: Any, reject: Reject) -> dict[str, Any]:
    return {
        "id": name,
        "status": "rejected",
        "reason": reject.reason,
        "detail": reject.detail,
        **MISSING,
        "removals": [],
    }


def _read(record: Mapping[str, Any] | Problem, hints: Hints) -> Document | Reject:
    if isinstance(record, Problem):
        return reject_of(record, Document())
    document = document_of(record)
    return document if isinstance(document, Reject) else hints.given_to(document)


def _encoded(row: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # an id with a lone surrogate comes back as it came, escaped
        return (json.dumps(row) + "\n").encode()
