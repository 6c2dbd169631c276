"""Name the outlet that published an article, and say on what evidence.

In order of trust: the URL's host, the caller's hint, the dateline, a byline, promo or notice that names one outlet's
site, its own player, the page's site name, furniture in a wording that one outlet alone has, its own reporter in the
story. An article about an outlet, or one that cites it, names it elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cleaners.article import Kind, Source
from cleaners.catalog import Catalog
from cleaners.cutting import Match
from cleaners.outlet import Outlet
from cleaners.placeholders import SITE
from cleaners.reporter import addressed_readers, told_reporters
from cleaners.urls import host_of, registrable_domain

_EVIDENCE = {
    Kind.DATELINE: "dateline",
    Kind.BYLINE: "byline",
    Kind.PROMO: "promo",
    Kind.NOTICE: "notice",
    Kind.EMBED: "embed",  # [Gambas:Video 20detik]
}
_SIGNED = (Kind.DATELINE, Kind.BYLINE)
HEAD_CHARACTERS = 60
_DOMAIN = re.compile(rf"(?<![\w.@/]){SITE}", re.IGNORECASE)
_SITE = re.compile(r"[\w-]{2,30}(?:\.[\w-]{2,20}){1,3}")


def from_address(host: str | None, hint: str | None, catalog: Catalog) -> tuple[Source, Outlet | None]:
    """Name the source by its host, else by the caller's hint; a hint that no file knows is taken as it is."""
    if outlet := catalog.outlet_of_host(host):
        return Source(outlet.stem, "url"), outlet
    if hint and any(letter.isalnum() for letter in hint):
        outlet = catalog.outlet_of_name(hint) or catalog.outlet_of_host(host_of(hint))
        return Source(outlet.stem if outlet else hint.strip(), "hint"), outlet
    if host:
        return Source(registrable_domain(host) or host, "url"), None
    return Source(), None


def from_text(text: str, matches: Sequence[Match], catalog: Catalog) -> tuple[Source, Outlet | None]:
    """Name the source by what was removed: the dateline first, then sign-offs, promos and notices.

    A dateline or a byline with a site that no file knows is that outlet's, and nothing below it says otherwise.
    """
    for kind, evidence in _EVIDENCE.items():
        spans = [
            text[match.start : match.end] for match in matches if match.kind is kind and "syndicated" not in match.rule
        ]
        named = {outlet.stem: outlet for span in spans for outlet in _outlets_in(span, catalog)}
        if kind in _SIGNED and any(_unknown_site(span, catalog) for span in spans):
            return Source(), None
        if len(named) == 1:
            outlet = next(iter(named.values()))
            return Source(outlet.stem, evidence), outlet
    return Source(), None


def from_story(
    text: str, title: str | None, matches: Sequence[Match], catalog: Catalog
) -> tuple[Source, Outlet | None]:
    """Name the source by what is one outlet's alone in a text, the weakest evidence.

    Furniture in a wording that its file calls its own (`tells`), the name of its readers, else its own reporter: `kata
    dia kepada Okezone`. Not where two outlets are told, another one is named, or the text has another language.
    """
    told, evidence = _worded(text, catalog), "wording"
    if not told and not _signed_elsewhere(text, matches, catalog):
        told, evidence = told_reporters(text, title, catalog.callers), "reporter"
    if len(told) != 1:
        return Source(), None
    outlet = next(iter(told.values()))
    foreign = outlet.language == "id" and " yang " not in text.lower()
    if foreign or any(other is not outlet and _stands(name, text) for name, other in catalog.written_names):
        return Source(), None
    return Source(outlet.stem, evidence), outlet


def _worded(text: str, catalog: Catalog) -> dict[str, Outlet]:
    """The outlets whose own furniture, or name for their readers, stands in a text."""
    low = text.lower()
    told = {
        outlet.stem: outlet
        for rule, outlet in catalog.telling
        if any(word in low for word in rule.needs) and rule.pattern.search(text)
    }
    return told | addressed_readers(text, catalog.addressed)


def _signed_elsewhere(text: str, matches: Sequence[Match], catalog: Catalog) -> bool:
    """Whether a dateline or a byline has a site that no file knows."""
    spans = (text[match.start : match.end] for match in matches if match.kind in _SIGNED)
    return any(_unknown_site(span, catalog) for span in spans)


def named_at_head(text: str, catalog: Catalog) -> Outlet | None:
    """The one outlet whose site or name stands in the first characters of a text, where datelines do."""
    found = {outlet.stem: outlet for outlet in _outlets_in(text[:HEAD_CHARACTERS], catalog)}
    return next(iter(found.values())) if len(found) == 1 else None


def from_site_name(name: str | None, catalog: Catalog) -> tuple[Source, Outlet | None]:
    """Name the source by what a page calls its site."""
    outlet = catalog.outlet_of_name(name) if name else None
    return (Source(outlet.stem, "site-name"), outlet) if outlet else (Source(), None)


def _unknown_site(text: str, catalog: Catalog) -> bool:
    return any(catalog.outlet_of_name(site.lower()) is None for site in _DOMAIN.findall(text))


def _outlets_in(text: str, catalog: Catalog) -> list[Outlet]:
    """The outlets whose host or written name stands in a removed span."""
    found = [outlet for site in _SITE.findall(text) if (outlet := catalog.outlet_of_name(site.lower()))]
    if not found:
        found = [outlet for name, outlet in catalog.written_names if _stands(name, text)]
    return found


def _stands(name: str, text: str) -> bool:
    """Whether a name stands in a text; one in capitals alone as a word, for MINA is no part of MINAHASA."""
    if name not in text:
        return False
    return not name.isupper() or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


# News agencies as Indonesian papers name them, and the name that the column gets.
_WIRES = {
    "antara": "ANTARA",
    "antaranews": "ANTARA",
    "reuters": "Reuters",
    "afp": "AFP",
    "ap": "AP",
    "associated press": "AP",
    "xinhua": "Xinhua",
    "anadolu": "Anadolu",
    "anadolu agency": "Anadolu",
    "bernama": "Bernama",
    "kyodo": "Kyodo",
    "kyodo-oana": "Kyodo",
    "sputnik": "Sputnik",
    "sputnik-oana": "Sputnik",
    "yonhap": "Yonhap",
    "dpa": "dpa",
    "bloomberg": "Bloomberg",
}
_WIRE = re.compile(
    r"(?<!\w)(?:" + "|".join(sorted(map(re.escape, _WIRES), key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE
)
_OWN_WIRE = {"antara": "ANTARA"}


def wire_in(text: str, matches: Sequence[Match], source: Source) -> tuple[str | None, str | None]:
    """Name the agency or outlet that a copy came from, where the removed spans say so: (wire, evidence)."""
    for kind, evidence in (
        (Kind.DATELINE, "dateline"),
        (Kind.CREDIT, "credit"),
        (Kind.BYLINE, "byline"),
        (Kind.NOTICE, "notice"),
    ):
        for match in matches:
            if match.kind is not kind:
                continue
            span = text[match.start : match.end]
            found = _WIRE.search(span)
            wire = _WIRES[found.group().lower()] if found else None
            if wire is None and kind is Kind.NOTICE and "syndicated" in match.rule:
                site = _SITE.search(span)
                wire = site.group() if site else None
            if wire and wire != _OWN_WIRE.get(source.name or ""):
                return wire, evidence
    return None, None
