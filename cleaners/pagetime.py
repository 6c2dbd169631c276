"""When a page says it was published: JSON-LD and meta, a time element, the date beside the headline, the address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lxml.etree import _Element

from cleaners.blocks import Line
from cleaners.jsonld import LinkedData

DATE_WINDOW_LINES = 40  # the visible date stands this near to the headline, or it is of another article
PUBLISHED = (
    "article:published_time datepublished content_publisheddate publishdate pubdate og:published_time parsely-pub-date "
    "article.published jpnncom_news_pubdate content_date dc.date.issued dc.date date cxenseparse:recs:publishtime"
)
PUBLISHED_KEYS = PUBLISHED.split()
MODIFIED_KEYS = ("article:modified_time", "datemodified", "og:updated_time", "lastmod")
MONTH = (
    r"(?:jan(?:uar[iy])?|[fp]eb(?:ruar[iy]|uari)?|mar(?:et|ch)?|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|a[gu][ust]{1,3}(?:tus)?|agt|aug(?:ust)?"
    r"|sept?(?:ember)?|[on][ck]t(?:ober)?|no[vp](?:ember)?|des(?:ember)?|dec(?:ember)?)"
)
VISIBLE_DATE = re.compile(
    rf"(?:\b(?:senin|selasa|rabu|kamis|jum['’]?at|sabtu|minggu|ahad|\w+day)\s*,?\s*)?\b\d{{1,2}}\s*(?:[/-]\d{{1,2}}[/-]|[\s-]{MONTH}[a-z.]*,?[\s-])"
    rf"\s*(?:20|19)\d\d\b(?:\W{{0,5}}(?:pukul|jam|at|-|\|)?\W{{0,3}}\d{{1,2}}[:.]\d\d(?::\d\d)?(?:\s*(?:WIB|WITA|WIT|AM|PM|GMT))?)?",
    re.IGNORECASE,
)
URL_DAY = re.compile(r"/((?:20|19)\d\d)/(\d\d)/(\d\d)(?:/|$)|/((?:20)\d\d)([01]\d)([0-3]\d)\d{0,6}[/-]")
ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")


def read_times(
    tree: _Element,
    lines: Sequence[Line],
    start: int | None,
    metas: Mapping[str, str],
    data: LinkedData,
    url: str | None,
) -> tuple[str | None, str | None]:
    """(published, modified) as written, with zone where the page gives a true one; `start` is the headline's line."""
    published = data.published or _first(metas, PUBLISHED_KEYS) or _time_element(tree)
    visible = _visible_date(lines, start)
    modified = data.modified or _first(metas, MODIFIED_KEYS)
    return _honest(published, visible) or visible or _url_day(url), _honest(modified, visible)


def _first(metas: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((metas[key] for key in keys if key in metas), None)


def _time_element(tree: _Element) -> str | None:
    for node in tree.iter("time", "span", "div"):
        if "datepublished" in node.get("itemprop", "").lower() and (node.get("datetime") or node.get("content")):
            return str(node.get("datetime") or node.get("content"))
    return next((str(node.get("datetime")) for node in tree.iter("time") if len(node.get("datetime", "")) >= 10), None)


def _visible_date(lines: Sequence[Line], start: int | None) -> str | None:
    """The date shown after the headline, or shortly before it."""
    if start is None:
        return None
    for line in [*lines[start + 1 : start + DATE_WINDOW_LINES], *reversed(lines[max(0, start - 8) : start])]:
        match = (
            VISIBLE_DATE.search(line.text)
            if len(line.text) <= 160 and not line.linked_chars * 2 > len(line.text)
            else None
        )
        if match:
            return match.group().strip()
    return None


def _honest(time: str | None, visible: str | None) -> str | None:
    """A time without its zone where the page shows the same clock as local time: `10:08:58Z` beside `10:08 WIB`."""
    if not time or not ZONE.search(time.strip()) or re.search(r"\+0?[789]:?00$", time.strip()):
        return time
    clock = re.search(r"T\s*(\d\d):(\d\d)", time.replace(" T", "T").replace(" ", "T", 1))
    if clock and visible and re.search(rf"\b{int(clock[1])}[:.]{clock[2]}|\b{clock[1]}[:.]{clock[2]}", visible):
        return ZONE.sub("", time.strip())
    return time


def _url_day(url: str | None) -> str | None:
    match = URL_DAY.search(url or "")
    return "-".join(part for part in match.groups() if part) if match else None
