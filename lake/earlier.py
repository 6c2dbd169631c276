"""Build an article of the lake again as it was before it was cleaned: `cleaners.again.Earlier` from its row."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from cleaners.again import Earlier
from cleaners.article import Article, DatePrecision, Document, Page, Published, Related

COLUMNS = (
    "id", "batch", "source", "source_evidence", "host", "url", "title", "description", "authors", "editors",
    "date_published", "date_precision", "date_modified", "section", "keywords", "photo_credits", "related",
    "language_declared", "repairs", "flags", "extraction_method", "given", "origin_file", "origin_row", "origin_id",
    "reject_id",
)  # fmt: skip
UNREADABLE = "date-unreadable"


def earlier_of(row: Mapping[str, Any], text: str, removed: Sequence[str]) -> Earlier:
    """Make it of a row's `COLUMNS` (times as such or ISO 8601), its text before the cut and what was removed from it.

    Known misses: what the page or the input said where the text's own word came first, and an unreadable date of which
    the text told another, are not in the lake.
    """
    given = {name: row[name] for name in row["given"]}
    published = _time(given.get("date_published"), row["date_precision"])
    modified = _time(given.get("date_modified"), DatePrecision.SECOND.value)
    by_site = row["source_evidence"] == "site-name"
    host = row["host"] if row["source_evidence"] in ("url", "hint") else None
    document = Document(
        text=text,
        id=row["origin_id"],
        url=row["url"],
        outlet=row["source"] if row["source_evidence"] == "hint" else None,
        date=_said(published, row["flags"]),
        origin_file=row["origin_file"],
        origin_row=row["origin_row"],
        reject_id=row["reject_id"],
    )
    article, method = Article(text, tuple(row["repairs"])), row["extraction_method"]
    told: dict[str, Any] = {
        "title": given.get("title"),
        "description": given.get("description"),
        "authors": tuple(given.get("authors", ())),
        "section": given.get("section"),
        "keywords": tuple(given.get("keywords", ())),
        "language": given.get("language_declared"),
    }
    if method == "text":
        fields = {name: getattr(document, name) for name in Document.__slots__} | told
        return Earlier(Document(**fields), article, None, method, host, published, modified)
    page = Page(
        text,
        method,
        editors=tuple(given.get("editors", ())),
        modified=modified.at.isoformat() if modified else None,
        site_name=row["source"] if by_site else None,
        photo_credits=tuple(_first(given.get("photo_credits", ()), removed)),
        related=tuple(Related(r["title"], r["url"]) for r in _first_related(given.get("related", ()), removed)),
        **told,
    )
    return Earlier(document, article, page, method, host, published, modified)


def _said(published: Published | None, flags: Sequence[str]) -> str | None:
    """Stand for the date that the input wrote: whether it could be read is all that is asked."""
    if published is not None:
        return published.at.isoformat()
    return "?" if UNREADABLE in flags else None


def _time(value: datetime.datetime | str | None, precision: str | None) -> Published | None:
    if value is None:
        return None
    at = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    return Published(at.astimezone(datetime.UTC), DatePrecision(precision or "second"))


def _first(values: Sequence[str], removed: Sequence[str]) -> Sequence[str]:
    """The page's own of a list that goes on with what removed spans told: up to the last that none of them holds."""
    own = [at for at, value in enumerate(values) if not any(value in text for text in removed)]
    return values[: max([*own, 0]) + 1] if values else ()


def _first_related(values: Sequence[Mapping[str, Any]], removed: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    own = [at for at, one in enumerate(values) if one["url"] or not any(one["title"] in text for text in removed)]
    return values[: max([*own, 0]) + 1] if values else ()
