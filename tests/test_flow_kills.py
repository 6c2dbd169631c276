"""Whatever is killed while a flow run works, the lake is whole, the next run completes it, and no process is left.

The suite kills a child, the flow's process, and cancels as the UI does; `--full` kills the server, the worker and
`saring serve` as well, and waits until a run of which nothing is heard is Crashed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SARING
from held import hold, holding, let_go
from prefect_server import PREFECT, START_SECONDS, ask, call, end, processes_with, run_of, serving, started, until

from flows.automations import NAME, silent_runs
from lake import Lake
from lake.verify import verify

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc"),
]

DOCUMENTS, SHARD = 400, 10
WAITS = 100  # the first document that waits, so that a run lasts while it is looked at
GONE_SECONDS = 300.0  # for children to notice, on a machine that may be busy
SILENT_SECONDS = 90  # the shortest that `saring automations` takes
DONE = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
SMALL = "else:\n    from flows import plan\n    plan.SHARD_DOCUMENTS = int(os.environ['SARING_TEST_SHARD'])\n"


@dataclass
class Place:
    """A server and where its runs come from: `saring serve` or a worker. Every process below has `mark` in it."""

    environment: dict[str, str]
    source: Path
    mark: str
    runner: subprocess.Popen[bytes]
    deployment: str

    def others(self) -> dict[int, str]:
        """Processes that the runner has started and that are alive."""
        return {pid: command for pid, command in processes_with(self.mark).items() if pid != self.runner.pid}

    def start(self, lake: Path) -> str:
        """Start a run into a lake, which will wait in its middle; wait for its first two batches. Return its id."""
        hold(self.environment)
        given = {"parameters": {"config": {"inputs": [str(self.source)], "lake": str(lake), "workers": 1}}}
        run = call(self.environment, f"deployments/{self.deployment}/create_flow_run", given)["id"]
        until(lambda: batches(lake) >= 2, START_SECONDS)
        assert self.state(run) == "RUNNING"
        return str(run)

    def state(self, run: str) -> str:
        return str(run_of(self.environment, run)["state_type"])

    def ended(self, run: str, seconds: float = START_SECONDS) -> str:
        return str(until(lambda: (state := self.state(run)) in DONE and state, seconds))

    def kill(self, word: str) -> None:
        found = until(lambda: [pid for pid, one in self.others().items() if word in one], GONE_SECONDS)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def write_stories(path: Path) -> Path:
    story = "Warga kampung {0} menanam {1} pohon di tepi sungai pada Senin pagi, kata lurah {2}."
    rows = ({"id": str(n), "text": story.format(n, n * 7 + 3, n * 13 + 1)} for n in range(DOCUMENTS))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@contextmanager
def placed(server: dict[str, str], folder: Path, mark: str, name: str, by: str = "serve") -> Iterator[Place]:
    """A deployment of that name on a server, run by `saring serve` or by a worker of a work pool."""
    more = {"SARING_TEST_MARK": mark, "SARING_TEST_SHARD": str(SHARD)} | holding(folder, WAITS, SMALL)
    environment, source = server | more, write_stories(folder / "in.jsonl")
    if by == "serve":
        schedule = ["--cron", "0 0 1 1 *", "--name", name, "--lake", str(folder / "lake"), str(source)]
        command: Sequence[str | Path] = [sys.executable, "-m", "flows", "serve", *schedule]
    else:
        settings = (ROOT / "prefect.yaml").read_text().replace("name: daily", f"name: {name}")
        (folder / "prefect.yaml").write_text(settings)
        for words in ("work-pool create saring --type process", "--no-prompt deploy --all"):
            subprocess.run([*PREFECT, *words.split()], env=server, cwd=folder, check=True, capture_output=True)
        command = [*PREFECT, "worker", "start", "--pool", "saring"]
    with started(command, folder / f"{by}.log", environment, cwd=folder) as runner:
        try:
            (one,) = until(lambda: named(server, name), START_SECONDS, folder / f"{by}.log")
            yield Place(environment, source, mark, runner, one["id"])
        finally:
            end(runner)
            for pid in processes_with(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def named(server: dict[str, str], name: str) -> list[Any]:
    return [one for one in ask(server, "deployments") if one["name"] == name]


def batches(lake: Path) -> int:
    return len(list((lake / "runs").glob("*/*.parquet")))


def assert_whole(lake: Path) -> None:
    assert [problem.what for problem in verify(Lake(lake)).problems] == []


def assert_completed_by_the_next(place: Place, lake: Path) -> None:
    """The lake holds every document once after one more run, and no dead run has left anything in it."""
    let_go(place.environment)
    plain = {name: value for name, value in place.environment.items() if name != "PREFECT_API_URL"}
    done = subprocess.run([SARING, "ingest", place.source, "--lake", lake], env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_whole(lake)
    assert Lake(lake).status().rows["articles"] == DOCUMENTS
    assert list((lake / "_staging").iterdir()) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with serving(tmp_path_factory.mktemp("server"), PREFECT_FLOWS_HEARTBEAT_FREQUENCY="30") as environment:
        yield environment


@pytest.fixture(scope="module")
def served(server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("served")
    with placed(server, folder, str(folder), "killed") as place:
        yield place


def test_a_child_that_is_killed_is_started_again_and_its_run_completes(served: Place, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    run = served.start(lake)
    served.kill("flows.shard")
    let_go(served.environment)
    assert served.ended(run) == "COMPLETED"
    assert run_of(served.environment, run)["state"]["message"] == f"{DOCUMENTS} articles, 0 copies, 0 rejects"
    until(lambda: not served.others(), GONE_SECONDS)
    assert_completed_by_the_next(served, lake)


def test_a_run_whose_process_is_killed_is_crashed_and_the_next_goes_on(served: Place, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    run = served.start(lake)
    served.kill("prefect.engine")
    until(lambda: not served.others(), GONE_SECONDS)
    assert served.ended(run) == "CRASHED"
    assert_whole(lake)
    assert 2 <= batches(lake) < DOCUMENTS / SHARD
    assert_completed_by_the_next(served, lake)


def test_a_cancelled_run_ends_its_children_in_seconds_and_the_next_goes_on(served: Place, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    run = served.start(lake)
    cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}  # what the button in the UI sends
    call(served.environment, f"flow_runs/{run}/set_state", cancelling)
    asked = time.monotonic()
    until(lambda: not served.others(), GONE_SECONDS)
    print(f"\ncancelled: no process after {time.monotonic() - asked:.1f} s", file=sys.stderr)
    assert batches(lake) < DOCUMENTS / SHARD
    assert served.ended(run) == "CANCELLED"
    assert_whole(lake)
    assert_completed_by_the_next(served, lake)


@pytest.mark.parametrize("by", ["serve", "worker"])
def test_what_started_a_run_is_killed_and_the_run_ends_itself(
    by: str, server: dict[str, str], tmp_path: Path, full: bool
) -> None:
    if not full:
        pytest.skip("with --full: it starts everything once more")
    lake = tmp_path / "lake"
    with placed(server, tmp_path, str(tmp_path), f"{by}-killed", by) as place:
        run = place.start(lake)
        place.runner.kill()
        until(lambda: not place.others(), GONE_SECONDS)
        assert place.ended(run) == "CRASHED"
        assert_whole(lake)
        assert_completed_by_the_next(place, lake)


def test_the_server_is_killed_and_the_run_publishes_all_the_same(
    tmp_path_factory: pytest.TempPathFactory, full: bool
) -> None:
    if not full:
        pytest.skip("with --full: it starts everything once more")
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work")
    lake = folder / "lake"
    with serving(home) as server, placed(server, folder, str(folder), "server-killed") as place:
        place.start(lake)
        for pid, command in processes_with(str(home)).items():
            if "server start" in command or "prefect.server" in command:
                os.kill(pid, signal.SIGKILL)
        # The process goes on telling a server that is not there for minutes; what it cleaned is in the lake before.
        at_kill = batches(lake)
        let_go(place.environment)
        until(lambda: batches(lake) == DOCUMENTS // SHARD, START_SECONDS)
        print(f"\nserver killed after {at_kill} batches; the run published the other {DOCUMENTS // SHARD - at_kill}")
        until(lambda: not list((lake / "_staging").iterdir()), GONE_SECONDS)
        assert_completed_by_the_next(place, lake)
    until(lambda: not processes_with(str(folder)), GONE_SECONDS)


def test_a_run_of_which_nothing_is_heard_is_crashed(server: dict[str, str], tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("with --full: it waits for minutes")
    install = [SARING, "automations", "--after", str(SILENT_SECONDS)]
    subprocess.run(install, env=server, check=True, capture_output=True)
    lake = tmp_path / "lake"
    with placed(server, tmp_path, str(tmp_path), "silent") as place:
        run = place.start(lake)
        place.runner.kill()
        place.kill("prefect.engine")
        assert place.state(run) == "RUNNING"
        killed = time.monotonic()
        assert place.ended(run, 4 * SILENT_SECONDS) == "CRASHED"
        print(f"\nsilent: crashed after {time.monotonic() - killed:.0f} s", file=sys.stderr)
        assert_completed_by_the_next(place, lake)


def test_saring_automations_makes_one_automation_however_often_it_is_run(server: dict[str, str]) -> None:
    for seconds in ("90", "540"):
        done = subprocess.run([SARING, "automations", "--after", seconds], env=server, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"after {seconds} s" in done.stdout
    (made,) = [one for one in ask(server, "automations") if one["name"] == NAME]
    assert (made["trigger"]["within"], made["enabled"]) == (540, True)


def test_the_automation_takes_every_event_of_a_run_for_life() -> None:
    """Its last one is named after the state, and ours have names of their own: NothingNew, Gaps, Alarms."""
    automation = silent_runs(540)
    trigger: Any = automation.trigger
    assert (trigger.after, trigger.expect) == ({"prefect.flow-run.heartbeat"}, {"prefect.flow-run.*"})
    assert (trigger.posture.value, trigger.for_each) == ("Proactive", {"prefect.resource.id"})
    (action,) = automation.actions
    assert (action.type, action.state.value) == ("change-flow-run-state", "CRASHED")
