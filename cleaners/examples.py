"""Check that every example of every rule file holds, and that every rule fires in one of its file's examples.

An example is cleaned with the shared rules and its own outlet's. What is marked must go, what is not must stay; white
space does not count.
"""

from __future__ import annotations

from collections.abc import Iterator

from cssselect import SelectorError

from cleaners.article import Source
from cleaners.catalog import Catalog
from cleaners.containers import selector
from cleaners.marks import after, before, mark
from cleaners.normalize import normalize
from cleaners.outlet import Example, Outlet
from cleaners.pipeline import find_removals
from cleaners.pointer import Hints
from cleaners.rulefile import Problem


def check_examples(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with the examples of a catalog, in the order of its files; empty: all hold."""
    problems: list[Problem] = []
    fired: set[str] = set()
    for example in catalog.examples:
        problems += _check(example, None, catalog, fired)
    for rule in catalog.shared:
        problems += _unfired(rule.name, rule.file, fired)
    for outlet in catalog.outlets.values():
        problems += _selectors(outlet)
        own: set[str] = set()
        for example in outlet.examples:
            problems += _check(example, outlet, catalog, own)
        for rule in outlet.rules:
            problems += _unfired(rule.name, rule.file, own)
    return problems


def _check(example: Example, outlet: Outlet | None, catalog: Catalog, fired: set[str]) -> Iterator[Problem]:
    text = normalize(before(example.text)).text
    source = Source(outlet.stem if outlet else "", "hint")
    matches, _, _ = find_removals(text, catalog, source, outlet, Hints(example.title))
    fired |= {match.rule for match in matches}
    expected, got = _bare(after(example.text)), mark(text, [(match.start, match.end) for match in matches])
    if _bare(after(got)) != expected:
        yield Problem(
            example.file,
            "",
            "examples",
            f"an example does not hold: {example.text!r} came out as {got!r}",
            "mend the rule or the marks",
        )


def _bare(text: str) -> str:
    return "".join(text.split())


def _selectors(outlet: Outlet) -> Iterator[Problem]:
    """CSS selectors of page layouts that cannot be read."""
    for css in (css for page in outlet.pages for css in (*page.body, *page.drop)):
        try:
            selector(css)
        except SelectorError as error:
            yield Problem(
                f"outlets/{outlet.stem}.toml", "pages", "selector", f"{css!r}: {error}", "write a CSS selector"
            )


def _unfired(rule: str, file: str, fired: set[str]) -> Iterator[Problem]:
    if rule not in fired:
        yield Problem(
            file, rule, "examples", "the rule fires in no example of its file", "add an example that shows it"
        )
