"""Boxes: elements beside the story in its own container, told by tag and class; and how much prose an element holds.

Class names are a closed vocabulary of Indonesian (and a few English) templates. A box that holds much prose is none,
whatever it is called: pages of one story are hidden in `paging-content`, whole articles stand in `share-area`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lxml.etree import XPath, _Element

from cleaners.blocks import HEADING_TAGS, Line

SENTENCE_MIN_WORDS = 8  # shorter lines are headings, labels and buttons as often as story
UNPUNCTUATED_MIN_WORDS = 20  # headlines have no full stop; a line this long is prose without one
SHARES = {  # a box with more of the prose than this is no box
    "box": 0.3,
    "comments": 0.7,  # readers write more than reporters
    "frame": 0.0,
}
FRAME_WORDS = 25  # and navigation, share and paging blocks with more words: their names serve as wrappers too

BOX = re.compile(  # named for what it holds: another article, an advertisement, a caption
    r"(?<![a-z])(?:baca-?_?jug\w*|bacajg|baca|lihat-?_?j\w*|\w*sisip\w*|\w*related\w*|recomm?end\w*|rekomendasi|\w*-?terkait|picked\w*"
    r"|\w*read__others|read-?others|read-?more|readmore|also|artikel-?lain\w*|other-?\w*|next-?article|newsletter"
    r"|ads?|advert\w*|adsbygoogle|iklan|banner\w*|billboard\w*|div-gpt-ad\w*|gpt-ad\w*"
    r"|flying-?carpet|parallax\w*|sponsor\w*|taboola\w*|outbrain|mgid|dable\w*|populer|popular|terpopuler|trending|most-?pop\w*"
    r"|captions?|\w*_caption|imageinfo|wp-caption-text|photo-?gallery|article-photo-\w+|twitter-tweet|instagram-media"
    r"|tiktok-embed|fb-post|fb-quote|rating|vote\w*|teaser-?list|noncontent|skip-?ad|screen-reader-text|sr-only|visually-hidden"
    r"|dont-display|inject-\w+|ext-channel|\w+-channel)(?![a-z])",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"(?<![a-z])(?:komentar|comments?|disqus\w*)(?![a-z])(?!-?(?:open|closed|count))", re.IGNORECASE)
FRAME = re.compile(  # named for its place or use; wrappers of the story are named so too
    r"(?<![a-z])(?:shar(?:e|es|ing)|sharemenu|articleshare\w*|socials?|sosmed|breadcrumbs?|breadcome|pagination|paging|pager"
    r"|load-?more|tags?|tagar|tagging|tagcloud\w*|topik|sidebar\w*|footer|foot-?article|navbar|nav|menu|modal\w*|popup|login"
    r"|copyright|promo\w*|widget\w*|credits?|author-?box|info-author|toolbar|end_of_article|item-index)(?![a-z])",
    re.IGNORECASE,
)
BOX_TAGS = frozenset({"nav", "footer", "aside", "form", "figcaption", "figure"})
PLAIN = """
    a abbr b cite code em font h1 h2 html i mark q s small span strong sub sup time u body main article tbody tr
"""  # told by their text and links, never by their class
PLAIN_TAGS = frozenset(PLAIN.split())


_IDS = XPath("//@id", smart_strings=False)
_ITEMPROPS = XPath("//@itemprop", smart_strings=False)


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """All that a page calls its elements: classes, ids and itemprops; what is not in `text` need not be looked for.

    `classes` has the elements by their `class` as written: a template has far fewer of these than elements.
    """

    text: str
    classes: Mapping[str, Sequence[_Element]]


def names_in(tree: _Element, elements: Iterable[_Element]) -> Names:
    """The names on a page; `elements` are all of its `tree`."""
    classes: dict[str, list[_Element]] = {}
    for element in elements:
        if name := element.get("class"):
            classes.setdefault(name, []).append(element)
    return Names("\n".join([*classes, *_IDS(tree), *_ITEMPROPS(tree)]), classes)


def words_of(line: Line) -> int:
    """Words of prose in a line: 0 for headings, links, labels. A heuristic; the constants above are its terms."""
    text = line.text
    count = text.count(" ") + 1
    if count < SENTENCE_MIN_WORDS or line.owner.tag in HEADING_TAGS or line.linked_chars * 2 > len(text):
        return 0
    return count if count >= UNPUNCTUATED_MIN_WORDS or re.search(r"[.!?:…][\"'”’)\]]*(?:\s|$)", text) else 0


def prose(lines: Iterable[Line]) -> int:
    """Words of prose in these lines."""
    return sum(map(words_of, lines))


def prose_by_element(lines: Iterable[Line], tree: _Element) -> Counter[_Element]:
    """Words of prose in every element of a page, all that it holds counted."""
    return summed(((line.owner, words_of(line)) for line in lines), tree)


def summed(values: Iterable[tuple[_Element, int]], tree: _Element) -> Counter[_Element]:
    """Values of elements added up to all elements around them; one pass, children before parents."""
    sums: Counter[_Element] = Counter()
    for node, value in values:
        if value:
            sums[node] = sums.get(node, 0) + value
    for node in reversed(list(tree.iter())):
        if (value := sums.get(node, 0)) and node is not tree:
            around = node.getparent()
            sums[around] = sums.get(around, 0) + value
    return sums


def boxes(roots: Iterable[_Element], counts: Mapping[_Element, int]) -> frozenset[_Element]:
    """Elements below `roots` that by tag or class stand beside the story, unless the story stands in them.

    Prose is counted over all elements of one name: a class that each paragraph carries is no box either.
    """
    roots = list(roots)
    whole = sum(counts.get(root, 0) for root in roots)
    limits = {kind: max(FRAME_WORDS, int(share * whole)) for kind, share in SHARES.items()}
    suspects = [(node, kind) for root in roots for node in root.iterdescendants() if (kind := _class(node))]
    named: Counter[str] = Counter()
    for node, _ in suspects:
        named[f"{node.tag}.{node.get('class', '')}"] += counts.get(node, 0)
    return frozenset(n for n, kind in suspects if named[f"{n.tag}.{n.get('class', '')}"] <= limits[kind])


def is_picture(box: _Element) -> bool:
    """Whether a box is a picture or its caption."""
    return box.tag in ("figure", "figcaption") or "caption" in box.get("class", "")


def _class(node: _Element) -> str | None:
    if not isinstance(node.tag, str) or node.tag in PLAIN_TAGS:
        return None
    if node.tag in BOX_TAGS:
        return "box"
    return _named(node.get("class", ""), node.get("id", ""))


@lru_cache(maxsize=16_384)  # templates repeat their names, on a page and from page to page
def _named(classes: str, identity: str) -> str | None:
    label = f"{classes} {identity}"
    if COMMENTS.search(label):
        return "comments"
    if BOX.search(label):
        return "box"
    return "frame" if FRAME.search(label) else None
