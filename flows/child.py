"""Hold one killable process that cleans shards: start it, give it jobs, say how it died."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cleaners.article import Reason
from flows.shard import Job
from lake import LakeError

GiB = 1 << 30
START_SECONDS = 600.0  # a child imports and loads for a second; machines are loaded, disks cold
GONE_SECONDS = 60.0  # a child whose pipe has ended is gone in a moment, on a busy machine in a few seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document, and the process that cleans it, may use.

    `cpu_seconds` is processor time for one document (an article takes 0.01, a page 0.1), `wall_seconds` the time
    without any progress, for what waits instead of computing; it is long because machines are loaded. `shards` is how
    many a child serves before a new one takes over: parsers leak. `program` is what Python is told to run; tests have
    one that misbehaves.
    """

    cpu_seconds: int = 30
    wall_seconds: float = 300.0
    memory_bytes: int = 4 * GiB
    shards: int = 20
    program: tuple[str, ...] = ("-m", "flows.shard")


class ShardError(Exception):
    """A shard could not be cleaned, and no single document is to blame."""


@dataclass(frozen=True, slots=True)
class Died:
    """A child ended while it worked on document `at` of its shard."""

    at: int
    reason: Reason
    detail: str


class Child:
    """One child process, ready for jobs. Kept by a `Crew`."""

    def __init__(self, setup: dict[str, Any], limits: Limits, ruleset: str | None = None) -> None:
        self.limits, self.ruleset, self.served, self.ready, self.gone = limits, ruleset, 0, False, False
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the crew, with the child
        self.process = subprocess.Popen(
            [sys.executable, "-P", *limits.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=_environment(),
            start_new_session=True,  # Ctrl-C goes to the parent alone, which ends its children in order
        )
        self.unread = b""
        self.tell({**setup, "cpu_seconds": limits.cpu_seconds, "memory_bytes": limits.memory_bytes})

    def tell(self, message: dict[str, Any]) -> None:
        """Send one line; a child that is gone is noticed when its answer is read."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `replies` ends at once, and says why
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def work(self, job: Job, progress: Callable[[int], None]) -> Died | None:
        """Have a job done; `progress(number of documents done)` is called now and then. None when all of it is.

        Raises LakeError when its rows cannot be put on the disk, ShardError when it fails for no document's fault.
        """
        self.start()
        self.tell(job_told(job))
        at = -1
        for word, _, value in (line.partition(" ") for line in self.replies(self.limits.wall_seconds)):
            if word == "done" and int(value) == job.stop:
                progress(job.stop)
                self.served += 1
                return None
            if word == "at":
                at = int(value)
                progress(at)
            if word == "disk":
                raise disk_error(job.folder, value)
        return self.why(at)

    def start(self) -> None:
        """Wait until it has loaded what it needs."""
        if self.ready:
            return
        said = next(self.replies(START_SECONDS), None)
        if said is None:
            raise ShardError(f"a process for cleaning could not start: {self.last_words()}")
        if self.ruleset not in (None, loaded := said.partition(" ")[2]):
            raise ShardError(f"rules {loaded} are installed, the run was planned with {self.ruleset}; run it again")
        self.ready = True

    def replies(self, patience_seconds: float) -> Iterator[str]:
        """Yield the lines of the child, of many that came at once the last `at` only; ends when it dies or hangs.

        `gone` then says whether its pipe has ended: whoever hangs still has it.
        """
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        while select.select([pipe], [], [], patience_seconds)[0]:
            data = os.read(pipe, 1 << 16)
            if not data:
                self.gone = True
                return
            *lines, self.unread = (self.unread + data).split(b"\n")
            for i, line in enumerate(lines):
                if i + 1 == len(lines) or not line.startswith(b"at "):
                    yield line.decode()

    def why(self, at: int) -> Died | None:
        """Say why a child that stopped answering did, and make sure that it is gone."""
        try:
            status = self.process.wait(GONE_SECONDS if self.gone else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return Died(at, Reason.TIMEOUT, f"no progress for {self.limits.wall_seconds:g} s")
        if status == -signal.SIGXCPU:
            return Died(at, Reason.TIMEOUT, f"it took more than {self.limits.cpu_seconds} s of processor time")
        if status > 0:
            raise ShardError(self.last_words())
        return Died(at, Reason.KILLED, f"its process was ended by {_signal_name(-status)}")

    def last_words(self) -> str:
        """Return the last line that the child wrote to its standard error, which names the exception."""
        self.process.kill()
        self.process.wait()
        self.stderr.seek(0)
        lines = self.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with status {self.process.returncode} and said nothing"

    def end(self) -> None:
        """Kill the process, wait for it, and let go of its pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):  # what was not sent to a killed child is not missed
                if pipe is not None:
                    pipe.close()


def disk_error(folder: str, said: str) -> LakeError:
    """Return what a run raises when its disk is full or broken: the next shard would be cleaned for nothing.

    `said` is the error's number and text, which is also its cause.
    """
    number, _, why = said.partition(" ")
    error = LakeError(f"{folder} cannot be written: {why}. What was published stays: mend the disk and run again.")
    error.__cause__ = OSError(int(number), why)
    return error


def job_told(job: Job) -> dict[str, Any]:
    """Return a job as JSON; `flows.shard.job_of` reads it."""
    return {name: getattr(job, name) for name in job.__slots__} | {
        "pieces": [dict(piece) for piece in job.pieces],
        "faults": {str(at): asdict(fault) for at, fault in job.faults.items()},
    }


def _environment() -> dict[str, str]:
    """Children find the packages wherever the parent did, and compute on one core each."""
    here = str(Path(__file__).resolve().parent.parent)
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **single, "PYTHONPATH": os.pathsep.join(paths)}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
