"""Drive the killable processes that clean shards: start them, watch them, and find the document that kills them.

A child that dies or shows no progress has its unfinished documents cleaned again in a new child. A document that ends
two children, the second of which had nothing else in its memory, is at fault: it becomes a reject, and the rest of the
shard goes on. A child serves one shard at a time and is used again, because starting one costs a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cleaners.article import Reason
from flows.shard import Fault, Job

GiB = 1 << 30
START_SECONDS = 120.0  # a child imports and loads for a second; machines are loaded, disks cold


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
class _Died:
    """A child ended while it worked on document `at` of its shard."""

    at: int
    reason: Reason
    detail: str


class Child:
    """One child process, ready for jobs. Kept by a `Crew`."""

    def __init__(self, setup: dict[str, Any], limits: Limits) -> None:
        self.limits, self.served, self.ready = limits, 0, False
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

    def work(self, job: Job, progress: Callable[[int], None]) -> _Died | None:
        """Have a job done; `progress(number of documents done)` is called now and then. None when all of it is."""
        self.start()
        self.tell(_told(job))
        at = -1
        for word, _, value in (line.partition(" ") for line in self.replies(self.limits.wall_seconds)):
            if word == "done" and int(value) == job.stop:
                progress(job.stop)
                self.served += 1
                return None
            if word == "at":
                at = int(value)
                progress(at)
        return self.why(at)

    def start(self) -> None:
        """Wait until it has loaded what it needs."""
        if not self.ready and next(self.replies(START_SECONDS), None) is None:
            raise ShardError(f"a process for cleaning could not start: {self.last_words()}")
        self.ready = True

    def replies(self, patience_seconds: float) -> Iterator[str]:
        """Yield the lines of the child, of many that came at once the last `at` only; ends when it dies or hangs."""
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        while select.select([pipe], [], [], patience_seconds)[0]:
            data = os.read(pipe, 1 << 16)
            if not data:
                return
            *lines, self.unread = (self.unread + data).split(b"\n")
            for i, line in enumerate(lines):
                if i + 1 == len(lines) or not line.startswith(b"at "):
                    yield line.decode()

    def why(self, at: int) -> _Died | None:
        """Say why a child that stopped answering did, and make sure that it is gone."""
        try:
            status = self.process.wait(1)  # its pipe closes a moment before it can be waited for
        except subprocess.TimeoutExpired:
            self.process.kill()
            return _Died(at, Reason.TIMEOUT, f"no progress for {self.limits.wall_seconds:g} s")
        if status == -signal.SIGXCPU:
            return _Died(at, Reason.TIMEOUT, f"it took more than {self.limits.cpu_seconds} s of processor time")
        if status > 0:
            raise ShardError(self.last_words())
        return _Died(at, Reason.KILLED, f"its process was ended by {_signal_name(-status)}")

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


class Crew:
    """The children of one run: `with Crew(rules, without) as crew`, then `crew.clean(job)` from several threads."""

    def __init__(
        self, rules: Sequence[tuple[str, str]] = (), without: Collection[str] = (), limits: Limits | None = None
    ) -> None:
        self.setup = {"rules": [list(pair) for pair in rules], "without": sorted(without)}
        self.limits = limits or Limits()
        self.idle: list[Child] = []
        self.all: set[Child] = set()
        self.closed = False
        self.guard = threading.Lock()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children at once; a thread that works with one gets a ShardError and clears it away."""
        with self.guard:
            self.closed = True
            idle, self.idle = self.idle, []
            for child in self.all:
                child.process.kill()
        for child in idle:
            self._dismiss(child)

    @contextmanager
    def child(self, *, fresh: bool = False) -> Iterator[Child]:
        """Lend a child; it is taken back unless it died or has served long enough."""
        found = self._take(fresh)
        keep = False
        try:
            yield found
            keep = found.process.poll() is None and found.served < self.limits.shards
        except ShardError as error:
            raise _stopped() if self.closed else error from None
        finally:
            with self.guard:
                keep = keep and not self.closed
                self.idle += [found] if keep else []
            if not keep:
                self._dismiss(found)

    def _dismiss(self, child: Child) -> None:
        child.end()
        with self.guard:
            self.all.discard(child)

    def _take(self, fresh: bool) -> Child:
        with self.guard:
            if self.closed:
                raise _stopped()
            if self.idle and not fresh:
                return self.idle.pop()
            found = Child(self.setup, self.limits)
            self.all.add(found)
            return found

    def clean(self, job: Job, progress: Callable[[int], None] = lambda done: None) -> None:
        """Clean all documents of a job; its rows are then in the part files of its folder.

        Raises ShardError when no child can do it and no document is to blame (a full disk, a changed file).
        """
        deaths: Counter[int] = Counter()
        faults: dict[int, Fault] = {}
        suspect: int | None = None
        while (start := next_document(job)) < job.stop:
            alone = suspect is not None and start >= suspect
            stop = job.stop if suspect is None or alone else suspect
            with self.child(fresh=alone) as child:
                died = child.work(replace(job, start=start, stop=stop, faults=faults), progress)
                child.served += self.limits.shards * (suspect is not None)  # its memory is not to be trusted
            suspect = None
            if died is not None:
                suspect = self._blame(died, job, deaths, faults)
            elif stop < job.stop:
                suspect = stop

    def _blame(self, died: _Died, job: Job, deaths: Counter[int], faults: dict[int, Fault]) -> int:
        """Count a death; the second makes the document a reject, the third one that is not even read again."""
        if self.closed:
            raise _stopped()
        deaths[died.at] += 1
        count = deaths[died.at]
        if count > 3 or (count > 1 and died.at >= job.stop):
            raise ShardError(f"cleaning fails again and again at document {died.at}: {died.detail}")
        if count > 1:
            faults[died.at] = Fault(died.reason, f"{died.detail}, in each of {count} tries", readable=count == 2)
        return died.at


def next_document(job: Job) -> int:
    """Return the first document of a job whose rows are not on disk yet."""
    done = [int(part.stem.rpartition("-")[2]) for part in parts(job.folder, job.batch)]
    return max([job.start, *done])


def parts(folder: str | Path, batch: str) -> list[Path]:
    """Return the part files of a batch in the order of their documents."""
    return sorted(Path(folder).glob(f"{batch}.*.part"))


def _told(job: Job) -> dict[str, Any]:
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


def _stopped() -> ShardError:
    return ShardError("the run was stopped")
