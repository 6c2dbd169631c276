"""Read what a page says about its article in JSON-LD (schema.org): the first article found in any block, graph or list.

Broken JSON is read as far as a few plain patterns allow. Every step is linear: large blocks are skipped, nodes counted.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml.etree import _Element

BLOCK_MAX_CHARS = (
    1_000_000  # a live blog of 841 KB once took a second in another reader; beyond this it is no description
)
NODES_MAX = 20_000  # dictionaries and lists looked at, over all blocks
NAMES_MAX = 20  # authors of one article; more is a list of staff
ARTICLE_TYPE = re.compile(r"(?:Article|BlogPosting|Report|LiveBlogPosting)$")
BROKEN_FIELD = re.compile(
    r'"(headline|datePublished|dateModified|description|articleSection)"\s*:\s*"((?:[^"\\]|\\.){1,2000})"'
)


@dataclass(frozen=True, slots=True)
class LinkedData:
    """What the blocks say. Times are strings as written; `types` are all schema.org types of the page's own nodes."""

    headline: str | None = None
    description: str | None = None
    body: str | None = None
    published: str | None = None
    modified: str | None = None
    authors: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    section: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
    url: str | None = None
    publisher: str | None = None
    breadcrumbs: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()

    @property
    def is_article(self) -> bool:
        """Whether a block describes an article, by its type."""
        return any(ARTICLE_TYPE.search(kind) for kind in self.types)


def read_jsonld(tree: _Element) -> LinkedData:
    """What the JSON-LD blocks of a page say about its article; an empty answer where there is none. Never raises."""
    texts = [s.text or "" for s in tree.iter("script") if "ld+json" in s.get("type", "").lower()]
    blocks = [text for text in texts if len(text) <= BLOCK_MAX_CHARS]
    nodes = list(_nodes(_parsed(blocks)))
    kinds = frozenset(kind for node in nodes for kind in _types(node))
    article = next((node for node in nodes if any(map(ARTICLE_TYPE.search, _types(node)))), {})
    crumbs = next((_crumbs(node) for node in nodes if "BreadcrumbList" in _types(node)), ())
    if not article:
        video = next((node for node in nodes if "VideoObject" in _types(node)), {})
        article = video or dict(_broken(blocks))
    keywords = tuple(_strings(article.get("keywords")))
    return LinkedData(
        headline=_text(article.get("headline") or article.get("name")),
        description=_text(article.get("description")),
        body=_text(article.get("articleBody")),
        published=_text(article.get("datePublished") or article.get("uploadDate") or article.get("dateCreated")),
        modified=_text(article.get("dateModified")),
        authors=_names(article.get("author")),
        creators=_names(article.get("creator")),
        editors=_names(article.get("editor")) or tuple(k[7:].strip() for k in keywords if k.startswith("Editor:")),
        section=next(iter(_strings(article.get("articleSection"))), None),
        keywords=tuple(k for k in keywords if ":" not in k),
        language=_text(article.get("inLanguage")),
        url=_text(article.get("url")) or _identity(article.get("mainEntityOfPage")),
        publisher=next(iter(_names(article.get("publisher"))), None),
        breadcrumbs=crumbs,
        types=kinds,
    )


def _parsed(blocks: Iterable[str]) -> Iterator[Any]:
    for block in blocks:
        text = re.sub(r"^\s*(?:<!--|<!\[CDATA\[|//<!\[CDATA\[)|(?:-->|//\]\]>|\]\]>|;)\s*$", "", block).strip()
        for candidate in (text, re.sub(r",(\s*[}\]])", r"\1", text)):
            try:
                yield json.loads(candidate, strict=False)
                break
            except (ValueError, RecursionError):  # broken, or nested deeper than any description
                continue


def _nodes(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Dictionaries in the order of the page: lists and `@graph` are opened, so is what an `WebPage` is about."""
    stack = list(values)[::-1]
    for _ in range(NODES_MAX):
        if not stack:
            return
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            yield value
            stack.extend(
                value[key] for key in ("mainEntity", "hasPart", "@graph") if isinstance(value.get(key), dict | list)
            )


def _types(node: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_strings(node.get("@type")))


def _crumbs(node: dict[str, Any]) -> tuple[str, ...]:
    items = node.get("itemListElement")
    found = []
    for item in items[:NAMES_MAX] if isinstance(items, list) else ():
        if isinstance(item, dict):
            inner = item.get("item")
            found.append(_text(item.get("name") or (inner.get("name") if isinstance(inner, dict) else None)))
    return tuple(filter(None, found))


def _names(value: Any) -> tuple[str, ...]:
    """Names from a string, a person, or a list of either; each once."""
    found: dict[str, None] = {}
    for one in (value if isinstance(value, list) else [value])[:NAMES_MAX]:
        name = one.get("name") if isinstance(one, dict) else one
        for text in _strings(name):
            found[text] = None
    return tuple(found)


def _strings(value: Any) -> Iterator[str]:
    """Texts in a string (split at commas, for keyword lists) or a list of them, one level of lists deep."""
    flat = [
        inner
        for one in (value if isinstance(value, list) else [value])
        for inner in (one if isinstance(one, list) else [one])
    ]
    for one in flat[:200]:
        if isinstance(one, str):
            yield from (text for part in one.split(",") if (text := _text(part)))


def _identity(value: Any) -> str | None:
    return _text(value.get("@id") or value.get("url")) if isinstance(value, dict) else _text(value)


def _text(value: Any) -> str | None:
    return re.sub(r"\s+", " ", html.unescape(value)).strip() or None if isinstance(value, str) else None


def _broken(blocks: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Fields of blocks that are no JSON: an unescaped quote in a description must not cost the date."""
    for block in blocks:
        if "Article" in block:
            yield from reversed([(key, value.replace("\\/", "/")) for key, value in BROKEN_FIELD.findall(block)])
