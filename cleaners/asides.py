"""Asides: lines of a container that are not its story: pointers to other articles, captions, headings of nothing.

A page shows what flattened text has lost: where the linked headline ends, which line follows a picture, which words are
a heading. What is taken here is taken to the letter; furniture in plain words is left to the rules for texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urljoin

from lxml.etree import _Element

from cleaners.article import Related
from cleaners.blocks import HEADING_TAGS, Line, Piece, read_lines

HEADLINE_MIN_WORDS = 4  # a line that is one link of this length is a headline; shorter ones are names and tags
CAPTION_MAX_WORDS = 45
POINTER_BOX = re.compile(
    r"baca|lihat|sisip|related|recomm?end|terkait|picked|read_?_?others|also|dont-display", re.IGNORECASE
)
POINTER = re.compile(
    r"(?:^|(?<=[\s.!?\"'”’)(\]]))\(?\s*(?:(?:baca|lihat|simak|tonton|cek)(?:lah)?\s+(?:juga|pula|artikel|berita|selengkapnya|lainnya)"
    r"(?:\s+(?:artikel|berita|video|foto|lainnya|terkait))*|menarik\s+dibaca|pilihan\s+editor|artikel\s+terkait|berita\s+terkait"
    r"|(?:read|see)\s+(?:also|more)|also\s+read|related(?:\s+(?:article|news|story)s?)?|selanjutnya|baca)\s*[:\-–—»>]*\s*$",
    re.IGNORECASE,
)
LIST_LABEL = re.compile(
    r"\W*(?:(?:baca|lihat|simak|tonton)\s+(?:juga|pula|lainnya|selengkapnya)|jangan\s+lewatkan|menarik\s+dibaca|(?:artikel|berita)\s+(?:terkait"
    r"|lainnya|pilihan)|kumpulan\s+berita\s+terkait|ikuti\s+perkembangan\s+berita\s+ini.*|rekomendasi(?:\s+(?:artikel|berita|untuk\s+anda|redaksi))?|topik\s+terkait|terkait|read\s+(?:also|more)"
    r"|related(?:\s+\w+)?)\W*",
    re.IGNORECASE,
)
HASHTAGS = re.compile(r"(?:#\w[\w ]{0,40}\s*)+")  # `#Changemaker`, a tag list
CREDIT = re.compile(
    r"(?:\b(?:foto|photo|photos|dok|dok\.|sumber|source|pict?|gambar|ilustrasi|courtesy)\s*[:/.]\s*|[©®]\s*|\bANTARA(?:\s+FOTO)?/|/)",
    re.IGNORECASE,
)


def without_pointers(lines: Sequence[Line]) -> tuple[list[Line], list[Related]]:
    """Take out pointers to other articles: a marker with its link inside a line, lists of linked headlines."""
    kept: list[Line] = []
    related: list[Related] = []
    in_list = False
    for i, line in enumerate(lines):
        headline = _headline(line)
        if headline and (in_list or _headline_beside(lines, i)):
            related.append(headline)
            in_list = True
            continue
        if in_list or headline:
            in_list = bool(headline)
        if i + 1 < len(lines) and LIST_LABEL.fullmatch(line.text) and _headline(lines[i + 1]):
            in_list = True
            continue
        rest, found = _cut_pointers(line)
        related.extend(found)
        if rest is not None:
            kept.append(rest)
    return kept, related


def _headline_beside(lines: Sequence[Line], i: int) -> bool:
    """A linked headline is furniture when it does not stand alone: a story links names, a list links headlines."""
    return any(0 <= j < len(lines) and _headline(lines[j]) is not None for j in (i - 1, i + 1))


def _headline(line: Line, in_box: bool = False) -> Related | None:
    """The other article that this line links, if it is nothing but that link."""
    links = [piece for piece in line.pieces if piece.href and piece.text.strip()]
    text = line.text
    if len({piece.href for piece in links}) != 1 or line.owner.tag in HEADING_TAGS or line.words < HEADLINE_MIN_WORDS:
        return None
    if len(text) - line.linked_chars > 4 + 0.1 * len(text):  # quotes, dashes and blanks between the pieces
        return None
    return Related(text, links[0].href)


def _cut_pointers(line: Line) -> tuple[Line | None, list[Related]]:
    """The line without `Baca juga: <link>`, to the letter; None when nothing but the pointer stood in it."""
    if not any(piece.href for piece in line.pieces):
        return line, []
    kept: list[Piece] = []
    found: list[Related] = []
    for piece in _joined(line.pieces):
        before = "".join(p.text for p in kept)
        marker = POINTER.search(before) if piece.href and piece.text.count(" ") + 1 >= 3 else None
        if marker is None or (kept and not before.strip()):
            kept.append(piece)
            continue
        found.append(Related(re.sub(r"\s+", " ", piece.text).strip(), piece.href))
        kept = [Piece(before[: marker.start()])]
    if not found:
        return line, []
    rest = replace(line, pieces=tuple(kept))
    return (rest if re.search(r"\w", rest.text) else None), found


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbouring pieces of one link as one: `<a><b>Judul</b> Lain</a>` is one headline."""
    held: Piece | None = None
    for piece in pieces:
        if held is not None and held.href is not None and held.href == piece.href:
            held = held._replace(text=held.text + piece.text)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def without_loose_ends(lines: Sequence[Line]) -> list[Line]:
    """Take out labels of lists that are gone, lines of hashtags, and headings under which nothing stands."""
    kept = [line for line in lines if not LIST_LABEL.fullmatch(line.text) and not HASHTAGS.fullmatch(line.text)]
    while kept and kept[-1].owner.tag in HEADING_TAGS:
        kept.pop()
    return kept


def without_captions(lines: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """Take out captions: lines right after a picture that are set in italics or name their photographer."""
    captions = [line for line in lines if _is_caption(line)]
    chosen = set(captions)
    return [line for line in lines if line not in chosen], [line.text for line in captions]


def _is_caption(line: Line) -> bool:
    if not line.after_image or line.words > CAPTION_MAX_WORDS or line.owner.tag in HEADING_TAGS:
        return False
    shown = [piece for piece in line.pieces if piece.text.strip()]
    return all(piece.soft for piece in shown) or CREDIT.search(line.text[-60:]) is not None


def credit_of(caption: str) -> str | None:
    """Whom a caption credits: what follows `Foto:`, `©`, `Dok.`, or `ANTARA/…`; None if it does not say."""
    match = re.search(
        r"(?:\b(?:foto|photo|sumber|source|dok|pic)\s*[:./]\s*|[©]\s*)([^()\[\]|]{2,80}?)\s*[)\].]*\s*$"
        r"|\(([^()]{2,60}/[^()]{2,60}|[^()]{2,60}(?:AFP|AP|Reuters|Antara|ANTARA)[^()]{0,40})\)\s*\.?\s*$"
        r"|^\s*((?:ANTARA(?:\s+FOTO)?|KOMPAS\.?(?:com)?|TEMPO|Republika|AFP|AP|REUTERS)\s*/\s*[^()|]{2,60})\s*$",
        caption,
        re.IGNORECASE,
    )
    return next((g.strip() for g in match.groups() if g), None) if match else None


def absolute(related: Iterable[Related], base: str | None) -> tuple[Related, ...]:
    """The pointers with absolute URLs, each once, in the order of the page; a link that is no address loses it."""
    seen: dict[Related, None] = {}
    for one in related:
        seen[Related(one.title, _address(one.url, base))] = None
    return tuple(seen)


def _address(href: str | None, base: str | None) -> str | None:
    try:
        url = urljoin(base or "", (href or "").strip())
    except ValueError:  # a bracket that is no IPv6 address
        return None
    return url if url.startswith(("http://", "https://")) else None


def pointers_in(dropped: Iterable[_Element]) -> list[Related]:
    """The other articles that boxes of a story link to, as written; advertisements and navigation link none."""
    found = []
    for box in dropped:
        if POINTER_BOX.search(f"{box.get('class', '')} {box.get('id', '')}"):
            for line in read_lines(box):
                if headline := _headline(line, in_box=True):
                    found.append(headline)
                else:
                    found.extend(_cut_pointers(line)[1])
    return found
