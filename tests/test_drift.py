"""An outlet that is unlike its own history is told; one that is as usual is not."""

from __future__ import annotations

from typing import Any

import pytest

from flows.drift import MIN_ARTICLES, MIN_RUNS, Alarm, History, Tally, alarms

DAY = 50


def outlet(**changed: Any) -> dict[str, Any]:
    """Entry of `runs.outlets`: fifty articles with a pointer each, a tenth of the characters removed."""
    counts = {"articles": DAY, "duplicates": 0, "rejects": 0, "chars_in": 100_000, "chars_removed": 10_000}
    counts |= {"without_title": 0, "without_date": 0, "without_author": 5, "flagged": 1, "residue": 2}
    counted = {
        "kinds": {"related": 60},
        "rules": {"rekaan/pointer": 60},
        "languages": {"id": DAY},
        "methods": {"text": DAY},
    }
    counted |= {name: changed.pop(name) for name in tuple(changed) if name in counted}
    lists = {
        name: [{name.removesuffix("s"): value, "count": count} for value, count in values.items()]
        for name, values in counted.items()
    }
    return {"source": "rekaan"} | counts | changed | lists


def after(usual: list[dict[str, Any]], now: dict[str, Any]) -> list[str]:
    """Figures that alarm, the farthest first."""
    history = History({"run": str(number), "outlets": [one]} for number, one in enumerate(usual))
    return [alarm.figure for alarm in history.batch([now])]


USUAL = [outlet(without_author=4 + n % 3, residue=n % 3, chars_removed=9_500 + 200 * n) for n in range(8)]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(outlet(), id="a day like the others"),
        pytest.param(outlet(without_author=9, residue=4, chars_removed=12_000), id="a day a little unlike them"),
        pytest.param(outlet(kinds={"related": 45}, rules={"rekaan/pointer": 45}), id="fewer pointers"),
        pytest.param(outlet(articles=MIN_ARTICLES - 1, without_title=MIN_ARTICLES - 1), id="too few articles to tell"),
        pytest.param(outlet(source=None, without_title=DAY), id="articles of no known source"),
    ],
)
def test_an_outlet_that_is_as_usual_raises_no_alarm(now: dict[str, Any]) -> None:
    assert after(USUAL, now) == []


@pytest.mark.parametrize(
    ("now", "figure"),
    [
        (outlet(without_title=DAY), "share without title"),
        (outlet(without_date=DAY // 2), "share without date"),
        (outlet(without_author=40), "share without author"),
        (outlet(residue=30), "share that still looks furnished"),
        (outlet(rejects=40), "share of rejects"),
        (outlet(articles=0, rejects=DAY, chars_in=0, chars_removed=0), "share of rejects"),
        (outlet(languages={"en": DAY}), "share in id"),
        (outlet(methods={"trafilatura": DAY}), "share extracted by text"),
        (outlet(kinds={}, rules={}), "removed for each article, related"),
        (outlet(rules={"rekaan/new": 60}), "matches for each article of rekaan/pointer"),
        (outlet(kinds={"related": 60, "promo": 50}), "removed for each article, promo"),
        (outlet(chars_removed=500), "share removed"),
        (outlet(chars_in=25_000, chars_removed=2_500), "characters that stay"),
    ],
)
def test_what_changed_is_named(now: dict[str, Any], figure: str) -> None:
    assert figure in after(USUAL, now)


def test_a_new_outlet_has_no_history_to_be_unlike() -> None:
    assert after(USUAL[: MIN_RUNS - 1], outlet(without_title=DAY)) == []


def test_one_strange_run_in_the_history_hides_nothing() -> None:
    assert after([*USUAL, outlet(without_title=DAY)], outlet(without_title=DAY)) == ["share without title"]


def test_a_run_of_several_batches_is_added_up_and_alarms_once() -> None:
    history = History({"run": str(number), "outlets": [one]} for number, one in enumerate(USUAL))
    small = outlet(
        articles=15, without_title=15, without_author=1, flagged=0, residue=0, chars_in=30_000, chars_removed=3_000
    )
    small |= {"kinds": [{"kind": "related", "count": 18}], "rules": [{"rule": "rekaan/pointer", "count": 18}]}
    small |= {"languages": [{"language": "id", "count": 15}], "methods": [{"method": "text", "count": 15}]}
    assert [[alarm.figure for alarm in history.batch([small])] for _ in range(3)] == [[], ["share without title"], []]


def test_an_alarm_says_what_was_and_what_is() -> None:
    said = Alarm("rekaan", "share without title", 0.0, 1.0, 50, 30.0).sentence()
    assert said == "rekaan: share without title was 0.00, is 1.00 (50 documents)"


def test_the_batches_of_one_run_are_one_run_of_history() -> None:
    runs = [{"run": "one", "outlets": [one]} for one in USUAL]
    assert History(runs).batch([outlet(without_title=DAY)]) == []


def test_no_articles_at_all_are_no_alarm() -> None:
    assert alarms("rekaan", Tally(), [Tally() for _ in range(9)]) == []
