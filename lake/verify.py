"""Check a lake's promises over every row of it, streaming, and say what is broken and how to mend it.

`runs` is read first: what it names has to be complete, whoever is writing meanwhile. Memory: one batch's texts and
removals, and 16 bytes a row for each of id, cluster and reference (digests), whatever the number of batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from cleaners.fingerprint import text_hash
from cleaners.strip import restore
from lake import layout, write
from lake.columns import SCHEMA_VERSION
from lake.read import version_of
from lake.schema import TABLES, schema_of
from lake.store import Lake

TEXT_ROWS = 1024  # of whole texts at a time: a few MB
NAMED = 3  # examples that a problem names
BACKUP = "put the file back from a backup, or ingest the same input into a new lake"

Digests = npt.NDArray[np.bytes_]


class Promise(StrEnum):
    """What a lake promises: the closed set that `Problem` names."""

    NOTHING_LOST = "nothing lost"
    NOTHING_TWICE = "nothing twice"
    NOTHING_HALF = "nothing half"
    NOTHING_SILENT = "nothing silent"
    READABLE = "readable for years"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise: where, what is wrong, and how to mend it."""

    promise: Promise
    where: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked and what is broken; `restored` counts articles whose normalised text came back exactly."""

    batches: int
    rows: dict[str, int]
    restored: int
    problems: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        """Whether every promise holds."""
        return not self.problems


@dataclass(slots=True)
class _Survey:
    """What one pass over the narrow columns found: digests of names, rows by table and batch, files of each batch.

    Of batches that are not in `known` (being published meanwhile) rows are only counted: nothing refers to them yet.
    """

    known: frozenset[str]
    problems: list[Problem] = field(default_factory=list)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    batches: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    digests: dict[tuple[str, str], list[Digests]] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)

    def all(self, *of: tuple[str, str]) -> Digests:
        """Digests of some columns, in one array."""
        parts = [part for key in of for part in self.digests.get(key, [])]
        return np.concatenate(parts) if parts else np.empty(0, "S16")


NARROW = {
    "articles": ("id", "cluster_id", "duplicate_of"),
    "duplicates": ("id", "cluster_id", "duplicate_of"),
    "rejects": ("id",),
    "removals": ("article_id",),
    "links": ("id", "other"),
    "originals": ("id",),
}


def verify(lake: Lake, progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Check every promise of a lake; `progress(articles restored, of all)` is called after each file.

    Nothing is changed and no lock is taken: batches that come meanwhile are left for the next time.
    """
    runs = lake.runs()  # first: what stands here is complete
    survey = _Survey(frozenset(runs.column("batch").to_pylist()))
    for name in layout.PUBLISH_ORDER:
        for file in layout.files(lake.path, name):
            _look_at(lake.path, name, file, survey)
    problems = survey.problems
    problems += _strays(lake.path)
    problems += _accounts(lake, runs, survey)
    problems += _names(lake.path, survey)
    restored = _restore_all(lake.path, survey, problems, progress or (lambda done, of: None))
    rows = {name: sum(n for (table, _), n in survey.rows.items() if table == name) for name in TABLES}
    return Verdict(runs.num_rows, rows, restored, tuple(problems))


def _look_at(root: Path, name: str, file: Path, survey: _Survey) -> None:
    """One file: its schema, its pages with their checksums, and the names in it."""
    where = layout.name_of(root, file)
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            schema = parquet.schema_arrow
            if not schema.equals(schema_of(name)) or version_of(schema) != SCHEMA_VERSION:
                what = f"its schema is not that of {name} (version {version_of(schema)}, here {SCHEMA_VERSION})"
                mend = "move the file out of the lake if it is foreign, else use the version of saring that wrote it"
                survey.problems.append(Problem(Promise.READABLE, where, what, mend))
                survey.broken.add(file)
                return
            for rows in parquet.iter_batches(batch_size=TEXT_ROWS):  # every column, so that every page is looked at
                _count(name, file, rows, survey)
    except (OSError, pa.ArrowException) as error:
        survey.problems.append(Problem(Promise.NOTHING_HALF, where, f"it cannot be read: {error}", BACKUP))
        survey.broken.add(file)


def _count(name: str, file: Path, rows: pa.RecordBatch, survey: _Survey) -> None:
    """Add one group of rows to the survey."""
    for batch, count in Counter(rows.column("batch").to_pylist()).items():
        survey.rows[name, batch] += count
        survey.batches.setdefault((name, batch), set()).add(str(file))
    if name not in NARROW:
        return
    known = rows.filter(pc.is_in(rows.column("batch"), pa.array(sorted(survey.known), pa.string())))
    for column in NARROW[name]:
        names = known.column(column).drop_null().to_pylist()
        survey.digests.setdefault((name, column), []).append(_digests(names))


def _strays(root: Path) -> Iterator[Problem]:
    for path in layout.strays(root):
        what = "it is no file of a lake, and readers may trip over it"
        yield Problem(Promise.READABLE, path.relative_to(root).as_posix(), what, "move it out of the lake")


def _accounts(lake: Lake, runs: pa.Table, survey: _Survey) -> Iterator[Problem]:
    """Rows of each batch against what `runs` says, and rows that no batch in `runs` explains."""
    counted = ("articles", "duplicates", "rejects", "removals", "links")
    known: Counter[str] = Counter(runs.column("batch").to_pylist())
    for batch in sorted(batch for batch, times in known.items() if times > 1):
        yield Problem(Promise.NOTHING_TWICE, f"runs, batch {batch}", f"it stands there {known[batch]} times", BACKUP)
    for run in runs.select(["batch", "documents", "forgotten", *counted]).to_pylist():
        rows = {name: survey.rows[name, run["batch"]] for name in counted}
        for name in (name for name in counted if rows[name] != run[name]):
            where = f"{name}, batch {run['batch']}"
            yield Problem(Promise.NOTHING_LOST, where, f"{rows[name]} rows, runs says {run[name]}", BACKUP)
        if run["documents"] != run["articles"] + run["duplicates"] + run["rejects"] + run["forgotten"]:
            what = f"of {run['documents']} documents not every one is accounted for"
            yield Problem(Promise.NOTHING_LOST, f"runs, batch {run['batch']}", what, "ingest its input into a new lake")
    coming = {left.stem.split("-")[0] for left in write.waiting(lake.path) if left.ready} | lake.done()
    for name, batch in sorted(survey.rows):
        if name in TABLES and batch not in known and batch not in coming:
            what = f"{survey.rows[name, batch]} rows of a batch that is not in runs"
            mend = "put its file of runs back from a backup, or move its files out of the lake and ingest again"
            yield Problem(Promise.NOTHING_HALF, f"{name}, batch {batch}", what, mend)


def _names(root: Path, survey: _Survey) -> Iterator[Problem]:
    """Ids once, one article to a cluster, and everything that is pointed to is there."""
    kept = survey.all(("articles", "id"), ("duplicates", "id"))
    ids = np.concatenate([kept, survey.all(("rejects", "id"))])
    clusters = survey.all(("articles", "cluster_id"))
    tables = ("articles", "duplicates", "rejects")
    if twice := _named(root, tables, "id", _repeated(ids), survey):
        mend = "one of the files is a copy: move it out of the lake"
        yield Problem(Promise.NOTHING_TWICE, ", ".join(tables), f"ids that stand there twice: {twice}", mend)
    if twice := _named(root, ("articles",), "cluster_id", _repeated(clusters), survey):
        mend = "run saring ingest into a new lake; two writers without the lock do this"
        yield Problem(Promise.NOTHING_TWICE, "articles", f"clusters with more than one article: {twice}", mend)
    for table, column, among, missing in (
        ("duplicates", "cluster_id", clusters, "clusters without an article"),
        ("duplicates", "duplicate_of", kept, "copies of rows that are not there"),
        ("removals", "article_id", kept, "removals of rows that are not there"),
        ("links", "id", kept, "links of rows that are not there"),
        ("links", "other", kept, "links to rows that are not there"),
        ("originals", "id", ids, "originals of rows that are not there"),
    ):
        found = survey.all((table, column))
        if gone := _named(root, (table,), column, found[~np.isin(found, among)], survey):
            yield Problem(Promise.NOTHING_LOST, f"{table}.{column}", f"{missing}: {gone}", BACKUP)


def _restore_all(root: Path, survey: _Survey, problems: list[Problem], progress: Callable[[int, int], None]) -> int:
    """Undo the cut of every article and copy; how many came back as their hash says."""
    texts = [key for key in survey.batches if key[0] in ("articles", "duplicates") and key[1] in survey.known]
    files = {(path, table) for table, batch in texts for path in survey.batches[table, batch]}
    of = sum(survey.rows[key] for key in texts)
    done = good = 0
    for path, table in sorted(files, key=lambda pair: (Path(pair[0]).name, pair[1])):
        file = Path(path)
        wrong: list[str] = []
        removals = _removals_for(table, file, survey)
        for row in _rows(file, ["id", "ruleset", "text", "original_length", "original_hash", "removed_chars"]):
            done += 1
            if fault := _fault(row, removals.get((row["id"], row["ruleset"]), [])):
                wrong.append(f"{row['id']} ({fault})")
            else:
                good += 1
        if wrong:
            what = f"{len(wrong)} articles do not come back from text and removals: {_some(wrong)}"
            problems.append(Problem(Promise.NOTHING_SILENT, layout.name_of(root, file), what, BACKUP))
        progress(done, of)
    return good


def _removals_for(table: str, file: Path, survey: _Survey) -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    """Removals of the batches that a file of articles holds, by article and ruleset, in the order of the text."""
    batches = {batch for (name, batch), files in survey.batches.items() if name == table and str(file) in files}
    files = {path for batch in batches for path in survey.batches.get(("removals", batch), ())}
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for path in sorted(files - {str(broken) for broken in survey.broken}):
        for row in _rows(Path(path), ["article_id", "ruleset", "start", "end", "text", "batch"]):
            if row["batch"] in batches:
                found.setdefault((row["article_id"], row["ruleset"]), []).append(
                    (row["start"], row["end"], row["text"])
                )
    for spans in found.values():
        spans.sort()
    return found


def _fault(row: dict[str, Any], removals: list[tuple[int, int, str]]) -> str | None:
    """What is wrong with restoring one article, in words; None if nothing is."""
    at = 0
    for start, end, text in removals:
        if start < at or end - start != len(text) or not text:
            return "removals overlap, are empty or not as long as they say"
        at = end
    if sum(end - start for start, end, _ in removals) != row["removed_chars"]:
        return "removed_chars is not the length of its removals"
    original = restore(row["text"], removals)
    if len(original) != row["original_length"]:
        return f"{len(original)} characters, not {row['original_length']}"
    return None if text_hash(original) == row["original_hash"] else "another hash"


def _rows(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(file) as parquet:
        for rows in parquet.iter_batches(batch_size=TEXT_ROWS, columns=columns):
            yield from rows.to_pylist()


def _digests(names: Iterable[str]) -> Digests:
    return np.frombuffer(b"".join(xxhash.xxh3_128_digest(name.encode()) for name in names), "S16")


def _repeated(digests: Digests) -> Digests:
    ordered = np.sort(digests)
    repeated: Digests = ordered[1:][ordered[1:] == ordered[:-1]]
    return repeated


def _named(root: Path, tables: Iterable[str], column: str, digests: Digests, survey: _Survey) -> str:
    """The names behind digests, with the files they stand in: a second look, only when something is wrong."""
    if not len(digests):
        return ""
    wanted = set(digests.tolist())
    found = [
        f"{row[column]} in {layout.name_of(root, file)}"
        for table in tables
        for file in layout.files(root, table)
        if file not in survey.broken
        for row in _rows(file, [column])
        if row[column] is not None and _digests([row[column]]).tolist()[0] in wanted
    ]
    return _some(found)


def _some(found: list[str]) -> str:
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")
