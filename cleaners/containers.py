"""Find the element that holds the story, and the boxes inside it that do not belong to it.

Three ways, in this order: the outlet's layouts (CSS), `itemprop=articleBody`, and the densest element: every line
votes for the elements around it, sentences for, links against, and a vote halves with each level up. Known miss: a
story of only short lines (a list of scores) under a page full of comments.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from lxml.cssselect import CSSSelector
from lxml.etree import _Element

from cleaners.blocks import HEADING_TAGS, Line, read_lines
from cleaners.boxes import Names, boxes, prose, summed, words_of

VOTE_DECAY = 0.5  # a vote counts half one level up: readability's parent and grandparent, carried on
GROWTH_MIN_SHARE = 0.2  # less beside a story is a notice or a profile
GROWTH_REST_SHARE = 0.25  # headings between sections; teasers have a linked headline for each sentence
_NAME = re.compile(r"[.#]([\w-]+)")
_NAMED = re.compile(r"\[(?:class|id|itemprop)[*^$~]?=([\w-]+)\]")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_BY_CLASS = re.compile(r"([a-z][a-z0-9]*)?(?:((?:\.[\w-]+)+)|\[class([*^]?)=([\w-]+)\])")
FEW = 8  # elements, each of which may be asked what it stands in
BY_CLASS_MAX = 64  # elements found by class; of more it is asked at once whether they stand in another
_UNCLEAR = re.compile(r"[(,\\\"']")  # `:not(.x)`, alternatives, escapes, strings
LAYOUT_MIN_WORDS = 20  # less than this in a layout's container: the container is there, the story is not


class Layout(Protocol):
    """What extraction needs of an outlet's `[[pages]]`: CSS of the body, of what to drop in it, and its last day."""

    @property
    def body(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def drop(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def until(self) -> datetime.date | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """Where a story stands: its elements in document order, the elements in them to leave out, and how it was found.

    `lines` are those of the story in reading order.
    """

    roots: tuple[_Element, ...]
    dropped: frozenset[_Element]
    method: str
    lines: tuple[Line, ...] = field(init=False)

    def __post_init__(self) -> None:
        lines = tuple(line for root in self.roots for line in read_lines(root, self.dropped))
        object.__setattr__(self, "lines", lines)

    def boxes_inside(self) -> list[_Element]:
        """The elements left out, in document order, each without those inside it."""
        found: list[_Element] = []
        stack = list(reversed(self.roots))
        while stack:
            node = stack.pop()
            if node in self.dropped:
                found.append(node)
            else:
                stack.extend(reversed(node))
        return found


# ------------------------------------------------------------------------------------------------------------- layouts


@lru_cache(maxsize=4096)
def selector(css: str) -> CSSSelector:
    """Compile a CSS selector once; raises `cssselect.SelectorError` with the reason (loading a catalog checks)."""
    return CSSSelector(css, translator="html")


@lru_cache(maxsize=4096)
def names_needed(css: str) -> tuple[str, ...]:
    """The classes, ids and parts of them without which a selector finds nothing; none where that is unclear."""
    return () if _UNCLEAR.search(css) else (*_NAME.findall(_BRACKETS.sub("", css)), *_NAMED.findall(css))


def by_layout(
    tree: _Element, counts: Mapping[_Element, int], names: Names, layouts: Sequence[Layout], day: datetime.date | None
) -> Container | None:
    """The first layout with a story in it: those valid on `day` first, each in the order of the file."""
    for layout in sorted(layouts, key=lambda layout: bool(day and layout.until and layout.until < day)):
        roots = _outermost(tree, _select((tree,), layout.body, names))
        if not roots:
            continue
        dropped = frozenset(_select(roots, layout.drop, names) - set(roots))
        container = Container(roots, dropped | boxes(roots, counts), "container")
        if prose(container.lines) >= LAYOUT_MIN_WORDS:
            return container
    return None


def _select(roots: Sequence[_Element], css: Iterable[str], names: Names) -> set[_Element]:
    """What the selectors find in `roots`; most ask for a class that is not among the names of the page."""
    inside = frozenset(roots)
    found: set[_Element] = set()
    for one in css:
        if all(name in names.text for name in names_needed(one)):
            if (known := _by_class(one, names)) is None:
                found.update(element for root in roots for element in selector(one)(root))
            else:
                found.update(n for n in known if n in inside or any(around in inside for around in n.iterancestors()))
    return found


def _by_class(css: str, names: Names) -> list[_Element] | None:
    """The elements that a selector of a class finds, without a walk over the page; None for any other selector."""
    asked = _BY_CLASS.fullmatch(css)
    if asked is None:
        return None
    tag, every, how, part = asked.groups()
    if every:
        wanted = every[1:].split(".")
        called = (name for name in names.classes if wanted[0] in name and set(wanted).issubset(name.split()))
    else:
        holds = {"*": str.__contains__, "^": str.startswith, "": str.__eq__}[how]
        called = (name for name in names.classes if holds(name, part))
    found = [element for name in called for element in names.classes[name] if tag is None or element.tag == tag]
    return found if len(found) <= BY_CLASS_MAX else None


def _outermost(tree: _Element, wanted: set[_Element]) -> tuple[_Element, ...]:
    """The wanted elements in document order, without those that stand inside another."""
    if len(wanted) <= FEW:
        wanted = {node for node in wanted if not any(around in wanted for around in node.iterancestors())}
    if len(wanted) < 2:
        return tuple(wanted)
    found: list[_Element] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if node in wanted:
            found.append(node)
        else:
            stack.extend(reversed(node))
    return tuple(found)


# ------------------------------------------------------------------------------------------------------- any other page


def by_density(tree: _Element, counts: Mapping[_Element, int], names: Names) -> Container | None:
    """The element that the prose of the page votes for, without its boxes; None where a page has no prose."""
    dropped = boxes([tree], counts)
    if "articlebody" in names.text.lower() and (marked := _marked(tree, counts)):
        return Container(marked, dropped, "articlebody")
    lines = read_lines(tree, dropped)
    votes = _votes(lines)
    if not votes:
        return None
    best = max(votes, key=lambda element: votes[element])
    if votes[best] <= 0:
        return None
    return Container((_grown(best, tree, lines),), dropped, "density")


def _grown(best: _Element, tree: _Element, lines: Sequence[Line]) -> _Element:
    """The densest element, or the one around it where a story stands in several such: pages of a story, sections.

    What is taken in must be prose; a rail with summaries brings links, a page around a story brings labels.
    """
    counted = [(line, words_of(line)) for line in lines]
    prose_in = summed(((line.owner, words) for line, words in counted), tree)
    rest_in = summed(((line.owner, line.words) for line, words in counted if not words), tree)
    for around in best.iterancestors():
        if around.tag in ("html", "body"):
            break
        prose_more, rest_more = prose_in[around] - prose_in[best], rest_in[around] - rest_in[best]
        if prose_more >= GROWTH_MIN_SHARE * prose_in[best] and rest_more <= GROWTH_REST_SHARE * prose_more:
            best = around
    return best


def _marked(tree: _Element, counts: Mapping[_Element, int]) -> tuple[_Element, ...]:
    """The elements that schema.org marks as the body, if they hold most of the page's prose."""
    marked = _outermost(tree, {node for node in tree.iter() if "articlebody" in node.get("itemprop", "").lower()})
    if not marked:
        return ()
    inside = sum(counts.get(node, 0) for node in marked)
    return marked if inside >= LAYOUT_MIN_WORDS and inside * 2 >= counts.get(tree, 0) else ()


def _votes(lines: Iterable[Line]) -> dict[_Element, float]:
    votes: dict[_Element, float] = defaultdict(float)
    for line in lines:
        vote = float(words_of(line)) or -0.25 * (line.linked_chars > 0) * line.words
        owner = line.owner
        if (
            owner.tag in ("p", "li", "blockquote", "td", "pre", *HEADING_TAGS)
            and (parent := owner.getparent()) is not None
        ):
            owner = parent
        for node in _upwards(owner):
            if node.tag in ("html", "body") or abs(vote) < 0.1:
                votes[node] += vote * 0.1  # the whole page is the answer only when nothing else is
                break
            votes[node] += vote
            vote *= VOTE_DECAY
    return votes


def _upwards(element: _Element) -> Iterator[_Element]:
    yield element
    yield from element.iterancestors()
