"""`saring up` starts what it says, on this machine only, and leaves no process behind however it is stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SARING
from prefect_server import END_SECONDS, START_SECONDS, ask, call, free_port, processes_with, run_of, started, until

from flows.automations import NAME
from flows.up import _environment, _free_port, up

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc"),
]


def test_it_says_where_to_look_and_is_stopped_in_the_middle_of_a_run(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    command = [SARING, "up", ROOT / "samples", "--lake", tmp_path / "lake", "--home", home]
    with started(command, log, os.environ) as process:
        until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None, START_SECONDS, log)
        said = log.read_text()
        url = re.search(r"^Saring is up: (http://127\.0\.0\.1:\d+)$", said, re.MULTILINE)
        form = re.search(r"^Start a run: (http\S+/deployments/deployment/(\S+)/run)$", said, re.MULTILINE)
        assert url is not None, said
        assert form is not None, said
        environment = {"PREFECT_API_URL": f"{url[1]}/api"}
        with urllib.request.urlopen(f"{url[1]}/ui-settings", timeout=END_SECONDS) as reply:
            assert f'"{url[1]}/api"' in reply.read().decode()  # or the pages would look for their API elsewhere
        until(lambda: [one for one in ask(environment, "automations") if one["name"] == NAME], START_SECONDS, log)
        run = call(environment, f"deployments/{form[2]}/create_flow_run")["id"]
        until(lambda: run_of(environment, run)["state_type"] == "RUNNING", START_SECONDS, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(2 * END_SECONDS) == 0, log.read_text()
        until(lambda: not processes_with(str(home)), END_SECONDS)


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    with started([SARING, "up", ROOT / "samples", "--home", home], log, os.environ) as process:
        until(lambda: "starting a Prefect server" in log.read_text(), START_SECONDS, log)
        process.send_signal(signal.SIGINT)
        assert process.wait(2 * END_SECONDS) == 0, log.read_text()
        until(lambda: not processes_with(str(home)), END_SECONDS)


def test_two_that_start_at_once_do_not_take_the_same_port() -> None:
    """A server listens seconds after its port was chosen; the second would find itself at the first one's."""
    with _free_port() as one, _free_port() as other:
        assert one != other


def test_a_signal_in_the_middle_of_a_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, begun = subprocess.Popen, list[Any]()

    def interrupted(command: Any, **given: Any) -> Any:
        begun.append(start(["sleep", "1000"], **given))
        os.kill(os.getpid(), signal.SIGINT)  # before anybody else knows of the process
        return begun[-1]

    monkeypatch.setattr("flows.up.subprocess.Popen", interrupted)
    up(["in.jsonl"], home=tmp_path, port=free_port(), say=lambda _: None)
    assert [process.poll() for process in begun] == [-signal.SIGTERM]


def test_a_program_that_ends_by_itself_ends_it_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [SARING, "up", tmp_path / "in.jsonl", "--cron", "every day", "--home", tmp_path / "home"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * START_SECONDS)
    assert (done.returncode, "The schedule 'every day' cannot be read" in done.stderr) == (1, True), done.stderr
    until(lambda: not processes_with(str(tmp_path / "home")), END_SECONDS)


def test_nothing_of_the_users_own_prefect_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "secret")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://elsewhere/prefect")
    told = {name: value for name, value in _environment(tmp_path, 4999).items() if name.startswith("PREFECT_")}
    assert not {"PREFECT_API_KEY", "PREFECT_SERVER_DATABASE_CONNECTION_URL"} & set(told)
    assert told["PREFECT_API_URL"] == told["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:4999/api"
    assert (told["PREFECT_SERVER_ANALYTICS_ENABLED"], told["PREFECT_SERVER_UI_V2_ENABLED"]) == ("false", "false")
    assert told["PREFECT_HOME"] == str(tmp_path)
