"""Check a lake's promises over every row of it, streaming, and say what is broken and how to mend it.

`runs` is read first: what it names has to be complete, whoever is writing meanwhile. Memory: one batch's texts and
removals, and 16 bytes a row for each of id, cluster and reference (digests), whatever the number of batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cleaners.fingerprint import text_hash
from cleaners.strip import restore
from lake import layout, write
from lake.schema import TABLES
from lake.store import Lake
from lake.survey import BACKUP, Digests, Problem, Promise, Survey, digests_of, rows_of
from lake.survey import survey as surveyed

NAMED = 3  # examples that a problem names


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


def verify(lake: Lake, progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Check every promise of a lake; `progress(articles restored, of all)` is called after each file.

    Nothing is changed and no lock is taken: batches that come meanwhile are left for the next time.
    """
    runs = lake.runs()  # first: what stands here is complete
    survey = surveyed(lake.path, frozenset(runs.column("batch").to_pylist()))
    problems = survey.problems
    problems += _strays(lake.path)
    problems += _accounts(lake, runs, survey)
    problems += _names(lake.path, survey)
    restored = _restore_all(lake.path, survey, problems, progress or (lambda done, of: None))
    rows = {name: sum(n for (table, _), n in survey.rows.items() if table == name) for name in TABLES}
    return Verdict(runs.num_rows, rows, restored, tuple(problems))


def _strays(root: Path) -> Iterator[Problem]:
    for path in layout.strays(root):
        what = "it is no file of a lake, and readers may trip over it"
        yield Problem(Promise.READABLE, path.relative_to(root).as_posix(), what, "move it out of the lake")


def _accounts(lake: Lake, runs: pa.Table, survey: Survey) -> Iterator[Problem]:
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


def _names(root: Path, survey: Survey) -> Iterator[Problem]:
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


def _restore_all(root: Path, survey: Survey, problems: list[Problem], progress: Callable[[int, int], None]) -> int:
    """Undo the cut of every article and copy; how many came back as their hash says."""
    texts = [key for key in survey.batches if key[0] in ("articles", "duplicates") and key[1] in survey.known]
    files = {(path, table) for table, batch in texts for path in survey.batches[table, batch]}
    of = sum(survey.rows[key] for key in texts)
    done = good = 0
    for path, table in sorted(files, key=lambda pair: (Path(pair[0]).name, pair[1])):
        file = Path(path)
        wrong: list[str] = []
        removals = _removals_for(table, file, survey)
        for row in rows_of(file, ["id", "ruleset", "text", "original_length", "original_hash", "removed_chars"]):
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


def _removals_for(table: str, file: Path, survey: Survey) -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    """Removals of the batches that a file of articles holds, by article and ruleset, in the order of the text."""
    batches = {batch for (name, batch), files in survey.batches.items() if name == table and str(file) in files}
    files = {path for batch in batches for path in survey.batches.get(("removals", batch), ())}
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for path in sorted(files - {str(broken) for broken in survey.broken}):
        for row in rows_of(Path(path), ["article_id", "ruleset", "start", "end", "text", "batch"]):
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
    return _some(found)


def _some(found: list[str]) -> str:
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")
