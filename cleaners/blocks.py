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
        whole = self.pieces[0].text if len(self.pieces) == 1 else "".join([piece.text for piece in self.pieces])
        linked = sum([len(piece.text.strip()) for piece in self.pieces if piece.href is not None])
        object.__setattr__(self, "text", " ".join(whole.split()))
        object.__setattr__(self, "linked_chars", linked)

    @property
    def words(self) -> int:
        """How many words the line has, counted by spaces."""
        return self.text.count(" ") + 1


def read_lines(root: _Element, skipped: Collection[_Element] = ()) -> list[Line]:
    """Give the lines below `root`, leaving out the elements in `skipped` with all they hold."""
    return [line for line in _Walk(skipped).lines(root) if line.text]


class _Walk:
    """One walk over a tree: what stands open at the moment. Each node is entered and left once."""

    def __init__(self, skipped: Collection[_Element]) -> None:
        self.skipped = skipped
        self.owners: list[_Element] = []
        self.pieces: list[Piece] = []
        self.href: str | None = None
        self.soft = 0
        self.image = False

    def lines(self, root: _Element) -> Iterator[Line]:
        self.owners.append(root)
        stack: list[tuple[_Element, bool]] = [(root, False)]
        while stack:
            node, closing = stack.pop()
            tag = node.tag
            block = tag in BLOCK_TAGS
            if self.pieces and (block or tag == "br"):
                yield from self.flush()
            if closing:
                self.close(tag, block)
            elif tag in LEAF_TAGS or tag in SILENT_TAGS or not isinstance(tag, str) or node in self.skipped:
                self.image = self.image or tag in IMAGE_TAGS
            elif tag == "tr" and (row := _row(node)) is not None:
                yield row
            elif tag == "pre":
                yield from _preformatted(node)
            else:
                self.open(node, tag, block)
                stack.append((node, True))
                stack.extend([(child, False) for child in reversed(node)])
                continue
            if node.tail and node is not root:
                self.pieces.append(Piece(node.tail, self.href, self.soft > 0))
        yield from self.flush()

    def open(self, node: _Element, tag: str, block: bool) -> None:
        if block:
            self.owners.append(node)
        elif tag == "a":
            self.href = node.get("href", "")
        elif tag in SOFT_TAGS:
            self.soft += 1
        if node.text:
            self.pieces.append(Piece(node.text, self.href, self.soft > 0))

    def close(self, tag: str, block: bool) -> None:
        if block:
            self.owners.pop()
        elif tag == "a":
            self.href = None
        elif tag in SOFT_TAGS:
            self.soft -= 1

    def flush(self) -> Iterator[Line]:
        line = Line(tuple(self.pieces), self.owners[-1], self.image)
        self.pieces.clear()
        if line.text:
            self.image = False
            yield line


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
