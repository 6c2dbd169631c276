"""What stands beside the story in its container: boxes by class, pointers by their link, captions by the picture.

Class names are a closed vocabulary of Indonesian (and a few English) templates; a box that holds much prose is none,
whatever it is called. Pointers to other articles are taken with their links.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urljoin

from lxml.etree import _Element

from cleaners.article import Related
from cleaners.blocks import HEADING_TAGS, Line, Piece, read_lines

SENTENCE_MIN_WORDS = 8  # shorter lines are headings, labels and buttons as often as story
UNPUNCTUATED_MIN_WORDS = 20  # headlines have no full stop; a line this long is prose without one
BOX_SHARE = 0.3  # a related box with more of the page's prose than this is no box
FRAME_WORDS = 25  # the same for navigation, share and paging blocks, in words: their names serve as wrappers too
HEADLINE_MIN_WORDS = 4  # a line that is one link of this length is a headline; shorter ones are names and tags
CAPTION_MAX_WORDS = 45

BOX = re.compile(  # named for what it holds: another article, an advertisement, a caption
    r"(?<![a-z])(?:baca-?_?jug\w*|bacajg|baca|lihat-?_?j\w*|\w*sisip\w*|\w*related\w*|recomm?end\w*|rekomendasi|\w*-?terkait|picked\w*"
    r"|\w*read__others|read-?others|read-?more|readmore|also|artikel-?lain\w*|other-?\w*|next-?article|newsletter"
    r"|komentar|comments?|disqus\w*|ads?|advert\w*|adsbygoogle|iklan|banner\w*|billboard\w*|div-gpt-ad\w*|gpt-ad\w*"
    r"|flying-?carpet|parallax\w*|sponsor\w*|taboola\w*|outbrain|mgid|dable\w*|populer|popular|terpopuler|trending|most-?pop\w*"
    r"|captions?|\w*_caption|imageinfo|wp-caption-text|photo-?gallery|article-photo-\w+|twitter-tweet|instagram-media"
    r"|tiktok-embed|fb-post|fb-quote|rating|vote\w*|teaser-?list|noncontent|skip-?ad|screen-reader-text|sr-only|visually-hidden"
    r"|dont-display|inject-\w+|ext-channel|\w+-channel)(?![a-z])",
    re.IGNORECASE,
)
FRAME = re.compile(  # named for its place or use; wrappers of the story are named so too
    r"(?<![a-z])(?:shar(?:e|es|ing)|sharemenu|articleshare\w*|socials?|sosmed|breadcrumbs?|breadcome|pagination|paging|pager"
    r"|load-?more|tags?|tagar|tagging|tagcloud\w*|topik|sidebar\w*|footer|foot-?article|navbar|nav|menu|modal\w*|popup|login"
    r"|copyright|promo\w*|widget\w*|credits?|author-?box|info-author|toolbar|end_of_article|item-index)(?![a-z])",
    re.IGNORECASE,
)
POINTER_BOX = re.compile(
    r"baca|lihat|sisip|related|recomm?end|terkait|picked|read_?_?others|also|dont-display", re.IGNORECASE
)
BOX_TAGS = frozenset({"nav", "footer", "aside", "form", "figcaption", "figure"})
PLAIN = """
    a abbr b cite code em font h1 h2 html i mark q s small span strong sub sup time u body main article tbody tr
"""  # told by their text and links, never by their class
PLAIN_TAGS = frozenset(PLAIN.split())
POINTER = re.compile(
    r"(?:^|(?<=[\s.!?\"'”’)(\]]))\(?\s*(?:(?:baca|lihat|simak|tonton|cek)(?:lah)?\s+(?:juga|pula|artikel|berita|selengkapnya|lainnya)"
    r"(?:\s+(?:artikel|berita|video|foto|lainnya|terkait))*|menarik\s+dibaca|pilihan\s+editor|artikel\s+terkait|berita\s+terkait"
    r"|(?:read|see)\s+(?:also|more)|also\s+read|related(?:\s+(?:article|news|story)s?)?|selanjutnya|baca)\s*[:\-–—»>]*\s*$",
    re.IGNORECASE,
)
LIST_LABEL = re.compile(
    r"\W*(?:(?:baca|lihat|simak|tonton)\s+(?:juga|pula|lainnya|selengkapnya)|jangan\s+lewatkan|menarik\s+dibaca|(?:artikel|berita)\s+(?:terkait"
    r"|lainnya|pilihan)|kumpulan\s+berita\s+terkait|ikuti\s+perkembangan\s+berita\s+ini.*|rekomendasi.*|topik\s+terkait|terkait|read\s+(?:also|more)"
    r"|related(?:\s+\w+)?)\W*",
    re.IGNORECASE,
)
CREDIT = re.compile(
    r"(?:\b(?:foto|photo|photos|dok|dok\.|sumber|source|pict?|gambar|ilustrasi|courtesy)\s*[:/.]\s*|[©®]\s*|\bANTARA(?:\s+FOTO)?/|/)",
    re.IGNORECASE,
)


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
    """Words of prose in every element of a page, all that it holds counted; one pass, children before parents."""
    counts: Counter[_Element] = Counter()
    for line in lines:
        if words := words_of(line):
            counts[line.owner] += words
    for node in reversed(list(tree.iter())):
        if node in counts and node is not tree:
            counts[node.getparent()] += counts[node]
    return counts


def boxes(roots: Iterable[_Element], counts: Mapping[_Element, int]) -> frozenset[_Element]:
    """Elements below `roots` that by tag or class stand beside the story, unless the story stands in them."""
    roots = list(roots)
    limit = max(FRAME_WORDS, int(BOX_SHARE * sum(counts.get(root, 0) for root in roots)))
    limits = {"box": limit, "frame": FRAME_WORDS}
    suspects = ((node, _class(node)) for root in roots for node in root.iterdescendants())
    return frozenset(node for node, kind in suspects if kind and counts.get(node, 0) <= limits[kind])


def is_picture(box: _Element) -> bool:
    """Whether a box is a picture or its caption."""
    return box.tag in ("figure", "figcaption") or "caption" in box.get("class", "")


def _class(node: _Element) -> str | None:
    if not isinstance(node.tag, str) or node.tag in PLAIN_TAGS:
        return None
    label = f"{node.get('class', '')} {node.get('id', '')}"
    if node.tag in BOX_TAGS or BOX.search(label):
        return "box"
    return "frame" if FRAME.search(label) else None


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


# ------------------------------------------------------------------------------------------------------------ by line


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
            held = replace(held, text=held.text + piece.text)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


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
