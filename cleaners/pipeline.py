"""The whole line for one article: extract, normalise, find what is boilerplate, cut, read fields, tag, fingerprint.

Read this first. Everything here is a composition of functions that know nothing of each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cleaners.article import Article, Cleaned, Document, Kind, Page, Reason, Reject, Removal, Source, Stage
from cleaners.catalog import Catalog
from cleaners.extract import NotArticle, address_in, extract
from cleaners.fields import read_fields
from cleaners.fingerprint import fingerprint, text_hash
from cleaners.headline import Known
from cleaners.language import detect
from cleaners.normalize import normalize
from cleaners.outlet import Outlet
from cleaners.pointer import Hints
from cleaners.repeat import find_twice
from cleaners.source import from_address, from_site_name, from_story, from_text, named_at_head, wire_in
from cleaners.strip import Match, cut, find, with_white_space
from cleaners.urls import canonical_url, host_of

MAX_CHARACTERS = 5_000_000  # a book; the longest of 33,000 real articles has 38,570
LARGE_CUT = 0.40  # share of the words; annotated articles stay under 0.30
GUARD_CUT = 0.70  # beyond it the rules are wrong about this text, not the text about itself
MIN_STORY_WORDS = 5  # a year or a lone tag that boilerplate left is no story
MIN_GLUED_WORDS = 3  # fewer are names such as iPhone or TikTok

_NO_STORY = (Kind.REPEAT, Kind.EMBED)
_WORD = re.compile(r"\w+")
_GLUED = re.compile(r"[A-Z](?:(?<=[a-z]{3}[A-Z])|(?<=[a-z]{3}[.,][A-Z]))[a-z]{2}")
_RIGHTS = "dilarang keras mengambil konten"


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a document with what its page said, and how it was found."""

    article: Article
    page: Page | None
    method: str


def clean(document: Document, catalog: Catalog, *, known: Known | None = None) -> Cleaned | Reject:
    """Clean one document. Total: whatever the document holds, the answer is a Cleaned or a Reject.

    `known` are headlines known from elsewhere (of the same run, of the lake); they give exact ends to pointers.
    """
    address = document.url or (address_in(document.html) if document.html else None)
    host = host_of(address) if address else None
    source, outlet = from_address(host, document.outlet, catalog)
    body = _body(document, outlet)
    if isinstance(body, Reject):
        return replace(body, source=source.name)
    return clean_body(document, body, source, outlet, catalog, known)


def clean_body(
    document: Document, body: Body, source: Source, outlet: Outlet | None, catalog: Catalog, known: Known | None = None
) -> Cleaned | Reject:
    """Clean a normalised text, of which the source is known as far as its address and the caller tell it."""
    title = (body.page and body.page.title) or document.title
    hints = Hints(normalize(title).text if title else None, known)
    if source.name is None and body.page:
        source, outlet = from_site_name(body.page.site_name, catalog)
    matches, source, outlet = find_removals(body.article.text, catalog, source, outlet, hints)
    removals = [Removal(match.rule, match.kind, match.start, match.end) for match in matches]
    text = cut(body.article.text, removals)
    flags = _flags(body.article.text, matches)
    if not _WORD.search(text) or ("guard" in flags and len(_WORD.findall(text)) < MIN_STORY_WORDS):
        detail = "nothing is left when the boilerplate is gone"
        return Reject(document, Stage.CLEAN, Reason.NO_STORY, detail, source=source.name)
    if "guard" in flags:
        removals, text = [], body.article.text
    return _cleaned(document, body, text, removals, matches, source, outlet, flags)


def _body(document: Document, outlet: Outlet | None) -> Body | Reject:
    """The normalised text: of the page where there is one, else of the text."""
    if document.html is not None and document.html.strip():
        page = extract(document.html, document.url, outlet.pages if outlet else ())
        if isinstance(page, NotArticle):
            return Reject(document, Stage.EXTRACT, page.reason, page.detail)
        article = normalize(page.text)
        body = Body(article, page, page.method)
    elif document.text is not None and document.text.strip():
        if len(document.text) > MAX_CHARACTERS:
            detail = f"{len(document.text):,} characters, at most {MAX_CHARACTERS:,} are an article"
            return Reject(document, Stage.CLEAN, Reason.TOO_LARGE, detail)
        body = Body(normalize(document.text), None, "text")
    else:
        return Reject(document, Stage.CLEAN, Reason.NO_TEXT, "neither text nor html holds a word")
    if not _WORD.search(body.article.text):
        return Reject(document, Stage.CLEAN, Reason.NO_TEXT, "the text holds no word")
    if document.repairs:
        body = replace(body, article=replace(body.article, repairs=(*document.repairs, *body.article.repairs)))
    return body


def find_removals(
    text: str, catalog: Catalog, source: Source, outlet: Outlet | None, hints: Hints
) -> tuple[list[Match], Source, Outlet | None]:
    """Find what is boilerplate in a normalised text, with the white space that goes along, and the source it tells.

    An outlet that only the text names is looked up in what was found, and its own rules are then used.
    """
    repeats = find_twice(text)
    matches = find(text, catalog.rules_for(outlet), hints, repeats)
    if source.name is None:
        source, outlet = from_text(text, matches, catalog)
        likely = outlet or named_at_head(text, catalog)
        if likely and likely.rules:
            own = find(text, catalog.rules_for(likely), hints, repeats)
            if outlet is None:  # its own dateline rule may confirm what stands at the head
                source, outlet = from_text(text, own, catalog)
            matches = own if outlet is likely else matches
        if outlet is None:
            source, outlet = from_story(text, hints.title, matches, catalog)
            matches = find(text, catalog.rules_for(outlet), hints, repeats) if outlet else matches
    return with_white_space(text, matches), source, outlet


def _flags(text: str, matches: Sequence[Match]) -> tuple[str, ...]:
    """What a reader of the row should know about how the cut went."""
    share = _share(text, matches)
    glued = len(_GLUED.findall(text))
    told = {
        "headline-unsure": any(not match.certain for match in matches),
        "guard": share > GUARD_CUT,
        "large-cut": LARGE_CUT < share <= GUARD_CUT,
        "glued-words": glued >= MIN_GLUED_WORDS and glued * 100 > len(text) / 20,
        "advertorial": any("advertorial" in match.rule for match in matches),
        "rights-reserved": _RIGHTS in text.lower(),
    }
    return tuple(name for name, holds in told.items() if holds)


def _share(text: str, matches: Sequence[Match]) -> float:
    """The share of the words that goes, passages delivered twice and code aside: neither can be eaten story."""
    if not matches:
        return 0.0
    aside = sum(_words(text, match) for match in matches if match.kind in _NO_STORY)
    removed = sum(_words(text, match) for match in matches if match.kind not in _NO_STORY)
    return removed / max(1, len(text.split()) - aside)


def _words(text: str, match: Match) -> int:
    return len(text[match.start : match.end].split())


def _cleaned(
    document: Document,
    body: Body,
    text: str,
    removals: Sequence[Removal],
    matches: Sequence[Match],
    source: Source,
    outlet: Outlet | None,
    flags: tuple[str, ...],
) -> Cleaned:
    """Read what was removed, tag what stays, and put the result together."""
    url = document.url or (body.page.canonical_url if body.page else None)
    addressed = document if document.url == url else replace(document, url=url)
    fields = read_fields(body.article, matches, addressed, body.page)
    wire, wire_evidence = wire_in(body.article.text, matches, source)
    if fields.published is None and ((document.date or "").strip() or (body.page and body.page.published)):
        flags = (*flags, "date-unreadable")
    declared = (body.page and body.page.language) or document.language
    fields = replace(  # once: it makes the whole row of fields anew
        fields,
        title=_line(fields.title),
        description=_line(fields.description),
        wire_source=wire,
        wire_evidence=wire_evidence,
        given=(*fields.given, "language_declared") if declared else fields.given,
    )
    declared = declared or (outlet.language if outlet else None)
    return Cleaned(
        document=document,
        article=body.article,
        text=text,
        removals=tuple(removals),
        fields=fields,
        source=source,
        language=detect(text, declared),
        fingerprint=fingerprint(text),
        host=host_of(url) if url else None,
        url=url,
        canonical_url=canonical_url(url) if url else None,
        original_hash=text_hash(body.article.text),
        extraction_method=body.method,
        flags=flags,
    )


def _line(text: str | None) -> str | None:
    """A title or a description on one line, with the damage of its characters mended."""
    return " ".join(normalize(text).text.split()) or None if text else None
