from __future__ import annotations

import pytest

from cleaners.anchors import Anchors, Choice
from cleaners.catalog import load_catalog
from cleaners.rule import Rule
from cleaners.scan import Folded


@pytest.fixture(scope="module")
def rules() -> list[Rule]:
    catalog = load_catalog()
    return [*catalog.shared, *(rule for outlet in catalog.outlets.values() for rule in outlet.rules)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hujan turun sejak pagi.",
        "Baca juga: Jembatan Baru Dibuka\nIkuti saluran WhatsApp kami. (ANTARA) bacabaca juga © 2024",
        "BACAJUGA: İstanbul “naik” ●",
    ],
    ids=["nothing", "story alone", "furniture", "glued words, letters that lower to two, other signs"],
)
def test_one_pass_finds_what_looking_for_each_word_finds(rules: list[Rule], text: str) -> None:
    anchors = Anchors(rules)
    data = Folded(text, anchors).data
    looked = {word: [at for at in range(len(data)) if data.startswith(word, at)] for word in anchors.words}
    assert anchors.places(data) == {word: places for word, places in looked.items() if places}


def test_every_word_that_a_rule_needs_is_sought(rules: list[Rule]) -> None:
    anchors = Anchors(rules)
    assert all(rule.needed <= set(anchors.words) for rule in rules)
    assert all(set(rule.opens_with) <= set(anchors.words) | anchors.unsought for rule in rules)


def test_words_near_a_place_are_those_that_start_there(rules: list[Rule]) -> None:
    folded = Folded("Baca juga berita lain. Simak video ini.", Anchors(rules))
    assert b"baca" in folded.near(0, 4)
    assert b"baca" not in folded.near(1, 40)
    assert b"simak" not in folded.near(0, 23)
    assert b"simak" in folded.near(0, 24)


@pytest.mark.parametrize("words", [(), (b"baca",), (b"baca", b"juga"), (b"ikuti", b"whatsapp", b"simak", b"(")])
def test_the_rules_that_can_match_are_those_that_can_when_asked_one_by_one(
    rules: list[Rule], words: tuple[bytes]
) -> None:
    assert Choice(rules).among(words) == [rule for rule in rules if rule.may_stand_among(frozenset(words))]


def test_a_rule_for_lines_is_tried_on_the_lines_that_hold_a_word_it_needs(rules: list[Rule]) -> None:
    text = "Baca juga: Jembatan Baru Dibuka\nHujan turun sejak pagi.\nIkuti saluran WhatsApp kami."
    folded = Folded(text, Anchors(rules))
    starts = [0, 32, 56]
    assert [at for at, _, _ in folded.lines] == starts
    for rule in rules:
        lines = zip(starts, text.lower().encode().split(b"\n"), strict=True)
        held = [at for at, line in lines if not rule.needed or any(word in line for word in rule.needed)]
        assert [at for at, _, _ in folded.lines_for(rule)] == held
