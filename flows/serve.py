"""Run the flow on a schedule in this process: `saring serve`. Needs a Prefect server, no worker."""

from __future__ import annotations

import os
import re
import zoneinfo
from typing import Any, cast

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.ingest import ingest
from flows.settings import IngestConfig
from lake.remote import is_remote

SLUG = "saring"  # Prefect keeps schedules by slug: under another one the old schedule would run as well


class ScheduleError(ValueError):
    """The schedule cannot be understood: one sentence with the remedy."""


def serve_daily(config: IngestConfig, *, cron: str, timezone: str, name: str) -> None:
    """Serve the flow until the process is stopped; its schedule is then paused, and resumed by the next start.

    Raises ScheduleError.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # a run starts in this folder; a lake/ in it must not pass for our package
    serve(deployment(config, cron=cron, timezone=timezone, name=name), limit=1)


def deployment(config: IngestConfig, *, cron: str, timezone: str, name: str) -> RunnerDeployment:
    """Describe the deployment: module entrypoint, one run at a time, a run that comes too early is cancelled.

    A cancelled run loses nothing, for the next one takes all that is new. Raises ScheduleError.
    """
    if "-" in config.inputs:
        raise ScheduleError("A scheduled run has no standard input: name a file or folder in place of -.")
    _check(cron, timezone)
    made: Any = ingest.to_deployment(
        name=name,
        parameters={"config": absolute(config).model_dump(mode="json", exclude_none=True)},
        schedule=Cron(cron, timezone=timezone, slug=SLUG),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        description=f"Takes what is new. Scheduled {in_words(cron)}, {timezone} time, whatever zone this page shows.",
        tags=["saring"],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, made)


def absolute(config: IngestConfig) -> IngestConfig:
    """Return the config with paths that hold from any folder."""
    lake = config.lake if is_remote(config.lake) else os.path.abspath(config.lake)
    paths = {"inputs": [os.path.abspath(path) for path in config.inputs], "lake": lake}
    return config.model_copy(update=paths | ({"rules": os.path.abspath(config.rules)} if config.rules else {}))


def in_words(cron: str) -> str:
    """Say a schedule of one time a day in words; any other as it is written, in backquotes."""
    daily = re.fullmatch(r"(\d\d?) (\d\d?) \* \* (?P<days>\*|1-5)", cron.strip())
    if daily is None:
        return f"at `{cron}`"
    return f"at {int(daily[2]):02}:{int(daily[1]):02} {'each day' if daily['days'] == '*' else 'from Monday to Friday'}"


def _check(cron: str, timezone: str) -> None:
    try:
        zoneinfo.ZoneInfo(timezone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ScheduleError(f"There is no time zone {timezone!r}: write one such as Asia/Jakarta.") from None
    try:
        Cron(cron, timezone=timezone)
    except ValueError:
        sample = "'0 5 * * *' is five o'clock each morning"
        raise ScheduleError(
            f"The schedule {cron!r} cannot be read: write minute hour day month weekday; {sample}."
        ) from None
