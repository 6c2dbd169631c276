"""The examples of the shipped rule files hold, and the check that says so finds what does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cleaners.catalog import Catalog, load_catalog
from cleaners.examples import check_examples
from cleaners.placeholders import PLACEHOLDERS

CATALOG = load_catalog()

OUTLET = """
name = "Harian Contoh"
hosts = ["hariancontoh.example"]
names = ["HARIANCONTOH"]
{rules}
[[examples]]
text = "{marked}"
[[examples]]
note = "The outlet inside a sentence stays."
text = "Wali kota mengatakan hal itu kepada Harian Contoh."
"""
RULE = """
[[rules]]
name = "closing"
kind = "promo"
starts = ["Sampai jumpa di Harian Contoh"]
"""


def catalog(marked: str, rules: str = RULE) -> Catalog:
    return load_catalog(extra=[("hariancontoh.toml", OUTLET.format(rules=rules, marked=marked))])


def problems(marked: str, rules: str = RULE) -> list[str]:
    return [str(problem) for problem in check_examples(catalog(marked, rules))]


def test_every_shipped_example_holds_and_every_rule_fires_in_one() -> None:
    assert [str(problem) for problem in check_examples(CATALOG)] == []


@pytest.mark.parametrize("stem", CATALOG.outlets)
def test_a_shipped_outlet_shows_what_stays_and_why(stem: str) -> None:
    whole = [example for example in CATALOG.outlets[stem].examples if "{--" not in example.text]
    assert whole
    assert all(example.note for example in whole)


def test_an_example_that_holds_is_no_problem() -> None:
    assert problems("Wali kota membuka jembatan baru.\\n{--Sampai jumpa di Harian Contoh besok.--}") == []


def test_a_mark_too_few_is_told_with_what_came_out() -> None:
    found = problems("{--JAKARTA - --}Wali kota membuka jembatan baru.\\nSampai jumpa di Harian Contoh besok.")
    assert len(found) == 1
    assert found[0].startswith("outlets/hariancontoh.toml, examples: an example does not hold")
    assert "{--\\nSampai jumpa di Harian Contoh besok.--}" in found[0]


def test_a_mark_too_many_is_told() -> None:
    assert len(problems("{--Wali kota membuka jembatan baru.--}\\n{--Sampai jumpa di Harian Contoh besok.--}")) == 1


def test_a_rule_that_fires_in_no_example_is_told_by_its_name() -> None:
    found = problems("{--JAKARTA - --}Wali kota membuka jembatan baru.")
    assert len(found) == 1
    assert "'hariancontoh/closing'" in found[0]
    assert "fires in no example of its file" in found[0]


def test_the_examples_of_an_outlet_run_with_the_shared_rules_too() -> None:
    assert problems("{--JAKARTA - --}Wali kota membuka jembatan baru.", rules="") == []


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_a_placeholder_stands_on_the_page_of_the_rule_language(placeholder: str, root: Path) -> None:
    page = (root / "cleaners" / "README.md").read_text("utf-8")
    assert f"`{{{placeholder}}}`" in page


def test_what_goes_without_a_rule_stands_on_the_page_of_the_rule_language(root: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in (root / "cleaners").glob("*.py"))
    names = set(re.findall(r'"((?:head|tail|text)/[a-z-]+)"', code)) - {rule.name for rule in CATALOG.shared}
    page = (root / "cleaners" / "README.md").read_text("utf-8")
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_every_flag_stands_on_the_page_of_the_rule_language(root: Path) -> None:
    code = (root / "cleaners" / "pipeline.py").read_text("utf-8")
    flags = re.findall(r'^        "([a-z]+(?:-[a-z]+)*)": ', code, re.MULTILINE)
    page = (root / "cleaners" / "README.md").read_text("utf-8")
    assert {"guard", "headline-unsure"} <= set(flags)
    assert [flag for flag in flags if f"`{flag}`" not in page] == []
