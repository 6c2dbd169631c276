"""Read an HTML element as lines: one paragraph, heading, list item or table row a line, in reading order.

A line keeps its links as pieces, so that a pointer to another article can be told by its link and cut to the letter.
The walk is iterative and visits each node once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from lxml.etree import _Element

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


@dataclass(frozen=True, slots=True)
class Piece:
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
    """Give the lines below `root`, leaving out the elements in `skipped` with all they hold."""
    return _Walk(skipped).lines(root)


class _Walk:
    """One walk over a tree: what stands open at the moment. Each node is entered and left once."""

    def __init__(self, skipped: Collection[_Element]) -> None:
        self.skipped = skipped
        self.found: list[Line] = []
        self.owners: list[_Element] = []
        self.pieces: list[tuple[str, str | None, bool]] = []  # made into `Piece`s where they show: two of three do not
        self.shows = False
        self.href: str | None = None
        self.soft = 0
        self.image = False

    def lines(self, root: _Element) -> list[Line]:
        self.owners.append(root)
        stack: list[tuple[_Element, bool]] = [(root, False)]
        while stack:
            node, closing = stack.pop()
            tag = node.tag
            role = _ROLES.get(tag, 0)
            if role & _BREAKS:
                self.flush()
            if closing:
                self.close(role)
            elif role & _MUTE or node in self.skipped or not (role or isinstance(tag, str)):
                self.image = self.image or bool(role & _IMAGE)
            elif not (role & _WHOLE and self.whole(node, tag)):
                self.open(node, role)
                if children := [(child, False) for child in reversed(node)]:
                    stack.append((node, True))
                    stack += children
                    continue
                if role & _BREAKS:
                    self.flush()
                self.close(role)
            if (tail := node.tail) and node is not root:
                self.add(tail)
        self.flush()
        return self.found

    def open(self, node: _Element, role: int) -> None:
        if role & _BLOCK:
            self.owners.append(node)
        elif role & _LINK:
            self.href = node.get("href", "")
        elif role & _SOFT:
            self.soft += 1
        if text := node.text:
            self.add(text)

    def close(self, role: int) -> None:
        if role & _BLOCK:
            self.owners.pop()
        elif role & _LINK:
            self.href = None
        elif role & _SOFT:
            self.soft -= 1

    def add(self, text: str) -> None:
        self.shows = self.shows or not text.isspace()
        self.pieces.append((text, self.href, self.soft > 0))

    def whole(self, node: _Element, tag: str) -> bool:
        """Take a row of data, or what is preformatted, as lines of their own."""
        if tag == "tr":
            row = _row(node)
            self.found += [row] if row is not None and row.text else []
            return row is not None
        self.found += [line for line in _preformatted(node) if line.text]
        return True

    def flush(self) -> None:
        if self.shows:
            self.found.append(Line(tuple([Piece(*piece) for piece in self.pieces]), self.owners[-1], self.image))
            self.shows = self.image = False
        self.pieces.clear()


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
