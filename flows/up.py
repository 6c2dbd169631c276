"""Start a Prefect server and `saring serve` on this machine, for those who want to look: `saring up`. No Prefect here.

Both are programs of their own, told by their environment where they live: a home of their own, the loopback address,
nothing that asks or tells anybody else. They end with this one.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
PORT = 4200  # Prefect's own
NAME = "look"  # of the deployment
START_SECONDS = 600.0  # the first start makes the database; a loaded machine took 50, and waiting longer costs nothing
END_SECONDS = 60.0  # a program that was told to end and has not is killed
ANSWER_SECONDS = 10.0  # for one answer of the server; Ctrl-C is heard after it at the latest
DATABASE_SECONDS = 60  # Prefect waits 10 for a database that another has locked, too short for a slow disk
LOOK_SECONDS = 0.2
NO_ANSWER = (OSError, http.client.HTTPException)
HEARTBEAT_SECONDS = 30  # the shortest that Prefect allows
SILENT_SECONDS = 3 * HEARTBEAT_SECONDS
LOG_END_CHARS = 2000
# With work pools a Prefect server asks GitHub what kinds of workers there are, and uses its own list where it cannot:
# nothing listens here, so it cannot. For the server alone; runs may have a lake in a bucket.
NOBODY = {"https_proxy": f"http://{HOST}:9", "no_proxy": f"{HOST},localhost"}
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class UpError(Exception):
    """A program could not be started or ended by itself: one sentence, with the end of its log."""


class _Stopped(BaseException):
    """Somebody asked for the end."""


def up(serve: Sequence[str], *, home: Path, port: int | None, say: Callable[[str], None]) -> None:
    """Start the server and `saring serve` with the arguments `serve`, say where, and wait until asked to stop.

    `home` is the folder of Prefect's database and of the logs; `port` None takes 4200, or any free one if it is taken.
    SIGINT, SIGTERM and SIGHUP end it, and both programs with it. Raises UpError.
    """
    home.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(_Stopped), _asked() as asked, contextlib.ExitStack() as running:
        port = port if port is not None else running.enter_context(_free_port())
        environment, url = _environment(home, port), f"http://{HOST}:{port}"
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
        saring = [sys.executable, "-m", "flows"]
        say(f"starting a Prefect server; its database and logs are in {home}")
        server = running.enter_context(_program(command, home / "server.log", environment | NOBODY))
        _wait(lambda: _answers(f"{url}/api/health"), [server], asked)
        served = running.enter_context(_program([*saring, "serve", *serve], home / "serve.log", environment))
        watch = [*saring, "automations", "--after", str(SILENT_SECONDS)]
        running.enter_context(_program(watch, home / "automations.log", environment))
        form = _wait(lambda: _form(url), [server, served], asked)
        say(f"Saring is up: {url}\nStart a run: {form}\nCtrl-C ends it.")
        _wait(lambda: None, [server, served], asked, seconds=None)


class _Program:
    """A program that runs beside this one, in a session of its own: Ctrl-C reaches it only through us."""

    def __init__(self, command: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, start_new_session=True
            )

    def end(self) -> None:
        """Ask it to end, then kill what is left of its session."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def _program(command: Sequence[str], log: Path, environment: dict[str, str]) -> Iterator[_Program]:
    program = _Program(command, log, environment)
    try:
        yield program
    finally:
        program.end()


def _environment(home: Path, port: int) -> dict[str, str]:
    """The user's own environment, but for everything that would lead to another server, or from this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    api = f"http://{HOST}:{port}/api"
    return kept | {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": api,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": str(DATABASE_SECONDS),
        "PREFECT_SERVER_DATABASE_TIMEOUT": str(DATABASE_SECONDS),
        "PREFECT_SERVER_UI_API_URL": api,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # its pages ask a third party from the browser
        "PYTHONSAFEPATH": "1",  # a folder lake/ where we stand must not pass for our package
    }


def _wait(
    holds: Callable[[], Any], programs: Sequence[_Program], asked: list[int], seconds: float | None = START_SECONDS
) -> Any:
    end = time.monotonic() + seconds if seconds is not None else None
    while not (found := holds()):
        if asked:
            raise _Stopped
        for program in programs:
            if program.process.poll() is not None:
                raise UpError(f"A program ended by itself; the end of {program.log}:\n{_end_of(program.log)}")
        if end is not None and time.monotonic() > end:
            raise UpError(f"Nothing answers after {seconds:.0f} s; see {programs[-1].log}.")
        time.sleep(LOOK_SECONDS)
    return found


def _form(url: str) -> str | None:
    """The address of the run form, once the deployment is there."""
    asked = json.dumps({"deployments": {"name": {"any_": [NAME]}}}).encode()
    request = urllib.request.Request(f"{url}/api/deployments/filter", asked, {"Content-Type": "application/json"})
    with contextlib.suppress(*NO_ANSWER), urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as reply:
        found = json.load(reply)
        # One of an earlier start is paused until `serve` has taken it over.
        return next((f"{url}/deployments/deployment/{one['id']}/run" for one in found if not one["paused"]), None)
    return None


def _answers(url: str) -> bool:
    with contextlib.suppress(*NO_ANSWER), urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as reply:
        return bool(reply.status == 200)
    return False


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    """4200, or any free one if it is taken or about to be: between two of us a lock decides, until they end."""
    with contextlib.ExitStack() as held:
        for port in (PORT, 0):
            with contextlib.suppress(OSError), socket.socket() as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was ended a moment ago is free
                tried.bind((HOST, port))
                found = int(tried.getsockname()[1])
                if port == PORT:
                    file = held.enter_context(Path(tempfile.gettempdir(), f"saring-up-{port}.lock").open("ab"))
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        else:
            raise UpError("This machine has no free port: close a program that listens on one.")
        yield found


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-LOG_END_CHARS:]


@contextlib.contextmanager
def _asked() -> Iterator[list[int]]:
    """Signals that asked for the end, as they come; they interrupt nothing: what is half started cannot be ended."""
    heard: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: heard.append(number)) for number in SIGNALS}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
