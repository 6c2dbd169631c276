"""A second chance for rejects: what a lake could not use goes through today's version again, `saring ingest --rejects`.

A reject that fails again in the same stage for the same reason leaves no row, however often it is tried; one that
passes, or fails for another reason, becomes a row of a new batch that names it (`reject_id`), and is open no more.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cleaners.article import Reason
from flows.columns import ColumnMap
from flows.formats import Form
from flows.kept import line_of, readable
from flows.plan import SHARD_DOCUMENTS, Piece, Plan, Shard
from flows.settings import IngestConfig
from flows.sources import Inputs, SourceFile, mapping_of
from lake import Lake
from lake.read import read_again
from lake.rejects import open_rejects, payloads
from lake.restore import where_it_lies

NAME = "rejects"  # of the input in `runs`
ON_PURPOSE = (Reason.OTHER_LANGUAGE, Reason.FORGOTTEN)  # left out because somebody asked for it: only by name


@dataclass(frozen=True)
class Second:
    """Rejects that are tried again: how each failed before, and where those lie that cannot be read."""

    failed: Mapping[str, tuple[str, str]]
    out_of_reach: tuple[str, ...] = ()

    def changed(self, tables: Mapping[str, pa.Table], closed: Collection[str] = ()) -> dict[str, pa.Table]:
        """Leave out what failed again as before, and what was read again by another run meanwhile (`closed`)."""
        stays = {
            row["id"]
            for row in tables["rejects"].select(["id", "reject_id", "stage", "reason"]).to_pylist()
            if self.failed.get(row["reject_id"]) == (row["stage"], row["reason"])
        }
        for name in ("articles", "rejects"):
            ids = tables[name].select(["id", "reject_id"]).to_pylist()
            stays |= {row["id"] for row in ids if row["reject_id"] in closed}
        gone = pa.array(sorted(stays), pa.string())
        keys = {"articles": "id", "rejects": "id", "originals": "id", "removals": "article_id"}
        return {
            name: table.filter(pc.invert(pc.is_in(table.column(keys[name]), gone))) for name, table in tables.items()
        }


def plan_again(
    config: IngestConfig, lake: Lake | None, inputs: Inputs
) -> tuple[Inputs, Plan, dict[str, ColumnMap], Second]:
    """Plan a run over the open rejects of a lake; `inputs` are looked into where a payload was not kept.

    What children are to read is written to a temporary file, which `Inputs.close()` deletes.
    """
    rows = open_rejects(lake, config.reasons) if lake is not None else []
    if not config.reasons:
        rows = [row for row in rows if row["reason"] not in ON_PURPOSE]
    rows, left = (rows[: config.limit], len(rows[config.limit :])) if config.limit else (rows, 0)
    sources = _Sources(config, lake, inputs)
    tried, lines, lost = [], {}, []
    for row in rows:
        if row["kept"] and readable(row):
            tried.append(row)
        elif (line := sources.line(row)) is not None:
            tried.append(row)
            lines[row["id"]] = line
        else:
            lost.append(f"{row['id'][:12]} ({row['reason']}): {where_it_lies(row)}")
    failed = {row["id"]: (row["stage"], row["reason"]) for row in tried}
    second = Second(failed, tuple(lost))
    if lake is None or not tried:
        return inputs, Plan((), left_by_limit=left), {}, second
    file = _spooled(lake, tried, lines, sources, write=not config.dry_run)
    temporary = (*inputs.temporary, file.path) if not config.dry_run else inputs.temporary
    cuts = range(0, len(tried), SHARD_DOCUMENTS)
    pieces = [Piece(file, len(tried), start, min(start + SHARD_DOCUMENTS, len(tried))) for start in cuts]
    shards = tuple(Shard(number, (piece,)) for number, piece in enumerate(pieces))
    maps = {file.sha256: ColumnMap()}
    return replace(inputs, temporary=temporary), Plan(shards, left_by_limit=left), maps, second


def closed_in(lake: Lake) -> set[str]:
    """Rejects that were read again by now. Ask it under the lock."""
    return read_again(lake.path)


@dataclass
class _Sources:
    """What the runs of a lake said about the files that rejects came from, and the files given now."""

    config: IngestConfig
    lake: Lake | None
    inputs: Inputs
    runs: dict[str, dict[str, Any]] = field(init=False)
    files: dict[str, SourceFile] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.lake.runs().select(["batch", "inputs", "options"]).to_pylist() if self.lake else []
        self.runs = {row["batch"]: row for row in rows}
        self.files = {file.sha256: file for file in self.inputs.files}

    def options(self, row: Mapping[str, Any]) -> tuple[dict[str, str], str | None]:
        """The columns and the outlet that the run of a reject was told; those given now come first."""
        told = {one["name"]: json.loads(one["value"]) for one in self.runs[row["batch"]]["options"]}
        return self.config.columns or told.get("columns", {}), self.config.outlet or told.get("outlet")

    def line(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a child reads instead of a payload: the record in its file, which is given and unchanged."""
        from flows.prepare import told

        for given in self.runs[row["batch"]]["inputs"]:
            there = given["name"] == row["origin_file"] and given["start"] <= (row["origin_row"] or 0) < given["stop"]
            if there and (file := self.files.get(given["sha256"])):
                at = row["origin_row"] or 0
                columns, outlet = self.options(row)
                piece = Piece(replace(file, name=given["name"], named=False), given["records"], at, at + 1)
                return {"reject_id": row["id"], "outlet": outlet, "piece": told(piece, mapping_of(piece.file, columns))}
        return None


def _spooled(
    lake: Lake, tried: Sequence[Mapping[str, Any]], lines: Mapping[str, Any], sources: _Sources, *, write: bool
) -> SourceFile:
    """Write the rejects that are tried to a temporary file, in their order; its SHA-256 is that of their ids."""
    ids = hashlib.sha256(json.dumps([row["id"] for row in tried]).encode()).hexdigest()
    if not write:
        return SourceFile(Path(NAME), NAME, ids, 0, Form.KEPT)
    with tempfile.NamedTemporaryFile("w", prefix="saring-rejects-", delete=False) as kept:
        for line in _in_order(lake, tried, lines, sources):
            kept.write(json.dumps(line) + "\n")
    path = Path(kept.name)
    return SourceFile(path, NAME, ids, path.stat().st_size, Form.KEPT)


def _in_order(
    lake: Lake, tried: Sequence[Mapping[str, Any]], lines: Mapping[str, Any], sources: _Sources
) -> Iterator[Any]:
    """Yield a line for each reject; payloads of as many as a shard holds are in memory at a time."""
    for start in range(0, len(tried), SHARD_DOCUMENTS):
        some = tried[start : start + SHARD_DOCUMENTS]
        found = dict(payloads(lake.path, {row["id"] for row in some} - lines.keys()))
        for row in some:
            columns, outlet = sources.options(row)
            yield lines.get(row["id"]) or line_of(row, found[row["id"]], columns) | {"outlet": outlet}
