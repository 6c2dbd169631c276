"""Quality on real articles does not fall: the floors of quality.toml, measured through the command line."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SARING

QUALITY = tomllib.loads((ROOT / "tests/quality.toml").read_text("utf-8"))
FLOORS = [(measure, name) for measure, floors in QUALITY["floors"].items() for name in floors]
SEED_FIELDS = ("source", "title", "description", "language", "dateline", "cited_sources", "authors", "editors")
SEED_FIELDS += ("photo_credits",)


@pytest.mark.parametrize(("measure", "name"), FLOORS)
def test_a_floor_has_one_limit_a_tolerance_and_its_reason(measure: str, name: str) -> None:
    floor = QUALITY["floors"][measure][name]
    assert len({"at_most", "at_least"} & floor.keys()) == 1
    assert floor["tolerance"] >= 0
    assert floor["why"]
    assert floor["what"]


def test_the_readme_names_the_floors() -> None:
    floors = QUALITY["floors"]["text"]
    shown = [floors["content_lost"]["at_most"], floors["boilerplate_left"]["at_most"], floors["exact"]["at_least"]]
    assert readme_row("Saring, at worst") == shown


@pytest.mark.shared
@pytest.mark.parametrize(("baseline", "row"), [("lines", "one regex per line"), ("dotall", "`re.sub")])
def test_the_readme_says_of_others_what_is_measured(shared: Path, baseline: str, row: str) -> None:
    command = [sys.executable, str(shared / "gold/measure.py"), "text", "--baseline", baseline]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured = text_scores(said)
    names = ("content_lost", "boilerplate_left", "exact")
    assert readme_row(row) == [pytest.approx(measured[name], abs=0.06) for name in names]


@pytest.mark.shared
@pytest.mark.parametrize("name", QUALITY["data"])
def test_the_floors_were_measured_on_this_data(shared: Path, name: str) -> None:
    digest = hashlib.sha256((shared / name).read_bytes()).hexdigest()
    assert digest == QUALITY["data"][name], f"{name} is other data: measure anew, then pin it"


@pytest.mark.shared
@pytest.mark.parametrize(("measure", "name"), FLOORS)
def test_quality_does_not_fall_below_its_floor(scores: dict[str, dict[str, float]], measure: str, name: str) -> None:
    floor, got = QUALITY["floors"][measure][name], scores[measure][name]
    if "at_most" in floor:
        assert got <= floor["at_most"] + floor["tolerance"], f"{floor['what']}: {got}"
    else:
        assert got >= floor["at_least"] - floor["tolerance"], f"{floor['what']}: {got}"


@pytest.mark.shared
@pytest.mark.parametrize("spaces", ["as-saved", "plain"])
def test_the_seeds_come_out_exactly(shared: Path, spaces: str) -> None:
    seeds = json.loads((shared / "seeds/expected.json").read_text("utf-8"))
    if spaces == "plain":
        seeds = [seed | {"text": seed["text"].replace("\xa0", " ")} for seed in seeds]
    cleaned = clean([{"id": seed["gid"], "text": seed["text"]} for seed in seeds])
    for seed, got in zip(seeds, cleaned, strict=True):
        assert words(got["text"]) == words(story(seed)), seed["gid"]
        assert list(removed(got)) == list(expected(seed)), seed["gid"]


@pytest.mark.shared
def test_the_seeds_give_their_fields(shared: Path) -> None:
    seeds = json.loads((shared / "seeds/expected.json").read_text("utf-8"))
    for seed, got in zip(seeds, clean([{"id": s["gid"], "text": s["text"]} for s in seeds]), strict=True):
        want = seed["fields"]
        assert {f: got[f] for f in SEED_FIELDS if f in want} == {f: want[f] for f in SEED_FIELDS if f in want}
        assert [pointer["title"] for pointer in got["related"]] == want["related"]
        assert instant(got["date_published"]) == instant(want["date_published"])


@pytest.fixture(scope="session")
def scores(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """What is measured on ../shared, by the names of the floors; each measure runs when it is first asked for."""
    return Scores(shared, tmp_path_factory.mktemp("scores"))


class Scores(dict[str, dict[str, float]]):
    def __init__(self, shared: Path, folder: Path) -> None:
        self.shared, self.folder = shared, folder

    def __missing__(self, measure: str) -> dict[str, float]:
        if measure in ("text", "html"):
            said = measured(self.shared, measure)
            self[measure] = text_scores(said) if measure == "text" else html_scores(said)
        else:
            file = self.folder / f"{measure}.json"
            subprocess.run([sys.executable, str(ROOT / f"benchmarks/{measure}.py"), "--json", str(file)], check=True)
            self[measure] = json.loads(file.read_text("utf-8"))
        return self[measure]


def measured(shared: Path, mode: str) -> str:
    command = [sys.executable, str(shared / "gold/measure.py"), mode, "--cleaner", f"{SARING} clean --jsonl"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(said)
    return said


def text_scores(said: str) -> dict[str, float]:
    whole = line(said, "all ")
    ends = numbers(r"end exact [\d.]+% of (\d+)", line(said, "pointers all"))[0]
    return {
        "content_lost": numbers(r"content_lost +([\d.]+)%", whole)[0],
        "boilerplate_left": numbers(r"boilerplate_left +([\d.]+)%", whole)[0],
        "exact": numbers(r"exact +([\d.]+)%", whole)[0],
        "invented": numbers(r"invented +(\d+)", whole)[0],
        "pointers_exact": numbers(r"end exact ([\d.]+)%", line(said, "pointers all"))[0],
        "pointers_over": 100 * numbers(r"story eaten (\d+)", line(said, "pointers all"))[0] / ends,
    }


def html_scores(said: str) -> dict[str, float]:
    pages, fields = line(said, "distinct articles"), line(said, "title ")
    rejected, others = numbers(r"not articles: (\d+) of (\d+)", line(said, "not articles"))
    return {
        "passages_kept": numbers(r"with kept ([\d.]+)%", pages)[0],
        "boilerplate_leaked": numbers(r"without leaked ([\d.]+)%", pages)[0],
        "perfect": numbers(r"perfect ([\d.]+)%", pages)[0],
        "title": numbers(r"title ([\d.]+)%", fields)[0],
        "day": numbers(r"date ([\d.]+)%", fields)[0],
        "authors": numbers(r"same set ([\d.]+)%", line(said, "authors"))[0],
        "rejected": 100 * rejected / others,
    }


def readme_row(start: str) -> list[float]:
    """The percentages of a row of the README's table, left to right."""
    row = line((ROOT / "README.md").read_text("utf-8"), f"| {start}")
    return [float(one) for one in re.findall(r"([\d.]+) %", row)]


def line(said: str, start: str) -> str:
    return next(one for one in said.splitlines() if one.startswith(start))


def numbers(pattern: str, text: str) -> list[float]:
    found = re.search(pattern, text)
    assert found is not None, f"the measure says nothing like {pattern}: {text}"
    return [float(one) for one in found.groups()]


def clean(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    done = subprocess.run([SARING, "clean", "--jsonl"], input=given, capture_output=True, encoding="utf-8", check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def story(seed: dict[str, Any]) -> str:
    at, kept = 0, []
    for start, end, _ in [*seed["spans"], (len(seed["text"]), len(seed["text"]), "")]:
        kept.append(seed["text"][at:start])
        at = end
    return "".join(kept)


def expected(seed: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for start, end, kind in seed["spans"]:
        yield kind, words(seed["text"][start:end])


def removed(got: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for removal in got["removals"]:
        yield removal["kind"], words(removal["text"])


def words(text: str) -> list[str]:
    """White space and punctuation do not count, as in the measure."""
    return re.findall(r"\w+", text)


def instant(written: str | None) -> Any:
    return None if written is None else datetime.datetime.fromisoformat(written)
