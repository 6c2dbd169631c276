"""Looking back at a lake: one article with its cluster, clusters joined, signatures made anew; no old row changes."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from lake_samples import NOW, FailingDisk, bytes_of, with_run
from test_duplicates import A, Story, cleaned_rows, edited, text, words

from cleaners.fingerprint import SCHEME
from flows import cli
from flows.show import show_colours
from lake import Lake, LakeError
from lake.clusters import Clusters
from lake.duplicates import Index
from lake.lookup import look_up
from lake.reconcile import reconcile
from lake.schema import row_id
from lake.signatures import rehash
from lake.verify import verify

OLD_ROWS = ("articles", "duplicates", "links", "removals", "rejects", "runs")
HALF, OTHER = words(8), words(12)
BRIDGE = [Story(" ".join(HALF), "satu"), Story(" ".join(OTHER), "dua"), Story(" ".join(HALF + OTHER[:190]), "tiga")]


def ingest(lake: Lake, name: str, *stories: Story, change: Callable[[pa.Table], pa.Table] = lambda rows: rows) -> None:
    """Decide and publish stories as a run does; `change` makes of the rows what another version would have written."""
    rows = cleaned_rows(stories, name)
    index = Index(rows)
    with lake.lock():
        for known in lake.scan_keys():
            index.probe(known)
        found = index.decide(lake.texts)
        tables = {"articles": change(found.articles), "duplicates": change(found.duplicates), "links": found.links}
        lake.publish(with_run(name, tables, len(stories)), NOW)


def of_old_scheme(rows: pa.Table) -> pa.Table:
    """What a version with other signatures would have written."""
    for name, value in (("minhash_scheme", "w5-old/0"), ("minhash_signature", bytes(128)), ("shingle_count", 7)):
        at = rows.schema.get_field_index(name)
        field = rows.schema.field(at)
        rows = rows.set_column(at, field, pa.array([value] * rows.num_rows, field.type))
    return rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", create=True)


def test_a_bridge_joins_its_clusters_and_touches_no_old_row(lake: Lake) -> None:
    ingest(lake, "b1", *BRIDGE)
    before = bytes_of(lake, *OLD_ROWS)
    assert reconcile(lake, NOW).joined == 1
    assert bytes_of(lake, *OLD_ROWS) == before
    first, second = row_id("b1", 0), row_id("b1", 1)
    assert Clusters.read(lake.path).joined == {second: first}
    assert verify(lake).holds


def test_doing_it_again_writes_nothing(lake: Lake) -> None:
    ingest(lake, "b1", *BRIDGE)
    assert reconcile(lake, NOW).batch == "reconcile000001"
    before = bytes_of(lake)
    assert reconcile(lake, NOW + datetime.timedelta(days=40)).batch is None
    assert bytes_of(lake) == before


@pytest.mark.parametrize(
    "stories",
    [
        pytest.param([], id="an empty lake"),
        pytest.param([A, Story(text(2), "detik")], id="two stories"),
        pytest.param([A, Story(edited(1, 40), "detik")], id="a copy that was found"),
        pytest.param([Story(text(5, 400), "kompas"), Story(" ".join(words(5, 400)[:260]), "kompas")], id="a partial"),
        pytest.param([Story("9 8 7 6 " + text(1), "satu"), Story("1 2 3 4 " + text(1), "satu")], id="a template"),
    ],
)
def test_what_does_not_belong_together_stays_apart(lake: Lake, stories: list[Story]) -> None:
    if stories:
        ingest(lake, "b1", *stories)
    assert reconcile(lake, NOW).joined == 0
    assert "clusters" not in lake.status().rows


def test_who_joins_an_old_cluster_later_belongs_to_the_new_one(lake: Lake) -> None:
    ingest(lake, "b1", *BRIDGE)
    reconcile(lake, NOW)
    ingest(lake, "b2", Story(" ".join(OTHER), "empat"))
    found = look_up(lake.path, row_id("b2", 0))
    assert found.row["cluster_id"] == row_id("b1", 1)
    assert found.cluster_id == row_id("b1", 0)
    assert len(found.cluster) == 4


def test_the_last_reconciliation_counts(lake: Lake) -> None:
    ingest(lake, "b1", Story(" ".join(OTHER), "dua"), Story(" ".join(HALF), "satu"))
    third = words(33)
    ingest(lake, "b2", Story(" ".join(third), "lima"), Story(" ".join(third + HALF[:190]), "enam"))
    assert reconcile(lake, NOW).joined == 1
    ingest(lake, "b3", Story(" ".join(HALF + OTHER[:190]), "tiga"))
    assert reconcile(lake, NOW).joined == 2  # the one of before is told anew: it belongs to the first of all now
    assert set(Clusters.read(lake.path).joined.values()) == {row_id("b1", 0)}
    assert len(look_up(lake.path, row_id("b2", 0)).cluster) == 5


def test_signatures_of_another_scheme_are_told_and_made_anew(lake: Lake) -> None:
    ingest(lake, "b1", A, Story(text(2), "kompas"), change=of_old_scheme)
    ingest(lake, "b2", Story(edited(1, 10), "detik"))
    assert lake.status().other_schemes == {"w5-old/0": 2}
    assert lake.status().rows["duplicates"] == 0
    before = bytes_of(lake, *OLD_ROWS)
    assert rehash(lake, NOW) == 2
    assert lake.status().other_schemes == {}
    assert rehash(lake, NOW) == 0
    assert reconcile(lake, NOW).joined == 1  # what could not be compared when it came
    assert bytes_of(lake, *OLD_ROWS) == before
    ingest(lake, "b3", Story(edited(2, 10), "detik"))
    assert lake.status().rows["duplicates"] == 1
    schemes = {scheme for part in lake.scan_keys() for scheme in part.rows.column("minhash_scheme").to_pylist()}
    assert schemes == {SCHEME}
    assert verify(lake).holds


def test_a_disk_that_is_full_leaves_all_as_it_was(tmp_path: Path) -> None:
    ingest(Lake(tmp_path / "lake", create=True), "b1", *BRIDGE)
    before = bytes_of(Lake(tmp_path / "lake"))
    for at in range(6):
        failing = Lake(tmp_path / "lake", disk=FailingDisk(at, OSError(28, "No space left on device")))
        try:
            reconcile(failing, NOW)
        except LakeError as error:
            assert "No space left" in str(error)  # noqa: PT017
        after = Lake(tmp_path / "lake")
        with after.lock():
            after.recover()
        if bytes_of(after) != before:
            break
    assert Clusters.read(tmp_path / "lake").joined == {row_id("b1", 1): row_id("b1", 0)}
    assert verify(Lake(tmp_path / "lake")).holds


# ---------------------------------------------------------------------------------------------------------------- show

ASKED: dict[str, tuple[str, Any]] = {  # what is asked for -> the place of the article, or a part of the sentence
    "an id": (row_id("b1", 1), 1),
    "the beginning of an id": (row_id("b1", 0)[:8].upper(), 0),
    "an address": ("https://kompas.com/read/2025/01/02/10000001/judul-lama", 0),
    "an address as a phone has it": ("m.kompas.com/read/2025/01/02/10000001/judul-baru?page=all#x", 0),
    "an id that is not there": ("0" * 32, "No article"),
    "an address that is not there": ("https://kompas.com/read/2025/01/02/10000002/x", "No article"),
    "too little of an id": ("abc", "at least 4 hex digits"),
    "neither": ("jembatan baru", "at least 4 hex digits"),
}


@pytest.mark.parametrize(("wanted", "expected"), ASKED.values(), ids=ASKED.keys())
def test_an_article_is_found_by_its_id_or_address(lake: Lake, wanted: str, expected: Any) -> None:
    ingest(lake, "b1", A, Story(edited(1, 40), "detik", "https://detik.com/x/d-123456/judul"))
    if isinstance(expected, str):
        with pytest.raises(LakeError, match=expected):
            look_up(lake.path, wanted)
    else:
        assert look_up(lake.path, wanted).row["id"] == row_id("b1", expected)


def test_an_article_comes_with_its_cluster_its_links_and_its_match(lake: Lake) -> None:
    ingest(lake, "b1", *BRIDGE)
    found = look_up(lake.path, row_id("b1", 2))
    assert (found.table, found.row["duplicate_kind"]) == ("duplicates", "syndicated")
    assert {(link.other, link.kind, link.earlier) for link in found.links} == {
        (row_id("b1", 0), "syndicated", True),
        (row_id("b1", 1), "syndicated", True),
    }
    assert found.match is not None
    assert found.match["id"] == found.row["duplicate_of"]
    assert [member["table"] for member in found.cluster] == ["articles", "duplicates"]
    first = look_up(lake.path, found.match["id"])
    assert [link.earlier for link in first.links] == [False]
    assert first.match == found.row | {}


def test_an_article_without_a_match_is_shown_alone(lake: Lake) -> None:
    ingest(lake, "b1", A)
    found = look_up(lake.path, row_id("b1", 0))
    assert (found.match, found.links, len(found.cluster)) == (None, (), 1)


# ---------------------------------------------------------------------------------------------------------- as commands


@pytest.fixture
def bridged(lake: Lake) -> str:
    ingest(lake, "b1", *BRIDGE)
    return str(lake.path)


def test_show_prints_the_cluster_the_links_and_both_texts(bridged: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = row_id("b1", 2)[:10]
    assert cli.status_of(["lake", "show", asked, "--lake", bridged]) == 0
    said = capsys.readouterr().out
    assert "a copy (syndicated) of" in said
    assert said.count("syndicated") == 4  # itself, in its cluster, two links
    assert {"satu: (no title)", "tiga: (no title)"} <= {part for line in said.splitlines() for part in line.split("  ")}
    assert cli.status_of(["lake", "show", asked, "--lake", bridged, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [link["kind"] for link in shown["links"]] == ["syndicated", "syndicated"]
    assert [row["change"] for row in shown["difference"]] == ["changed"]


def test_show_has_colours_on_a_terminal(bridged: str, capsys: pytest.CaptureFixture[str]) -> None:
    for place in range(3):
        show_colours(look_up(Path(bridged), row_id("b1", place)))
    assert "(no title)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["reconcile"], "3 rows compared: 1 cluster joined to another\n"),
        (["rehash"], "every signature is of today's scheme\n"),
        (["rehash", "--json"], '{"rows": 0}\n'),
    ],
)
def test_a_command_says_what_it_did(
    bridged: str, command: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.status_of(["lake", *command, "--lake", bridged]) == 0
    assert capsys.readouterr().out == said


def test_status_tells_signatures_of_another_scheme(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(lake, "b1", A, change=of_old_scheme)
    assert cli.status_of(["lake", "status", "--lake", str(lake.path)]) == 0
    assert "1 signature of another scheme, w5-old/0: saring lake rehash" in capsys.readouterr().out
