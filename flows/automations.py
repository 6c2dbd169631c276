"""The automation that this project ships: a run whose machine died is Crashed, not Running for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.ingest import ingest

NAME = "saring: a run that no longer reports is crashed"  # found again by it, so it stays
MESSAGE = "Nothing was heard of this run: its machine or process is gone. The lake is whole; the next run goes on."


def silent_runs(seconds: int) -> Automation:
    """Describe it: a run of our flow of which no event comes for `seconds` after a heartbeat is set to Crashed.

    Any event of the run counts as life, for its last one is named after our states (`NothingNew`, `Gaps`).
    """
    return Automation(
        name=NAME,
        description="Made by `saring automations`, which can be run again to change it.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": ["flow"], "prefect.resource.name": [ingest.name]}
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name=None, message=MESSAGE, force=False)],
    )


def install(seconds: int) -> str:
    """Create the automation on the server of PREFECT_API_URL, or change the one there; say which, in a sentence.

    Raises what the client raises when no server answers.
    """
    wanted: Any = silent_runs(seconds)
    try:
        there: Any = Automation.read(name=NAME)
    except ValueError:  # there is none
        wanted.create()
        return f"created: {NAME}, after {seconds} s"
    wanted.id = there.id
    wanted.update()
    return f"up to date: {NAME}, after {seconds} s"
