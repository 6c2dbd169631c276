"""No pattern may take more than time linear in the text: held by the shape of the patterns, not by a clock.

`benchmarks/worst.py` measures it. A repetition that is bounded or possessive tries a bounded number of ways at one
place; a repetition without bound inside another is told apart by what stands between its turns.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import cleaners
from cleaners.catalog import load_catalog
from cleaners.phrase import compile_phrase
from cleaners.rule import Rule

LONG_REPEAT = 100  # of one sign: more than one such in a row tries 100 x 100 ways
CATALOG = load_catalog()
RULES = {
    rule.name: rule
    for rules in (CATALOG.shared, *(outlet.rules for outlet in CATALOG.outlets.values()))
    for rule in rules
}
SIGNS = "".join(map(chr, range(10, 127))) + "é“”‘’–—…•"
GREEDY = (op.MAX_REPEAT, op.MIN_REPEAT)


def tree(pattern: str, flags: int = 0) -> Any:
    return _parser.parse(pattern, flags)


def parts(node: Any) -> Iterator[tuple[Any, Any]]:
    """All nodes of a tree, with what is inside them."""
    for operation, value in node:
        yield operation, value
        for inside in inner(operation, value):
            yield from parts(inside)


def inner(operation: Any, value: Any) -> Iterable[Any]:
    if operation in (*GREEDY, op.POSSESSIVE_REPEAT):
        return [value[2]]
    if operation is op.SUBPATTERN:
        return [value[3]]
    if operation is op.BRANCH:
        return list(value[1])
    if operation in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if operation is op.ATOMIC_GROUP else []


def unbounded(node: Any) -> list[Any]:
    return [value for operation, value in parts(node) if operation in GREEDY and value[1] == op.MAXREPEAT]


def long_repeats(node: Any) -> int:
    """How many long repetitions that can be given back stand on one path, the worst."""
    found = 0
    for operation, value in node:
        if operation is op.BRANCH:
            found += max(long_repeats(branch) for branch in value[1])
        elif operation in GREEDY:
            turns = max(1, min(value[1], 9)) if value[1] <= 1 or long_repeats(value[2]) else 1
            found += (value[1] >= LONG_REPEAT) + turns * long_repeats(value[2])
        elif operation in (op.SUBPATTERN, op.ATOMIC_GROUP):
            found += sum(long_repeats(inside) for inside in inner(operation, value)) * (operation is op.SUBPATTERN)
    return found


def accepts(operation: Any, value: Any, sign: str) -> bool:
    """Whether a node of one sign takes it; whatever is not known takes all."""
    if operation is op.IN:
        negated = bool(value) and value[0][0] is op.NEGATE
        return any(accepts(*one, sign) for one in value[negated:]) != negated
    if operation in (op.LITERAL, op.NOT_LITERAL):
        return (ord(sign) == value) == (operation is op.LITERAL)
    if operation is op.RANGE:
        return bool(value[0] <= ord(sign) <= value[1])
    if operation is op.CATEGORY:
        classes = {op.CATEGORY_SPACE: r"\s", op.CATEGORY_WORD: r"\w", op.CATEGORY_DIGIT: r"\d"}
        classes |= {op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_NOT_WORD: r"\W", op.CATEGORY_NOT_DIGIT: r"\D"}
        return re.fullmatch(classes[value], sign) is not None
    return True


def first(node: Any) -> set[str]:
    """The signs a tree can start with."""
    found: set[str] = set()
    for operation, value in node:
        if operation in (op.AT, op.ASSERT, op.ASSERT_NOT):
            continue
        if operation in (*GREEDY, op.POSSESSIVE_REPEAT):
            found |= first(value[2])
            if value[0] == 0:
                continue
        elif insides := list(inner(operation, value)):
            found |= set().union(*(first(inside) for inside in insides))
        else:
            found |= {sign for sign in SIGNS if accepts(operation, value, sign)}
        return found
    return found


def empty(operation: Any, value: Any) -> bool:
    """Whether a node may match nothing."""
    if operation in (*GREEDY, op.POSSESSIVE_REPEAT) and value[0] == 0:
        return True
    if operation in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return True
    insides = list(inner(operation, value))
    return bool(insides) and any(all(empty(*one) for one in inside) for inside in insides)


def last(node: Any) -> Iterator[Any]:
    """The repetitions without bound with which a tree can end."""
    for operation, value in reversed(list(node)):
        if operation in GREEDY and value[1] == op.MAXREPEAT:
            yield value
        if operation not in (op.ASSERT, op.ASSERT_NOT):
            for inside in inner(operation, value):
                yield from last(inside)
        if not empty(operation, value):
            return


def ambiguous(node: Any) -> bool:
    """Whether a repetition without bound may end its turn with another whose signs the next turn may start with."""
    return any(first(turn[2]) & first(one[2]) for turn in unbounded(node) for one in last(turn[2]))


AMBIGUOUS = ["(a+)+", "(?:a|b*)*", r"(?:\w+ ?)*", "(?:[^,]*,?)+"]
UNAMBIGUOUS = [r"(?:\s+a+)*", "(?: a+)*", r"(?:[A-Z]\d*)+", "(?:a+)?", "(?:a++)+", r"\w+(?:,\w+)*"]


@pytest.mark.parametrize("pattern", AMBIGUOUS)
def test_a_repetition_in_a_repetition_is_seen(pattern: str) -> None:
    assert ambiguous(tree(pattern))


@pytest.mark.parametrize("pattern", UNAMBIGUOUS)
def test_turns_that_start_with_another_sign_are_told_apart(pattern: str) -> None:
    assert not ambiguous(tree(pattern))


def test_long_repetitions_in_a_row_are_counted() -> None:
    assert long_repeats(tree(".{0,160}?a.{0,160}?b")) == 2
    assert long_repeats(tree(".{0,160}+a.{0,160}?b|.{0,300}")) == 1


def built(rule: Rule) -> list[str]:
    return [rule.pattern.pattern, *([rule.tail_pattern.pattern] if rule.ends_text else [])]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_repeats_nothing_without_bound(name: str) -> None:
    for pattern in built(RULES[name]):
        assert unbounded(tree(pattern)) == [], pattern


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_back_one_long_repetition_at_most(name: str) -> None:
    for pattern in built(RULES[name]):
        assert long_repeats(tree(pattern)) <= 1, pattern


def test_what_stands_between_words_is_not_given_back() -> None:
    assert long_repeats(tree(compile_phrase("Ikuti {any}kanal {any}kami{ juga|} di {any}").source)) == 1
    assert long_repeats(tree(compile_phrase("Sumber: {sources}").source)) == 0


def patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern that a module of the cleaners holds."""
    found = {}
    for module in pkgutil.walk_packages(cleaners.__path__, "cleaners."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                found[f"{module.name}.{name}"] = value
    return found


PATTERNS = patterns()


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_of_a_module_repeats_what_it_may_read_in_two_ways(name: str) -> None:
    pattern = PATTERNS[name]
    assert not ambiguous(tree(pattern.pattern, pattern.flags & ~re.UNICODE)), pattern.pattern
