"""Find what is boilerplate in a normalised text.

Three passes: rules that may match anywhere; then from both ends inwards, the head and the tail. What a pass has found,
the next one steps over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cleaners.article import Kind
from cleaners.catalog import RuleSet
from cleaners.cutting import Match, cut, restore, with_white_space
from cleaners.heads import strip_head
from cleaners.pointer import Hints
from cleaners.scan import Folded, matches
from cleaners.spans import Spans
from cleaners.tails import strip_tail

__all__ = ["Match", "cut", "find", "restore", "with_white_space"]


def find(text: str, rules: RuleSet, hints: Hints, known: Sequence[Match] = ()) -> list[Match]:
    """Return what is boilerplate in a normalised text, ordered and disjoint; `known` is what was found before."""
    folded = Folded(text, rules.anchors)
    found = [match for rule in folded.possible(rules.anywhere) for match in matches(text, folded, rule, hints)]
    spans = Spans([*known, *_disjoint(found, known, rules.shared)])
    strip_head(text, folded, rules.head, hints, spans)
    strip_tail(text, folded, rules.tail, spans)
    return spans.ordered()


def _disjoint(found: Iterable[Match], known: Sequence[Match], shared: Collection[str]) -> list[Match]:
    """Of spans that overlap the earlier stays; of equal starts an outlet's own, then the longer."""
    ordered = sorted(_behind(found, known), key=lambda match: (match.start, match.rule in shared, -match.end))
    taken = Spans(known)
    kept: list[Match] = []
    edge = 0
    for match in ordered:
        if match.start < edge or taken.overlap(match):
            continue
        kept.append(match)
        edge = match.end
    return kept


def _behind(found: Iterable[Match], known: Sequence[Match]) -> list[Match]:
    """A caption begins behind a pointer or a repeat in its sentence: in flattened text no stop stands between."""
    every = list(found)
    before = [*known, *(match for match in every if match.kind is Kind.RELATED)]
    return [_shortened(match, before) if match.kind is Kind.CAPTION and before else match for match in every]


def _shortened(caption: Match, before: Sequence[Match]) -> Match:
    ends = [one.end for one in before if caption.start < one.end < caption.end]
    return replace(caption, start=max(ends)) if ends else caption
