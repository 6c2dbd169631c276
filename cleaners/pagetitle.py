"""The headline of a page without the outlet's name, and where it stands among the lines that the page shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from lxml.etree import _Element

from cleaners.blocks import HEADING_TAGS, Line
from cleaners.jsonld import LinkedData

TITLE_MAX_CHARS = 400
HEADING_MIN_CHARS = 15  # letters and digits; a shorter heading is a channel's name and repeats in any title


def read_title(
    tree: _Element, lines: Sequence[Line], metas: Mapping[str, str], data: LinkedData, site: str | None, url: str | None
) -> str | None:
    """The headline: what JSON-LD, meta or `<title>` say, without the outlet's name, as the heading writes it."""
    element = tree.find(".//title")
    tag = re.sub(r"\s+", " ", "".join(element.itertext())).strip() if element is not None else ""
    shown = (line for line in lines if line.owner.tag in ("h1", "h2") or "headline" in line.owner.get("itemprop", ""))
    headings = [(line.text, key_of(line.text)) for line in shown]
    given = (
        data.headline,
        metas.get("og:title"),
        metas.get("headline"),
        metas.get("twitter:title"),
        metas.get("title"),
        tag,
    )
    named = [html.unescape(text).strip()[:TITLE_MAX_CHARS] for text in given if text]
    for text in named:
        if heading := _shown(text, headings):
            return heading
    names = organisations(site, url)
    best = next((bare for text in named if (bare := without_outlet(text, names))), None)
    if best is None:
        return next((line.text for line in lines if line.owner.tag == "h1"), None)
    cut = best.rstrip(" .…")
    longer = (
        bare
        for text in named
        if (bare := without_outlet(text, names)) and bare.startswith(cut) and len(bare) > len(best)
    )
    return next(longer, best)  # JSON-LD headlines end at 110 characters


def _shown(text: str, headings: Iterable[tuple[str, str]]) -> str | None:
    """The heading of the page that a title repeats, with or without the outlet's name before or after it.

    `headings` are given with their keys.
    """
    whole = key_of(text)
    named = ((h, key) for h, key in headings if len(key) >= HEADING_MIN_CHARS)
    return max((h for h, key in named if whole.startswith(key) or whole.endswith(key)), key=len, default=None)


def without_outlet(title: str, names: Iterable[str]) -> str | None:
    """A title without ` - Outlet`, ` | Kanal Outlet.com` or `Outlet: `; None when nothing else is left."""
    keys = [key_of(name) for name in names if len(key_of(name)) >= 3]
    parts = re.split(r"(\s+[-–—|»:]+\s+|:\s+)", title)
    while len(parts) > 1 and not parts[-2].startswith(":") and _names_outlet(parts[-1], keys, extra_chars=24):
        parts = parts[:-2]  # ` - Nasional Outlet.com`
    while len(parts) > 1 and _names_outlet(parts[0], keys, extra_chars=4):
        parts = parts[2:]
    bare = "".join(parts).strip()
    return bare if bare and not (len(parts) == 1 and key_of(bare) in keys) else None


def _names_outlet(part: str, keys: Iterable[str], extra_chars: int) -> bool:
    key = key_of(part)
    return part.count(" ") <= 3 and any(name in key and len(key) <= len(name) + extra_chars for name in keys)


def organisations(site: str | None, url: str | None) -> tuple[str, ...]:
    """How the outlet may be called on its own page: its site name, its host, the main label of its host."""
    host = _host(url)
    labels = [label for label in host.split(".") if len(label) > 3 and label not in ("www", "news", "berita")]
    return tuple(filter(None, (site, host.removeprefix("www."), *labels)))


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:  # a bracket that is no IPv6 address
        return ""


def headline_at(lines: Sequence[Line], title: str | None) -> int | None:
    """Where the headline stands among the lines: in a heading if there is one, else the first line that says it."""
    key = key_of(title or "")
    near = range(len(key), 2 * len(title or "") + 1)  # letters alone are fewer, punctuation rarely doubles them
    same = [i for i, line in enumerate(lines) if key and len(line.text) in near and key_of(line.text) == key]
    heads = [i for i in same if lines[i].owner.tag in HEADING_TAGS and not lines[i].linked_chars]
    return next(iter(heads or same), None)


def key_of(text: str) -> str:
    """A text by its letters and digits alone, for comparing titles and names across punctuation and case."""
    return re.sub(r"[\W_]+", "", text.lower())
