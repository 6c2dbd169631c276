"""What a page says about its article: title, times, people, section, keywords, language, addresses.

Sources in order: JSON-LD, meta elements, the visible page. Only people are read from the visible page first: the
`author` of JSON-LD is the editor in half of the Indonesian templates, and a byline says which is which.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml.etree import _Element

from cleaners.blocks import Line
from cleaners.bylines import read_people
from cleaners.jsonld import LinkedData
from cleaners.pagetime import read_times
from cleaners.pagetitle import headline_at, key_of, organisations, read_title

META_VALUE_MAX_CHARS = 5_000
BREADCRUMB = re.compile(r"bread-?c(?:r?u|o)m", re.IGNORECASE)  # breadcome, too


@dataclass(frozen=True, slots=True)
class Metadata:
    """The fields of a page as written; times are strings with zone where the page gives one."""

    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None


def read_metas(tree: _Element) -> dict[str, str]:
    """The meta elements by lower-case name, property or itemprop; the first that says something wins."""
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        content = " ".join(meta.get("content", "")[:META_VALUE_MAX_CHARS].split())
        for attribute in ("property", "name", "itemprop") if content else ():
            if key := meta.get(attribute, "").strip().lower():
                found.setdefault(key, html.unescape(content))
    return found


def read_metadata(
    tree: _Element,
    lines: Sequence[Line],
    metas: Mapping[str, str],
    data: LinkedData,
    names: str,
    url: str | None,
    last: Line | None = None,
) -> Metadata:
    """Every field a page gives. `lines` and `names` are those of the whole page, `last` is the story's last line."""
    canonical = _canonical(tree, metas, data, url)
    site = metas.get("og:site_name") or data.publisher
    title = read_title(tree, lines, metas, data, site, canonical or url)
    start = headline_at(lines, title)
    end = next((i for i in range(len(lines) - 1, -1, -1) if last and lines[i].text == last.text), None)
    people = read_people(lines, start, end, metas, data, names, organisations(site, canonical or url))
    published, modified = read_times(tree, lines, start, metas, data, canonical or url)
    return Metadata(
        title=title,
        description=data.description or _first(metas, ("og:description", "description", "twitter:description")),
        authors=people.authors,
        editors=people.editors,
        published=published,
        modified=modified,
        section=_section(tree, metas, data, names, title, site),
        keywords=_keywords(metas, data),
        language=_language(tree, metas, data),
        canonical_url=canonical,
        site_name=site,
    )


def _first(metas: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((metas[key] for key in keys if key in metas), None)


# --------------------------------------------------------------------------------------------------------- other fields


def _section(
    tree: _Element, metas: Mapping[str, str], data: LinkedData, names: str, title: str | None, site: str | None
) -> str | None:
    """The path of sections as the page shows it, `News > Nasional`."""
    trails = [
        data.breadcrumbs or (_trail(tree) if BREADCRUMB.search(names) else ()),
        tuple(filter(None, (metas.get("content_category"), metas.get("content_subcategory")))),
    ]
    trails += [tuple(filter(None, (metas.get("article:section2"), metas.get("article:section3"))))]
    trails += [tuple(filter(None, (data.section or metas.get("article:section"),)))]
    for trail in trails:
        homes = {"home", "beranda", key_of(site or "")}
        steps = [
            step for step in dict.fromkeys(trail) if key_of(step) not in homes and key_of(step) != key_of(title or "")
        ]
        steps = [step for step in steps if step.count(" ") < 5 and len(step) <= 60]
        if steps:
            return " > ".join(steps)
    return None


def _trail(tree: _Element) -> tuple[str, ...]:
    for node in tree.iter("div", "ul", "ol", "nav"):
        if BREADCRUMB.search(node.get("class", "")) or BREADCRUMB.search(node.get("id", "")):
            texts = [" ".join("".join(link.itertext()).split()).strip(" >»/") for link in node.iter("a")]
            return tuple(filter(None, texts))[:6]
    return ()


def _keywords(metas: Mapping[str, str], data: LinkedData) -> tuple[str, ...]:
    """Tags of the article; a `keywords` that only spells out the description is none."""
    spoken = set(re.findall(r"\w+", (metas.get("description") or "").lower()))
    for text in (",".join(data.keywords), metas.get("news_keywords"), metas.get("content_tags"), metas.get("keywords")):
        words = [word.strip() for word in (text or "").split(",") if word.strip()]
        if words and not (len(words) > 4 and sum(word.lower() in spoken for word in words) > 0.7 * len(words)):
            return tuple(dict.fromkeys(word for word in words if len(word) <= 80))[:40]
    return ()


def _language(tree: _Element, metas: Mapping[str, str], data: LinkedData) -> str | None:
    root = tree if tree.tag == "html" else tree.find(".//html")
    declared = root.get("lang") if root is not None else None
    for text in (declared, data.language, metas.get("language"), metas.get("og:locale")):
        if text and re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", text.strip()):
            return str(text).strip().replace("_", "-")
    return None


def _canonical(tree: _Element, metas: Mapping[str, str], data: LinkedData, url: str | None) -> str | None:
    """The page's own address: link rel=canonical, og:url, JSON-LD; None if relative with nothing to join."""
    links = [link.get("href", "") for link in tree.iter("link") if "canonical" in link.get("rel", "").lower().split()]
    for href in (*links, metas.get("og:url"), data.url):
        if href and href.strip():
            try:
                joined = urljoin(url or "", href.strip())
            except ValueError:
                continue
            if re.match(r"https?://[^/\s]+\.[^/\s]+", joined):
                return str(joined)
    return None
