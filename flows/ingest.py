"""The flow: the steps of `flows.run` as Prefect tasks, and nothing else.

One task for the plan, one for each shard, one that publishes in order, one that leaves the report. What a shard did
lies on disk and what is done stands in the lake's `runs`, so no result is stored or cached, no task retries (a child
that dies is started again inside its shard), and a run can be repeated at any time.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import closing
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.artifacts import Progress, announce, leave
from flows.child import ShardError
from flows.console import plan_lines
from flows.observer import Observer
from flows.plan import Shard
from flows.prepare import Prepared, prepare
from flows.report import RunReport
from flows.run import Going, begin
from flows.runners import Choice, Cluster, chosen, clean_there, collect, order
from flows.settings import IngestConfig


class RunFailedError(Exception):
    """A run left shards out, or an outlet alarms and that was to fail it; `report` says which."""

    def __init__(self, report: RunReport) -> None:
        super().__init__(report.sentence())
        self.report = report


class _Logs(Observer):
    """In the run's log what is going to be read, and a line for each shard with the time it took; the progress bar."""

    def __init__(self, logger: Any) -> None:
        self.logger = logger
        self.told_waiting = False
        self.progress = Progress()

    def planned(self, prepared: Prepared) -> None:
        for line in plan_lines(prepared):
            self.logger.info("%s", line)
        for name in prepared.unfinished:
            self.logger.info("%s is still being written: the next run takes it", name)

    def cleaned(self, documents: int, of: int) -> None:
        self.progress.move(documents, of)

    def published(self, shard: Shard, row: Mapping[str, Any] | None) -> None:
        if row is None:
            self.logger.info("shard %d: published by another run meanwhile", shard.number)
            return
        counts = row["articles"], row["duplicates"], row["rejects"]
        said = "shard %d: %d articles, %d copies, %d rejects in %.1f s"
        self.logger.info(said, shard.number, *counts, row["seconds"])

    def failed(self, shard: Shard, error: Exception) -> None:
        self.logger.error("shard %d was given up: %s", shard.number, error)

    def waiting(self, seconds: float) -> None:
        if not self.told_waiting:
            self.told_waiting = True
            self.logger.info("waiting for another run that is writing to this lake")


def _run_name() -> str:
    """Say what a run reads: `ingest articles/ and 2 more`."""
    config = runtime.flow_run.parameters["config"]
    inputs = config.inputs if isinstance(config, IngestConfig) else config["inputs"]
    if not inputs:
        return "ingest rejects"
    return f"ingest {inputs[0]}" + (f" and {len(inputs) - 1} more" if len(inputs) > 1 else "")


@flow(
    name="ingest",
    description="Read articles, clean them, find copies, write them to the lake. Takes what is new since the last run.",
    flow_run_name=_run_name,
    persist_result=False,
)
def ingest(config: IngestConfig) -> State[RunReport]:
    """Run the whole line as a flow run; its state says in one line how it went, its data is the RunReport.

    Raises what `flows.run.run` raises, and RunnerError.
    """
    where = chosen()
    observer = _Logs(get_run_logger())
    watched = runtime.deployment.id is not None
    prepared: Prepared = _task(lambda: prepare(config, waiting=observer.waiting, watched=watched), "plan")()
    observer.planned(prepared)
    report = RunReport.of(prepared)
    with closing(prepared.inputs):
        if prepared.plan.shards and not config.dry_run:
            _work(prepared, where, report, observer)
    report.finished()
    if not report.nothing_new:
        _task(lambda: leave(report), "report")()
        announce(report)
    return _state(report, config)


def _work(prepared: Prepared, where: Choice, report: RunReport, observer: _Logs) -> None:
    observer.progress.start(prepared.plan.documents)
    with where.runner(prepared.config.pool()) as runner, begin(prepared, observer) as going:
        started = deque(_start(going, where, runner))
        _task(lambda: _publish(going, where, started, report, observer), "publish")()


def _start(going: Going, where: Choice, runner: Any) -> list[Any]:
    """Submit a task for each shard; on a cluster one that is told all it needs in a file."""
    shards = going.prepared.plan.shards

    def clean(number: int) -> Any:
        return going.clean(shards[number])

    # No tags: for each task that has one Prefect asks the server for leave, and fails the task when it is away.
    name: dict[str, Any] = {"task_run_name": "clean-{number:05d}"}
    if where.cluster is Cluster.LOCAL:
        cleaning = _task(clean, "clean", **name)
        return [runner.submit(cleaning, {"number": shard.number}) for shard in shards]
    cleaning = _task(clean_there, "clean", **name)
    return [runner.submit(cleaning, {"number": shard.number, "path": order(going, shard)}) for shard in shards]


def _publish(going: Going, where: Choice, started: deque[Any], report: RunReport, observer: _Logs) -> None:
    """Publish shards in the order of their numbers, each as soon as it and those before it are cleaned.

    A future is let go at once: what a lost worker did is done again as long as somebody asks for it.
    """
    for shard in going.prepared.plan.shards:
        try:
            if where.cluster is Cluster.LOCAL:
                began = started.popleft().result()
            else:
                began = collect(going, shard, started.popleft())
            report.add(going.publish(shard, began))
        except (ShardError, CancelledError) as error:
            observer.failed(shard, error)
            report.failures.append(f"Shard {shard.number} was given up: {error}")


def _task(work: Callable[..., Any], name: str, **options: Any) -> Any:
    """Make a task of a function that is given next to nothing: Prefect walks through parameters, and a plan is long."""
    make: Any = task
    return make(
        work, **{"name": name, "task_run_name": name, "cache_policy": NO_CACHE, "persist_result": False} | options
    )


def _state(report: RunReport, config: IngestConfig) -> State[RunReport]:
    """Name how it ended: NothingNew, Completed, Gaps (shards were left out) or Alarms (and those were to fail it)."""
    said = report.sentence()
    if not report.ok or (report.alarms and config.fail_on_alarm):
        return Failed(name="Alarms" if report.ok else "Gaps", message=said, data=RunFailedError(report))
    return Completed(name="NothingNew" if report.nothing_new else "Completed", message=said, data=report)


def run_as_flow(config: IngestConfig) -> RunReport:
    """Run the flow here and now, as a run that the server of PREFECT_API_URL sees; return its report.

    Raises what `flows.run.run` raises.
    """
    logging.getLogger("prefect").setLevel(logging.INFO)
    state: Any = ingest(config, return_state=True)
    found = state.result(raise_on_failure=False)
    if isinstance(found, RunFailedError):
        return found.report
    if isinstance(found, Exception):
        raise found
    report: RunReport = found
    return report
