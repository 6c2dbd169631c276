"""Choose rows to forget: by address, outlet, date or time of ingestion, in articles, duplicates and rejects."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cleaners.article import Reason
from cleaners.dates import parse_published
from cleaners.urls import article_key, canonical_url
from lake.layout import LakeError
from lake.schema import JAKARTA
from lake.tombstones import payload_hash, url_hash

READ_ROWS = 16_384  # of narrow columns at a time
ARTICLE_COLUMNS = (
    "id", "batch", "source", "canonical_url", "title", "date_published_day", "original_hash", "content_hash",
    "cluster_id",
)  # fmt: skip
REJECT_COLUMNS = ("id", "batch", "source", "url", "title", "document", "payload_sha256", "reason")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be forgotten: any of the `urls`, and of those what the other conditions leave; days are Jakarta's.

    `before`: published before that day; what has no date is not. `ingested_before`: published to the lake before it.
    """

    urls: tuple[str, ...] = ()
    outlet: str | None = None
    before: datetime.date | None = None
    ingested_before: datetime.date | None = None

    @property
    def reason(self) -> str:
        """The names of the conditions, for the table `tombstones`."""
        given = {
            "url": self.urls,
            "outlet": self.outlet,
            "before": self.before,
            "ingested-before": self.ingested_before,
        }
        return ",".join(name for name, value in given.items() if value)


@dataclass(frozen=True, slots=True)
class Doomed:
    """One row that is to go."""

    table: str
    id: str
    batch: str
    source: str | None
    title: str | None
    cluster_id: str | None
    url_hash: str | None
    original_hash: str | None
    content_hash: str | None


@dataclass(slots=True)
class _Wanted:
    """A selection made ready: keys of addresses, the batches that are old enough."""

    selection: Selection
    batches: frozenset[str] | None
    keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        if not self.selection.reason:
            raise LakeError("Say what to forget: --url, --outlet, --before or --ingested-before.")
        canonical = {url: canonical_url(url) for url in self.selection.urls}
        if bad := [url for url, found in canonical.items() if found is None]:
            raise LakeError(f"{bad[0]!r} is no web address: give a URL as --url.")
        self.keys = frozenset(article_key(found) for found in canonical.values() if found)

    def row(self, batch: str, source: str | None, canonical: str | None, day: datetime.date | None) -> bool:
        given = self.selection
        return (
            (self.batches is None or batch in self.batches)
            and (given.outlet is None or source == given.outlet)
            and (given.before is None or (day is not None and day < given.before))
            and (not self.keys or (canonical is not None and article_key(canonical) in self.keys))
        )


def select(
    files: Mapping[str, Sequence[Path]], selection: Selection, finished: Mapping[str, datetime.datetime]
) -> list[Doomed]:
    """Find all rows that a selection names, in files by table; `finished` is when each batch was handed to the lake.

    Raises LakeError.
    """
    batches = None
    if selection.ingested_before is not None:
        first = datetime.datetime.combine(selection.ingested_before, datetime.time(), JAKARTA)
        batches = frozenset(batch for batch, when in finished.items() if when < first)
    wanted = _Wanted(selection, batches)
    found = [_article(name, row) for name in ("articles", "duplicates") for row in _articles(files, name, wanted)]
    return found + [_reject(row) for row in _rejects(files, wanted)]


def _articles(files: Mapping[str, Sequence[Path]], table: str, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    for row in _rows(files[table], ARTICLE_COLUMNS):
        if wanted.row(row["batch"], row["source"], row["canonical_url"], row["date_published_day"]):
            yield row


def _rejects(files: Mapping[str, Sequence[Path]], wanted: _Wanted) -> Iterator[dict[str, Any]]:
    """Rejects too, by what is known of them; what was kept out is empty already, and stays as its account."""
    for row in _rows(files["rejects"], REJECT_COLUMNS):
        if row["reason"] != Reason.FORGOTTEN:
            row["canonical_url"] = canonical_url(row["url"]) if row["url"] else None
            day = _day(row) if wanted.selection.before else None
            if wanted.row(row["batch"], row["source"], row["canonical_url"], day):
                yield row


def _day(row: dict[str, Any]) -> datetime.date | None:
    date = json.loads(row["document"]).get("date") if row["document"] else None
    published = parse_published(str(date), url=row["url"]) if date else None
    return None if published is None else published.at.astimezone(JAKARTA).date()


def _article(table: str, row: dict[str, Any]) -> Doomed:
    return Doomed(
        table=table,
        url_hash=url_hash(row["canonical_url"]),
        **{
            name: row[name]
            for name in ("id", "batch", "source", "title", "cluster_id", "original_hash", "content_hash")
        },
    )


def _reject(row: dict[str, Any]) -> Doomed:
    return Doomed(
        table="rejects",
        cluster_id=None,
        url_hash=url_hash(row["canonical_url"]),
        original_hash=payload_hash(row["payload_sha256"]),
        content_hash=None,
        **{name: row[name] for name in ("id", "batch", "source", "title")},
    )


def _rows(files: Sequence[Path], columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for rows in parquet.iter_batches(batch_size=READ_ROWS, columns=list(columns)):
                yield from rows.to_pylist()
