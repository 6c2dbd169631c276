"""Nothing but this machine is contacted by the commands, by the server of `saring up`, or by the runs that it starts.

Watched with strace, by all processes of each. The browser, and a server with a worker, are watched by test_browser.py.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SARING
from connections import begun_in, can_watch, elsewhere_in, started_in, watching
from prefect_server import START_SECONDS, call, processes_with, run_of, started, until

TEXT, PAGE = ROOT / "samples/text/kompastv-jembatan.txt", ROOT / "samples/pages/detik-trotoar.html"
DONE = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
# What runs on a terminal, as people have it: some programs tell only those who look.
ON_A_TERMINAL = (
    sys.executable,
    "-c",
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
)
# In this order: each works in the lake that the first has made.
COMMANDS = {
    "ingest {samples} --lake lake": None,
    "ingest --rejects --lake lake": None,
    "clean": TEXT,
    "clean --html": PAGE,
    "report --html report.html --lake lake": None,
    "rules audit --lake lake": None,
    "lake status --lake lake": None,
    "lake verify --lake lake": None,
    "lake changes --lake lake": None,
    "lake export --to hf out --lake lake": None,
    "lake compact --all --lake lake": None,
    "lake reclean --lake lake": None,
}


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """The file that takes what strace sees."""
    if not can_watch(tmp_path):
        pytest.skip("connections are watched with strace, which is not here or may not trace")
    return tmp_path / "connections"


def told(environment: dict[str, str], home: Path) -> dict[str, str]:
    """The environment of somebody new to it, on a machine that does not call itself CI."""
    ours = re.compile(r"PREFECT_|SARING_|CI$|GITHUB_ACTIONS$|DO_NOT_TRACK$")
    return {name: value for name, value in environment.items() if not ours.match(name)} | {"HOME": str(home)}


@pytest.mark.parametrize(
    ("program", "seen"),
    {
        "socket.socket().connect_ex(('127.0.0.1', 9))": 0,
        "socket.socket().connect_ex(('198.51.100.7', 9))": 1,  # an address for documentation, which nobody has
        "socket.socket(type=2).sendto(b'x', ('198.51.100.7', 9))": 1,
        "socket.socket(type=2).connect(('198.51.100.7', 53))": 1,
        "socket.socket().bind(('127.0.0.1', 0))": 0,
        "socket.create_server(('', 4999 + os.getpid() % 1000))": 1,
        "subprocess.run([sys.executable, '-c', 'import socket; socket.socket().connect_ex((\"198.51.100.7\", 9))'])": 1,
    }.items(),
)
def test_the_watch_sees_who_talks_to_another_machine(program: str, seen: int, watched: Path) -> None:
    script = f"import os, socket, subprocess, sys\nsocket.setdefaulttimeout(0.01)\n{program}"
    subprocess.run([*watching(watched), sys.executable, "-c", script], capture_output=True)
    until(lambda: not processes_with(str(watched)), START_SECONDS)  # strace has written all
    assert len(elsewhere_in(watched)) == seen, elsewhere_in(watched)


def test_no_command_talks_to_another_machine(watched: Path, tmp_path: Path) -> None:
    environment = told(dict(os.environ), tmp_path)
    for words, given in COMMANDS.items():
        command = [*watching(watched), SARING, *shlex.split(words.format(samples=ROOT / "samples"))]
        with (given or Path(os.devnull)).open("rb") as text:
            done = subprocess.run(command, stdin=text, capture_output=True, cwd=tmp_path, env=environment)
        assert done.returncode == 0, (words, done.stderr)
    until(lambda: not processes_with(str(watched)), START_SECONDS)
    assert len([line for line in started_in(watched) if "flows.shard" in line]) >= 2, "children are not watched"
    assert elsewhere_in(watched) == []


@pytest.mark.prefect
def test_neither_saring_up_nor_a_run_of_it_talks_to_another_machine(watched: Path, tmp_path: Path) -> None:
    """A run that is started there, and one that is typed on a terminal as a flow of the same server."""
    log, environment = tmp_path / "log", told(dict(os.environ), tmp_path)
    words = ["--cron", "0 0 1 1 *", "--lake", str(tmp_path / "lake"), str(ROOT / "samples")]
    command = [*watching(watched), SARING, "up", *words]
    with started(command, log, environment, cwd=tmp_path) as process:
        until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None, START_SECONDS, log)
        found = re.search(r"(http\S+)/deployments/deployment/(\S+)/run$", log.read_text(), re.MULTILINE)
        assert found is not None, log.read_text()
        server = {"PREFECT_API_URL": f"{found[1]}/api"}
        run = call(server, f"deployments/{found[2]}/create_flow_run")["id"]
        until(lambda: run_of(server, run)["state_type"] in DONE, START_SECONDS, log)
        assert run_of(server, run)["state_type"] == "COMPLETED"
        typed = [SARING, "ingest", str(ROOT / "samples"), "--lake", str(tmp_path / "typed")]
        typed = [*watching(watched), *ON_A_TERMINAL, *typed]
        done = subprocess.run(typed, capture_output=True, text=True, cwd=tmp_path, env=environment | server)
        assert done.returncode == 0, done.stdout
        assert "usage data" not in done.stdout  # Prefect's client says so before it reports to its makers
    until(lambda: not processes_with(str(tmp_path)), START_SECONDS)
    assert len(begun_in(watched)) > 10, "strace saw hardly anything"
    assert elsewhere_in(watched) == []
