"""Who wrote and who edited: labelled lines (`Reporter : X`), name elements, meta, JSON-LD, in this order.

A label decides the role; a name without one is a writer unless the page labels it an editor elsewhere. The outlet's own
name counts as author only where the byline itself says so. Known miss: two unlabelled names in one credit line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from cleaners.blocks import Line
from cleaners.jsonld import LinkedData

LINE_MAX_CHARS = 140
BEFORE_HEADLINE_LINES = 6
AFTER_HEADLINE_LINES = 16
AFTER_STORY_LINES = 30
NAME_MAX_WORDS = 6
PEOPLE_MAX = 6  # more names of one kind are a list of staff or of other articles
WRITER = (
    r"penulis|reporter|pewarta|wartawan|jurnalis|kontributor|ditulis\s+oleh|laporan\s+wartawan|oleh|rep|by"
    r"|written\s+by|story\s+by|author"
)
EDITOR = r"editor|redaktur|penyunting|edited\s+by|red"
LABEL = re.compile(
    rf"(?<![\w.@-])(?:(?P<writer>{WRITER})|(?P<editor>{EDITOR}))(?P<mark>\s*\|?\s*:\s*|\s*\|\s*|\s+-\s+|\s+(?=[A-Z@])|\s*$)",
    re.IGNORECASE,
)
LABEL_PLACE = re.compile(r"(?:^|[|/•·]|\d\d|WIB)\s*$")  # a label opens its line, or follows a separator or the time
NAME_END = re.compile(
    r"\s+(?:pada|on|at|dari|\d)|\s*[|/•·(\[;:]|\s+[-–—]\s|\d{1,2}\s+\w+\s+20\d\d|,\s*(?=\d|\w+(?:,|\s+\d))"
)
NAME = re.compile(r"(?:[A-Z][\w.'’`-]*|[a-z]{1,3}\.?|\d+)(?:\s+(?:[A-Z][\w.'’`-]*|bin|binti|van|de|al|el|[A-Z]))*")
NAME_ELEMENT = re.compile(
    r"(?<![a-z])(?:author|penulis|reporter|journalist|writer|byline|credit|nama-redaksi|editor)s?(?![a-z])",
    re.IGNORECASE,
)
EDITOR_ELEMENT = re.compile(r"(?<![a-z])editor(?![a-z])", re.IGNORECASE)
ROLE_EDITOR = re.compile(r"\b(?i:editor|redaktur|penyunting)\b|Editor\s*$")
ROLE_AFTER = re.compile(r"(?:Author|Editor|Penulis|Reporter|Redaktur)\s*$")  # glued to the name by its template
NO_PERSON = re.compile(
    r"\b(?:redaksi|tim|team|admin|developer|administrator|cyber\s+media|newsroom|desk|media|komentar|share|tweet|copy\s+link|editor|author|penulis|"
    r"reporter|wartawan|follow|berita|artikel|lihat|semua|profil|foto|video|dibaca|views?|pt|kontributor|indonesia|news|online|waktu\s+baca)\b"
    r"|https?:|@|\.com|\.id\b|\.co\b|\.tv\b|\d{3,}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class People:
    """Writers and editors of an article, each name once, in the order of the page."""

    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()


def read_people(
    lines: Sequence[Line],
    start: int | None,
    end: int | None,
    metas: Mapping[str, str],
    data: LinkedData,
    names: str,
    outlet: Sequence[str],
) -> People:
    """Writers and editors; `start` and `end` are where headline and story end among the lines of the page.

    `names` is all that the page calls its elements.
    """
    near = _near(lines, start, end)
    labelled, houses = _labelled(near, outlet)
    after = lines[(end or start or 0) :] if "credit" in names else ()
    credits = [line for line in after if len(line.text) <= 60 and "credit" in _labels(line)]
    named = _name_elements([*near, *credits])
    if len(named.authors) > 1 and not named.editors and _ends_in_editor(near, named.authors, data):
        named = People(named.authors[:-1], named.authors[-1:])
    editors = labelled.editors or _persons([metas.get("content_editor", "")]) or named.editors or _persons(data.editors)
    taken = {_fold(name) for name in editors}
    sources = (
        labelled.authors,
        _persons([metas.get("content_author", ""), metas.get("jpnncom_news_author", "")]),
        named.authors,
        _persons(data.creators),
        _persons(_split(metas.get("author", ""))),
        _persons(data.authors),
        _persons(_split(metas.get("article:author", ""))),
    )
    ours = {_fold(name) for name in outlet}
    for given in sources:
        left = tuple(name for name in given if _fold(name) not in taken and _fold(name) not in ours)
        if left:
            return People(left, editors)
    return People(houses, editors)


def _ends_in_editor(lines: Iterable[Line], names: Sequence[str], data: LinkedData) -> bool:
    """Whether the last of several unlabelled names edits: the house style of one template, or JSON-LD's only author."""
    return data.authors == (names[-1],) or any("credit-title-name" in _labels(line) for line in lines)


def _near(lines: Sequence[Line], start: int | None, end: int | None) -> list[Line]:
    """The lines where bylines stand: around the headline, the first and last of the story, and shortly after it."""
    first = max(0, (start or 0) - BEFORE_HEADLINE_LINES)
    spans = [range(first, (start or 0) + AFTER_HEADLINE_LINES)] if start is not None else []
    if end is not None:
        spans.append(range(max(first, end - 3), end + AFTER_STORY_LINES))
    wanted = sorted({i for span in spans for i in span if i < len(lines)})
    return [lines[i] for i in wanted]


def _labelled(lines: Sequence[Line], outlet: Iterable[str]) -> tuple[People, tuple[str, ...]]:
    """Names after a label, and the outlet where a byline names it as the writer (`Oleh Liputan6.com`)."""
    writers: dict[str, None] = {}
    editors: dict[str, None] = {}
    houses: dict[str, None] = {}
    ours = {_fold(name) for name in outlet}
    for is_editor, raw in _labels_with_names(lines):
        names = _persons(_split(raw))
        (editors if is_editor else writers).update(dict.fromkeys(names))
        if not names and not is_editor and _fold(raw) in ours:
            houses[raw.strip()] = None
    return People(tuple(writers)[:PEOPLE_MAX], tuple(editors)[:PEOPLE_MAX]), tuple(houses)[:1]


def _labels_with_names(lines: Sequence[Line]) -> Iterator[tuple[bool, str]]:
    """(label is an editor's, what follows it) of every label; a label alone on its line takes the next line."""
    for i, line in enumerate(lines):
        text = line.text
        if len(text) > LINE_MAX_CHARS:
            continue
        for match in LABEL.finditer(text):
            if not LABEL_PLACE.search(text[: match.start()]) and ":" not in match["mark"]:
                continue
            rest = text[match.end() :]
            if not rest and match.start() == 0 and i + 1 < len(lines):
                rest = lines[i + 1].text
            yield match["editor"] is not None, NAME_END.split(rest.lstrip(": "), maxsplit=1)[0]


def _name_elements(lines: Sequence[Line]) -> People:
    """Names in elements that are called author, penulis, credit…; the rest of the element tells an editor."""
    authors: dict[str, None] = {}
    editors: dict[str, None] = {}
    for line in lines:
        text = line.text
        if len(text) > LINE_MAX_CHARS or not NAME_ELEMENT.search(labels := _labels(line)):
            continue
        is_editor = ROLE_EDITOR.search(text) or EDITOR_ELEMENT.search(labels)
        bare = ROLE_AFTER.sub("", NAME_END.split(text, maxsplit=1)[0])
        (editors if is_editor else authors).update(dict.fromkeys(_persons(_split(bare))))
    if len(authors) > PEOPLE_MAX or len(editors) > PEOPLE_MAX:
        return People()
    return People(tuple(name for name in authors if name not in editors), tuple(editors))


def _labels(line: Line) -> str:
    """Classes, ids and itemprops of the line's block, its parent, and of what stands in the block."""
    nodes = [line.owner, line.owner.getparent(), *islice(line.owner.iterdescendants("*"), 4)]
    return " ".join(f"{n.get('class', '')} {n.get('id', '')} {n.get('itemprop', '')}" for n in nodes if n is not None)


def _split(text: str) -> list[str]:
    return re.split(r"\s*(?:,|;|&|\bdan\b|\band\b)\s*", text)


def _persons(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for raw in names if (name := _person(raw))))


def _person(raw: str) -> str | None:
    """A name as a person's, or None: one to six words that begin with capitals, none of an office."""
    name = re.sub(r"\s+", " ", raw).strip(" .,:;-–—/|")
    if not 2 < len(name) <= 60 or name.count(" ") >= NAME_MAX_WORDS or NO_PERSON.search(name):
        return None
    return name if NAME.fullmatch(name) else None


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
