"""What a run is told: `IngestConfig`, the one parameter of the flow and of `flows.run.run`.

Deployments store the field names, so they stay. Settings change where and how fast, never what a text becomes; the
exceptions say so in their description (`outlet`, `rules`, `without`, `languages`).
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cleaners.article import Reason

MAX_WORKERS = 256  # a wrong number typed into a form must not start thousands of processes
DEFAULT_LAKE = "lake/data"


def lake_path(given: str | None = None) -> str:
    """Return the lake to use: the one given, else `SARING_LAKE`, else `lake/data`."""
    return given or os.environ.get("SARING_LAKE") or DEFAULT_LAKE


def rules_path(given: str | None = None) -> str | None:
    """Return the folder of the user's own outlet files: the one given, else `SARING_RULES`, else None."""
    return given or os.environ.get("SARING_RULES") or None


def read_rules(folder: str | None) -> list[tuple[str, str]]:
    """Return the outlet files of a folder (None: none) as (file name, TOML text), by name. Raises OSError."""
    if folder is None:
        return []
    return [(file.name, file.read_text("utf-8")) for file in sorted(Path(folder).iterdir()) if file.suffix == ".toml"]


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Titles(StrEnum):
    """Whose headlines are known while cleaning."""

    NONE = "none"
    RUN = "run"
    LAKE = "lake"


def _plain_box(schema: dict[str, Any]) -> None:
    """Show a field that may be None as one box that may stay empty, with its limits in the form's words.

    As pydantic writes it, it is a choice between two types, and what is wrong is "not valid under any of the schemas".
    """
    kinds = schema.pop("anyOf")
    schema.pop("default", None)
    schema.update(next(kind for kind in kinds if kind["type"] != "null"))


def _as_form(schema: dict[str, Any]) -> None:
    """Keep the order of the fields, which PostgreSQL loses; refuse a run without inputs, but for rejects again."""
    for position, field in enumerate(schema["properties"].values()):
        field["position"] = position
    again = {"properties": {"rejects": {"const": True}}, "required": ["rejects"]}
    schema |= {"if": {"not": again}, "then": {"properties": {"inputs": {"minItems": 1}}, "required": ["inputs"]}}


class IngestConfig(BaseModel):
    """What to read, where to write, and how. Every field but `inputs` can be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_as_form)

    inputs: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list,
        title="Inputs",
        description="Files, folders (with all below them) or globs: .txt .html .jsonl .json .csv .parquet, "
        "also .gz and .zst. What the lake already holds is skipped.",
    )
    lake: str = Field(
        default_factory=lake_path,
        title="Lake",
        min_length=1,
        description="The folder that the Parquet tables are written to. Else SARING_LAKE, else lake/data.",
    )
    outlet: str | None = Field(
        None,
        json_schema_extra=_plain_box,
        title="Outlet",
        description="Who published all of this, for inputs that do not say it. Changes which rules are used.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        title="Columns",
        description="Which column holds what, where its name does not tell: {'text': 'isi', 'url': 'tautan'}.",
    )
    languages: list[str] = Field(
        default_factory=list,
        title="Languages",
        description="Keep only these (BCP 47 tags such as id, ms, en); the others become rejects. Empty: keep all.",
    )
    workers: int | None = Field(
        None,
        json_schema_extra=_plain_box,
        title="Workers",
        ge=1,
        le=MAX_WORKERS,
        description="How many shards are cleaned at once, each in its own process. Empty: one per core. "
        "The result does not depend on it.",
    )
    rules: str | None = Field(
        default_factory=rules_path,
        min_length=1,
        json_schema_extra=_plain_box,
        title="Own rules",
        description="A folder of your own outlet files, read beside the shipped ones. Else SARING_RULES.",
    )
    without: list[str] = Field(
        default_factory=list,
        title="Without outlets",
        description="Outlet files to leave out, by stem (kompas, detik).",
    )
    titles: Titles = Field(
        Titles.RUN,
        title="Known headlines",
        description="Headlines that end a pointer such as 'Baca juga' exactly: those of this run's inputs (run), "
        "of the lake too (lake), or none.",
    )
    keep_originals: bool = Field(
        False,
        title="Keep originals",
        description="Also keep what arrived, byte for byte, in the table `originals`.",
    )
    fail_on_alarm: bool = Field(
        False,
        title="Fail on alarm",
        description="End the run as failed when an outlet looks unlike its own history.",
    )
    rejects: bool = Field(
        False,
        title="Rejects again",
        description="Read no input, but the open rejects of the lake once more, with today's version. "
        "Inputs are then looked into for those that were too large to keep.",
    )
    reasons: list[Reason] = Field(
        default_factory=list,
        title="Reasons",
        description="Of the rejects only those with these reasons (no-text, no-story, timeout, …). Empty: all but "
        "those that were left out on purpose (other-language, forgotten).",
    )
    limit: int | None = Field(
        None,
        json_schema_extra=_plain_box,
        title="Limit",
        ge=1,
        description="Read only so many new documents; the next run goes on from there.",
    )
    dry_run: bool = Field(
        False,
        title="Dry run",
        description="Say what would be read, and write nothing.",
    )

    @model_validator(mode="after")
    def _reads_something(self) -> IngestConfig:
        if not self.inputs and not self.rejects:
            raise ValueError("name at least one file or folder to read")
        if self.reasons and not self.rejects:
            raise ValueError("reasons are those of rejects: they go with rejects")
        return self

    def pool(self) -> int:
        """Return how many shards to clean at once."""
        return self.workers or cores()

    def own_rules(self) -> list[tuple[str, str]]:
        """Return the user's own outlet files; see `read_rules`."""
        return read_rules(self.rules)
