"""What the tests with a real Prefect server share: start one in a home of its own, ask its API, wait, see who is left.

Nothing here uses the developer's own ~/.prefect. Every process starts in a session of its own and is ended with all
that it started.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# How long something that is sure to come is waited for: no test is right or wrong by them, they only end a hopeless one.
START_SECONDS = 600  # the first start makes the database, on a machine that may be busy
END_SECONDS = 120
BUSY = (408, 429, 500, 502, 503, 504)  # what a server on a busy machine answers: "database is locked", for one
PREFECT = (sys.executable, "-m", "prefect")
JSON = {"Content-Type": "application/json"}

PATIENT = {  # a busy machine is waited for, by the server and by its clients
    "PREFECT_API_REQUEST_TIMEOUT": str(START_SECONDS),
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": str(END_SECONDS),
    "PREFECT_SERVER_DATABASE_TIMEOUT": str(END_SECONDS),
}

Environment = Mapping[str, str]


def free_port() -> int:
    """A port that stays free until its server has started, which takes seconds.

    It is none that the kernel gives to connections (it gives them away at any moment, to anybody), and none that
    another of the suite's processes can find: each has ports of its own.
    """
    worker, workers = (int(os.environ.get(f"PYTEST_XDIST_WORKER{word}", "0").strip("gw")) for word in ("", "_COUNT"))
    mine = [port for port in range(10_000, 30_000) if port % max(workers, 1) == worker]
    for port in random.SystemRandom().sample(mine, len(mine)):
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("this machine has no free port")


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
        **PATIENT,
        **more,
    }


@contextmanager
def serving(home: Path, **more: str) -> Iterator[dict[str, str]]:
    """A server that lives as long as the block; yields the environment of its clients. `more` are settings."""
    port = free_port()
    environment = environment_of(home, port, **more)
    with started(server_command(port), home / "server.log", environment) as server:
        until(lambda: healthy(environment) or server.poll() is not None, START_SECONDS, home / "server.log")
        assert server.poll() is None, (home / "server.log").read_text(errors="replace")[-3000:]
        yield environment


def server_command(port: int) -> list[str]:
    return [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def started(
    command: Sequence[str | Path], log: Path, environment: Environment, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended with the block, politely first, and then with all that is left of its session."""
    with log.open("ab") as out, interruptible():
        process = subprocess.Popen(
            list(map(str, command)), stdout=out, stderr=out, env=environment, cwd=cwd, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


@contextmanager
def interruptible() -> Iterator[None]:
    """Programs started meanwhile hear SIGINT also where the suite was started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
        with urllib.request.urlopen(f"{environment['PREFECT_API_URL']}/health", timeout=END_SECONDS) as reply:
            return bool(reply.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def call(environment: Environment, path: str, body: Any = None, method: str = "POST") -> Any:
    """What the server's API answers; None where it answers nothing. One that is too busy to answer is asked again."""
    once = {"idempotency_key": uuid.uuid4().hex} if path.endswith("/create_flow_run") else {}
    data = None if method == "GET" else json.dumps((body or {}) | once).encode()
    request = urllib.request.Request(f"{environment['PREFECT_API_URL']}/{path}", data, JSON, method=method)
    last = time.monotonic() + END_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=END_SECONDS) as reply:
                said = reply.read()
            return json.loads(said) if said else None
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in BUSY or time.monotonic() > last:
                    raise AssertionError(f"{path}: {error}: {error.read().decode(errors='replace')[-2000:]}") from error
        except TimeoutError:
            if time.monotonic() > last + START_SECONDS:
                raise
        time.sleep(1)


def ask(environment: Environment, kind: str) -> Any:
    """All that the server has of a kind: flow_runs, task_runs, artifacts, events, deployments, automations."""
    return call(environment, f"{kind}/filter")


def newest(environment: Environment) -> Any:
    """The run that was begun last by hand; what a schedule has planned is none."""
    begun = (run for run in ask(environment, "flow_runs") if not run["auto_scheduled"])
    return max(begun, key=lambda run: run["created"])


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
