"""What removals tell: authors, editors, dateline, sources, credits, related headlines. Moved, not lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cleaners.article import Article, Document, Fields, Kind, Page, Published, Related
from cleaners.cutting import Match
from cleaners.dates import parse_published
from cleaners.placeholders import DASH

_SEPARATORS = re.compile(r" ?[,&/;|] ?| dan | and ")
_LABEL = re.compile(r"^[\w ]{2,20} ?: ?")
_SITE = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_NAME = re.compile(r"^[A-ZÀ-Ý][\w'’.\-]+(?: [\w'’.\-]+){1,5}$")
_TIDY = re.compile(rf"^[\s,.;:|/\"“”]+|[\s,;:|/\"“”]+$|\s{DASH}+$")
_REPORT = re.compile(r"^laporan (?:wartawan|reporter|jurnalis|kontributor|khusus|langsung)?", re.IGNORECASE)


def read_fields(article: Article, matches: Sequence[Match], document: Document, page: Page | None) -> Fields:
    """Return the fields of an article: the page's own word first, then the removed spans, then the input's columns."""
    told = _told(article.text, matches)
    page = page or Page("", "text")
    given = _first_date((page.published, document.date), document.url)
    published = given or _first_date(told["published"], document.url)
    modified = _first_date((page.modified,), document.url)
    return Fields(
        title=_first(page.title, document.title, told["title"]),
        description=_first(page.description, told["description"], document.description),
        authors=tuple(told["authors"]) or page.authors or document.authors,
        editors=page.editors or tuple(told["editors"]),
        translators=tuple(told["translators"]),
        published=published,
        modified=modified,
        dateline=_first(told["dateline"]),
        section=_first(page.section, document.section),
        keywords=page.keywords or document.keywords or tuple(told["keywords"]),
        cited_sources=tuple(told["cited_sources"]),
        photo_credits=_unique([*page.photo_credits, *told["photo_credits"]]),
        related=_related(told["related"], page.related),
        first_published_in=_first(told["first_published_in"]),
        given=_given(told, page, document, given, modified),
    )


def _given(
    told: dict[str, list[str]],
    page: Page,
    document: Document,
    published: Published | None,
    modified: Published | None,
) -> tuple[str, ...]:
    """Name what the page or the input gave, by the lake's columns, in their order."""
    holds = {
        "title": _first(page.title, document.title),
        "description": _first(page.description) or (document.description and not _first(told["description"])),
        "authors": not told["authors"] and (page.authors or document.authors),
        "editors": page.editors,
        "date_published": published,
        "date_modified": modified,
        "section": _first(page.section, document.section),
        "keywords": page.keywords or document.keywords,
        "photo_credits": page.photo_credits,
        "related": page.related,
    }
    return tuple(name for name, value in holds.items() if value)


def names_in(text: str) -> list[str]:
    """Split a list of names as bylines write it; sites and initials are no names."""
    parts = (_TIDY.sub("", part) for part in _SEPARATORS.split(text))
    return [part for part in parts if part and not _SITE.fullmatch(part)]


def _told(text: str, matches: Sequence[Match]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {name: [] for name in _TELLERS}
    for match in matches:
        span = text[match.start : match.end].strip()
        for name, value in match.captured:
            if name in told:
                told[name] += _split(name, value)
        if match.kind is Kind.TITLE:
            told["title"].append(span)
        elif match.kind is Kind.DESCRIPTION:
            told["description"].append(span)
        elif match.kind is Kind.TIMESTAMP and not any(name == "published" for name, _ in match.captured):
            told["published"].append(span)
        elif match.kind is Kind.BYLINE:
            told["authors"] += _authors_in(span, match)
        elif match.kind is Kind.NOTICE and "syndicated" in match.rule:
            told["first_published_in"] += _SITE.findall(span)[:1]
    return {name: list(_unique(values)) for name, values in told.items()}


_TELLERS = (
    "title", "description", "published", "authors", "editors", "translators", "dateline", "keywords",
    "cited_sources", "photo_credits", "related", "first_published_in",
)  # fmt: skip


def _split(name: str, value: str) -> list[str]:
    if name in ("authors", "editors", "translators", "keywords"):
        return names_in(value)
    parts = re.split(r" ?[,;/] ", value) if name == "cited_sources" else [value]
    return [tidy for part in parts if (tidy := _TIDY.sub("", part).strip())]


def _authors_in(span: str, match: Match) -> list[str]:
    """Names of a sign-off that its rule did not capture: `(Contohnews.com, Sari Contoh)`, `Laporan Sari | Brebes`."""
    if any(name in ("authors", "editors", "translators") for name, _ in match.captured):
        return []
    inside = _REPORT.sub("", span.strip("()[] .")).strip()
    if inside == span.strip("()[] .") and not _SITE.search(inside):
        return []
    return [name for name in names_in(inside.split(" | ")[0]) if _NAME.match(name)]


def _related(headlines: Iterable[str], linked: Iterable[Related]) -> tuple[Related, ...]:
    by_title = {item.title: item for item in linked}
    for headline in headlines:
        by_title.setdefault(headline, Related(headline))
    return tuple(by_title.values())


def _first_date(values: Iterable[str | None], url: str | None) -> Published | None:
    """The first value that can be read as a time; the URL decides where day and month could be swapped."""
    read = (parse_published(value, url=url) for value in values if value)
    return next((found for found in read if found), None)


def _first(*values: str | Sequence[str] | None) -> str | None:
    for value in values:
        if isinstance(value, str):
            if value.strip():
                return value.strip()
        elif value:
            return value[0]
    return None


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
