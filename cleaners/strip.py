"""Find what is boilerplate, cut it, restore it.

`find` works in three passes: rules that may match anywhere; then from both ends inwards, the head and the tail, where
position and vocabulary count together: a head rule applies only before the first word of the story, a tail rule only
after its last. What a pass has found, the next one steps over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cleaners.article import Kind, Removal
from cleaners.catalog import RuleSet
from cleaners.placeholders import DASH
from cleaners.pointer import Hints, reach
from cleaners.rule import Anchor, Removes, Rule

TAIL_CHARACTERS = 900  # how far before the tail's edge one element may start
HEAD_PARAGRAPHS = 10  # a dateline further down is another story's
HEAD_WORDS = 110  # title, standfirst, byline and two captions stand before a dateline; more is story
FLAT_HEAD_CHARACTERS = 420
LINE_OPENING = 40
LONGEST_IS = 170  # characters; no label, time or byline is longer
DATELINE_CHARACTERS = 110  # the longest dateline of the corpus has 70
MIN_TITLE_WORDS = 3
MAX_HEADLINE_WORDS = 25
MAX_HEADLINES_BELOW = 24
HEADLINE_RAIL = "tail/headline-rail"
LABEL_RULES = frozenset(["tail/rail", "related/marker-alone"])
MAX_LINES_ABOVE = 5  # labels of sections, the title, the standfirst
MAX_LINES_BELOW = 12  # tags and rails below a sign-off; the median is 4
MAX_LABEL_WORDS = 8

_SENTENCE_END = re.compile(r"[.!?…][\"”'’)\]]*(?=\s|$)")
_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?…][\"”'’)\]] )|(?<=[.!?…] ))", re.MULTILINE)
_DASH = re.compile(DASH)
_CLOSED = re.compile(r"(?<![.])[.…][\"”’')]*$|[\"”],? \w+|[,;:]$")
_ARROWS = re.compile(r" ?[>»›→]+")
_DANGLING = re.compile(r"[ ,;|•]*[,;|•][ ,;|•]*")


@dataclass(frozen=True, slots=True)
class Match:
    """A span that a rule found, with the fields that its placeholders fill and whether its end is certain."""

    rule: str
    kind: Kind
    start: int
    end: int
    captured: tuple[tuple[str, str], ...] = ()
    certain: bool = True


def find(text: str, rules: RuleSet, hints: Hints, known: Sequence[Match] = ()) -> list[Match]:
    """Return what is boilerplate in a normalised text, ordered and disjoint; `known` is what was found before."""
    folded = _Folded(text, rules.words)
    found = [
        match for rule in rules.anywhere if folded.may_match(rule) for match in _matches(text, folded, rule, hints)
    ]
    spans = _Spans([*known, *_disjoint(found, known, rules.shared)])
    _strip_head(text, folded, rules.head, hints, spans)
    _strip_tail(text, folded, rules.tail, spans)
    return spans.ordered()


def cut(text: str, removals: Iterable[Removal]) -> str:
    """Return `text` without the removed spans (ordered, disjoint)."""
    kept, at = [], 0
    for removal in removals:
        kept.append(text[at : removal.start])
        at = removal.end
    return "".join([*kept, text[at:]])


def restore(text: str, removals: Iterable[tuple[int, int, str]]) -> str:
    """Undo a cut: put each removed text back at its place (start, end, text; offsets into the original, ordered)."""
    out, at, position = [], 0, 0
    for start, end, removed in removals:
        piece = text[at : at + start - position]
        out += [piece, removed]
        at += len(piece)
        position = end
    return "".join([*out, text[at:]])


def with_white_space(text: str, matches: Sequence[Match]) -> list[Match]:
    """Widen spans so that a cut leaves one separator: a line break where there was one, else one blank, or nothing."""
    widened: list[Match] = []
    for gap in _gaps(text, matches):
        widened += _absorb(text, gap)
    return widened


class _Folded:
    """A text in lower case, with what is asked of it for many rules: which words it holds, and where."""

    def __init__(self, text: str, words: Iterable[str]) -> None:
        folded = text.lower()
        if len(folded) != len(text):  # a few letters lower to two; offsets must stay
            folded = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
        self.text = folded
        self._held = {word for word in words if word in folded}
        self.lines = list(_lines(folded))

    def may_match(self, rule: Rule) -> bool:
        """Whether the text holds one of the words that a rule needs."""
        return not rule.needs or not rule.needs.isdisjoint(self._held)

    def places(self, rule: Rule, start: int, end: int) -> list[int]:
        """Where in `text[start:end]` a match of a rule could start, ascending; for a rule that knows its openings."""
        found: set[int] = set()
        for opening in rule.openings:
            at = self.text.find(opening, start, end)
            while at >= 0:
                found.add(at)
                at = self.text.find(opening, at + 1, end)
        return sorted(found)


def _lines(folded: str) -> Iterator[tuple[int, int, str]]:
    """Start, length and first letters of each line, behind the bullets and quotes that may stand before them."""
    at = 0
    for line in folded.split("\n"):
        yield at, len(line), line[:LINE_OPENING].lstrip(' -–—•*"“(')
        at += len(line) + 1


class _Spans:
    """Disjoint spans under construction, with what stands free between them."""

    def __init__(self, matches: Iterable[Match]) -> None:
        self.matches = list(matches)

    def ordered(self) -> list[Match]:
        return sorted(self.matches, key=lambda match: match.start)

    def skip_forward(self, text: str, at: int) -> int:
        """Step over white space and spans that begin at `at`."""
        while True:
            while at < len(text) and text[at] in " \n":
                at += 1
            ends = [match.end for match in self.matches if match.start <= at < match.end]
            if not ends:
                return at
            at = max(ends)

    def skip_backward(self, text: str, at: int) -> int:
        """Step back over white space, lone separators and spans that end at `at`."""
        while True:
            while at > 0 and text[at - 1] in " \n,|":
                at -= 1
            starts = [match.start for match in self.matches if match.start < at <= match.end]
            if not starts:
                return at
            at = min(starts)

    def end_at(self, at: int) -> bool:
        """Whether a span ends at `at`, white space aside."""
        return any(match.end <= at <= match.end + 1 for match in self.matches)

    def ends_between(self, start: int, end: int) -> bool:
        """Whether a span that holds `start` ends before `end`: what found it knows where the story goes on."""
        return any(match.start <= start < match.end < end for match in self.matches)

    def overlap(self, match: Match) -> bool:
        """Whether a span is in the way of `match`."""
        return any(match.start < other.end and other.start < match.end for other in self.matches)

    def labels(self, at: int) -> bool:
        """Whether what ends right before `at` is the label of a block of headlines."""
        return any(match.end <= at <= match.end + 1 and match.rule in LABEL_RULES for match in self.matches)

    def add(self, match: Match) -> None:
        """Add a span; spans inside it give way."""
        self.matches = [other for other in self.matches if other.end <= match.start or other.start >= match.end]
        self.matches.append(match)


def _captured(rule: Rule, found: re.Match[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text.strip()) for name, text in zip(rule.groups, found.groups(), strict=True) if name and text)


def _matches(text: str, folded: _Folded, rule: Rule, hints: Hints) -> Iterator[Match]:
    for found in _found(text, folded, rule):
        match = _extent(text, rule, found, hints)
        if match and match.start < match.end:
            yield match


def _found(text: str, folded: _Folded, rule: Rule) -> Iterator[re.Match[str]]:
    """All matches of a rule's pattern. Where its openings are known it is tried only there: ten times as fast."""
    if rule.anchor in (Anchor.IS, Anchor.STARTS):
        for at, length, opening in folded.lines:
            if rule.anchor is Anchor.IS and length > LONGEST_IS:
                continue
            if (not rule.openings or opening.startswith(rule.opens_with)) and (found := rule.pattern.match(text, at)):
                yield found
        return
    if not rule.openings:
        yield from rule.pattern.finditer(text)
        return
    edge = 0
    for at in folded.places(rule, 0, len(text)):
        if at >= edge and (found := rule.pattern.match(text, at)):
            yield found
            edge = max(found.end(), at + 1)


def _extent(text: str, rule: Rule, found: re.Match[str], hints: Hints) -> Match | None:
    """Widen what a pattern matched to what its rule removes, or None where that would be more than the rule allows."""
    captured = _captured(rule, found)
    start, end = found.span()
    if rule.removes is Removes.HEADLINE:
        if quoted(text, start):
            return None
        pointer = reach(text, start, end, rule.next_line, hints)
        captured += tuple(("related", text[a:b]) for a, b in pointer.headlines)
        return Match(rule.name, rule.kind, pointer.start, pointer.end, captured, pointer.certain)
    if rule.removes is Removes.PARAGRAPH:
        start, end = _paragraph(text, start, end, rule.paragraphs)
    elif rule.removes is Removes.SENTENCE:
        start, end = _sentence(text, start, end)
    elif rule.removes is Removes.REST:
        end = len(text)
    elif (arrows := _ARROWS.match(text, end)) is not None:
        end = arrows.end()
    if rule.anchor is not Anchor.CONTAINS and quoted(text, start):
        return None
    if rule.removes is not Removes.MATCH and len(text[start:end].split()) > rule.max_words:
        return None
    return Match(rule.name, rule.kind, start, end, captured)


def _paragraph(text: str, start: int, end: int, paragraphs: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, start) + 1
    for _ in range(paragraphs):
        line_end = text.find("\n", end)
        end = len(text) if line_end < 0 else line_end + 1
    return start, end - (text[end - 1 : end] == "\n")


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    line = text.rfind("\n", 0, start) + 1
    for before in _SENTENCE_END.finditer(text, line, start):
        line = before.end()
    if text[end - 1] in ")]":  # a credit in brackets closes its sentence
        return line, end
    line_end = text.find("\n", end)
    after = _SENTENCE_END.search(text, max(start, end - 1), len(text) if line_end < 0 else line_end)
    return line, after.end() if after else (len(text) if line_end < 0 else line_end)


def opens(text: str, at: int) -> bool:
    """Whether a sentence may start at `at`: after a stop, at a line's start, or glued to lower case."""
    before = text[:at].rstrip(" ")
    if not before or before[-1] in "\n.!?…)]»>|*:":
        return True
    if before[-1] in "\"”'’":
        return len(before) < at
    return len(before) == at and before[-1].islower() and text[at : at + 1].isupper()


def quoted(text: str, at: int) -> bool:
    """Whether an opening quote stands right before `at`: what is quoted is the story."""
    return at > 0 and text[at - 1] in "\"“‘'" and (at == 1 or text[at - 2] in " \n(")


def _disjoint(found: Iterable[Match], known: Sequence[Match], shared: Collection[str]) -> list[Match]:
    """Of spans that overlap the earlier stays; of equal starts an outlet's own, then the longer."""
    ordered = sorted(found, key=lambda match: (match.start, match.rule in shared, -match.end))
    taken = sorted((match.start, match.end) for match in known)
    kept: list[Match] = []
    edge = 0
    for match in ordered:
        if match.start < edge or any(a < match.end and match.start < b for a, b in taken):
            continue
        kept.append(match)
        edge = match.end
    return kept


def _strip_head(text: str, folded: _Folded, rules: Sequence[Rule], hints: Hints, spans: _Spans) -> None:
    possible = [rule for rule in rules if folded.may_match(rule)]
    datelined = False
    at = spans.skip_forward(text, 0)
    while match := _head_match(text, at, possible, hints):
        if match.kind is Kind.DATELINE and any(sign.isalnum() for sign in text[match.start : match.end]):
            if datelined:
                return
            datelined = True
        spans.add(match)
        at = spans.skip_forward(text, match.end)
    if not datelined:
        _clear_head(text, at, [rule for rule in possible if rule.clears], hints, spans)
    _clear_above_byline(text, hints, spans)


def _clear_above_byline(text: str, hints: Hints, spans: _Spans) -> None:
    """Take the title and the standfirst that stand above a line of time or byline in the first lines."""
    at = spans.skip_forward(text, 0)
    marks = [
        m.start
        for m in spans.matches
        if m.kind in (Kind.TIMESTAMP, Kind.BYLINE) and at < m.start and text[m.start - 1] == "\n"
    ]
    if not marks:
        return
    above = text[at : min(marks)]
    if (
        above.count("\n") <= MAX_LINES_ABOVE
        and len(above.split()) <= HEAD_WORDS // 2
        and not above.split("\n")[0].endswith((".", '"', "”"))
    ):
        for piece in _furniture(text, at, min(marks), hints):
            if not spans.overlap(piece):
                spans.add(piece)


def _head_match(text: str, at: int, rules: Sequence[Rule], hints: Hints) -> Match | None:
    if at >= len(text):
        return None
    if hints.title and (end := _title_end(text, at, hints.title)):
        return Match("head/title", Kind.TITLE, at, end)
    for rule in rules:
        if (
            (found := rule.pattern.match(text, at))
            and found.end() > at
            and (match := _extent(text, rule, found, hints))
        ):
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


def _clear_head(text: str, at: int, rules: Sequence[Rule], hints: Hints, spans: _Spans) -> None:
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
        for found in re.finditer(
            r"(?<=[.!?…\"”)] )(?=[A-Z])|(?<=[a-z?!.])(?=[A-Z])", text[: at + FLAT_HEAD_CHARACTERS]
        ):
            if found.start() > at:
                yield found.start()


def _furniture(text: str, start: int, end: int, hints: Hints) -> Iterator[Match]:
    """Name the lines of a head by their look: labels of sections, the title, a standfirst, captions."""
    at = start
    seen: list[Kind] = []
    for line in text[start:end].split("\n"):
        stop = at + len(line)
        if line.strip():
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


def _strip_tail(text: str, folded: _Folded, rules: Sequence[Rule], spans: _Spans) -> None:
    possible = [rule for rule in rules if folded.may_match(rule)]
    edge = spans.skip_backward(text, len(text))
    while match := (
        _tail_match(text, folded, edge, possible, spans)
        or _headlines_below_label(text, edge, possible, spans)
        or _sign_off_above(text, folded, edge, possible, spans)
    ):
        spans.add(match)
        edge = spans.skip_backward(text, match.start)


def _headlines_below_label(text: str, edge: int, rules: Sequence[Rule], spans: _Spans) -> Match | None:
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
    return MIN_TITLE_WORDS <= len(words) <= MAX_HEADLINE_WORDS and not _CLOSED.search(line) and not line[0].islower()


def _sign_off_above(text: str, folded: _Folded, edge: int, rules: Sequence[Rule], spans: _Spans) -> Match | None:
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


def _is_label(line: str) -> bool:
    """Whether a line is a tag or a heading of the page rather than a sentence or a list item of the story."""
    return (
        (len(line.split()) <= MAX_LABEL_WORDS or line.islower())
        and not _SENTENCE_END.search(line)
        and not line.startswith(("-", "•", '"', "“"))
    )


def _tail_match(text: str, folded: _Folded, edge: int, rules: Sequence[Rule], spans: _Spans) -> Match | None:
    """Return the first rule's match that ends at the edge and starts where a sentence may."""
    for rule in rules:
        free = rule.anchor in (Anchor.CONTAINS, Anchor.ENDS)
        for found in _ending(text, folded, edge, rule):
            start = found.start()
            if spans.ends_between(start, found.end()):
                continue
            if (free or opens(text, start) or spans.end_at(start)) and not quoted(text, start):
                if len(found.group().split()) <= rule.max_words:
                    return Match(rule.name, rule.kind, start, edge, _captured(rule, found))
                break
    return None


def _ending(text: str, folded: _Folded, edge: int, rule: Rule) -> Iterator[re.Match[str]]:
    """The matches of a rule that reach `edge`, the longest first."""
    start = max(0, edge - TAIL_CHARACTERS)
    if rule.openings:
        for at in folded.places(rule, start, edge):
            if found := rule.tail_pattern.match(text, at, edge):
                yield found
        return
    while found := rule.tail_pattern.search(text, start, edge):
        yield found
        start = found.start() + 1


def _gaps(text: str, matches: Sequence[Match]) -> Iterator[list[Match]]:
    """Group spans that only white space parts."""
    group: list[Match] = []
    for match in matches:
        if group and text[group[-1].end : match.start].strip(" \n"):
            yield group
            group = []
        group.append(match)
    if group:
        yield group


def _absorb(text: str, group: Sequence[Match]) -> list[Match]:
    """Widen the spans of one gap to the words on both sides, less the separator that stays."""
    left, right = group[0].start, group[-1].end
    if left > 0 and text[left - 1] in " \n":
        left -= 1
    if left == 0 or text[left] == "\n" or text[left - 1] == "\n":
        right = _dangling(text, right)
    if right < len(text) and text[right] in " \n":
        right += 1
    keep = _separator(text, group, left, right)
    starts = [left, *(match.start for match in group[1:])]
    ends = [*starts[1:], right]
    if keep is not None:
        at = next(i for i in range(len(group)) if starts[i] <= keep < ends[i])
        if keep < group[at].start:
            starts[at] = keep + 1
        else:
            ends[at] = keep
            if at + 1 < len(group):
                starts[at + 1] = keep + 1
    return [replace(match, start=a, end=b) for match, a, b in zip(group, starts, ends, strict=True)]


def _dangling(text: str, at: int) -> int:
    found = _DANGLING.match(text, at)
    return found.end() if found else at


def _separator(text: str, group: Sequence[Match], left: int, right: int) -> int | None:
    """The one white space character of a gap that stays: a line break before a blank; none at the text's ends."""
    if left == 0 or right == len(text):
        return None
    free = [i for i in range(left, right) if text[i] in " \n" and not any(m.start <= i < m.end for m in group)]
    breaks = [i for i in free if text[i] == "\n"]
    return (breaks or free or [None])[0]  # type: ignore[list-item]
