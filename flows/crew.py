"""Share the child processes of a run among its threads, and find the document that kills them.

A child that dies or shows no progress has its unfinished documents cleaned again in a new child. A document that ends
two children, the second of which had nothing else in its memory, is at fault: it becomes a reject, and the rest of the
shard goes on. A child serves one shard at a time and is used again, because starting one costs a second.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from flows.child import Child, Died, Limits, ShardError
from flows.parts import next_document
from flows.shard import Fault, Job


class Crew:
    """The children of one run: `with Crew(rules, without) as crew`, then `crew.clean(job)` from several threads.

    With `ruleset` a child that has loaded other rules than those cleans nothing.
    """

    def __init__(
        self,
        rules: Sequence[tuple[str, str]] = (),
        without: Collection[str] = (),
        limits: Limits | None = None,
        ruleset: str | None = None,
    ) -> None:
        self.setup = {"rules": [list(pair) for pair in rules], "without": sorted(without)}
        self.limits = limits or Limits()
        self.ruleset = ruleset
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
            found = Child(self.setup, self.limits, self.ruleset)
            self.all.add(found)
            return found

    def clean(self, job: Job, progress: Callable[[int], None] = lambda done: None) -> None:
        """Clean all documents of a job; its rows are then in the part files of its folder.

        Raises ShardError when no child can do it and no document is to blame (a full disk, a changed file).
        """
        deaths: Counter[int] = Counter()
        faults: dict[int, Fault] = {}
        suspect: int | None = None
        while (start := next_document(job.folder, job.batch, job.start)) < job.stop:
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

    def _blame(self, died: Died, job: Job, deaths: Counter[int], faults: dict[int, Fault]) -> int:
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


def _stopped() -> ShardError:
    return ShardError("the run was stopped")
