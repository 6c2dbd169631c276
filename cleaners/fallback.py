"""Other ways to a story, for pages whose prose stands in no one element: the page's own data, and trafilatura."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import trafilatura
from lxml.etree import HTMLParser, _Element, fromstring, tostring

from cleaners.blocks import BLOCK_TAGS, read_lines
from cleaners.jsonld import LinkedData

TREE_MAX_NODES = 20_000  # trafilatura's time grows faster than the page beyond this (10 s at 60,000 paragraphs)
TREE_MAX_BLOCKS = 4_000  # it compares short blocks with all others: 5 s for 5,600 cells; saved pages have 2,132 nodes
STATE_MAX_CHARS = 3_000_000
STATE_MAX_VALUES = 50_000
STORY_MIN_CHARS = 300
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def from_data(tree: _Element, data: LinkedData) -> str | None:
    """The story where the page has it only as data: `__NEXT_DATA__` and the like, else JSON-LD `articleBody`."""
    for script in tree.iter("script"):
        if script.get("id") in ("__NEXT_DATA__", "__NUXT_DATA__") and len(script.text or "") <= STATE_MAX_CHARS:
            try:
                state = json.loads(script.text or "")
            except (ValueError, RecursionError):  # broken, or nested deeper than any page state
                continue
            longest = max(_markup(state), key=len, default="")
            if len(longest) >= STORY_MIN_CHARS:
                return as_text(longest)
    return as_text(data.body) if data.body and len(data.body) >= STORY_MIN_CHARS else None


def _markup(state: Any) -> Iterator[str]:
    stack = [state]
    for _ in range(STATE_MAX_VALUES):
        if not stack:
            return
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str) and "<p" in value:
            yield value


def as_text(markup: str) -> str:
    """A fragment of HTML, or plain text, as one paragraph a line."""
    if "<" not in markup:
        return "\n".join(filter(None, (re.sub(r"\s+", " ", line).strip() for line in markup.splitlines())))
    safe = CONTROL.sub(" ", markup).encode("utf-8", "replace")
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return "\n".join(line.text for line in read_lines(fromstring(b"<body>" + safe, parser=parser)))


def by_trafilatura(tree: _Element, url: str | None) -> str | None:
    """The story as trafilatura finds it in precision mode, NFC; None if there is none or the page is too large."""
    blocks = sum(1 for _ in tree.iter(*BLOCK_TAGS))
    if blocks > TREE_MAX_BLOCKS or sum(1 for _ in tree.iter()) > TREE_MAX_NODES:
        return None
    try:
        html = tostring(tree, encoding="unicode", method="html")
        found = trafilatura.bare_extraction(html, url=url, favor_precision=True, include_comments=False)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):  # what odd pages trip: it found none
        return None
    text = getattr(found, "text", None)
    return unicodedata.normalize("NFC", text) if text else None
