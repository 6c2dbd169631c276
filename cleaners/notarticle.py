"""Tell pages that carry no news story: indexes, videos, photo galleries, lyrics, empty shells; and say so in words.

A kind that the address or the title names needs only a short text to be believed; a long text is a story all the same
(a headline that begins with FOTO: over 200 words of prose is an article with a picture).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cleaners.article import Reason
from cleaners.blocks import HEADING_TAGS, Line
from cleaners.boxes import prose
from cleaners.jsonld import LinkedData

STORY_MIN_WORDS = 25  # shorter is a caption or a teaser; the shortest real flash of the corpus has 28
GALLERY_MAX_WORDS = 120  # photo and video pages carry a paragraph or two
SHELL_WORDS = 60  # a page with less text than this in all has not been filled
INDEX_LINKS_SHARE = 0.55  # of the page's words in links; articles with long rails reach 0.5
INDEX_MAX_WORDS = 60  # of prose in one place; an index may have a teaser or two there
INDEX_HEADLINES = 8  # linked headlines outside the story

STEPS = {
    "video": "video videos vidio watch tv live-tv livestreaming streaming 20detik shorts reels podcast",
    "photo": "foto fotos photo photos readfoto foto-news galeri galeri-foto gallery photogallery inpicture in-picture "
    "image images album infografis infografik infographic potret-foto",
    "list": "indeks index tag tags topik topic search cari kanal category kategori rubrik author penulis "
    "profile archive arsip terpopuler terkini latest populer label",
    "lyrics": "lirik lyrics lirik-lagu chord kunci-gitar",
}
VIDEO, PHOTO, LISTS, LYRICS = (frozenset(STEPS[kind].split()) for kind in ("video", "photo", "list", "lyrics"))
TITLES = (
    ("video", re.compile(r"\W*(?:video|live|livestreaming|live\s+streaming|vidio)\s*[:|\-–]", re.IGNORECASE)),
    (
        "photo",
        re.compile(r"\W*(?:foto|in\s+picture|photo|galeri(?:\s+foto)?|infografis|photos?)\s*[:|\-–]", re.IGNORECASE),
    ),
    ("lyrics", re.compile(r"\W*(?:lirik\s+(?:lagu|dan)|chord\s)", re.IGNORECASE)),
)
SLUG = re.compile(r"(?:[a-z0-9]+-){3}|\d{5}")  # `jembatan-gantung-dibuka-lagi`, an id
NAMES = {"video": "a video page", "photo": "a photo page", "lyrics": "song lyrics", "list": "an index page"}


@dataclass(frozen=True, slots=True)
class NotArticle:
    """A page that gives no article: what it is instead, in words, and the reason it is rejected with."""

    detail: str
    reason: Reason = Reason.NOT_AN_ARTICLE


def by_name(
    url: str | None, title: str | None, story: Sequence[Line], metas: Mapping[str, str], data: LinkedData
) -> NotArticle | None:
    """What the address, the title or the page's types call it, if that is no article; `story` is the body found."""
    words = _words(story)
    kind = _kind(url, title, metas, data)
    if kind == "lyrics" or (kind in ("video", "photo") and words < GALLERY_MAX_WORDS):
        return NotArticle(f"{NAMES[kind]} with {words} words of text")
    return NotArticle("an index page by its address") if kind == "list" else None


def by_links(
    url: str | None,
    title: str | None,
    story: Sequence[Line],
    page: Sequence[Line],
    metas: Mapping[str, str],
    data: LinkedData,
) -> NotArticle | None:
    """An index page, which leads to articles and holds none; `page` are all lines that it shows.

    Links alone convict no page that shows any sign of an article: flashes of 40 words stand beside rails of 40 links.
    """
    words, linked = prose(story), [line for line in page if line.linked_chars * 2 > len(line.text)]
    headlines = sum(line.owner.tag in HEADING_TAGS for line in linked)
    front = bool(url) and not _address(url)[1] and not (data.is_article and data.published)
    lists = (front and (headlines >= INDEX_HEADLINES or words < 2 * GALLERY_MAX_WORDS)) or (
        words < INDEX_MAX_WORDS
        and not _has_signs(url, title, page, metas, data)
        and (
            (_words(linked) >= INDEX_LINKS_SHARE * _words(page) and len(linked) > INDEX_HEADLINES)
            or headlines >= 2 * INDEX_HEADLINES
            or bool(data.types & {"CollectionPage", "ItemList"})
        )
    )
    return NotArticle(f"an index page: {len(linked)} links, {words} words of prose in one place") if lists else None


def _has_signs(
    url: str | None, title: str | None, page: Sequence[Line], metas: Mapping[str, str], data: LinkedData
) -> bool:
    """Whether anything says article: its types, a time of publication, its address, a headline that is no link."""
    steps = _address(url)[1]
    return (
        data.is_article
        or metas.get("og:type", "").lower() == "article"
        or "article:published_time" in metas
        or (bool(steps) and SLUG.search(steps[-1]) is not None)
        or any(line.owner.tag == "h1" and not line.linked_chars and line.text == title for line in page)
    )


def by_lack(story: Sequence[Line], page: Sequence[Line]) -> NotArticle:
    """What is said of a page in which no story was found: how much it shows at all."""
    whole = _words(page)
    if whole == 0:
        return NotArticle("the page shows no text", Reason.NO_TEXT)
    if whole < SHELL_WORDS:
        return NotArticle(f"an empty shell: {whole} words in all, filled in by scripts or cut off", Reason.NO_TEXT)
    return NotArticle(f"no story found: {_words(story)} words in the likeliest place")


def _words(lines: Iterable[Line]) -> int:
    return sum(line.words for line in lines)


def _kind(url: str | None, title: str | None, metas: Mapping[str, str], data: LinkedData) -> str | None:
    host, steps = _address(url)
    if LYRICS.intersection(steps[:3]):
        return "lyrics"
    for kind, pattern in TITLES:
        if pattern.match(title or ""):
            return kind
    if metas.get("og:type", "").lower().startswith("video") or host in VIDEO or VIDEO.intersection(steps[:3]):
        return "video"
    if host in PHOTO or any(step in PHOTO or step.endswith(("-inpicture", "-foto")) for step in steps[:3]):
        return "photo"
    if "VideoObject" in data.types and not data.is_article and metas.get("og:type", "").lower() != "article":
        return "video"
    if "ImageGallery" in data.types and not data.is_article:
        return "photo"
    if steps and LISTS.intersection(steps[:2]) and not data.is_article and len(steps[-1]) < 40:
        return "list"
    return None


def _address(url: str | None) -> tuple[str, list[str]]:
    """The first label of the host and the steps of the path, lower case; empty for what is no address."""
    try:
        parts = urlsplit(url or "")
        host = parts.hostname or ""
    except ValueError:  # a bracket that is no IPv6 address
        return "", []
    return host.split(".")[0], [step for step in unquote(parts.path).lower().split("/") if step]
