"""The tail of a text: what stands after the last word of the story.

Rules for the tail are tried from the text's end inwards, where position and vocabulary count together: the wordings of
promos are endless, their place is not. Lines below a sign-off and headlines below a label go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cleaners.anchors import Choice
from cleaners.article import Kind
from cleaners.cutting import Match
from cleaners.pointer import TITLE_CASED_SHARE
from cleaners.rule import TRAILING_SIGNS, Anchor, Rule
from cleaners.scan import Folded, captured, opens, quoted
from cleaners.sentences import SENTENCE_END
from cleaners.spans import Spans

MAX_STEPS = 100  # elements at one end, each tries every rule; no corpus article loses more than 20 spans in all
TAIL_CHARACTERS = 900  # how far before the tail's edge one element may start
MIN_HEADLINE_WORDS = 3
MAX_HEADLINE_WORDS = 25
MAX_HEADLINES_BELOW = 24
MAX_LINES_BELOW = 12  # tags and rails below a sign-off; the median is 4
MAX_LABEL_WORDS = 8
HEADLINE_RAIL = "tail/headline-rail"

# Wherever `opens` may say so: behind its signs and blanks, and between a letter and a capital.
_MAY_OPEN = re.compile(r"(?<![^\n.!?…)\]»>|*: \"”’'])|(?<=[^\W\d_])(?=[^\W\d_a-z])")
_CLOSED = re.compile(r"(?<![.])[.…][\"”’')]*$|[\"”],? \w+|[,;:]$")


def strip_tail(text: str, folded: Folded, rules: Choice, spans: Spans) -> None:
    """Add to `spans` what stands after the last word of the story."""
    possible = folded.possible(rules)
    edge = spans.skip_backward(text, len(text))
    for _ in range(MAX_STEPS):
        match = (
            _tail_match(text, folded, edge, possible, spans)
            or _headlines_below_label(text, edge, possible, spans)
            or _sign_off_above(text, folded, edge, possible, spans)
            or _doubled_title(text, edge, spans)
        )
        if match is None:
            return
        spans.add(match)
        edge = spans.skip_backward(text, match.start)


def _headlines_below_label(text: str, edge: int, rules: Sequence[Rule], spans: Spans) -> Match | None:
    """The headlines of a block at the end: lines without a full stop, up to the label that heads them."""
    label = next((rule for rule in rules if rule.name == HEADLINE_RAIL), None)
    below = edge
    for _ in range(MAX_HEADLINES_BELOW):
        line = text.rfind("\n", 0, below) + 1
        if line == 0 or not _may_be_headline(text[line:below]):
            return None
        above = text.rfind("\n", 0, line - 1) + 1
        if spans.labels(line) or (label and label.tail_pattern.match(text, above, line - 1)):
            return Match("tail/headlines-below-label", Kind.RELATED, line, edge)
        below = spans.skip_backward(text, line)
    return None


def _may_be_headline(line: str) -> bool:
    words = line.split()
    return MIN_HEADLINE_WORDS <= len(words) <= MAX_HEADLINE_WORDS and not _CLOSED.search(line) and not line[0].islower()


def _sign_off_above(text: str, folded: Folded, edge: int, rules: Sequence[Rule], spans: Spans) -> Match | None:
    """The lines under a sign-off: tags, rails, polls. They go where a sign-off stands above nothing but such lines."""
    below = edge
    for _ in range(MAX_LINES_BELOW):
        line = text.rfind("\n", 0, below) + 1
        if line == 0 or not _is_label(text[line:below]):
            return None
        below = spans.skip_backward(text, line)
        if _tail_match(
            text, folded, below, [rule for rule in rules if rule.kind in (Kind.BYLINE, Kind.ENDMARK)], spans
        ):
            return Match("tail/below-sign-off", Kind.NAVIGATION, line, edge)
    return None


def _doubled_title(text: str, edge: int, spans: Spans) -> Match | None:
    """The title of a player between the story and its sign-off, which a scraper takes twice, as two lines alike.

    A song's last lines can be alike too: so what stands above must end as a sentence does. Known miss: a list does not.
    """
    line = text.rfind("\n", 0, edge) + 1
    above = text.rfind("\n", 0, max(0, line - 1)) + 1
    title = text[line:edge]
    if not line or text[above : line - 1] != title or not _may_be_headline(title) or not _is_title_cased(title):
        return None
    story = spans.skip_backward(text, above)
    if not text[:story].endswith((".", "!", "?", "…", '"', "”", ")")) or not spans.signed_off(text, edge):
        return None
    return Match("tail/doubled-title", Kind.RELATED, above, edge, (("related", title),))


def _is_title_cased(line: str) -> bool:
    long = [word for word in line.split() if len(word) > 3]
    return sum(not word[0].islower() for word in long) >= TITLE_CASED_SHARE * len(long)


def _is_label(line: str) -> bool:
    """Whether a line is a tag or a heading of the page rather than a sentence or a list item of the story."""
    return (
        (len(line.split()) <= MAX_LABEL_WORDS or line.islower())
        and not SENTENCE_END.search(line)
        and not line.startswith(("-", "•", '"', "“"))
    )


def _tail_match(text: str, folded: Folded, edge: int, rules: Sequence[Rule], spans: Spans) -> Match | None:
    """Return the first rule's match that ends at the edge and starts where a sentence may."""
    near = folded.near(max(0, edge - TAIL_CHARACTERS), edge)
    starts: Sequence[int] | None = None
    sign = text[max(0, edge - TAIL_CHARACTERS) : edge].rstrip(TRAILING_SIGNS)[-1:].lower()
    for rule in rules:
        if not rule.may_stand_among(near) or not rule.may_close_with(sign):
            continue
        free = rule.anchor in (Anchor.CONTAINS, Anchor.ENDS)
        if starts is None and not free and not rule.openings:
            starts = _starts(text, edge, spans)
        for found in _ending(text, folded, edge, rule, None if free else starts):
            start = found.start()
            if spans.ends_between(start, found.end()):
                continue
            if (free or opens(text, start) or spans.end_at(start)) and not quoted(text, start):
                if len(found.group().split()) <= rule.max_words:
                    return Match(rule.name, rule.kind, start, edge, captured(rule, found))
                break
    return None


def _starts(text: str, edge: int, spans: Spans) -> list[int]:
    """Where a sentence may start among the last characters before `edge`, or a span has ended; ascending."""
    since = max(0, edge - TAIL_CHARACTERS)
    found = {at.start() for at in _MAY_OPEN.finditer(text, since, edge) if opens(text, at.start())}
    return sorted(found.union(at for at in spans.ends(since, edge) if since <= at < edge))


def _ending(text: str, folded: Folded, edge: int, rule: Rule, starts: Sequence[int] | None) -> Iterator[re.Match[str]]:
    """The matches of a rule that reach `edge`, the longest first; tried at its openings, else at `starts`, if given."""
    start = max(0, edge - TAIL_CHARACTERS)
    if rule.openings:
        for at in folded.places(rule, start, edge):
            if found := rule.tail_pattern.match(text, at, edge):
                yield found
        return
    if starts is not None:
        yield from filter(None, (rule.tail_pattern.match(text, at, edge) for at in starts))
        return
    while found := rule.tail_pattern.search(text, start, edge):
        yield found
        start = found.start() + 1
