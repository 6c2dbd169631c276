"""From a page to its story and what it says about it, or the reason why it carries none.

    parse -> metadata sources -> container (layout, articleBody, density) -> lines -> without pointers and captions
          -> fields -> is it an article?

Pure and total: no network, no disk, no threads, and no page raises. Limits are on size alone, so they are the same on
every machine; time is bounded by the process that calls.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from html import unescape
from itertools import islice

from lxml import etree

from cleaners.article import Page, Reason, Related
from cleaners.asides import absolute, credit_of, pointers_in, without_captions, without_loose_ends, without_pointers
from cleaners.blocks import Line, read_lines
from cleaners.boxes import is_picture, names_in, prose, prose_by_element
from cleaners.containers import Container, Layout, by_density, by_layout
from cleaners.fallback import by_trafilatura, from_data
from cleaners.jsonld import LinkedData, read_jsonld
from cleaners.metadata import Metadata, read_metadata, read_metas
from cleaners.notarticle import STORY_MIN_WORDS, NotArticle, by_lack, by_links, by_name

PAGE_MAX_CHARS = 5_000_000  # of 2,511 real pages the largest had 2.2 MB
PAGE_MAX_NODES = 150_000  # the largest real page has 20,000
CERTAIN_WORDS = 50  # less prose than this in the likeliest element: other ways are asked as well
CONTROL = bytes(32 if code < 32 and code not in b"\t\n\r" else code for code in range(256))
DATA_GAIN = 2  # times the words of a thin story, or that is the whole story
TRAFILATURA_GAIN = 4  # it takes comments and teasers for story where the story is short
ATTRIBUTES_MAX = 1_000  # of one tag; 100,000 keep the parser busy for a minute
LONG_TAG_CHARS = 10_000
LONG_TAG = re.compile(rf"<[A-Za-z][^<>]{{{LONG_TAG_CHARS},}}")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
ATTRIBUTE = re.compile(r"\s[^\s=]+")

ADDRESS_CHARS = 100_000
ADDRESS_TAG = re.compile(r"<(?:link|meta)\b[^<>]{1,1000}>", re.IGNORECASE)
IS_ADDRESS = re.compile(r"\brel=[\"']?canonical\b|[\"']og:url[\"']", re.IGNORECASE)
ADDRESS = re.compile(r"\b(?:href|content)=[\"'](https?://[^\"'\s>]{4,1000})", re.IGNORECASE)

__all__ = ["Layout", "NotArticle", "Page", "address_in", "extract"]


def extract(html: str, url: str | None = None, layouts: Sequence[Layout] = ()) -> Page | NotArticle:
    """Read a page: its story, one paragraph a line, and its fields as written; or say why it is no article.

    `layouts` are the outlet's `[[pages]]` in the order of its file, newest first; without them, and where none fits,
    the story is found by its prose. `Page.method` says how: container, articlebody, density, data, trafilatura.
    """
    if len(html) > PAGE_MAX_CHARS:
        return NotArticle(f"{len(html):,} characters of HTML, at most {PAGE_MAX_CHARS:,} are read", Reason.TOO_LARGE)
    tree = _parse(html)
    if tree is None:
        return NotArticle("the page is empty", Reason.NO_TEXT)
    held = list(islice(tree.iter("*"), PAGE_MAX_NODES + 1))  # lxml makes anew at each visit what nobody holds
    if len(held) > PAGE_MAX_NODES:
        nodes = int(tree.xpath("count(//*)"))
        return NotArticle(f"{nodes:,} elements, at most {PAGE_MAX_NODES:,} are read", Reason.TOO_LARGE)
    return _read(tree, held, url, layouts)


def address_in(html: str) -> str | None:
    """The address that a page gives as its own, read from its first characters without parsing it; None without one."""
    for tag in ADDRESS_TAG.finditer(html, 0, ADDRESS_CHARS):
        if IS_ADDRESS.search(tag[0]) and (found := ADDRESS.search(tag[0])):
            return unescape(found.group(1))
    return None


def _parse(html: str) -> etree._Element | None:
    """The tree; bytes and a stated encoding, because a page's own declaration is about bytes that are gone."""
    if _may_hold_long_tag(html):
        html = LONG_TAG.sub(_bare_if_crowded, html)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = etree.fromstring(html.encode("utf-8", "replace").translate(CONTROL), parser=parser)
    except etree.XMLSyntaxError:  # nothing in it that a parser could start with
        return None
    return tree if isinstance(tree, etree._Element) else None


def _may_hold_long_tag(html: str) -> bool:
    """Whether `LONG_TAG` may match; most pages are told from their signs alone, five times as fast."""
    parts = html.split(">")
    if max(map(len, parts)) <= LONG_TAG_CHARS:
        return False
    return any(len(tag) > LONG_TAG_CHARS for part in parts if len(part) > LONG_TAG_CHARS for tag in part.split("<")[1:])


def _bare_if_crowded(tag: re.Match[str]) -> str:
    """A tag as it is, or bare where it has thousands of attributes: the parser compares each with all before it."""
    names = ATTRIBUTE.findall(QUOTED.sub("", tag[0]))
    return tag[0] if len(names) <= ATTRIBUTES_MAX else re.split(r"[^<\w-]", tag[0], maxsplit=1)[0]


def _read(
    tree: etree._Element, elements: Sequence[etree._Element], url: str | None, layouts: Sequence[Layout]
) -> Page | NotArticle:
    metas, data, page = read_metas(tree), read_jsonld(tree), read_lines(tree)
    counts, names = prose_by_element(page, tree), names_in(tree, elements)
    container = by_layout(tree, counts, names, layouts, _day(data.published)) or by_density(tree, counts, names)
    lines = container.lines if container else ()
    fields = read_metadata(tree, page, metas, data, names.text, url, lines[-1] if lines else None)
    story, related = without_pointers(lines)
    story, captions = without_captions(_without_headline(story, fields.title))
    story = without_loose_ends(story)
    address = url or fields.canonical_url
    refused = by_name(address, fields.title, story, metas, data) or by_links(
        address, fields.title, story, page, metas, data
    )
    if refused is not None:
        return refused
    text, method = _text(tree, url, story, container, data)
    if method == "none":
        return by_lack(story, page)
    if container is not None:
        related = [*pointers_in(container.boxes_inside()), *related]
        captions = [*captions, *_captions(container)]
    return _page(text, method, fields, absolute(related, fields.canonical_url or url), captions)


def _day(published: str | None) -> datetime.date | None:
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)", published or "")
    try:
        return datetime.date(*map(int, match.groups())) if match else None
    except ValueError:  # 2023-02-31
        return None


def _without_headline(story: list[Line], title: str | None) -> list[Line]:
    """A headline that stands inside the container is not the first line of the story."""
    return story[1:] if story and title and story[0].text.casefold() == title.casefold() else story


def _text(
    tree: etree._Element, url: str | None, story: Sequence[Line], container: Container | None, data: LinkedData
) -> tuple[str, str]:
    """The story's text and how it was found (`none`: it was not); other ways are asked where the container is thin."""
    text = "\n".join(line.text for line in story)
    words = sum(line.words for line in story)
    method = container.method if container and words >= STORY_MIN_WORDS else "none"
    if method == "container" or (method != "none" and prose(story) >= CERTAIN_WORDS):
        return text, method
    least = max(words, STORY_MIN_WORDS)
    if (found := from_data(tree, data)) and found.count(" ") >= DATA_GAIN * least:
        return found, "data"
    if (found := by_trafilatura(tree, url)) and found.count(" ") >= TRAFILATURA_GAIN * least:
        return found, "trafilatura"
    return text, method


def _captions(container: Container) -> list[str]:
    """Captions of figures that stand in the story's container and were left out with their boxes."""
    return [line.text for box in container.boxes_inside() if is_picture(box) for line in read_lines(box)]


def _page(text: str, method: str, fields: Metadata, related: tuple[Related, ...], captions: Iterable[str]) -> Page:
    return Page(
        text=text,
        method=method,
        title=fields.title,
        description=fields.description,
        authors=fields.authors,
        editors=fields.editors,
        published=fields.published,
        modified=fields.modified,
        section=fields.section,
        keywords=fields.keywords,
        language=fields.language,
        canonical_url=fields.canonical_url,
        site_name=fields.site_name,
        photo_credits=tuple(dict.fromkeys(credit for caption in captions if (credit := credit_of(caption)))),
        related=related,
    )
