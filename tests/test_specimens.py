"""What a report picks to show: removals of every kind, the articles that lost most, the documents that took long."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from flows.specimens import (
    EXCERPT_CHARACTERS,
    SHOWN_ARTICLES,
    SHOWN_REMOVALS,
    SLOW_SECONDS,
    removed,
    slowest,
    strangest,
)
from lake.schema import TABLES, row_id

LENGTH = 1000


def tables(articles: list[dict[str, Any]], removals: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """The columns that are looked at, of a batch of invented articles."""
    filled = [
        {
            "title": f"Panen {n}",
            "source": "rekaan",
            "flags": [],
            "origin_file": "a.jsonl",
            "origin_row": n,
            "original_length": LENGTH,
        }
        | {"id": row_id("b1", n)}
        | article
        for n, article in enumerate(articles)
    ]
    spans = [{"kind": "related", "rule": "related/x", "text": "Baca juga", "start": 0} | one for one in removals]
    found = {"articles": filled, "duplicates": [], "removals": spans, "rejects": []}
    return {
        name: pa.Table.from_pylist(rows, TABLES[name]) if not rows else pa.Table.from_pylist(rows)
        for name, rows in found.items()
    }


def lost(n: int, characters: int, **other: Any) -> dict[str, Any]:
    return {"article_id": row_id("b1", n), "end": characters} | other


@pytest.mark.parametrize(
    ("removals", "flags", "shares"),
    [
        pytest.param([lost(0, 100)], [], [], id="a tenth is nothing strange"),
        pytest.param([lost(0, 900, kind="repeat")], [], [], id="what came twice is not lost"),
        pytest.param([lost(0, 900, kind="embed")], [], [], id="code is not lost"),
        pytest.param([lost(0, 500)], [], [0.5], id="half is strange"),
        pytest.param([], ["guard"], [0.0], id="kept uncut is strange"),
    ],
)
def test_an_article_is_strange_by_the_story_it_may_have_lost(
    removals: list[dict[str, Any]], flags: list[str], shares: list[float]
) -> None:
    assert [one.share for one in strangest(tables([{"flags": flags}], removals))] == shares


def test_the_strangest_come_first_and_are_few() -> None:
    found = strangest(tables([{} for _ in range(9)], [lost(n, 300 + n) for n in range(9)]))
    assert [one.place for one in found] == [f"a.jsonl:{n}" for n in range(8, 8 - SHOWN_ARTICLES, -1)]


def test_removals_are_shown_of_every_kind_and_of_several_rules() -> None:
    spans = [lost(0, 9, rule=f"related/{rule}") for rule in "aaaab"] + [lost(0, 9, kind="promo", text="x " * 99)]
    found = removed(tables([{}], spans))
    assert [(one.kind, one.rule) for one in found] == [
        ("promo", "related/x"),
        ("related", "related/a"),
        ("related", "related/b"),
        ("related", "related/a"),
    ]
    assert len([one for one in found if one.kind == "related"]) == SHOWN_REMOVALS
    assert len(found[0].text) == EXCERPT_CHARACTERS


def test_a_slow_document_is_named_by_where_it_came_from() -> None:
    found = slowest({0: SLOW_SECONDS / 2, 1: 3.5}, "b1", tables([{}, {}], []))
    assert [(one.seconds, one.title, one.place) for one in found] == [(3.5, "Panen 1", "a.jsonl:1")]
