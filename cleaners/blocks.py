"""Read an HTML element as lines: one paragraph, heading, list item or table row a line, in reading order.

A line keeps its links as pieces, so that a pointer to another article can be told by its link and cut to the letter.
The walk is iterative and visits each node once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml.etree import _Element, iterwalk

BLOCKS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section summary table tbody td tfoot
    th thead title tr ul
"""
SILENT = """
    script style noscript template svg math iframe object embed applet canvas audio video source track map area
    button select option textarea input datalist meter progress head link meta title base dialog amp-ad amp-embed
    amp-sidebar amp-analytics amp-iframe
"""  # hold no text that a reader sees as text
BLOCK_TAGS = frozenset(BLOCKS.split())
SILENT_TAGS = frozenset(SILENT.split())
HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CELL_BREAKS = frozenset({"p", "div", "br", "table", "ul", "ol", "li", "section", "article", "blockquote", "center"})
PRE_MAX_LINES = 5_000
SOFT_TAGS = frozenset({"em", "i", "small"})
IMAGE_TAGS = frozenset({"img", "amp-img"})
LEAF_TAGS = IMAGE_TAGS | {"br", "wbr"}

_BLOCK, _BREAKS, _MUTE, _IMAGE, _LINK, _SOFT, _WHOLE = (1 << bit for bit in range(7))
_ROLES = {  # what a walk does at a tag, asked once for each element
    tag: _BLOCK * (tag in BLOCK_TAGS)
    | _BREAKS * (tag in BLOCK_TAGS or tag == "br")
    | _MUTE * (tag in LEAF_TAGS or tag in SILENT_TAGS)
    | _IMAGE * (tag in IMAGE_TAGS)
    | _LINK * (tag == "a")
    | _SOFT * (tag in SOFT_TAGS)
    | _WHOLE * (tag in ("tr", "pre"))
    for tag in BLOCK_TAGS | SILENT_TAGS | LEAF_TAGS | SOFT_TAGS | {"a"}
}


class Piece(NamedTuple):
    """A run of text of a line; `href` is its link's target as written, if any; `soft` says italic or small."""

    text: str
    href: str | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One paragraph: its pieces in order, the block that holds it directly, whether a picture stands before it.

    `text` is the line as plain text, white space collapsed; `linked_chars` of its characters stand in links.
    """

    pieces: tuple[Piece, ...]
    owner: _Element
    after_image: bool = False
    text: str = field(init=False)
    linked_chars: int = field(init=False)

    def __post_init__(self) -> None:
        if len(self.pieces) == 1:
            piece = self.pieces[0]
            whole = piece.text
            linked = len(whole.strip()) if piece.href is not None else 0
        else:
            whole = "".join([piece.text for piece in self.pieces])
            linked = sum([len(piece.text.strip()) for piece in self.pieces if piece.href is not None])
        object.__setattr__(self, "text", " ".join(whole.split()))
        object.__setattr__(self, "linked_chars", linked)

    @property
    def words(self) -> int:
        """How many words the line has, counted by spaces."""
        return self.text.count(" ") + 1


def read_lines(root: _Element, skipped: Collection[_Element] = ()) -> list[Line]:
    """Give the lines below `root`, leaving out the elements in `skipped` with all they hold.

    lxml walks, and what stands open is kept in local names: a call for each node would double the time of a page.
    """
    found: list[Line] = []
    owners = [root]
    pieces: list[tuple[str, str | None, bool]] = []  # made into `Piece`s where they show: two of three do not
    href: str | None = None
    soft, shows, image = 0, False, False
    passed: _Element | None = None  # what was not gone into
    walk = iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        role = _ROLES.get(node.tag, 0)
        opens = event == "start"
        if role & _BREAKS and (opens or node is not passed):
            if shows:
                found.append(Line(tuple(map(Piece._make, pieces)), owners[-1], image))
                shows = image = False
            pieces.clear()
        if opens:
            if role & _MUTE or (skipped and node in skipped) or (role & _WHOLE and _whole(node, found)):
                image = image or bool(role & _IMAGE)
                passed = node
                walk.skip_subtree()
                continue
            if role & _BLOCK:
                owners.append(node)
            elif role & _LINK:
                href = node.get("href", "")
            elif role & _SOFT:
                soft += 1
            text = node.text
        else:
            if event == "end" and node is not passed:
                if role & _BLOCK:
                    owners.pop()
                elif role & _LINK:
                    href = None
                elif role & _SOFT:
                    soft -= 1
            text = node.tail if node is not root else None
        if text:
            pieces.append((text, href, soft > 0))
            shows = shows or not text.isspace()
    return [*found, Line(tuple(map(Piece._make, pieces)), root, image)] if shows else found


def _whole(node: _Element, found: list[Line]) -> bool:
    """Take a row of data, or what is preformatted, as lines of their own."""
    if node.tag == "tr":
        row = _row(node)
        found += [row] if row is not None and row.text else []
        return row is not None
    found += [line for line in _preformatted(node) if line.text]
    return True


def _row(row: _Element) -> Line | None:
    """A row of data as one line, cells joined by ` | `; None for a row that only lays out the page."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if len(cells) < 2 or any(node.tag in CELL_BREAKS for cell in cells for node in cell.iterdescendants()):
        return None
    texts = [" ".join("".join(_visible(cell)).split()) for cell in cells]
    return Line((Piece(" | ".join(filter(None, texts)).replace(" | :", ":")),), row)  # `Penulis | : X` is a byline


def _visible(cell: _Element) -> Iterator[str]:
    if cell.text:
        yield cell.text
    for node in cell.iterdescendants():
        if isinstance(node.tag, str) and node.tag not in SILENT_TAGS and node.text:
            yield node.text
        if node.tail:
            yield node.tail


def _preformatted(node: _Element) -> Iterator[Line]:
    """The lines of a `pre` as typed; what has more of them than a story has is no text but a log."""
    lines = "".join(_visible(node)).splitlines()
    for text in lines if len(lines) <= PRE_MAX_LINES else [" ".join(lines)]:
        yield Line((Piece(text),), node)
