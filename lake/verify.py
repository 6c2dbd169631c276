"""Check a lake's promises over every row of it, streaming, and say what is broken and how to mend it.

`runs` is read first: what it names has to be complete, whoever is writing meanwhile. Memory: the texts and removals of
one file, and 16 bytes a row for each of its names (digests), whatever the number of batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake import layout, write
from lake.layout import LakeError
from lake.read import UnreadableError, run_file, run_rows
from lake.schema import TABLES
from lake.store import Lake
from lake.survey import BACKUP, Digests, Problem, Progress, Promise, Survey, digests_of, rows_of
from lake.survey import survey as surveyed
from lake.undo import restore_all, some

COUNTED = ("articles", "duplicates", "rejects", "removals", "links")
WRITTEN_AGAIN = 3  # files of a table that are encoded once more; all of them would take as long as writing the lake


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


def verify(lake: Lake, progress: Progress = lambda what, done, of: None, *, every: bool = False) -> Verdict:
    """Check every promise of a lake; `progress(what, done, of)` is called after each file that was read or restored.

    With `every` all files of batches are written again and compared, not only some of each table's newest month.
    Nothing is changed and no lock is taken: batches that come meanwhile are left for the next time. A lake opened with
    `look=False` may have files of `runs` that cannot be read. Raises LakeError if files are replaced meanwhile.
    """
    try:
        return _verified(lake, progress, every)
    except FileNotFoundError as error:
        said = f"{error.filename or error} was replaced while the lake was looked at: run saring lake verify again."
        raise LakeError(said) from error


def _verified(lake: Lake, progress: Progress, every: bool) -> Verdict:
    runs, lost = _runs(lake.path)  # first: what stands here is complete
    survey = surveyed(lake.path, frozenset(runs.column("batch").to_pylist()) | lost, progress)
    problems = survey.problems
    problems += _strays(lake.path)
    problems += _accounts(lake, runs, survey)
    problems += _names(lake.path, survey)
    problems += _other_bytes(lake.path, survey, progress, None if every else WRITTEN_AGAIN)
    restored, unrestored = restore_all(lake.path, survey, progress)
    problems += unrestored
    rows = {name: sum(n for (table, _), n in survey.rows.items() if table == name) for name in TABLES}
    return Verdict(runs.num_rows, rows, restored, tuple(problems))


def _runs(root: Path) -> tuple[pa.Table, frozenset[str]]:
    """Rows of `runs`, and the batches that the files of it name which cannot be read; the survey tells of those."""
    found, lost = [], set()
    for file in layout.files(root, "runs"):
        try:
            found.append(run_file(root, file))
        except UnreadableError:
            lost.add(file.name.split("-")[0])
    return run_rows(found), frozenset(lost)


def _strays(root: Path) -> Iterator[Problem]:
    for path in layout.strays(root):
        what = "it is no file of a lake, and readers may trip over it"
        yield Problem(Promise.READABLE, path.relative_to(root).as_posix(), what, "move it out of the lake")


def _accounts(lake: Lake, runs: pa.Table, survey: Survey) -> Iterator[Problem]:
    """Rows of each batch against what `runs` says, and rows that no batch in `runs` explains."""
    known: Counter[str] = Counter(runs.column("batch").to_pylist())
    for batch in sorted(batch for batch, times in known.items() if times > 1):
        yield Problem(Promise.NOTHING_TWICE, f"runs, batch {batch}", f"it stands there {known[batch]} times", BACKUP)
    for run in runs.select(["batch", "documents", "forgotten", *COUNTED]).to_pylist():
        rows = {name: survey.rows[name, run["batch"]] for name in (*COUNTED, "tombstones")}
        for name in (name for name in COUNTED if rows[name] != run[name]):
            where = f"{name}, batch {run['batch']}"
            yield Problem(Promise.NOTHING_LOST, where, f"{rows[name]} rows, runs says {run[name]}", BACKUP)
        if rows["tombstones"] != run["forgotten"]:
            what = f"{rows['tombstones']} rows, runs says that {run['forgotten']} documents were forgotten"
            yield Problem(Promise.NOTHING_LOST, f"tombstones, batch {run['batch']}", what, BACKUP)
        if run["documents"] != run["articles"] + run["duplicates"] + run["rejects"] + run["forgotten"]:
            what = f"of {run['documents']} documents not every one is accounted for"
            yield Problem(Promise.NOTHING_LOST, f"runs, batch {run['batch']}", what, "ingest its input into a new lake")
    yield from _unexplained(lake.path, survey)


def _unexplained(root: Path, survey: Survey) -> Iterator[Problem]:
    """Rows of batches that are not in `runs`, unless they are on their way or have come meanwhile."""
    coming = {left.stem.split("-")[0] for left in write.waiting(root) if left.ready}
    now, lost = _runs(root)
    explained = survey.known | coming | lost | set(now.column("batch").to_pylist())
    merged = any(file.parent.parent.name == "runs" and file.name.startswith("c-") for file in survey.broken)
    for name, batch in sorted(survey.rows):
        if name in TABLES and batch not in explained and not merged:  # a merged file of runs names no batch
            what = f"{survey.rows[name, batch]} rows of a batch that is not in runs"
            mend = "put its file of runs back from a backup, or move its files out of the lake and ingest again"
            yield Problem(Promise.NOTHING_HALF, f"{name}, batch {batch}", what, mend)


def _names(root: Path, survey: Survey) -> Iterator[Problem]:
    """Ids once, one article to a cluster and to a text, and everything that is pointed to is there."""
    kept = survey.all(("articles", "id"), ("duplicates", "id"))
    ids = np.concatenate([kept, survey.all(("rejects", "id"))])
    forgotten = survey.all(("tombstones", "id"))
    clusters = survey.all(("articles", "cluster_id"))
    tables = ("articles", "duplicates", "rejects")
    writers = "ingest its input into a new lake; two writers without the lock do this"
    for where, column, digests, what, mend in (
        (tables, "id", _repeated(ids), "ids that stand there twice", "one of the files is a copy: move it away"),
        (("articles",), "cluster_id", _repeated(clusters), "clusters with more than one article", writers),
        (
            ("articles",),
            "content_hash",
            _repeated(survey.all(("articles", "content_hash"))),
            "the same text in more than one article",
            writers,
        ),
        (("tombstones",), "id", _repeated(forgotten), "rows that were forgotten twice", "put back its file"),
    ):
        if twice := _named(root, where, column, digests, survey):
            yield Problem(Promise.NOTHING_TWICE, ", ".join(where), f"{what}: {twice}", mend)
    if still := _named(root, tables, "id", ids[np.isin(ids, forgotten)], survey):
        what, mend = f"rows that were forgotten and are still there: {still}", "run saring lake forget again"
        yield Problem(Promise.NOTHING_HALF, ", ".join(tables), what, mend)
    all_clusters = np.concatenate([clusters, survey.all(("duplicates", "cluster_id"))])
    for table, column, among, missing in (
        ("duplicates", "cluster_id", clusters, "clusters without an article"),
        ("duplicates", "duplicate_of", np.concatenate([kept, forgotten]), "copies of rows that are not there"),
        ("removals", "article_id", kept, "removals of rows that are not there"),
        ("links", "id", kept, "links of rows that are not there"),
        ("links", "other", kept, "links to rows that are not there"),
        ("originals", "id", ids, "originals of rows that are not there"),
        ("signatures", "id", kept, "signatures of rows that are not there"),
        ("clusters", "id", all_clusters, "clusters joined that are not there"),
        ("clusters", "cluster_id", all_clusters, "clusters joined to one that is not there"),
    ):
        found = survey.all((table, column))
        if gone := _named(root, (table,), column, found[~np.isin(found, among)], survey):
            yield Problem(Promise.NOTHING_LOST, f"{table}.{column}", f"{missing}: {gone}", BACKUP)


def _other_bytes(root: Path, survey: Survey, progress: Progress, newest: int | None) -> Iterator[Problem]:
    """Files of batches, some of each table's newest month, that their rows do not give again; by the same pyarrow."""
    files: list[tuple[str, Path]] = []
    for name in TABLES:
        own = {file for file in layout.files(root, name) if not file.name.startswith("c-")} - survey.broken
        in_order = sorted(own, key=lambda file: (file.parent.name, file.name), reverse=True)
        files += [(name, file) for file in in_order[:newest]]
    for done, (name, file) in enumerate(files, 1):
        with pq.ParquetFile(file) as parquet:
            same_version = pa.__version__ in parquet.metadata.created_by
            again = write.encode(name, parquet.read(), parquet.schema_arrow) if same_version else None
        if again not in (None, file.read_bytes()):
            what = "its rows, written again, give other bytes: something else wrote or changed it"
            yield Problem(Promise.REPEATABLE, layout.name_of(root, file), what, BACKUP)
        progress("files written again", done, len(files))


def _repeated(digests: Digests) -> Digests:
    ordered = np.sort(digests)
    repeated: Digests = ordered[1:][ordered[1:] == ordered[:-1]]
    return repeated


def _named(root: Path, tables: Iterable[str], column: str, digests: Digests, survey: Survey) -> str:
    """The names behind digests, with the files they stand in: a second look, only when something is wrong."""
    if not len(digests):
        return ""
    wanted = set(digests.tolist())
    found = [
        f"{row[column]} in {layout.name_of(root, file)}"
        for table in tables
        for file in layout.files(root, table)
        if file not in survey.broken
        for row in rows_of(file, [column])
        if row[column] is not None and digests_of([row[column]]).tolist()[0] in wanted
    ]
    return some(found)
