"""Decide what a run reads: which records of which files, cut into shards. Depends on the inputs and the lake alone.

Files are taken in the order given. What stands in the lake's `runs` is left out: a file by its SHA-256, whatever its
name is now; a range of it, where a run was stopped; the old records of a file that only grew. What remains is one long
row of records, cut every `SHARD_DOCUMENTS`: small files share a shard, a large one is spread over several. As shards
are published in order, the plan of a stopped run's second try is the rest of the first plan, batch for batch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows.sources import SourceFile
from lake.read import KnownInput

SHARD_DOCUMENTS = 2_000  # about 15 s of work: long against what a shard costs, short against a run
GROWING = (".jsonl", ".ndjson", ".csv")  # formats that grow by appending, where old bytes stay the file's beginning
BLOCK_BYTES = 1 << 20

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Records start to stop of one file that has `records`; `continues` is the SHA-256 of the shorter file it was."""

    file: SourceFile
    records: int
    start: int
    stop: int
    continues: str | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """What one task reads and one batch holds: pieces of files, in order. `number` counts from 0 in its run."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def documents(self) -> int:
        """How many documents it holds."""
        return sum(piece.stop - piece.start for piece in self.pieces)

    @property
    def batch(self) -> str:
        """The name of what it writes, 32 hex digits: a hash of its input alone."""
        said = [[piece.file.name, piece.file.sha256, piece.start, piece.stop] for piece in self.pieces]
        return hashlib.sha256(json.dumps(said).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run reads, and what it leaves alone and why.

    `known` are the names of files that the lake holds whole, `stale` those of them that other rules cleaned, `grown`
    those read from their old end, `repeated` pairs of a file and the earlier one of this run with the same bytes.
    """

    shards: tuple[Shard, ...]
    known: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()
    left_by_limit: int = 0

    @property
    def documents(self) -> int:
        """How many documents are to be read."""
        return sum(shard.documents for shard in self.shards)


def make_plan(
    files: Sequence[SourceFile],
    held: Mapping[str, KnownInput],
    *,
    count: Callable[[SourceFile], int],
    ruleset: str,
    limit: int | None = None,
) -> Plan:
    """Plan a run over `files` against what the lake holds (`Lake.inputs()`); `count` says how many records a file has.

    `limit` ends it after so many documents.
    """
    known: list[SourceFile] = []
    grown: list[str] = []
    repeated: list[tuple[str, str]] = []
    first: dict[str, str] = {}
    pieces: list[Piece] = []
    for file in files:
        if file.sha256 in first:
            repeated.append((file.name, first[file.sha256]))
            continue
        first[file.sha256] = file.name
        if (found := held.get(file.sha256)) and found.complete:
            known.append(file)
            continue
        old = None if found else shorter(file, held)
        grown += [file.name] if old else []
        pieces += _missing(file, count(file), found, old)
    taken = list(_first(pieces, limit))
    return Plan(
        shards=tuple(Shard(number, tuple(cut)) for number, cut in enumerate(_cut(taken))),
        known=tuple(file.name for file in known),
        stale=tuple(file.name for file in known if held[file.sha256].rulesets != {ruleset}),
        grown=tuple(grown),
        repeated=tuple(repeated),
        left_by_limit=_records(pieces) - _records(taken),
    )


def _missing(
    file: SourceFile, records: int, found: KnownInput | None, old: tuple[KnownInput, bool] | None
) -> list[Piece]:
    """The pieces of a file that the lake does not hold."""
    covered, continues = found.ranges if found else (), None
    if old:
        known, whole = old
        end = known.records if whole else known.records - 1  # its last record was cut short then: read it again
        covered, continues = tuple((start, min(stop, end)) for start, stop in known.ranges if start < end), known.sha256
    return [Piece(file, records, start, stop, continues) for start, stop in _gaps(covered, records)]


def _gaps(covered: Iterable[Range], records: int) -> Iterator[Range]:
    """Yield what the ordered ranges `covered` leave of 0..records."""
    at = 0
    for start, stop in covered:
        if at < min(start, records):
            yield at, min(start, records)
        at = max(at, stop)
    if at < records:
        yield at, records


def shorter(file: SourceFile, held: Mapping[str, KnownInput]) -> tuple[KnownInput, bool] | None:
    """Return the longest file in the lake that this one begins with, and whether its last record was complete.

    One pass over the file's first bytes, and none where no file in the lake can be its beginning.
    """
    if not file.path.name.lower().endswith(GROWING):
        return None
    by_size: dict[int, list[KnownInput]] = {}
    for known in held.values():
        if 0 < known.size < file.size and known.records and Path(known.name).suffix == file.path.suffix:
            by_size.setdefault(known.size, []).append(known)
    best = None
    if not by_size:
        return None
    with open(file.path, "rb") as source:
        digest, last = hashlib.sha256(), b""
        for size, candidates in sorted(by_size.items()):
            while (behind := size - source.tell()) > 0:
                last = source.read(min(behind, BLOCK_BYTES)) or b""
                digest.update(last)
                if not last:
                    return best
            ended = last.endswith(b"\n") or _next_byte(source) in (b"\n", b"\r")
            best = next(((known, ended) for known in candidates if known.sha256 == digest.hexdigest()), best)
    return best


def _next_byte(source: Any) -> bytes:
    found: bytes = source.read(1)
    source.seek(-len(found), 1)
    return found


def _first(pieces: Iterable[Piece], limit: int | None) -> Iterator[Piece]:
    """Yield pieces of `limit` records in all."""
    left = limit if limit is not None else -1
    for piece in pieces:
        if left == 0:
            return
        size = piece.stop - piece.start
        if 0 < left < size:
            piece, size = replace(piece, stop=piece.start + left), left
        left -= size if limit is not None else 0
        yield piece


def _cut(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield shards: the records of all pieces in one row, cut every SHARD_DOCUMENTS."""
    shard: list[Piece] = []
    space = SHARD_DOCUMENTS
    for piece in pieces:
        start = piece.start
        while start < piece.stop:
            stop = min(piece.stop, start + space)
            shard.append(replace(piece, start=start, stop=stop))
            space, start = space - (stop - start), stop
            if not space:
                yield shard
                shard, space = [], SHARD_DOCUMENTS
    if shard:
        yield shard


def _records(pieces: Iterable[Piece]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)
