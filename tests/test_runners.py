"""Shards cleaned on a Dask or Ray cluster, by its address: the bytes of a plain run, also when a worker is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import SARING
from held import hold, holding, let_go
from prefect_server import free_port, newest, processes_with, serving, started, until
from test_ingest_flow import STORY, contents

from flows.child import ShardError
from flows.observer import Observer
from flows.parts import parts
from flows.prepare import prepare
from flows.run import Going, begin, run
from flows.runners import Choice, Cluster, DiskBroke, RunnerError, chosen, clean_there, collect, order
from flows.settings import IngestConfig
from lake import Lake, LakeError
from lake.verify import verify

SMALL = [sys.executable, str(Path(__file__).with_name("small_shards.py")), "5", "locked", "ingest"]
MARK = "SARING_TEST_CLUSTER"  # tells all processes of a cluster, and their children, from others
WAITS = 20  # the first document that waits while a worker or a scheduler is killed
CLUSTER_SECONDS = 600  # machines are loaded; only what never comes takes so long
ORPHAN_SECONDS = 300.0
RUN_SECONDS = 1200


# ---------------------------------------------------------------------------------------------------------- the choice

WRONG = {
    "cluster": "it can be local, dask, ray, dask:tcp://10.0.0.5:8786 or ray:10.0.0.5:6379",
    "local:4": "it can be local",
    "dask:": "an address is written as in dask:tcp://10.0.0.5:8786",
    "dask:here": "an address is written as in",
    "dask:tcp://10.0.0.5": "an address is written as in",
    "ray:auto": "an address is written as in ray:10.0.0.5:6379",
    "ray:10.0.0.5:99999": "an address is written as in",
}


@pytest.fixture
def all_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


@pytest.mark.usefixtures("all_extras")
@pytest.mark.parametrize(("said", "remedy"), WRONG.items())
def test_a_runner_that_cannot_be_understood_is_refused_with_what_there_is(
    said: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARING_RUNNER", said)
    with pytest.raises(RunnerError) as refused:
        chosen()
    assert str(refused.value).startswith(f"SARING_RUNNER is {said!r}")
    assert remedy in str(refused.value)


def test_a_runner_whose_packages_are_missing_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("SARING_RUNNER", "ray")
    with pytest.raises(RunnerError, match=r"pip install 'saring\[ray\]'"):
        chosen()


@pytest.mark.usefixtures("all_extras")
def test_an_address_that_nobody_answers_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARING_RUNNER", f"dask:tcp://127.0.0.1:{free_port()}")
    with pytest.raises(RunnerError, match="nothing answers there"):
        chosen()


@pytest.mark.usefixtures("all_extras")
def test_an_address_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        where = f"127.0.0.1:{listening.getsockname()[1]}"
        for said, choice in (
            (f"dask:tcp://{where}", Choice(Cluster.DASK, f"tcp://{where}")),
            (f"ray:{where}", Choice(Cluster.RAY, where)),
            ("ray", Choice(Cluster.RAY)),
            ("local", Choice(Cluster.LOCAL)),
            ("", Choice(Cluster.LOCAL)),
        ):
            monkeypatch.setenv("SARING_RUNNER", said)
            assert chosen() == choice


def test_a_cluster_without_a_prefect_server_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = write_input(tmp_path)
    for said, remedy in (("dask", "set PREFECT_API_URL"), ("dsak", "it can be local, dask, ray")):
        done = subprocess.run(
            [SARING, "ingest", source, "--lake", tmp_path / "lake"],
            env=os.environ | {"SARING_RUNNER": said},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2, done.stderr
        assert remedy in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "lake").exists()


# ------------------------------------------------------------------------------------------------------- one order


def write_input(folder: Path, stories: int = 40) -> Path:
    path = folder / "in.jsonl"
    lines = [json.dumps({"id": str(n), "text": STORY.format(n=n)}) for n in range(stories)] + ["{broken"]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@contextmanager
def going(tmp_path: Path) -> Iterator[Going]:
    """A run whose one shard waits to be cleaned."""
    config = IngestConfig(inputs=[str(write_input(tmp_path))], lake=str(tmp_path / "lake"))
    prepared = prepare(config)
    with begin(prepared, Observer()) as found:
        yield found


class Done:
    """A future of a task that is over."""

    def __init__(self, work: Callable[[], str]) -> None:
        self.result = work


def test_a_shard_cleaned_twice_at_once_is_there_once(tmp_path: Path) -> None:
    with going(tmp_path) as run_:
        (shard,) = run_.prepared.plan.shards
        path = order(run_, shard)
        twice = [threading.Thread(target=clean_there, args=(0, path)) for _ in range(2)]
        for thread in twice:
            thread.start()
        for thread in twice:
            thread.join()
        clean_there(0, path)  # and once more, when all is done
        published = run_.publish(shard, collect(run_, shard, Done(lambda: clean_there(0, path))))
        assert published is not None
    assert contents(tmp_path / "lake") == contents(plain(tmp_path)) != {}


def plain(tmp_path: Path) -> Path:
    lake = tmp_path / "plain"
    assert run(IngestConfig(inputs=[str(tmp_path / "in.jsonl")], lake=str(lake))).ok
    return lake


def test_a_worker_that_does_not_see_the_inputs_or_the_lake_says_so(tmp_path: Path) -> None:
    with going(tmp_path) as run_:
        (shard,) = run_.prepared.plan.shards
        path = order(run_, shard)
        (tmp_path / "in.jsonl").rename(tmp_path / "elsewhere.jsonl")
        with pytest.raises(ShardError, match=r"does not see .*in\.jsonl: share inputs and lake under the same path"):
            clean_there(0, path)
        with pytest.raises(ShardError, match="does not see /nowhere"):
            clean_there(0, "/nowhere/order")


def test_a_worker_with_other_versions_or_rules_cleans_nothing(tmp_path: Path) -> None:
    with going(tmp_path) as run_:
        (shard,) = run_.prepared.plan.shards
        path = Path(order(run_, shard))
        told = json.loads(path.read_text())
        path.write_text(json.dumps(told | {"versions": told["versions"] | {"ftfy": "1.0"}}))
        with pytest.raises(ShardError, match=r"has ftfy [\d.]+ instead of 1\.0: install what the flow has"):
            clean_there(0, str(path))
        path.write_text(json.dumps(told | {"ruleset": "0123"}))
        with pytest.raises(ShardError, match=r"rules \w+ are installed, the run was planned with 0123"):
            clean_there(0, str(path))
        assert parts(run_.workplace.path, shard.batch) == []


def test_a_full_disk_on_a_worker_stops_the_run_as_one_here_does(tmp_path: Path) -> None:
    def full() -> str:
        raise DiskBroke("28 No space left on device")

    with going(tmp_path) as run_:
        (shard,) = run_.prepared.plan.shards
        with pytest.raises(LakeError, match="cannot be written: No space left on device") as raised:
            collect(run_, shard, Done(full))
        assert isinstance(raised.value.__cause__, OSError)


def test_work_ends_when_the_run_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.runners.LOOK_SECONDS", 0.0)
    with going(tmp_path) as run_:
        (shard,) = run_.prepared.plan.shards
        path = order(run_, shard)
        (run_.workplace.path / "owner").unlink()
        with pytest.raises(ShardError, match="the run was stopped"):
            clean_there(0, path)


# -------------------------------------------------------------------------------------------------------- real clusters


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with serving(tmp_path_factory.mktemp("prefect")) as environment:
        yield environment


@contextmanager
def dask(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A scheduler and two workers of one thread on the loopback address; yields what SARING_RUNNER is to be."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1"]
    with ExitStack() as stack:
        stack.enter_context(started([*command, "--no-dashboard"], folder / "scheduler.log", environment, folder))
        until(lambda: listens(port), CLUSTER_SECONDS, folder / "scheduler.log")
        for number in range(2):
            log, place = folder / f"worker{number}.log", ["--local-directory", str(folder)]
            stack.enter_context(started([*worker, *place, "--no-nanny", "--no-dashboard"], log, environment, folder))
        yield f"dask:{address}"


@contextmanager
def ray(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A head with two processors on the loopback address."""
    port = free_port()
    environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    options = ["--port", str(port), "--num-cpus", "2", "--include-dashboard", "false", "--disable-usage-stats"]
    options += ["--min-worker-port", "0", "--max-worker-port", "0"]  # any: else half of the ports may not be the head's
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", *options, "--block"]
    with ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix="saring-", ignore_cleanup_errors=True)  # names of sockets are short
        place = ["--node-ip-address", "127.0.0.1", "--temp-dir", stack.enter_context(kept)]
        stack.enter_context(started([*command, *place], folder / "head.log", environment, folder))
        until(lambda: listens(port), CLUSTER_SECONDS, folder / "head.log")
        until(lambda: "Ray runtime started" in (folder / "head.log").read_text(), CLUSTER_SECONDS, folder / "head.log")
        yield f"ray:127.0.0.1:{port}"


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


CLUSTERS = {"prefect_dask": dask, "prefect_ray": ray}


@pytest.fixture(scope="module", params=CLUSTERS, ids=lambda name: name.removeprefix("prefect_"))
def cluster(
    request: pytest.FixtureRequest, server: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment of runs that clean on a cluster; nothing of the cluster is left behind."""
    extra = request.param.removeprefix("prefect_")
    pytest.importorskip(request.param, reason=f"it is not installed: pip install 'saring[{extra}]'")
    mark = uuid.uuid4().hex
    folder = tmp_path_factory.mktemp(extra)
    environment = server | {MARK: mark} | holding(folder, WAITS)
    if extra == "ray":
        environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    try:
        with CLUSTERS[request.param](folder, dict(environment)) as runner:
            yield environment | {"SARING_RUNNER": runner}
        until(lambda: not processes_with(mark), ORPHAN_SECONDS)
    finally:
        for pid in processes_with(mark):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def cleaning(environment: dict[str, str]) -> dict[int, int]:
    """Children that clean, and the worker that each belongs to."""
    found = {}
    for pid, command in processes_with(environment[MARK]).items():
        if "flows.shard" in command:
            with suppress(OSError):  # it has ended meanwhile
                found[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


@pytest.mark.prefect
def test_on_a_cluster_a_run_writes_the_bytes_of_a_plain_one_also_when_a_worker_is_killed(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    source, lake, told = write_input(tmp_path), tmp_path / "cluster", tmp_path / "told.log"
    hold(cluster)
    with started([*SMALL, source, "--lake", lake], told, cluster) as process:
        until(lambda: any(lake.glob("runs/*/*.parquet")) or process.poll() is not None, RUN_SECONDS, told)
        child, worker = next(iter(until(lambda: cleaning(cluster), RUN_SECONDS, told).items()))
        os.kill(worker, signal.SIGKILL)
        until(lambda: child not in cleaning(cluster), ORPHAN_SECONDS)
        let_go(cluster)
        assert process.wait(RUN_SECONDS) == 0, told.read_text()[-3000:]
    until(lambda: not cleaning(cluster), ORPHAN_SECONDS)
    assert verify(Lake(lake)).problems == ()
    assert list((lake / "_staging").iterdir()) == []
    assert newest(cluster)["state"]["message"] == "40 articles, 0 copies, 1 reject"

    assert len(contents(lake)) == 9 * 5  # batches, tables apart from runs
    assert contents(lake) == contents(plain_small(tmp_path, source))
    again = subprocess.run([*SMALL, source, "--lake", lake], capture_output=True, text=True, env=cluster)
    assert again.stdout.startswith("Nothing new"), again.stderr


@pytest.mark.prefect
def test_a_run_that_is_interrupted_ends_its_work_on_the_cluster_and_the_next_one_completes_it(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    source, lake, told = write_input(tmp_path), tmp_path / "cluster", tmp_path / "told.log"
    hold(cluster)
    with started([*SMALL, source, "--lake", lake], told, cluster) as process:
        until(lambda: any(lake.glob("runs/*/*.parquet")) and cleaning(cluster), RUN_SECONDS, told)
        process.send_signal(signal.SIGINT)
        let_go(cluster)
        assert process.wait(RUN_SECONDS) != 0
    until(lambda: not cleaning(cluster), ORPHAN_SECONDS)
    assert verify(Lake(lake)).problems == ()
    subprocess.run([*SMALL, source, "--lake", lake], check=True, capture_output=True, env=cluster)
    assert contents(lake) == contents(plain_small(tmp_path, source))
    assert verify(Lake(lake)).problems == ()
    assert list((lake / "_staging").iterdir()) == []


@pytest.mark.prefect
def test_a_scheduler_that_is_killed_leaves_gaps_that_the_next_run_fills(server: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("prefect_dask", reason="it is not installed: pip install 'saring[dask]'")
    source, lake, told, mark = write_input(tmp_path), tmp_path / "cluster", tmp_path / "told.log", uuid.uuid4().hex
    held = server | {MARK: mark} | holding(tmp_path, WAITS)
    hold(held)
    with dask(tmp_path, held) as runner:
        environment = held | {"SARING_RUNNER": runner}
        with started([*SMALL, source, "--lake", lake], told, environment) as process:
            until(lambda: any(lake.glob("runs/*/*.parquet")) and cleaning(environment), RUN_SECONDS, told)
            for pid, command in processes_with(mark).items():
                if "dask_scheduler" in command:
                    os.kill(pid, signal.SIGKILL)
            let_go(held)
            assert process.wait(RUN_SECONDS) == 1, told.read_text()[-3000:]
    until(lambda: not processes_with(mark), ORPHAN_SECONDS)
    assert verify(Lake(lake)).problems == ()
    assert contents(plain_small(tmp_path, source, lake)) == contents(plain_small(tmp_path, source))


def plain_small(tmp_path: Path, source: Path, lake: Path | None = None) -> Path:
    """A plain run with the same small shards, into a lake of its own or to fill the gaps of one."""
    lake = lake or tmp_path / "plain"
    subprocess.run([*SMALL, source, "--lake", lake], check=True, capture_output=True)
    return lake
