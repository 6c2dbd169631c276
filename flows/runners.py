"""Choose where the shards of a flow run are cleaned: here, or on a Dask or Ray cluster that is there already.

`SARING_RUNNER` says it: `local` (the default), `dask:tcp://host:8786`, `ray:host:6379`, or `dask` and `ray` alone for a
cluster of this machine that lives as long as the run. Only cleaning goes there; planning, deciding and publishing stay
where the flow is, so the bytes do not depend on it.

A task is given a number and a path: its order lies in the run's workplace, on a folder that all machines see under one
name, and so do the inputs. A cluster runs a task again when a worker dies, at times twice at once; both is harmless
(`flows.parts`). Nothing here imports Prefect before it is needed.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import platform
import re
import socket
import time
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.child import Limits, ShardError, disk_error, job_told
from flows.columns import InputError
from flows.crew import Crew
from flows.parts import next_document
from flows.shard import Job, job_of
from flows.workplace import OWNER
from lake import LakeError

if TYPE_CHECKING:
    from flows.plan import Shard
    from flows.run import Going

SETTING = "SARING_RUNNER"
ANSWER_SECONDS = 10.0  # a cluster that does not take a connection by then is not there
ARRIVAL_SECONDS = 90.0  # a network file system may show a folder as it was a minute ago
LOOK_SECONDS = 1.0  # between two looks at whether the run is still there
_ADDRESS = re.compile(r"(?:(?P<scheme>\w+)://)?(?P<host>[^\s/:\[\]]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


class Cluster(StrEnum):
    """What runs the tasks that clean shards."""

    LOCAL = "local"
    DASK = "dask"
    RAY = "ray"


_SAMPLES = {Cluster.DASK: "dask:tcp://10.0.0.5:8786", Cluster.RAY: "ray:10.0.0.5:6379"}


class RunnerError(InputError):
    """SARING_RUNNER cannot be followed: one sentence with the remedy, before a run starts."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where shards are cleaned; without an address, a cluster of this machine for this run alone."""

    cluster: Cluster
    address: str | None = None

    def runner(self, workers: int) -> Any:
        """Return the task runner; `workers` bounds it where the cluster has no size of its own."""
        if self.cluster is Cluster.DASK:
            from prefect_dask.task_runners import DaskTaskRunner

            local = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
            return DaskTaskRunner(address=self.address, cluster_kwargs=None if self.address else local)
        if self.cluster is Cluster.RAY:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
            from prefect_ray.task_runners import RayTaskRunner

            own = {} if self.address else {"num_cpus": workers, "include_dashboard": False}
            return RayTaskRunner(self.address, {"log_to_driver": False} | own)
        from prefect.task_runners import ThreadPoolTaskRunner

        return ThreadPoolTaskRunner(max_workers=workers)


def chosen() -> Choice:
    """Return what SARING_RUNNER asks for, if it can be had: its packages are here, its address takes a connection.

    Raises RunnerError.
    """
    said = os.environ.get(SETTING) or Cluster.LOCAL
    name, _, address = said.partition(":")
    if name not in list(Cluster) or (address and name == Cluster.LOCAL):
        raise RunnerError(f"{SETTING} is {said!r}: it can be local, dask, ray, {' or '.join(_SAMPLES.values())}.")
    cluster = Cluster(name)
    if cluster is not Cluster.LOCAL and not importlib.util.find_spec(f"prefect_{cluster}"):
        raise RunnerError(f"{SETTING} is {said!r}, which needs more packages: pip install 'saring[{cluster}]'.")
    if ":" in said:
        _reach(cluster, said, address)
    return Choice(cluster, address or None)


def _reach(cluster: Cluster, said: str, address: str) -> None:
    parsed = _ADDRESS.fullmatch(address)
    if parsed is None or not 0 < int(parsed["port"]) < 1 << 16:
        raise RunnerError(f"{SETTING} is {said!r}: an address is written as in {_SAMPLES[cluster]}.")
    try:
        socket.create_connection((parsed["host"].strip("[]"), int(parsed["port"])), ANSWER_SECONDS).close()
    except OSError as error:
        raise RunnerError(
            f"{SETTING} is {said!r}, and nothing answers there ({error}): start the cluster first."
        ) from None


# ---------------------------------------------------------------------------------------------------- where the flow is


def order(going: Going, shard: Shard) -> str:
    """Write down what a worker is to do with a shard; return the file's path. Raises LakeError for the disk."""
    from flows.run import versions

    folder = going.workplace.path.absolute()
    job = going.prepared.job(shard, folder)
    crew = going.crew
    told = {
        "job": job_told(replace(job, pieces=tuple(_absolute(piece) for piece in job.pieces))),
        "setup": crew.setup,
        "ruleset": going.prepared.ruleset,
        "limits": asdict(crew.limits),
        "versions": versions(),
    }
    return str(going.workplace.note(f"{shard.batch}.order", json.dumps(told).encode()).absolute())


def collect(going: Going, shard: Shard, future: Any) -> datetime.datetime:
    """Wait for a shard that a worker cleans, until its rows are seen here; return when work on it began.

    Raises ShardError when the cluster could not do it, LakeError when a worker's disk is full or broken.
    """
    try:
        began = datetime.datetime.fromisoformat(future.result())
    except (ShardError, CancelledError):
        raise
    except DiskBroke as error:
        broken = disk_error(str(going.workplace.path), str(error))
        raise broken from broken.__cause__
    except Exception as error:  # isolates: what a cluster says of a worker that it lost has many names
        raise ShardError(f"the cluster did not clean it ({error!r:.300})") from error
    patience = time.monotonic() + ARRIVAL_SECONDS
    while next_document(going.workplace.path, shard.batch) < shard.documents and time.monotonic() < patience:
        time.sleep(LOOK_SECONDS)
    going.progress(shard.number, shard.documents)
    return began


def _absolute(piece: Any) -> dict[str, Any]:
    return {**piece, "file": piece["file"] | {"path": os.path.abspath(piece["file"]["path"])}}


# --------------------------------------------------------------------------------------------------- where a worker is


class DiskBroke(Exception):
    """A worker could not write rows: the number of the system's error, and its text."""


def clean_there(number: int, path: str) -> str:
    """Clean a shard on a worker, as its order in `path` says, in a child process; return when work began (ISO 8601).

    `number` names the task. The child ends with the worker, and within seconds when the run is gone.
    Raises ShardError, and DiskBroke.
    """
    began = datetime.datetime.now(datetime.UTC)
    try:
        told = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise ShardError(_unseen(path)) from None
    job = job_of(told["job"])
    _refuse_other(told["versions"])
    _refuse_unseen(job)
    limits = Limits(**told["limits"] | {"program": tuple(told["limits"]["program"])})
    with Crew(**told["setup"], limits=limits, ruleset=told["ruleset"]) as crew:
        try:
            crew.clean(job, _While(Path(job.folder, OWNER)))
        except LakeError as error:  # only its text would survive the way back
            cause = error.__cause__
            assert isinstance(cause, OSError), cause
            raise DiskBroke(f"{cause.errno} {cause.strerror}") from None
    return began.isoformat()


class _While:
    """Progress that ends the work when the run is over: its workplace is deleted then."""

    def __init__(self, owner: Path) -> None:
        self.owner, self.looked = owner, time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self.looked >= LOOK_SECONDS:
            self.looked = now
            if not self.owner.exists():
                raise ShardError("the run was stopped")


def _refuse_other(wanted: dict[str, str]) -> None:
    """What decides bytes must be the same everywhere."""
    from flows.run import versions

    here = versions()
    if other := [f"{name} {here.get(name)} instead of {it}" for name, it in wanted.items() if here.get(name) != it]:
        raise ShardError(f"the worker on {platform.node()} has {', '.join(other)}: install what the flow has")


def _refuse_unseen(job: Job) -> None:
    """An input that a worker does not see would become a reject, instead of an article."""
    for piece in job.pieces:
        file, size = piece["file"]["path"], piece["file"]["size"]
        if size and not os.path.exists(file):
            raise ShardError(_unseen(file))


def _unseen(path: str) -> str:
    return f"the worker on {platform.node()} does not see {path}: share inputs and lake under the same path"
