"""Verify finds what is broken: each case breaks one promise of a good lake, and has to be named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import NOW, RULESET, bytes_of, publish

from flows import cli
from lake import Lake, LakeError
from lake.schema import TABLES, conform, row_id, table
from lake.survey import Promise
from lake.verify import verify
from lake.write import encode

FOLDER = "ingested=2026-10"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three batches, the third of copies of the first two."""
    lake = Lake(tmp_path / "lake", create=True)
    publish(lake, "b1", range(6))
    publish(lake, "b2", range(6, 12))
    publish(lake, "b3", range(3, 9))
    return lake


def file(lake: Lake, table: str, batch: str = "b1") -> Path:
    return lake.path / table / FOLDER / f"{batch}-{RULESET}.parquet"


def change(lake: Lake, table: str, to: Callable[[pa.Table], pa.Table], batch: str = "b1") -> None:
    """Rewrite a file of the lake, as nobody should."""
    path = file(lake, table, batch)
    path.write_bytes(encode(table, to(pq.read_table(path, partitioning=None))))


def with_value(column: str, value: object, row: int = 0) -> Callable[[pa.Table], pa.Table]:
    def to(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        at = table.column_names.index(column)
        return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))

    return to


def flip(path: Path) -> None:
    """One bit in a page of titles, such that it is read without an error: only a checksum can tell."""
    good, data = pq.read_table(path, partitioning=None), path.read_bytes()
    group = pq.read_metadata(path).row_group(0)
    (column,) = (c for n in range(group.num_columns) if (c := group.column(n)).path_in_schema == "title")
    for at in range(column.data_page_offset, column.data_page_offset + column.total_compressed_size):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            if not pq.read_table(path, partitioning=None).equals(good):
                return
        except (OSError, pa.ArrowException):
            continue
    raise AssertionError("every flipped bit makes the page unreadable")


def half_batch(lake: Lake) -> None:
    """An article of a batch that runs does not know, as if its file of runs was never there."""
    for name in TABLES:
        (file(lake, name, "b3") if name == "runs" else lake.path / "nothing").unlink(missing_ok=True)


def stray(lake: Lake, name: str) -> None:
    path = lake.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file(lake, "articles").read_bytes())


def torn_merged_runs(lake: Lake) -> None:
    torn = file(lake, "runs").with_name("c-0f.parquet")
    torn.write_bytes(file(lake, "runs").read_bytes()[:-9])
    for name in ("b1", "b2", "b3"):
        file(lake, "runs", name).unlink()


def content_of(lake: Lake, name: str) -> list[str]:
    return articles_of(lake, name)["content_hash"].to_pylist()


def articles_of(lake: Lake, name: str) -> pa.Table:
    return pq.read_table(file(lake, "articles", name), partitioning=None)


FORGOTTEN = {"batch": "b1", "reason": "url", "forgotten": NOW}


def beside(lake: Lake, name: str, row: dict[str, object], id: str = "f" * 32) -> None:
    """A row of an optional table, by default of nothing that is in the lake."""
    with lake.lock():
        lake.add(name, table(name, [{"id": id} | row]), "d1-0f", NOW)


BROKEN: dict[str, tuple[Callable[[Lake], object], Promise, str]] = {
    "a file of articles is gone": (lambda k: file(k, "articles").unlink(), Promise.NOTHING_LOST, "articles, batch b1"),
    "a file of removals is gone": (lambda k: file(k, "removals").unlink(), Promise.NOTHING_SILENT, "articles/"),
    "a file of rejects is gone": (lambda k: file(k, "rejects").unlink(), Promise.NOTHING_LOST, "rejects, batch b1"),
    "a file of links is gone": (lambda k: file(k, "links", "b3").unlink(), Promise.NOTHING_LOST, "links, batch b3"),
    "one article is gone": (
        lambda k: change(k, "articles", lambda t: t.slice(1)),
        Promise.NOTHING_LOST,
        "articles, batch b1",
    ),
    "an article stands twice in its file": (
        lambda k: change(k, "articles", lambda t: pa.concat_tables([t, t.slice(0, 1)])),
        Promise.NOTHING_TWICE,
        "ids that stand there twice",
    ),
    "a file was copied": (
        lambda k: stray(k, f"articles/{FOLDER}/b9-{RULESET}.parquet"),
        Promise.NOTHING_TWICE,
        "ids that stand there twice",
    ),
    "a cluster has two articles": (
        lambda k: change(k, "articles", with_value("cluster_id", row_id("b2", 0))),
        Promise.NOTHING_TWICE,
        "clusters with more than one article",
    ),
    "a copy of nothing": (
        lambda k: change(k, "duplicates", with_value("duplicate_of", "0" * 32), "b3"),
        Promise.NOTHING_LOST,
        "copies of rows that are not there",
    ),
    "a cluster without an article": (
        lambda k: change(k, "duplicates", with_value("cluster_id", "0" * 32), "b3"),
        Promise.NOTHING_LOST,
        "clusters without an article",
    ),
    "a removal of nothing": (
        lambda k: change(k, "removals", with_value("article_id", "0" * 32)),
        Promise.NOTHING_LOST,
        "removals of rows that are not there",
    ),
    "a link to nothing": (
        lambda k: change(k, "links", with_value("other", "0" * 32), "b3"),
        Promise.NOTHING_LOST,
        "links to rows that are not there",
    ),
    "a letter of a text changed": (
        lambda k: change(k, "articles", with_value("text", "Warga menanam pohon.")),
        Promise.NOTHING_SILENT,
        "do not come back",
    ),
    "a letter of a removal changed": (
        lambda k: change(k, "removals", with_value("text", "JAKARTA, HARIAN REKAAM - ")),
        Promise.NOTHING_SILENT,
        "another hash",
    ),
    "the hash of the original changed": (
        lambda k: change(k, "duplicates", with_value("original_hash", "0" * 32), "b3"),
        Promise.NOTHING_SILENT,
        "another hash",
    ),
    "removed_chars is wrong": (
        lambda k: change(k, "articles", with_value("removed_chars", 1)),
        Promise.NOTHING_SILENT,
        "removed_chars",
    ),
    "a batch whose runs is gone": (half_batch, Promise.NOTHING_HALF, "not in runs"),
    "a batch stands in runs twice": (
        lambda k: (lambda p: p.with_name(f"c-{RULESET}.parquet").write_bytes(p.read_bytes()))(file(k, "runs")),
        Promise.NOTHING_TWICE,
        "it stands there 2 times",
    ),
    "the accounts of a batch do not add up": (
        lambda k: change(k, "runs", with_value("documents", 99)),
        Promise.NOTHING_LOST,
        "accounted for",
    ),
    "a torn file": (
        lambda k: file(k, "articles").write_bytes(file(k, "articles").read_bytes()[:4000]),
        Promise.NOTHING_HALF,
        "cannot be read",
    ),
    "a flipped bit": (lambda k: flip(file(k, "articles")), Promise.NOTHING_HALF, "cannot be read"),
    "a file of another schema": (
        lambda k: pq.write_table(pa.table({"id": ["a"]}), file(k, "articles").with_name("x-y.parquet")),
        Promise.READABLE,
        "its schema is not that of articles",
    ),
    "a torn file of runs": (
        lambda k: file(k, "runs").write_bytes(file(k, "runs").read_bytes()[:-9]),
        Promise.NOTHING_HALF,
        f"runs/{FOLDER}/b1-{RULESET}.parquet: it cannot be read",
    ),
    "a merged file of runs is torn": (
        lambda k: torn_merged_runs(k),
        Promise.NOTHING_HALF,
        f"runs/{FOLDER}/c-0f.parquet: it cannot be read",
    ),
    "a foreign file among runs": (
        lambda k: stray(k, f"runs/{FOLDER}/b9-{RULESET}.parquet"),
        Promise.READABLE,
        "its schema is not that of runs",
    ),
    "two writers kept the same text": (
        lambda k: change(k, "articles", with_value("content_hash", content_of(k, "b2")[0])),
        Promise.NOTHING_TWICE,
        "the same text in more than one article",
    ),
    "a payload is not what arrived": (
        lambda k: change(k, "rejects", with_value("payload", b"Bagikam")),
        Promise.NOTHING_SILENT,
        "another payload than their length and SHA-256 say",
    ),
    "a payload was left out": (
        lambda k: change(k, "rejects", with_value("payload", None)),
        Promise.NOTHING_SILENT,
        "another payload",
    ),
    "an original of nothing": (
        lambda k: beside(k, "originals", {"payload": b"x", "media_type": "text/plain", "batch": "b1"}),
        Promise.NOTHING_LOST,
        "originals of rows that are not there",
    ),
    "a signature of nothing": (
        lambda k: beside(k, "signatures", {"shingle_count": 1, "minhash_scheme": "s", "batch": "b1"}),
        Promise.NOTHING_LOST,
        "signatures of rows that are not there",
    ),
    "a cluster joined that is not there": (
        lambda k: beside(k, "clusters", {"cluster_id": row_id("b1", 0), "batch": "reconcile000001"}),
        Promise.NOTHING_LOST,
        "clusters joined that are not there",
    ),
    "a cluster joined to nothing": (
        lambda k: beside(k, "clusters", {"cluster_id": "0" * 32, "batch": "reconcile000001"}, row_id("b1", 0)),
        Promise.NOTHING_LOST,
        "clusters joined to one that is not there",
    ),
    "a row was forgotten and is still there": (
        lambda k: beside(k, "tombstones", FORGOTTEN, row_id("b1", 0)),
        Promise.NOTHING_HALF,
        "rows that were forgotten and are still there",
    ),
    "runs does not count what was forgotten": (
        lambda k: beside(k, "tombstones", FORGOTTEN),
        Promise.NOTHING_LOST,
        "1 rows, runs says that 0 documents were forgotten",
    ),
    "a file was written by something else": (
        lambda k: pq.write_table(conform("articles", articles_of(k, "b3")), file(k, "articles", "b3")),
        Promise.REPEATABLE,
        "its rows, written again, give other bytes",
    ),
    "a stray file in a month": (
        lambda k: stray(k, f"articles/{FOLDER}/backup of articles.parquet"),
        Promise.READABLE,
        "no file of a lake",
    ),
    "a stray folder": (lambda k: stray(k, "articles/old/a-b.parquet"), Promise.READABLE, "no file of a lake"),
    "a stray file beside the tables": (lambda k: stray(k, "notes.txt"), Promise.READABLE, "no file of a lake"),
    "a stray file in the staging": (lambda k: stray(k, "_staging/x"), Promise.READABLE, "no file of a lake"),
}


def test_an_old_file_that_something_else_wrote_is_found_where_every_file_is_written_again(lake: Lake) -> None:
    for number in range(4, 7):
        publish(lake, f"b{number}", range(10 * number, 10 * number + 2))
    pq.write_table(conform("articles", articles_of(lake, "b1")), file(lake, "articles", "b1"))
    assert verify(Lake(lake.path)).problems == ()
    told: list[tuple[str, int, int]] = []
    (found,) = verify(Lake(lake.path), lambda *one: told.append(one), every=True).problems
    assert (found.promise, found.where) == (Promise.REPEATABLE, f"articles/{FOLDER}/b1-{RULESET}.parquet")
    files = len(list(lake.path.glob("*/*/*.parquet")))
    assert [one for one in told if one[0] == "files written again"][-1] == ("files written again", files, files)
    assert cli.status_of(["lake", "verify", "--lake", str(lake.path)]) == 0
    assert cli.status_of(["lake", "verify", "--all", "--lake", str(lake.path)]) == 1


def test_a_version_that_says_otherwise_what_a_column_means_finds_the_bytes_as_they_were(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = TABLES["articles"]
    at = schema.get_field_index("title")
    said = schema.field(at).with_metadata({"meaning": "What stands above it."})
    monkeypatch.setattr("lake.schema.TABLES", {**TABLES, "articles": schema.set(at, said)})
    assert verify(Lake(lake.path)).problems == ()


@pytest.mark.parametrize(("spoil", "promise", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named_with_its_remedy(
    spoil: Callable[[Lake], object], promise: Promise, said: str, lake: Lake
) -> None:
    spoil(lake)
    verdict = verify(Lake(lake.path, look=False))
    assert not verdict.holds
    named = [p for p in verdict.problems if p.promise == promise and said in f"{p.where}: {p.what}"]
    assert named, verdict.problems
    assert all(p.mend for p in verdict.problems)


def test_a_good_lake_holds_and_verify_changes_nothing(lake: Lake) -> None:
    before = bytes_of(lake)
    seen: list[tuple[str, int, int]] = []
    verdict = verify(lake, lambda *told: seen.append(told))
    assert verdict.problems == ()
    assert verdict.rows == {"links": 6, "removals": 36, "duplicates": 6, "rejects": 3, "articles": 12, "runs": 3}
    assert (verdict.batches, verdict.restored, seen[-1]) == (3, 18, ("texts restored", 18, 18))
    assert ("files read", 18, 18) in seen
    assert bytes_of(lake) == before


def test_an_empty_lake_holds(tmp_path: Path) -> None:
    assert verify(Lake(tmp_path / "lake", create=True)).holds


def test_batches_that_are_on_their_way_are_no_problem(lake: Lake) -> None:
    """A commit that is half in place is explained by its `.ready`, and what is being written by nothing at all."""
    ready = lake.path / "_staging" / f"b3-{RULESET}.2026-10.ready"
    (lake.path / "_staging" / f"b4-{RULESET}.2026-10.tmp").mkdir()
    ready.mkdir()
    for name in ("articles", "runs"):
        file(lake, name, "b3").rename(ready / f"{name}.part")
    assert verify(Lake(lake.path)).holds
    with lake.lock():
        assert lake.recover() == ("b3",)
    assert verify(Lake(lake.path)).restored == 18


def test_a_torn_file_of_runs_stops_other_commands_with_one_sentence(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = file(lake, "runs", "b2")
    torn.write_bytes(torn.read_bytes()[:-9])
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Warga menanam pohon."}\n')
    for command in (["lake", "status"], ["lake", "reconcile"], ["ingest", str(source)], ["lake", "show", "a" * 32]):
        assert cli.status_of([*command, "--lake", str(lake.path)]) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith(f"saring: {torn} cannot be read (Parquet magic bytes not found in footer.")
        assert said.endswith("): saring lake verify names all such files; put them back from a backup.")
    assert cli.status_of(["lake", "verify", "--lake", str(lake.path)]) == 1
    told = capsys.readouterr()
    assert f"BROKEN, nothing half: runs/{FOLDER}/b2-{RULESET}.parquet: it cannot be read" in told.out
    assert told.out.count("BROKEN") == 1
    assert "texts restored from their removals" in told.out
    assert told.err == f"saring: 1 problem in {lake.path}; what to do stands below each.\n"


@pytest.mark.parametrize("name", ["articles", "duplicates"])
def test_a_torn_file_of_articles_stops_other_commands_with_one_sentence(
    name: str, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = file(lake, name, "b3")
    torn.write_bytes(torn.read_bytes()[:-9])
    for command in (["lake", "status"], ["lake", "reconcile"], ["lake", "show", "a" * 32]):
        assert cli.status_of([*command, "--lake", str(lake.path)]) == 1
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith("saring: A file of the lake cannot be read (")
        assert len(said) < 250
        assert said.endswith("): saring lake verify names it.")


def test_a_file_that_goes_while_it_is_looked_for_ends_it_with_one_sentence(lake: Lake) -> None:
    """It was replaced by a compaction, or is lost; the next time tells which."""
    gone = file(lake, "articles", "b2")
    with pytest.raises(LakeError, match=rf"{gone.name}.* was replaced while the lake was looked at: run .* again"):
        verify(lake, lambda *_: gone.unlink(missing_ok=True))
    assert "articles, batch b2" in [problem.where for problem in verify(lake).problems]
