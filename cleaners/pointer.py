"""How far a pointer to another article reaches: "Baca juga" has seven extents, and the marker does not tell which.

The headline may stand on the marker's line, on the next one, in parentheses, in quotes, inside flattened text with
the story going on, glued to it, or nowhere. What cannot be told is left: story is never eaten for a headline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cleaners.headline import Known, find_end, known_titles_in_a_row
from cleaners.headline_row import find_row
from cleaners.rule import NextLine

OWN_LINE_CHARACTERS = 230  # the longest of 33,000 titles has 199; a longer line holds story too
NEXT_LINE_MIN_WORDS = 5  # a shorter line after a lone marker is a sub-heading as often as a headline
NEXT_LINE_MAX_WORDS = 24
GLUED_RUN_CHARACTERS = 500
TITLE_CASED_SHARE = 0.6  # of the longer words of glued headlines; a sentence of many names stays under 0.5

_CLOSERS = {"(": ")", "[": "]"}
_QUOTES = {"'": "'’", "‘": "’'", '"': '"”', "“": '”"'}
_SENTENCE_END = re.compile(r"[.…:;,][\"”'’)]*$|[!?][\"”]$")
_FULL_STOP = re.compile(r"\.[\"”’)]*(?: |$)|(?<=[a-z]{3})\.[\"”’)]*(?=[\"“]?[A-Z])")  # glued sentences too
_PROSE_END = re.compile(r"(?<![.…])\.[\"”]?$")  # headlines end with three dots or none: a line with one holds story
_AFTER_QUOTE = re.compile(r"(?: ?(?:di sini|berikut ini|di bawah ini|ini))? ?[:.]?", re.IGNORECASE)
_AFTER_MARKER = re.compile(r"[ >»›→:\-–—•|]*")


@dataclass(frozen=True, slots=True)
class Pointer:
    """The span of a pointer, the spans of its headlines inside it, and whether its end is certain."""

    start: int
    end: int
    headlines: tuple[tuple[int, int], ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Hints:
    """What helps to tell a headline: the document's own title, and headlines known from elsewhere."""

    title: str | None = None
    known: Known | None = None


def reach(text: str, start: int, end: int, next_line: NextLine, hints: Hints, *, row: bool = False) -> Pointer:
    """Return how far the pointer whose marker is `text[start:end]` reaches; `row`: several headlines may follow it."""
    start, opener = _opener(text, start)
    line_end = _line_end(text, end)
    if opener and (closed := _closed(text, end, line_end, opener)):
        return Pointer(start, closed, _one(text, end, closed - 1), True)
    after = _skip(text, end, line_end)
    if after >= line_end:
        return _alone(text, start, line_end, next_line, hints)
    if (
        _owns_line(text, start)
        and line_end - after <= OWN_LINE_CHARACTERS
        and not _PROSE_END.search(text[after:line_end].rstrip())
        and (_has_breaks(text) or line_end == len(text))
    ):
        return Pointer(start, line_end, _one(text, after, line_end), True)
    if text[after] in _QUOTES and (quoted := _quoted(text, start, after, line_end)):
        return quoted
    if own := _own_title(text, after, hints.title):
        return Pointer(start, own, _one(text, after, own), True)
    if hints.known and (spans := known_titles_in_a_row(text, after, hints.known)):
        return Pointer(start, spans[-1][1], tuple(spans), True)
    found = find_end(text, after, title=hints.title, known=hints.known)
    if (run := _glued_titles(text, found.end, line_end)) > found.end:
        return Pointer(start, run, _one(text, after, found.end), True)
    ends = found.end if found.certain else _word_start(text, found.end)
    first = replace(found, end=ends)
    if ends > after and (whole := find_row(text, after, first, row, hints.title, hints.known)):
        return Pointer(start, whole.end, whole.headlines, whole.certain)
    return Pointer(start, max(ends, end), _one(text, after, ends), found.certain)


def _own_title(text: str, at: int, title: str | None) -> int | None:
    """Where a pointer to this very article ends: pages are scraped with pointers to themselves."""
    if title and len(title) >= 20 and text[at : at + len(title)].lower() == title.lower():
        return at + len(title)
    return None


def _glued_titles(text: str, end: int, line_end: int) -> int:
    """Where a run of headlines glued to one another ends: at the line's end, if no sentence stands between.

    A run that is followed by story on the same line is for `find_row`.
    """
    rest = text[end:line_end]
    if not rest or rest[0] == " " or len(rest) > GLUED_RUN_CHARACTERS or _FULL_STOP.search(rest):
        return end
    words = rest.split()
    long = [word for word in words if len(word) > 3]
    title_cased = sum(not word[0].islower() for word in long) >= TITLE_CASED_SHARE * len(long)
    return line_end if len(words) >= NEXT_LINE_MIN_WORDS and title_cased else end


def _word_start(text: str, at: int) -> int:
    """An end inside a word that is not certain moves back to the word's start, so that no word is halved."""
    while 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum():
        at -= 1
    return at


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _skip(text: str, at: int, until: int) -> int:
    return min(_AFTER_MARKER.match(text, at).end(), until)  # type: ignore[union-attr]


def _one(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The span without blanks at its ends, as the only headline, or none where nothing is left."""
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip(" :"))
    end -= len(inside) - len(inside.rstrip(" "))
    return ((start, end),) if start < end else ()


def _opener(text: str, start: int) -> tuple[int, str]:
    """Take the bracket in front of a marker, or at its start, with it."""
    if text[start] in _CLOSERS:
        return start, text[start]
    before = start
    while before > 0 and text[before - 1] == " ":
        before -= 1
    return (before - 1, text[before - 1]) if before > 0 and text[before - 1] in _CLOSERS else (start, "")


def _has_breaks(text: str) -> bool:
    """Whether a text has two line breaks or more: its paragraphs are kept."""
    first = text.find("\n")
    return first >= 0 and text.find("\n", first + 1) >= 0


def _closed(text: str, at: int, line_end: int, opener: str) -> int | None:
    """Where the bracket around a pointer ends; None where another opens or a sentence ends before: it is no partner."""
    closed = text.find(_CLOSERS[opener], at, min(line_end, at + OWN_LINE_CHARACTERS))
    if closed < 0 or text.find(opener, at, closed) >= 0 or _FULL_STOP.search(text, at, closed):
        return None
    return closed + 1


def _owns_line(text: str, start: int) -> bool:
    line = text.rfind("\n", 0, start) + 1
    return not text[line:start].strip(' -–—•*"“,')


def _quoted(text: str, start: int, at: int, line_end: int) -> Pointer | None:
    """A headline in quotes ends with them, and with the `di sini:` behind them."""
    for i in range(at + 8, min(line_end, at + OWN_LINE_CHARACTERS)):
        if text[i] in _QUOTES[text[at]] and (i + 1 == line_end or not text[i + 1].isalnum()):
            after = _AFTER_QUOTE.match(text, i + 1)
            return Pointer(start, after.end() if after else i + 1, ((at + 1, i),), True)
    return None


def _alone(text: str, start: int, line_end: int, next_line: NextLine, hints: Hints) -> Pointer:
    """A marker with nothing behind it: its headline is on the next line, or lost."""
    headlines = []
    end = line_end
    if next_line is not NextLine.STORY and _owns_line(text, start):
        at = line_end + 1
        while at < len(text):
            until = _line_end(text, at)
            if not _is_headline(text[at:until], until == len(text), next_line, hints):
                break
            headlines.append((at, until))
            end, at = until, until + 1
            if next_line is NextLine.HEADLINE or ":" not in text[start:line_end]:
                break  # only a marker with a colon, in outlets not known to do otherwise, heads a list
    return Pointer(start, end, tuple(headlines), True)


def _is_headline(line: str, last: bool, next_line: NextLine, hints: Hints) -> bool:
    """Whether a line after a lone marker is a headline: no full stop, no sub-heading, cased as headlines are."""
    if hints.known and (hints.known.end_of(line, 0) or 0) >= len(line.rstrip()):
        return True
    words = line.split()
    least = NEXT_LINE_MIN_WORDS - (next_line is NextLine.HEADLINE)
    if not least <= len(words) <= NEXT_LINE_MAX_WORDS or _SENTENCE_END.search(line.rstrip()):
        return False
    if not line[0].isupper() and not line[0].isdigit() and line[0] not in "\"“'‘":
        return False
    if next_line is NextLine.HEADLINE:
        return True
    long = [word for word in words[1:] if len(word) > 3]
    return not last and sum(word[0].isupper() or word[0].isdigit() for word in long) >= 0.7 * len(long)
