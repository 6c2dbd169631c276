"""The commands that are about Prefect alone: `saring up` and `saring automations`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows import options

SILENT_SECONDS = 540  # three heartbeats, which a run sends each 180 s unless PREFECT_FLOWS_HEARTBEAT_FREQUENCY is set
HOME = "~/.saring"


def up(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders or globs that runs read.")],
    lake: options.Lake = None,
    cron: Annotated[
        str, typer.Option("--cron", metavar="CRON", help="When to run: minute hour day month weekday.")
    ] = "0 5 * * *",
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="The time zone of --cron.")
    ] = "Asia/Jakarta",
    home: Annotated[
        str, typer.Option("--home", metavar="DIR", help="Where Prefect's database and the logs are.")
    ] = HOME,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="N", min=1, max=65535, help="Of the server; else 4200, or a free one."),
    ] = None,
) -> None:
    """Start a Prefect server on this machine with a deployment that reads PATH…, and say where to look at it.

    For those who want to see it in a browser: one command, nothing to set up. The server listens on the loopback
    address alone and tells nobody anything. Ctrl-C ends it and all that it started; the lake and the history stay.

    \b
      saring up articles/ --lake news
    """
    from flows.settings import lake_path
    from flows.up import NAME, UpError
    from flows.up import up as start

    serve = ["--cron", cron, "--timezone", timezone, "--name", NAME, "--lake", lake_path(lake), "--", *paths]
    try:
        start(serve, home=Path(home).expanduser().absolute(), port=port, say=lambda line: print(line, flush=True))
    except OSError as error:
        options.usage(f"{home} cannot be written: {error}. Name a folder of your own with --home")
    except UpError as error:
        options.fail(str(error).rstrip("."))


def automations(
    after: Annotated[
        int,
        typer.Option("--after", metavar="SECONDS", min=90, help="How long nothing is heard of a run that is gone."),
    ] = SILENT_SECONDS,
) -> None:
    """Have the Prefect server of PREFECT_API_URL set runs to Crashed whose process or machine is gone.

    Without it such a run stays Running, and holds the deployment's only slot. It can be run again, to change it.
    SECONDS should be three times PREFECT_FLOWS_HEARTBEAT_FREQUENCY of the runs, which is 180 if it is not set.
    """
    if not os.environ.get("PREFECT_API_URL"):
        options.usage(
            "automations are kept by a Prefect server: start one with 'prefect server start' and set PREFECT_API_URL."
        )
    import httpx

    from flows.automations import install

    try:
        print(install(after))
    except (httpx.HTTPError, RuntimeError) as error:
        address = os.environ["PREFECT_API_URL"]
        options.usage(f"No Prefect server answers at {address} ({error}). Start it with 'prefect server start'.")
