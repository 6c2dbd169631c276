"""Compile an editor's phrase into a pattern. The only place where a pattern is built from a rule file.

A phrase is words. Blanks match any run of blanks, case is ignored unless asked, quotes and dashes are alike, a blank
before a colon or a comma is free, and a colon may stand between the bars of a table. Braces are the only sign with a
meaning: `{name}` is a placeholder (see `PLACEHOLDERS`), `{baca|simak}` is a choice, and a choice with an empty branch,
`{di |}`, may be absent.

Every repetition is bounded or possessive, and what may stand between two words, `{any}`, ends where the second one
first stands: matching takes time linear in the text, with a small factor (`tests/test_worst.py`).
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cleaners.placeholders import DASH, DOUBLE_QUOTE, GREEDY, LAZY, OPENINGS, PLACEHOLDERS, SINGLE_QUOTE

# The first signs of a literal that a text must hold as they are; quotes, dashes and blanks are written in many ways.
# Of a short first word the second is taken too: `a` stands everywhere, `a post` hardly anywhere.
_OPENING = re.compile(r"[^\W_]{1,2} [^\W_]+|[^\W_]+|[(\[#*.©●■,]")


_COLON = r"(?: ?[:;]| ?\| ?: ?\|)"  # `Penulis : X`, and the cells of a table: `Penulis | : | X`


class PhraseError(ValueError):
    """A phrase cannot be compiled; `remedy` says what to write instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase: the source of its pattern, the field of each group, and three aids to find it fast.

    `needs` are lower-case words of which one must occur; `openings` are lower-case strings of which one must stand
    where a match starts, `closings` letters and brackets of which one ends it. Each is empty where nothing is known.
    """

    source: str
    groups: tuple[str | None, ...]
    needs: frozenset[str]
    openings: frozenset[str]
    closings: frozenset[str]


def compile_phrase(text: str) -> Phrase:
    """Return the compiled phrase, or raise PhraseError with what to change."""
    if not text.strip():
        raise PhraseError("an empty phrase", "write the words that stand in the article")
    parts, groups, needs = _sequence(text, _close_boundary(text))
    openings = _openings(text) or frozenset()
    return Phrase(_open_boundary(text) + parts, tuple(groups), needs, openings, _closings(text) or frozenset())


def _sequence(text: str, closing: str | None = None) -> tuple[str, list[str | None], frozenset[str]]:
    """Compile literals, placeholders and choices of a phrase, in order; `closing` ends a whole one, None a branch."""
    pieces: list[
        tuple[str, str | None]
    ] = []  # source, and the placeholder's name; "" for one with groups, None for text
    groups, needs = [], frozenset[str]()
    at = 0
    while at < len(text):
        if text[at] == "}":
            raise PhraseError(f"a closing brace without an opening one in {text!r}", "write {place} or {one|other}")
        if text[at] != "{":
            until = min((i for i in (text.find("{", at), text.find("}", at)) if i >= 0), default=len(text))
            literal = text[at:until]
            pieces.append((_literal(literal.rstrip(" ") if text.startswith("{dash}", until) else literal), None))
            needs = _rarer(needs, _words(text[at:until]))
            at = until
            continue
        until = _closing(text, at)
        part, inner_groups, inner_needs = _braces(text[at + 1 : until])
        pieces.append((part, (text[at + 1 : until] if "|" not in text[at:until] else "") if inner_groups else None))
        groups += inner_groups
        needs = _rarer(needs, inner_needs)
        at = until + 1
    return _joined(pieces, closing), groups, needs


def _joined(pieces: Sequence[tuple[str, str | None]], closing: str | None) -> str:
    """Join the pieces so that no placeholder tries more than one way where one is enough."""
    out = []
    for i, (source, name) in enumerate(pieces):
        if name in LAZY and (following := _following(pieces[i + 1 :], closing)):
            source = source.replace("(?:", f"(?:(?!{following})", 1).removesuffix("?)") + "+)"
        elif name in GREEDY and closing is not None and i == len(pieces) - 1:
            source = source.removesuffix(")") + "+)"
        out.append(source)
    return "".join([*out, closing or ""])


def _following(pieces: Sequence[tuple[str, str | None]], closing: str | None) -> str:
    """The words that stand behind a placeholder, or its next; nothing where they may be absent."""
    words = "".join(source for source, _ in itertools.takewhile(lambda piece: piece[1] is None, pieces))
    if words and all(name is None for _, name in pieces):
        words += closing or ""
    elif not words and pieces and pieces[0][1] in PLACEHOLDERS:
        words = f"(?:{PLACEHOLDERS[pieces[0][1]][0]})"
    return "" if re.match(words, "") else words


def _closing(text: str, at: int) -> int:
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return i
    raise PhraseError(f"an opening brace without a closing one in {text!r}", "write {place} or {one|other}")


def _braces(inside: str) -> tuple[str, list[str | None], frozenset[str]]:
    """Compile what stands in braces: a placeholder, or a choice of sequences."""
    if "|" not in inside:
        if inside not in PLACEHOLDERS:
            close = difflib.get_close_matches(inside, PLACEHOLDERS, 1)
            remedy = f"did you mean {{{close[0]}}}?" if close else f"use one of {', '.join(sorted(PLACEHOLDERS))}"
            raise PhraseError(f"unknown placeholder {{{inside}}}", remedy)
        pattern, field = PLACEHOLDERS[inside]
        return f"({pattern})", [field], frozenset()
    branches, groups, needs = [], [], set[str]()
    complete = True
    for branch in _split_choice(inside):
        part, inner_groups, inner_needs = _sequence(branch)
        branches.append(part)
        groups += inner_groups
        needs |= inner_needs
        complete = complete and bool(inner_needs)
    return f"(?:{'|'.join(branches)})", groups, frozenset(needs) if complete else frozenset()


def _split_choice(inside: str) -> list[str]:
    branches, depth, start = [], 0, 0
    for i, sign in enumerate(inside):
        depth += (sign == "{") - (sign == "}")
        if sign == "|" and depth == 0:
            branches.append(inside[start:i])
            start = i + 1
    return [*branches, inside[start:]]


def _literal(text: str) -> str:
    """Escape a literal piece: blanks, quotes, dashes and colons are matched as freely as editors write them."""
    text = re.sub(r" +:", ":", text)
    out = []
    for piece in re.findall(r"\s+|-+|–+|—+|.", text, re.DOTALL):
        if piece.isspace():
            out.append(" ++")
        elif piece[0] in "-–—":
            out.append(f"{DASH}{{1,3}}")
        elif re.fullmatch(DOUBLE_QUOTE, piece):
            out.append(DOUBLE_QUOTE)
        elif re.fullmatch(SINGLE_QUOTE, piece):
            out.append(SINGLE_QUOTE)
        elif piece == ":":
            out.append(_COLON)
        elif piece == ",":
            out.append(" ?,")
        else:
            out.append(re.escape(piece))
    return "".join(out)


def _words(literal: str) -> frozenset[str]:
    """The longest word of a literal, else its rarest signs, as a set of one; nothing where it has neither."""
    words = re.findall(r"[^\W_]{3,}", literal.lower()) or re.findall(r"\(@|[@#©\[]", literal)
    return frozenset([max(words, key=len)]) if words else frozenset()


def _openings(text: str) -> frozenset[str] | None:
    """What a match of a phrase can start with; None where that cannot be told, "" where it may be empty."""
    found: set[str] = set()
    at = 0
    while at < len(text):
        if text[at] != "{":
            opening = _OPENING.match(text, at)
            return frozenset(found | {opening.group().lower()}) if opening else None
        until = _closing(text, at)
        inside = text[at + 1 : until]
        branches = [_openings(branch) for branch in _split_choice(inside)] if "|" in inside else [OPENINGS.get(inside)]
        if any(branch is None for branch in branches):
            return None
        starts = frozenset[str]().union(*(branch for branch in branches if branch))
        found |= starts - {""}
        if "" not in starts:
            return frozenset(found)
        at = until + 1
    return frozenset(found | {""})


def _closings(text: str) -> frozenset[str] | None:
    """The letters and brackets that a match of a phrase can end with; None where that cannot be told."""
    if not text.endswith("}"):
        sign = text[-1:].lower()
        return frozenset([sign]) if sign and sign.isascii() and (sign.isalnum() or sign in ")]") else None
    at = 0
    while (until := _closing(text, text.index("{", at))) + 1 < len(text):
        at = until + 1
    branches = [_closings(branch) for branch in _split_choice(text[text.index("{", at) + 1 : until])]
    if len(branches) == 1 or None in branches:  # a placeholder
        return None
    return frozenset[str]().union(*(branch for branch in branches if branch))


def _rarer(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Of two sets of which one member each must occur, the one that fewer texts hold: fewer and longer words."""
    if not one or not other:
        return one or other
    return min(one, other, key=lambda words: (len(words), -min(map(len, words))))


def _open_boundary(text: str) -> str:
    """A phrase that starts with a word starts at a word's start, or where a scraper glued a capital to lower case."""
    first = text[0]
    return (
        r"(?:(?<!\w)|(?-i:(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])))" if first.isalnum() or first == "{" else ""
    )


def _close_boundary(text: str) -> str:
    last = text[-1]
    return r"(?:(?!\w)|(?-i:(?<=[a-z])(?=[A-Z\d])))" if last.isalnum() else ""
