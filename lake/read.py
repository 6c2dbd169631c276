"""Read what a lake holds: its runs, the files they name, keys for recognising copies, texts, counts.

Over 250 lines: all questions that are asked of the tables stand on one page, each short and none needing another.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout, signatures
from lake.columns import SCHEMA_VERSION
from lake.layout import LakeError
from lake.schema import OPTIONAL, TABLES, conform

SCAN_ROWS = 65_536  # of a few narrow columns at a time: some 15 MB with signatures
SAID = 120  # characters of what a library says of a broken file; the rest is for its makers

KEYS = (
    "id",
    "source",
    "canonical_url",
    "content_hash",
    "minhash_signature",
    "shingle_count",
    "minhash_scheme",
    "cluster_id",
    "revision",
    "title",
)


class UnreadableError(LakeError):
    """A file of `runs` is torn or foreign: nobody can tell what the lake holds."""


@dataclass(frozen=True, slots=True)
class KeyBatch:
    """Some rows of one file: `table` is articles or duplicates, `rows` has the columns `KEYS`.

    `file` is the file's name in the lake (`articles/ingested=2026-10/….parquet`); names are never used again, so a
    set of names says what has been seen. A file without rows comes too, with an empty batch.
    """

    file: str
    table: str
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class KnownInput:
    """What `runs` say of one file's content: its bytes, records, and which of them were read.

    `ranges` are merged, ordered record ranges [start, stop), those of the file it continues included; `rulesets` are
    those its batches were cleaned with.
    """

    sha256: str
    name: str
    size: int
    records: int
    ranges: tuple[tuple[int, int], ...]
    rulesets: frozenset[str]

    @property
    def complete(self) -> bool:
        """Whether every record of the file stands in the lake."""
        return self.records == 0 or self.ranges == ((0, self.records),)


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch as `status` tells it."""

    run: str
    batch: str
    finished: datetime.datetime
    documents: int
    articles: int
    duplicates: int
    rejects: int
    forgotten: int
    ruleset: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is in a lake: rows by table, number of batches, the last of them (newest first), open rejects by reason.

    `other_schemes` counts signatures by scheme that cannot be compared with today's until `saring lake rehash`.
    """

    path: str
    schema_version: int
    rows: Mapping[str, int]
    size_bytes: int
    batches: int
    last: tuple[BatchLine, ...]
    open_rejects: Mapping[str, int]
    unfinished: tuple[str, ...]
    other_schemes: Mapping[str, int]


def run_files(root: Path, seen: dict[str, pa.Table]) -> list[pa.Table]:
    """Tables of `runs`, one a file, by name; `seen` keeps what was read, for a name is never used again.

    Raises LakeError for a file of another schema version (its columns are not ours) and for one that cannot be read.
    """
    names = {layout.name_of(root, file): file for file in layout.files(root, "runs")}
    for name in names.keys() - seen.keys():
        try:
            seen[name] = run_file(root, names[name])
        except FileNotFoundError:  # replaced since it was listed; what replaced it has another name
            return run_files(root, seen)
    return [seen[name] for name in names]


def run_file(root: Path, file: Path) -> pa.Table:
    """Read one file of `runs`. Raises FileNotFoundError, UnreadableError, and LakeError for another schema version."""
    try:
        table = pq.ParquetFile(file).read()
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        remedy = "saring lake verify names all such files; put them back from a backup"
        raise UnreadableError(f"{file} cannot be read ({said(error)}): {remedy}.") from error
    version = version_of(table.schema)
    if version is not None and version != SCHEMA_VERSION:
        raise LakeError(
            f"{root} is written with schema version {version}, this program with {SCHEMA_VERSION}: "
            "use the version of saring that wrote it, or ingest into a new lake."
        )
    try:
        return conform("runs", table)
    except ValueError as error:
        raise UnreadableError(f"{file} is no file of runs ({said(error)}): move it out of the lake.") from error


def said(error: Exception) -> str:
    """What a library says of a broken file, in one line."""
    line = " ".join(str(error).split()).rstrip(".")
    return line if len(line) <= SAID else line[: SAID - 1] + "…"


def run_rows(files: Iterable[pa.Table]) -> pa.Table:
    """All rows of `runs`, in the order in which they finished, then by run and shard."""
    rows = pa.concat_tables([TABLES["runs"].empty_table(), *files])
    return rows.sort_by([("finished", "ascending"), ("run", "ascending"), ("shard", "ascending")])


def known_inputs(runs: pa.Table) -> dict[str, KnownInput]:
    """What the rows of `runs` say of the files they read, by SHA-256; ranges of a continued file are its own too."""
    found: dict[str, dict[str, Any]] = {}
    continued: dict[str, str] = {}
    ranges: dict[str, list[tuple[int, int]]] = {}
    rulesets: dict[str, set[str]] = {}
    for run in runs.select(["inputs", "ruleset"]).to_pylist():
        for given in run["inputs"]:
            sha256 = given["sha256"]
            found[sha256] = given
            ranges.setdefault(sha256, []).append((given["start"], given["stop"]))
            rulesets.setdefault(sha256, set()).add(run["ruleset"])
            if given["continues"]:
                continued[sha256] = given["continues"]
    return {
        sha256: KnownInput(
            sha256=sha256,
            name=given["name"],
            size=given["size"],
            records=given["records"],
            ranges=_merged(r for one in _chain(sha256, continued) for r in ranges.get(one, ())),
            rulesets=frozenset(rulesets[sha256]),
        )
        for sha256, given in found.items()
    }


def keys(root: Path, after: Collection[str]) -> Iterator[KeyBatch]:
    """Stream the columns `KEYS` of articles and duplicates, file by file, leaving out the files named in `after`.

    A file that is replaced by another before it is opened is left out: who holds the lock sees none go.
    A signature of another scheme is replaced by the one that `saring lake rehash` made of the same text.
    """
    schema = pa.schema([TABLES["articles"].field(name).remove_metadata() for name in KEYS])
    for table in ("articles", "duplicates"):
        for file in layout.files(root, table):
            if (name := layout.name_of(root, file)) in after:
                continue
            anew = signatures.made_anew(root, file)
            try:
                parquet = pq.ParquetFile(file)
            except FileNotFoundError:
                continue
            with parquet:
                if not parquet.metadata.num_rows:
                    yield KeyBatch(name, table, pa.RecordBatch.from_pylist([], schema=schema))
                for rows in parquet.iter_batches(batch_size=SCAN_ROWS, columns=list(KEYS)):
                    whole = pa.RecordBatch.from_arrays(rows.select(KEYS).columns, schema=schema)
                    yield KeyBatch(name, table, signatures.replaced(whole, anew))


def texts(root: Path, ids: Collection[str], files: Collection[str] | None) -> dict[str, str]:
    """Texts of a few rows, by id; only row groups that hold one are read. An id that is not there is left out."""
    wanted = pa.array(sorted(ids), pa.string())
    found: dict[str, str] = {}
    for table in ("articles", "duplicates"):
        for file in layout.files(root, table):
            if len(found) == len(wanted):
                return found
            if files is None or layout.name_of(root, file) in files:
                found |= _texts_of(file, wanted)
    return found


def counts(root: Path) -> tuple[dict[str, int], int]:
    """Rows by table, from the footers, and bytes of all files."""
    rows: dict[str, int] = {}
    size = 0
    for table in (*TABLES, *OPTIONAL):
        found = layout.files(root, table)
        if table in TABLES or found:
            rows[table] = sum(pq.read_metadata(file).num_rows for file in found)
            size += sum(file.stat().st_size for file in found)
    return rows, size


def open_rejects(root: Path) -> Counter[str]:
    """Rejects by reason that no later row was read from."""
    again = read_again(root)
    found: Counter[str] = Counter()
    for rows in _stream(root, "rejects", ["id", "reason"]):
        pairs = zip(rows.column("id").to_pylist(), rows.column("reason").to_pylist(), strict=True)
        found.update(reason for id, reason in pairs if id not in again)
    return found


def read_again(root: Path) -> set[str]:
    """The rejects that were read again and became another row: their ids stand in `reject_id`."""
    return {
        id
        for table in ("articles", "duplicates", "rejects")
        for rows in _stream(root, table, ["reject_id"])
        for id in rows.column("reject_id").drop_null().to_pylist()
    }


def version_of(schema: pa.Schema) -> int | None:
    """Version of the tables that a file's schema belongs to; None for a file of no lake."""
    written = (schema.metadata or {}).get(b"saring.schema_version", b"")
    return int(written) if written.isdigit() else None


def _stream(root: Path, table: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for file in layout.files(root, table):
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches(batch_size=SCAN_ROWS, columns=columns)


def _texts_of(file: Path, wanted: pa.Array) -> dict[str, str]:
    found: dict[str, str] = {}
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            if pc.any(pc.is_in(parquet.read_row_group(group, columns=["id"])["id"], wanted)).as_py():
                rows = parquet.read_row_group(group, columns=["id", "text"])
                rows = rows.filter(pc.is_in(rows["id"], wanted))
                found.update(zip(rows["id"].to_pylist(), rows["text"].to_pylist(), strict=True))
    return found


def _chain(sha256: str, continued: Mapping[str, str]) -> list[str]:
    """A file, the one it continues, and so on."""
    chain = [sha256]
    while (before := continued.get(chain[-1])) and before not in chain:
        chain.append(before)
    return chain


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges in order, those that touch joined."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)
