"""The HTML report: one page that asks nobody for anything, in which what an article says stays text."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT, SARING

from flows.figures import CONTEXT_CHARACTERS, Day, figures
from flows.paper import by_month, paper
from lake import Lake, LakeError

SCRIPT = "<script>alert('Panen')</script><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """Tags and the attributes that could make a browser ask for something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.asks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.asks += [f"{tag} {name}={value}" for name, value in attrs if name in {"src", "srcset", "action", "data"}]
        self.asks += [
            f"{tag} {name}={value}" for name, value in attrs if "href" in name and not str(value).startswith("#")
        ]
        self.asks += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("paper")
    story = (
        f"Petani {SCRIPT} menyambut panen raya pada Senin pagi di sawah milik warga.\nBaca juga: {SCRIPT} Harga Beras\n"
    )
    rows = [
        {
            "url": "https://rekaan.example/1/panen",
            "title": SCRIPT,
            "text": story + "Harga beras turun pekan ini, kata petani.",
        },
        {"url": "https://rekaan.example/2/kosong", "title": SCRIPT, "text": "Baca juga: Harga Beras"},
    ]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for inputs in (ROOT / "samples", folder / "in.jsonl"):
        subprocess.run([SARING, "ingest", inputs, "--lake", folder / "lake"], check=True, capture_output=True)
    return Lake(folder / "lake")


def test_a_page_of_the_whole_lake_has_its_totals_and_asks_nobody(lake: Lake) -> None:
    page = paper(figures(lake))
    found = Elements()
    found.feed(page)
    assert found.asks == []
    assert not found.tags & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"url\(\s*[\"']?(?!#)|@import", page)
    kept = sum(lake.runs().column("articles").to_pylist())
    assert f"kept <b>{kept}</b>" in page
    assert "default-src 'none'" in page
    assert page.count("<svg") >= 4


def test_a_script_in_an_article_stays_text(lake: Lake) -> None:
    page = paper(figures(lake))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(" in page


def test_a_removal_stands_in_its_story(lake: Lake) -> None:
    samples = figures(lake).samples["related/marker-colon"]
    one = next(one for one in samples if "script" in one.removed)
    assert one.before.rstrip().endswith("sawah milik warga.")
    assert one.removed.strip().startswith("Baca juga: <script>")
    assert one.after.lstrip().startswith("Harga beras turun")
    assert len(one.before) <= CONTEXT_CHARACTERS


def test_a_page_of_one_run_counts_that_run_only(lake: Lake) -> None:
    runs = lake.runs().to_pylist()
    last = figures(lake, runs[-1]["run"])
    assert (
        last.total("articles"),
        last.total("rejects"),
        sum(day.kept for day in last.days.values()) + last.undated,
    ) == (1, 1, 1)
    assert last.rejected == {"no-story": 1}
    assert set(last.samples) == {"related/marker-colon"}


def test_copies_are_counted_by_who_has_them_of_whom(lake: Lake) -> None:
    matrix = figures(lake).matrix
    assert matrix.total() == sum(lake.runs().column("duplicates").to_pylist())
    assert max(matrix.values()) >= 1


@pytest.mark.parametrize(("run", "said"), [("none", "no run begins"), ("20", "several runs begin")])
def test_a_run_that_is_not_one_is_told(lake: Lake, run: str, said: str) -> None:
    with pytest.raises(LakeError, match=said):
        figures(lake, run)


def test_the_command_writes_the_file_and_says_where(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    done = subprocess.run([SARING, "report", "--lake", lake.path, "--html", out], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"Wrote {out}\n"), done.stderr
    assert out.read_text("utf-8").startswith("<!doctype html>")
    done = subprocess.run(
        [SARING, "report", "--lake", lake.path, "--html", tmp_path / "no/x"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_an_empty_lake_has_a_page_too(tmp_path: Path) -> None:
    assert "The lake holds no batch yet." in paper(figures(Lake(tmp_path / "lake", create=True)))


def test_years_are_drawn_by_month() -> None:
    first = datetime.date(2025, 1, 31)
    many = {first + datetime.timedelta(n): Day(kept=1, chars_in=2) for n in range(365)}
    assert by_month({first: Day(kept=1)}) == {first: Day(kept=1)}
    months = by_month(many)
    assert (list(months)[:2], sum(day.kept for day in months.values())) == (
        [datetime.date(2025, 1, 1), datetime.date(2025, 2, 1)],
        365,
    )
