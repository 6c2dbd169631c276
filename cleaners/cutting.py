"""Spans of a text that go: what they are, cutting them out, putting them back, the white space that goes along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cleaners.article import Kind, Removal

_DANGLING = re.compile(r"[ ,;|•]*[,;|•][ ,;|•]*")
_SEPARATORS = " \n,;|•"


@dataclass(frozen=True, slots=True)
class Match:
    """A span that a rule found, with the fields that its placeholders fill and whether its end is certain."""

    rule: str
    kind: Kind
    start: int
    end: int
    captured: tuple[tuple[str, str], ...] = ()
    certain: bool = True


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


def _gaps(text: str, matches: Sequence[Match]) -> Iterator[list[Match]]:
    """Group spans that only white space and separators part."""
    group: list[Match] = []
    for match in matches:
        if group and text[group[-1].end : match.start].strip(_SEPARATORS):
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
    edges = zip([left, *(match.end for match in group)], [*(match.start for match in group), right], strict=True)
    free = [i for a, b in edges for i in range(a, b) if text[i] in " \n"]
    breaks = [i for i in free if text[i] == "\n"]
    return (breaks or free or [None])[0]  # type: ignore[list-item]
