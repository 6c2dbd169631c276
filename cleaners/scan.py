"""Try one rule on a text: where it could match, and how far what it removes reaches."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from cleaners.anchors import Anchors, Choice
from cleaners.cutting import Match
from cleaners.placeholders import DASH
from cleaners.pointer import Hints, reach
from cleaners.rule import Anchor, Removes, Rule
from cleaners.sentences import LONGEST_SENTENCE, SENTENCE_END, caption_start, sentence_start

LINE_OPENING = 40
MAX_POINTERS = 200  # of one rule in one text, each asks the model where a headline ends: no corpus article holds 20
LONGEST_IS = 170  # characters; the longest byline line that went from the corpus has 89

_STOP = re.compile(rf"{SENTENCE_END.pattern}|(?<=[a-z]{{3}})[.!?…][”’)]*(?=[\"“]?[A-Z])")  # or glued
_DIGIT = re.compile(rb"[0-9?]")  # digits of other scripts too
_DATE = re.compile(rb"[0-9?](?:[0-9?]{3}|[/-][0-9?])")
_DATELINED = re.compile(rf" ?{DASH}")  # behind a bracket: `Tokyo, (ANTARA/PRNewswire)-`
_ARROWS = re.compile(r" ?[>»›→]+")
_ATTRIBUTED = re.compile(r"[\"”],? [a-z]")


class Folded:
    """A text in lower case, with what is asked of it for many rules: which words it holds, and where.

    Kept as ASCII bytes, one a character, so that offsets stay; what was found once is remembered. Other
    letters are `?` here and in what is looked for, so an answer can say too much, never too little.
    """

    def __init__(self, text: str, anchors: Anchors) -> None:
        folded = text.lower()
        if len(folded) != len(text):  # a few letters lower to two; offsets must stay
            folded = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
        self.data = folded.encode("ascii", "replace")
        self._places = anchors.places(self.data)
        self._unsought = anchors.unsought
        self._held = self._unsought.union(self._places)
        self.lines = list(_lines(self.data))
        self._starts = [at for at, _, _ in self.lines]

    def possible(self, rules: Choice) -> list[Rule]:
        """The rules of which the text holds one of the words that they need, and one that they start with."""
        return rules.among(self._held)

    def near(self, start: int, end: int) -> frozenset[bytes]:
        """The words that start in `text[start:end]`, with the openings that were not sought."""
        return self._unsought.union(
            word
            for word, places in self._places.items()
            if places
            and places[-1] >= start
            and (places[-1] < end or ((before := bisect_left(places, end)) and places[before - 1] >= start))
        )

    def lines_for(self, rule: Rule) -> Iterable[tuple[int, int, bytes]]:
        """The lines that a rule for lines may match: of those that hold a word it needs. No phrase reaches further."""
        if not rule.needed:
            return self.lines
        starts, held = self._starts, self._places
        found = {bisect_right(starts, at) - 1 for word in rule.needed if word in held for at in held[word]}
        return [self.lines[i] for i in sorted(found)]

    def places(self, rule: Rule, start: int, end: int) -> list[int]:
        """Where in `text[start:end]` a match of a rule could start, ascending; for a rule that knows its openings."""
        found: list[int] = []
        for opening in rule.opens_with:
            places = self._places.get(opening) or self._all(opening)
            if places:
                inside = start <= places[0] and places[-1] < end
                found += places if inside else places[bisect_left(places, start) : bisect_left(places, end)]
        return sorted(set(found)) if len(rule.opens_with) > 1 else found

    def _all(self, opening: bytes) -> Sequence[int]:
        places = self._places.get(opening)
        if places is None:
            if opening not in self._unsought:
                return ()
            places = self._places[opening] = []
            at = self.data.find(opening)
            while at >= 0:
                places.append(at)
                at = self.data.find(opening, at + 1)
        return places


def matches(text: str, folded: Folded, rule: Rule, hints: Hints) -> Iterator[Match]:
    """All that a rule removes from a text, in order; may overlap what other rules remove."""
    found_all = _found(text, folded, rule)
    for found in islice(found_all, MAX_POINTERS) if rule.removes is Removes.HEADLINE else found_all:
        match = extent(text, rule, found, hints)
        if match and match.start < match.end:
            yield match


def extent(text: str, rule: Rule, found: re.Match[str], hints: Hints) -> Match | None:
    """Widen what a pattern matched to what its rule removes, or None where that would be more than the rule allows."""
    fields = captured(rule, found)
    start, end = found.span()
    if rule.removes is Removes.HEADLINE:
        if quoted(text, start):
            return None
        pointer = reach(text, start, end, rule.next_line, hints, row=rule.row)
        fields += tuple(("related", text[a:b]) for a, b in pointer.headlines)
        return Match(rule.name, rule.kind, pointer.start, pointer.end, fields, pointer.certain)
    if rule.removes is Removes.PARAGRAPH:
        if rule.anchor is not Anchor.ENDS or not _tells(text, start, end):
            start, end = _paragraph(text, start, end, rule.paragraphs)
    elif rule.removes is Removes.SENTENCE:
        start, end = _sentence(text, start, end)
        if end == found.end() and _DATELINED.match(text, end):
            return None
        if end == found.end() and longer(text, start, end, rule.max_words):
            start = found.start()  # a credit goes alone where the words before it are more than a caption
    elif rule.removes is Removes.REST:
        end = len(text)
    elif (arrows := _ARROWS.match(text, end)) is not None:
        end = arrows.end()
    if rule.anchor is not Anchor.CONTAINS and quoted(text, start):
        return None
    if rule.removes is not Removes.MATCH and longer(text, start, end, rule.max_words):
        return None
    return Match(rule.name, rule.kind, start, end, fields)


def captured(rule: Rule, found: re.Match[str]) -> tuple[tuple[str, str], ...]:
    """What the placeholders of a match say, with the fields they fill."""
    return tuple((name, text.strip()) for name, text in zip(rule.groups, found.groups(), strict=True) if name and text)


def opens(text: str, at: int) -> bool:
    """Whether a sentence may start at `at`: after a stop, at a line's start, or glued to lower case."""
    edge = at
    while edge > 0 and text[edge - 1] == " ":
        edge -= 1
    if edge == 0 or text[edge - 1] in "\n.!?…)]»>|*:":
        return True
    if text[edge - 1] in "\"”'’":
        return edge < at
    return edge == at and text[at - 1].islower() and text[at : at + 1].isupper()


def quoted(text: str, at: int) -> bool:
    """Whether an opening quote stands right before `at`: what is quoted is the story."""
    return at > 0 and text[at - 1] in "\"“‘'" and (at == 1 or text[at - 2] in " \n(")


def _found(text: str, folded: Folded, rule: Rule) -> Iterator[re.Match[str]]:
    """All matches of a rule's pattern. Where its openings are known it is tried only there."""
    if rule.anchor in (Anchor.IS, Anchor.STARTS):
        for at, length, opening in folded.lines_for(rule):
            if rule.anchor is Anchor.IS and length > LONGEST_IS:
                continue
            if _may_open(rule, folded, at, length, opening) and (found := rule.pattern.match(text, at)):
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


def _may_open(rule: Rule, folded: Folded, at: int, length: int, opening: bytes) -> bool:
    """Whether a line starts as a rule's phrases do, with or without the bullets and brackets before its first word."""
    if rule.openings:
        return opening.startswith(rule.opens_with) or folded.data.startswith(rule.opens_with, at)
    if rule.signs_only:
        return not opening[:1].isalnum()
    if not rule.counts:
        return True
    digit = _DIGIT.search(folded.data, at, at + length)
    return digit is not None and (not rule.dated or _DATE.search(folded.data, digit.start(), at + length) is not None)


def _lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Start, length and first letters of each line, behind the bullets and quotes that may stand before them."""
    at = 0
    for line in data.split(b"\n"):
        yield at, len(line), line[:LINE_OPENING].lstrip(b' -*"([?')
        at += len(line) + 1


def _tells(text: str, start: int, end: int) -> bool:
    """Whether the line before a credit at its end is story: the text's last line, or a quotation with who said it."""
    return not text[end:].strip() or _ATTRIBUTED.search(text, text.rfind("\n", 0, start) + 1, start) is not None


def _paragraph(text: str, start: int, end: int, paragraphs: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, start) + 1
    for _ in range(paragraphs):
        line_end = text.find("\n", end)
        end = len(text) if line_end < 0 else line_end + 1
    return start, end - (text[end - 1 : end] == "\n")


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    line = text.rfind("\n", 0, start) + 1
    if text[end - 1] in ")]":  # a credit in brackets closes its sentence
        return caption_start(text, line, start, end), end
    line = sentence_start(text, line, start)
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    after = _STOP.search(text, max(start, end - 1), min(line_end, end + LONGEST_SENTENCE))
    return line, after.end() if after else line_end


def longer(text: str, start: int, end: int, words: int) -> bool:
    """Whether `text[start:end]` has more than so many words; looks no further than needed."""
    if end - start < words:
        return False
    return len(text[start:end].split(None, words)) > words
