"""What the tests with a real Prefect server share: start one in a home of its own, ask its API, wait, see who is left.

Nothing here uses the developer's own ~/.prefect. Every process starts in a session of its own and is ended with all
that it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 180  # the first start makes the database, on a machine that may be busy
END_SECONDS = 30
PREFECT = (sys.executable, "-m", "prefect")
JSON = {"Content-Type": "application/json"}

Environment = Mapping[str, str]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment_of(home: Path, port: int, **more: str) -> dict[str, str]:
    """What a server and its clients are told: a home of their own, no analytics, the UI that asks no third party.

    Without the proxy at which nothing listens, a server with work pools asks GitHub for a list that it has itself.
    """
    return os.environ | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "127.0.0.1,localhost",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        **more,
    }


@contextmanager
def serving(home: Path, **more: str) -> Iterator[dict[str, str]]:
    """A server that lives as long as the block; yields the environment of its clients. `more` are settings."""
    port = free_port()
    environment = environment_of(home, port, **more)
    with started(server_command(port), home / "server.log", environment):
        until(lambda: healthy(environment), START_SECONDS, home / "server.log")
        yield environment


def server_command(port: int) -> list[str]:
    return [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def started(
    command: Sequence[str | Path], log: Path, environment: Environment, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended with the block, politely first, and then with all that is left of its session."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            list(map(str, command)), stdout=out, stderr=out, env=environment, cwd=cwd, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(holds: Callable[[], Any], seconds: float, log: Path | None = None) -> Any:
    """Wait for something that is true and return it; else fail with the end of a log."""
    last = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < last, log.read_text(errors="replace")[-3000:] if log else "waited too long"
        time.sleep(0.3)
    return found


def healthy(environment: Environment) -> bool:
    try:
        with urllib.request.urlopen(f"{environment['PREFECT_API_URL']}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def call(environment: Environment, path: str, body: Any = None, method: str = "POST") -> Any:
    """What the server's API answers; None where it answers nothing."""
    data = None if method == "GET" else json.dumps(body or {}).encode()
    request = urllib.request.Request(f"{environment['PREFECT_API_URL']}/{path}", data, JSON, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        said = reply.read()
    return json.loads(said) if said else None


def ask(environment: Environment, kind: str) -> Any:
    """All that the server has of a kind: flow_runs, task_runs, artifacts, events, deployments, automations."""
    return call(environment, f"{kind}/filter")


def newest(environment: Environment) -> Any:
    return max(ask(environment, "flow_runs"), key=lambda run: run["created"])


def run_of(environment: Environment, identity: str) -> Any:
    return call(environment, f"flow_runs/{identity}", method="GET")


def processes_with(word: str) -> dict[int, str]:
    """Which processes that are alive have a word in their command line or environment; by id, with the command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            told = command + b"\0" + (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if word.encode() in told and state != "Z" and int(folder.name) != os.getpid():
            found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found
