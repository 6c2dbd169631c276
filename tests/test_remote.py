"""A lake in a bucket keeps the promises of one on disk: nothing lost, twice or half, whoever is killed or paused."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from conftest import ROOT, SARING
from lake_samples import NOW, batch, bytes_of, publish
from s3_samples import Crash, FailingBucket, lake_at, server, unused

from flows import cli
from lake import Lake, LakeError
from lake.objects import Bucket
from lake.remote import Remote, State, copy_of
from lake.verify import verify

LONG_LEASE_SECONDS = 8  # a machine so busy that nothing of the suite is heard of for six is none
pytest.importorskip("obstore", reason="obstore is not installed: pip install 'saring[s3]'")
pytest.importorskip("moto.server", reason="moto is not installed")


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with server() as given:
        yield given


@pytest.fixture(autouse=True)
def settings(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SARING_CACHE", str(tmp_path / "cache"))


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows runs on another machine: it has no copy yet."""
    monkeypatch.setenv("SARING_CACHE", str(tmp_path / f"cache-{time.monotonic_ns()}"))


def objects(url: str) -> set[str]:
    return set(Bucket(url).names(""))


# ------------------------------------------------------------------------------------------------------ as on a disk


def test_the_objects_are_the_files_of_a_lake_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = unused("same")
    here = Lake(tmp_path / "lake", create=True)
    for lake in (here, lake_at(url)):
        publish(lake, "b1", range(5))
        publish(lake, "b2", range(3, 8))
    bucket = Bucket(url)
    names = objects(url) - {"_lock"}
    assert names == bytes_of(here).keys()
    assert {name: found[0] for name in names if (found := bucket.get(name))} == bytes_of(here)
    elsewhere(tmp_path, monkeypatch)
    there = Lake(url)
    assert bytes_of(there) == bytes_of(here)
    assert verify(there).holds
    assert there.status().path == url


def test_optional_tables_come_too_and_nothing_is_replaced(tmp_path: Path) -> None:
    from lake.schema import table

    url = unused("more")
    lake = lake_at(url)
    publish(lake, "b1", range(3))
    rows = table("clusters", [{"id": "a", "cluster_id": "b", "batch": "reconcile000001"}])
    with lake.lock():
        lake.add("clusters", rows, "reconcile000001-clusters", NOW)
    assert Lake(url).status().rows["clusters"] == 1
    with lake.lock(), pytest.raises(LakeError, match="never replaced"), lake.exchange():
        pass


def test_a_command_ingests_into_a_bucket_and_others_read_it(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = unused("ingest")
    command = [SARING, "ingest", "samples", "--lake", url, "--workers", "1"]
    for said in ("", "nothing new"):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout.lower() + done.stderr.lower()
    elsewhere(tmp_path, monkeypatch)
    assert cli.status_of(["lake", "verify", "--lake", url]) == 0
    options = {"aws_endpoint_url": environment["AWS_ENDPOINT_URL"], "aws_allow_http": "true"}
    rows = pl.scan_parquet(f"{url}/articles/*/*.parquet", storage_options=options).collect()
    assert rows.height == Lake(url).status().rows["articles"] > 40


# ----------------------------------------------------------------------------------------------------- crash and loss


def calls_of_a_run(url: str) -> int:
    bucket = FailingBucket(url)
    publish(lake_at(url, bucket, lease_seconds=60), "b2", range(3, 8))
    return bucket.calls


def test_after_a_crash_at_any_call_the_next_writer_finds_a_batch_whole_or_absent(tmp_path: Path) -> None:
    whole = unused("whole")
    publish(lake_at(whole), "b1", range(5))
    calls = calls_of_a_run(whole)
    assert calls > 25
    seen = set()
    for at in range(calls):
        for after in (False, True):
            url = unused(f"crash{at}")
            publish(lake_at(url), "b1", range(5))
            bucket = FailingBucket(url, at, after=after)
            with pytest.raises(Crash):
                publish(lake_at(url, bucket, lease_seconds=60), "b2", range(3, 8))
            other = lake_at(url, lease_seconds=0.05)  # how long to wait is for who waits to say
            publish(other, "b3", range(4, 6))  # another writer, whose rows are copies of the batch's
            seen.add("b2" in other.done())
            publish(other, "b2", range(3, 8))
            assert verify(other).holds, (at, after)
            assert {"b1", "b2", "b3"} == other.done()
            assert not [name for name in objects(url) if name.startswith("_staging")], (at, after)
            assert other.status().rows["articles"] == 8
            if bucket.broken_at in ("get", "names"):
                break  # reading leaves nothing behind
    assert seen == {True, False}


def test_a_store_that_fails_is_told_in_a_sentence_and_the_batch_comes_with_the_next_run() -> None:
    url = unused("broken")
    publish(lake_at(url), "b1", range(5))
    with pytest.raises(LakeError, match="cannot be used"):
        publish(lake_at(url, FailingBucket(url, 20, fault=OSError("no route")), lease_seconds=60), "b2", range(3, 8))
    lake = lake_at(url, lease_seconds=0.1)
    publish(lake, "b2", range(3, 8))
    assert verify(lake).holds


def test_who_was_paused_and_lost_the_lease_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = unused("paused")
    first = lake_at(url, lease_seconds=0.2)
    elsewhere(tmp_path, monkeypatch)
    second = lake_at(url, lease_seconds=0.2)
    monkeypatch.setattr(Remote, "_renew", lambda self, ended: None)
    with first.lock():
        first.recover()
        publish(second, "b1", range(5))  # waits until the lease has run out
        with pytest.raises(LakeError, match=r"lease of .* was lost"):
            first.publish(batch(None, "b2", range(5)), NOW)
    assert Lake(url).done() == {"b1"}
    publish(second, "b3", range(3))
    assert verify(second).holds
    assert not [name for name in objects(url) if name.startswith("_staging")]


def test_a_holder_that_works_long_keeps_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = unused("long")
    first = lake_at(url, lease_seconds=LONG_LEASE_SECONDS)
    elsewhere(tmp_path, monkeypatch)
    second = lake_at(url, lease_seconds=LONG_LEASE_SECONDS)
    waited: list[float] = []
    came = []

    def other() -> None:
        with second.lock(waited.append):
            came.append(time.monotonic())

    with first.lock():
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(2.5 * LONG_LEASE_SECONDS)
        left = time.monotonic()
    thread.join()
    assert waited
    assert came[0] >= left


def test_other_bytes_in_the_place_of_a_batch_stop_it() -> None:
    url = unused("foreign")
    lake = lake_at(url)
    publish(lake, "b1", range(3))
    Bucket(url).create("rejects/ingested=2026-10/b2-0123456789abcdef.parquet", b"something else")
    with pytest.raises(LakeError, match="other bytes"):
        publish(lake, "b2", range(3, 5))


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from lake_samples import publish
from s3_samples import lake_at
from lake import LakeError
for number in range(8):
    while True:
        try:
            publish(lake_at({url!r}, lease_seconds=1.0), f"b{{number}}", range(2 * number, 2 * number + 5))
            break
        except LakeError as error:  # a machine so busy that its lease is not renewed for a second
            if "another writer took over. Run it again." not in str(error):
                raise
"""
PATIENCE_SECONDS = 600  # machines are loaded; only what never comes takes so long


def test_two_writers_that_are_killed_at_random_lose_and_double_nothing(tmp_path: Path) -> None:
    url = unused("killed")
    lake_at(url)
    luck = random.Random(7)
    code = WRITER.format(tests=str(Path(__file__).parent), url=url)

    def started(number: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"SARING_CACHE": str(tmp_path / f"machine{number}")},
            cwd=ROOT,
            stderr=log,
        )

    with (tmp_path / "log").open("ab") as log:
        writers = [started(0), started(1)]
        for _ in range(12):
            time.sleep(luck.uniform(0.5, 3.0))
            number = luck.randrange(2)
            writers[number].send_signal(signal.SIGKILL)
            writers[number].wait()
            writers[number] = started(number)
        assert [writer.wait(PATIENCE_SECONDS) for writer in writers] == [0, 0], (tmp_path / "log").read_text()
    lake = lake_at(url)
    assert lake.done() == {f"b{number}" for number in range(8)}
    assert lake.status().rows["articles"] == 19
    assert verify(lake).holds
    assert not [name for name in objects(url) if name.startswith("_staging")]


# ------------------------------------------------------------------------------------------------- what is told, where


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/nothing-here", "There is no lake at s3://bucket/nothing-here"),
        ("s3://no-such-bucket/lake", "There is no lake at|cannot be used"),
    ],
)
def test_what_is_no_lake_is_told(url: str, said: str) -> None:
    with pytest.raises(LakeError, match=said):
        Lake(url)


def test_a_prefix_that_holds_other_things_is_refused() -> None:
    url = unused("other")
    Bucket(url).create("photos/a.jpg", b"jpg")
    with pytest.raises(LakeError, match="holds other things"):
        Lake(url, create=True)


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("lake.objects.MAX_RETRIES", 0)
    with pytest.raises(LakeError, match="cannot be used"):
        Lake("s3://bucket/lake")


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(LakeError, match=r"pip install 'saring\[s3\]'"):
        Lake("s3://bucket/lake")


def test_each_lake_has_a_copy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {copy_of("s3://bucket/a/b"), copy_of("s3://bucket/a-b")}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert len(found | {copy_of("s3://bucket/a/b")}) == 3


def test_a_copy_whose_bucket_was_made_anew_is_made_anew() -> None:
    url = unused("anew")
    publish(lake_at(url), "b1", range(5))
    Bucket(url).delete(sorted(objects(url)))
    publish(lake_at(url), "b2", range(3))
    assert Lake(url).done() == {"b2"}


def test_what_needs_a_disk_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = unused("refused")
    publish(lake_at(url), "b1", range(5))
    publish(Lake(tmp_path / "lake", create=True), "b1", range(5))
    address = "https://rekaan.example/1"
    for command in (
        ["compact", "--all", "--lake", url],
        ["forget", "--url", address, "--yes", "--lake", url],
        ["reclean", "--workers", "1", "--lake", url],
        ["compact", "--into", url + "-new", "--lake", str(tmp_path / "lake")],
    ):
        assert cli.status_of(["lake", *command]) == 2
        assert "bucket/refused" in capsys.readouterr().err
    assert Lake(url).status().rows["articles"] == 5
    assert cli.status_of(["lake", "compact", "--into", str(tmp_path / "new"), "--lake", url]) == 0
    assert verify(Lake(tmp_path / "new")).holds


def test_the_remedy_that_a_refusal_names_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, here = unused("remedy"), tmp_path / "here"
    publish(lake_at(url), "b1", range(5))
    publish(lake_at(url), "b2", range(3, 8))
    forget = ["forget", "--url", "https://rekaan.example/4", "--yes", "--lake"]
    assert cli.status_of(["lake", *forget, url]) == 2
    assert "saring lake compact --into DIR, do it there, and copy its files to a new prefix" in capsys.readouterr().err
    assert cli.status_of(["lake", "compact", "--into", str(here), "--lake", url]) == 0
    assert cli.status_of(["lake", *forget, str(here)]) == 0
    for name, data in bytes_of(Lake(here)).items():
        Bucket(f"{url}-new").create(name, data)
    new = lake_at(f"{url}-new")
    publish(new, "b3", range(8, 10))
    assert (new.status().rows["articles"], new.status().rows["tombstones"]) == (9, 2)
    assert verify(new).holds


def test_a_lake_is_cleaned_again_into_another_prefix(tmp_path: Path) -> None:
    url = unused("again")
    publish(lake_at(url), "b1", range(3))
    before = objects(url)
    assert cli.status_of(["lake", "reclean", "--workers", "1", "--into", f"{url}-new", "--lake", url]) == 0
    new = lake_at(f"{url}-new")
    assert new.done() == {"b1"}
    assert [run["recleaned"] is not None for run in new.runs().to_pylist()] == [True]
    assert verify(new).holds
    assert objects(url) == before


@pytest.mark.parametrize("with_lock", [True, False])
def test_a_lake_copied_from_a_disk_is_a_lake(tmp_path: Path, with_lock: bool) -> None:
    url = unused("copied")
    here = Lake(tmp_path / "lake", create=True)
    publish(here, "b1", range(5))
    for name, data in bytes_of(here).items():
        Bucket(url).create(name, data)
    if with_lock:
        Bucket(url).create("_lock", (here.path / "_lock").read_bytes())
    lake = lake_at(url)
    publish(lake, "b2", range(3, 8))
    assert lake.done() == {"b1", "b2"}
    assert verify(lake).holds


def test_the_state_of_a_lease_is_read_as_it_was_written() -> None:
    state = State("me")
    assert State.read(state.encoded()).owner == "me"
    assert state.encoded() != state.encoded()
