"""The head of a text: what stands before the first word of the story.

Rules for the head are tried one behind the other from the text's start. A strong dateline further down, or a line of
time or byline in the first lines, shows that what stands above it is furniture too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from cleaners.anchors import Choice
from cleaners.article import Kind
from cleaners.cutting import Match
from cleaners.placeholders import DASH
from cleaners.pointer import Hints
from cleaners.rule import Anchor, Removes, Rule
from cleaners.scan import Folded, extent, longer
from cleaners.spans import Spans

MAX_STEPS = 100  # elements at one end, each tries every rule; no corpus article loses more than 20 spans in all
MAX_STARTS = 24  # places in flattened text where a dateline is looked for
HEAD_PARAGRAPHS = 10  # a dateline further down is another story's
HEAD_WORDS = 110  # title, standfirst, byline and two captions stand before a dateline; more is story
FLAT_HEAD_CHARACTERS = 420
DATELINE_CHARACTERS = 400  # a dateline's dash and site are looked for no further; the longest in the corpus has 44
MIN_TITLE_WORDS = 3
MAX_LINES_ABOVE = 5  # labels of sections, the title, the standfirst

_TWO_SENTENCES = re.compile(r"[a-z0-9)”\"]{2}\. [A-Z\"“]")
# A quotation with who said it, of two sentences or more: it stands nowhere else in the text, so it is no summary.
_QUOTATION = re.compile(
    r"^[\"“].*[.!?] .*[\"”],? (?:kata|ujar|tutur|tulis|ucap|jelas|tegas|papar|sebut|ungkap|imbuh|tambah|pungkas)",
    re.IGNORECASE,
)
_START = re.compile(
    r"(?<=[.!?…\"”)] )(?=[A-Z])|(?<=[a-z?!.])(?=[A-Z])|(?<=[A-Z0-9,)\"”%+])(?=[A-Z][a-z])"  # `pukul 10.00 WIBJakarta (`
)
# Wherever the placeholders `{dash}` and `{tight}` can match, this does; it starts with one sign, so it is sought fast.
_SET_OFF = re.compile(rf"{DASH}(?:(?<= {DASH})|(?=[ \n\"“A-ZÀ-Ý]|{DASH}|$))")
_SITE = re.compile(r"\.(?:com|co|or|web|id|tv|net|news|my|info|org)(?!\w)", re.IGNORECASE)


def strip_head(text: str, folded: Folded, rules: Choice, hints: Hints, spans: Spans) -> None:
    """Add to `spans` what stands before the first word of the story."""
    possible = folded.possible(rules)
    datelined = _strip_inwards(text, possible, hints, spans)
    if not datelined:
        at = spans.skip_forward(text, 0)
        _clear_head(text, at, [rule for rule in possible if rule.clears], hints, spans)
    if _clear_above_byline(text, hints, spans) and not datelined:
        _strip_inwards(text, possible, hints, spans)


def _strip_inwards(text: str, rules: Sequence[Rule], hints: Hints, spans: Spans) -> bool:
    """Take what rules for the head match from the text's start on, up to a second dateline; say whether one was met."""
    datelined = False
    at = spans.skip_forward(text, 0)
    for _ in range(MAX_STEPS):
        match = _head_match(text, at, rules, hints)
        if match is None:
            break
        if match.kind is Kind.DATELINE and any(sign.isalnum() for sign in text[match.start : match.end]):
            if datelined:
                break
            datelined = True
        spans.add(match)
        at = spans.skip_forward(text, match.end)
    return datelined


def _clear_above_byline(text: str, hints: Hints, spans: Spans) -> bool:
    """Take the title and the standfirst that stand above a line of time or byline in the first lines, if any do."""
    at = spans.skip_forward(text, 0)
    marks = [
        m.start
        for m in spans.matches
        if m.kind in (Kind.TIMESTAMP, Kind.BYLINE)
        and at < m.start
        and text[m.start - 1] == "\n"
        and spans.skip_forward(text, m.end) < len(text)
    ]
    if not marks:
        return False
    above = text[at : min(marks)]
    lines = above.rstrip("\n").split("\n")
    short = len(lines) <= MAX_LINES_ABOVE + 1 and len(above.split()) <= HEAD_WORDS // 2
    if short and not lines[0].endswith((".", '"', "”")) and not any(_TWO_SENTENCES.search(line) for line in lines):
        for piece in _furniture(text, at, min(marks), hints):
            if not spans.overlap(piece):
                spans.add(piece)
        return True
    return False


def _head_match(text: str, at: int, rules: Sequence[Rule], hints: Hints) -> Match | None:
    if at >= len(text):
        return None
    if hints.title and (end := _title_end(text, at, hints.title)):
        return Match("head/title", Kind.TITLE, at, end)
    # Most places hold no dateline: two looks for its signs spare them a dozen patterns, 20 microseconds each.
    end = text.find("\n", at)
    end = end if end >= 0 else len(text)
    until = min(end, at + DATELINE_CHARACTERS)
    dashed = _SET_OFF.search(text, at, until) is not None
    sited = _SITE.search(text, at, until) is not None
    for rule in rules:
        if (rule.dashed and not dashed) or (rule.sited and not sited):
            continue
        if rule.anchor is Anchor.IS and rule.removes is Removes.PARAGRAPH and longer(text, at, end, rule.max_words):
            continue  # `extent` would refuse it: the line that it must be has too many words
        if (found := rule.pattern.match(text, at)) and found.end() > at and (match := extent(text, rule, found, hints)):
            return match
    return None


def _title_end(text: str, at: int, title: str) -> int | None:
    """Where the article's own title ends if it stands at `at` as a line, or glued in front of the story; else None."""
    if len(title) < 12 or text[at : at + 1].lower() != title[:1].lower():
        return None
    end = at + len(title)
    if text[at:end].lower() != title.lower():
        return None
    return end if end == len(text) or text[end] == "\n" else None


def _clear_head(text: str, at: int, rules: Sequence[Rule], hints: Hints, spans: Spans) -> None:
    """Take what stands before a strong dateline further down: title, standfirst, byline, captions."""
    for start in _head_starts(text, at):
        if len(text[at:start].split()) > HEAD_WORDS:
            return
        match = _head_match(text, start, rules, Hints())
        if match is None:
            continue
        for piece in _furniture(text, at, start, hints):
            if not spans.overlap(piece):
                spans.add(piece)
        spans.add(match)
        return


def _head_starts(text: str, at: int) -> Iterator[int]:
    """Where a dateline may start below the first line: at the next lines, in flattened text at sentences."""
    start = at
    for _ in range(HEAD_PARAGRAPHS):
        line = text.find("\n", start)
        if line < 0:
            break
        start = line + 1
        yield start
    if "\n" not in text:
        for found in islice(_START.finditer(text, at + 1, at + FLAT_HEAD_CHARACTERS), MAX_STARTS):
            yield found.start()


def _furniture(text: str, start: int, end: int, hints: Hints) -> Iterator[Match]:
    """Name the lines of a head by their look: labels of sections, the title, a standfirst, captions."""
    at = start
    seen: list[Kind] = []
    for line in text[start:end].split("\n"):
        stop = at + len(line)
        if line.strip() and not _QUOTATION.search(line):
            seen.append(_look(line.strip(), seen, hints))
            yield Match("head/before-dateline", seen[-1], at, stop)
        at = stop + 1


def _look(line: str, seen: Sequence[Kind], hints: Hints) -> Kind:
    if hints.title and line.lower() == hints.title.strip().lower():
        return Kind.TITLE
    if not hints.title and Kind.TITLE not in seen and Kind.DESCRIPTION not in seen:
        if len(line.split()) < MIN_TITLE_WORDS and line == line.strip(".!?"):
            return Kind.NAVIGATION
        if not line.endswith((".", '"', "”")):
            return Kind.TITLE
    return Kind.CAPTION if Kind.DESCRIPTION in seen else Kind.DESCRIPTION
