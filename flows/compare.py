"""Set two texts side by side, paragraph by paragraph, so that a reader sees what changed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MIN_COLUMN = 20  # characters; narrower columns cannot be read
ALIKE = 0.3  # share of words two paragraphs have in common, in order, to stand beside each other


class Change(StrEnum):
    """How two paragraphs beside each other differ; the sign between the columns."""

    SAME = " "
    CHANGED = "|"
    LEFT = "<"
    RIGHT = ">"


@dataclass(frozen=True, slots=True)
class Beside:
    """A paragraph of each side, "" where a side has none; `skipped` is how many equal ones after it are left out."""

    change: Change
    left: str
    right: str
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words of one side, and whether the other side has it too."""

    text: str
    common: bool


def beside(left: str, right: str) -> list[Beside]:
    """Compare two texts: what is equal is kept to one line, what changed stands in full."""
    a, b = left.split("\n"), right.split("\n")
    found: list[Beside] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Beside(Change.SAME, a[i], b[k], skipped=j - i - 1))
        else:
            found += _aligned(a[i:j], b[k:m])
    return found


def words(left: str, right: str) -> tuple[list[Words], list[Words]]:
    """Part two paragraphs into words that both have and words that one has."""
    a, b = left.split(), right.split()
    ours: list[Words] = []
    theirs: list[Words] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i < j:
            ours.append(Words(" ".join(a[i:j]), tag == "equal"))
        if k < m:
            theirs.append(Words(" ".join(b[k:m]), tag == "equal"))
    return ours, theirs


def columns(rows: Sequence[Beside], width: int) -> Iterator[str]:
    """Set a comparison in two columns of plain text, `width` characters in all, as `diff -y` does."""
    column = max(MIN_COLUMN, (width - 3) // 2)
    for row in rows:
        sides = [textwrap.wrap(side, column, break_long_words=True) or [""] for side in (row.left, row.right)]
        for at in range(max(map(len, sides))):
            a, b = (side[at] if at < len(side) else "" for side in sides)
            yield f"{a:<{column}} {row.change} {b}".rstrip()
        if row.skipped:
            yield f"  … {row.skipped} more the same"


def _aligned(a: Sequence[str], b: Sequence[str]) -> Iterator[Beside]:
    """Put changed paragraphs beside those they were made of, in order."""
    at = 0
    for paragraph in a:
        likely = [_alike(paragraph, other) for other in b[at:]]
        best = max(range(len(likely)), key=likely.__getitem__, default=None)
        if best is None or likely[best] < ALIKE:
            yield Beside(Change.LEFT, paragraph, "")
            continue
        yield from (Beside(Change.RIGHT, "", other) for other in b[at : at + best])
        yield Beside(Change.CHANGED, paragraph, b[at + best])
        at += best + 1
    yield from (Beside(Change.RIGHT, "", other) for other in b[at:])


def _alike(a: str, b: str) -> float:
    return SequenceMatcher(None, a.split(), b.split(), autojunk=False).ratio()
