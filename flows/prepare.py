"""Prepare a run: check rules, inputs and lake, and plan. Nothing new is written here."""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cleaners.catalog import load_catalog
from flows.child import Limits
from flows.columns import ColumnMap, InputError
from flows.crew import Crew
from flows.plan import Piece, Plan, Shard, make_plan
from flows.second import Second, plan_again
from flows.settings import IngestConfig, Titles
from flows.settle import settled
from flows.shard import Job
from flows.sources import Inputs, SourceFile, count, expand, mapping_of
from flows.titles import FILE, gather, of_lake
from flows.workplace import sweep
from lake import Lake
from lake.disk import Disk
from lake.store import is_new

Waiting = Callable[[float], None]  # seconds so far, while another run holds the lake


@dataclass(frozen=True)
class Prepared:
    """A run before it starts: what was asked, what there is, what is to be done.

    `maps` says by SHA-256 which columns of a file are read; `second` is there when rejects are read again;
    `unfinished` are files that are left for the next run because they are still being written.
    """

    config: IngestConfig
    run: str
    ruleset: str
    rules: tuple[tuple[str, str], ...]
    inputs: Inputs
    plan: Plan
    maps: Mapping[str, ColumnMap]
    titles: tuple[str, ...] = ()
    disk: Disk = field(default_factory=Disk)
    second: Second | None = None
    unfinished: tuple[str, ...] = ()
    began: float = field(default_factory=time.monotonic)

    def crew(self, limits: Limits | None = None) -> Crew:
        """Return children that clean by this run's rules; close it at the end."""
        return Crew(self.rules, self.config.without, limits, self.ruleset)

    def job(self, shard: Shard, folder: Path) -> Job:
        """Return what a child is told about a shard."""
        return Job(
            batch=shard.batch,
            pieces=tuple(told(piece, self.maps[piece.file.sha256]) for piece in shard.pieces),
            start=0,
            stop=shard.documents,
            folder=str(folder),
            outlet=self.config.outlet,
            languages=tuple(self.config.languages),
            keep_originals=self.config.keep_originals,
            titles=str(folder / FILE) if self.titles else None,
        )


def prepare(
    config: IngestConfig, disk: Disk | None = None, waiting: Waiting | None = None, watched: bool = False
) -> Prepared:
    """Check rules, inputs and lake, and plan. Changes nothing but what a run that died has left half done.

    `disk` is where the run makes every change of the lake, `waiting` is called while another holds it. A run that is
    `watched` was started by a schedule, and leaves files that are still being written.
    Raises CatalogError, InputError and LakeError.
    """
    rules = config.own_rules()
    catalog = load_catalog(rules, config.without)
    inputs = expand(config.inputs) if config.inputs else Inputs(())
    inputs, unfinished = settled(inputs) if watched else (inputs, ())
    disk = disk or Disk()
    lake = _existing(config, disk)
    if lake is not None and not config.dry_run:
        mend(lake, disk, waiting)
    name = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    if config.rejects:
        titles = _titles(config, inputs, {}, lake) if not config.dry_run else ()
        inputs, plan, maps, second = plan_again(config, lake, inputs)
        return Prepared(config, name, catalog.ruleset, tuple(rules), inputs, plan, maps, titles, disk, second)
    maps = {}

    def records(file: SourceFile) -> int:
        maps[file.sha256] = mapping_of(file, config.columns)
        return count(file, maps[file.sha256])

    held = lake.inputs() if lake is not None else {}
    plan = make_plan(inputs.files, held, count=records, ruleset=catalog.ruleset, limit=config.limit)
    titles = _titles(config, inputs, maps, lake) if plan.shards and not config.dry_run else ()
    return Prepared(
        config, name, catalog.ruleset, tuple(rules), inputs, plan, maps, titles, disk, unfinished=unfinished
    )


def _titles(config: IngestConfig, inputs: Inputs, maps: Mapping[str, ColumnMap], lake: Lake | None) -> tuple[str, ...]:
    """The headlines that are known in this run; those of the files it leaves alone as well (see `flows.titles`)."""
    if config.titles is Titles.NONE:
        return ()
    unread = {
        file.sha256: mapping for file in inputs.files if file.sha256 not in maps and (mapping := _mapping(file, config))
    }
    found = gather(inputs.files, {**maps, **unread})
    return (*found, *of_lake(lake)) if config.titles is Titles.LAKE and lake is not None else found


def _mapping(file: SourceFile, config: IngestConfig) -> ColumnMap | None:
    """The columns of a file that is left alone; None where they were named in an earlier run only."""
    try:
        return mapping_of(file, config.columns)
    except InputError:
        return None


def mend(lake: Lake, disk: Disk, waiting: Waiting | None = None) -> None:
    """Finish what a dead run had committed and delete what it had not; touch nothing where nothing is left of one."""
    if any((lake.path / "_staging").glob("*")):  # a glob of no folder is empty
        with lake.lock(waiting):
            lake.recover()
            sweep(lake.path, disk)


def told(piece: Piece, mapping: ColumnMap) -> dict[str, Any]:
    """Return a piece as a child is told it: JSON."""
    file = {name: getattr(piece.file, name) for name in SourceFile.__slots__} | {"path": str(piece.file.path)}
    return {"file": file, "mapping": asdict(mapping), "start": piece.start, "stop": piece.stop}


def _existing(config: IngestConfig, disk: Disk) -> Lake | None:
    return None if is_new(config.lake) else Lake(config.lake, disk=disk)
