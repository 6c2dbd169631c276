"""Undo the cut of every article and copy of a lake, file by file: the part of `verify` that reads all texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from cleaners.fingerprint import text_hash
from cleaners.strip import restore
from lake import layout
from lake.survey import BACKUP, Problem, Progress, Promise, Survey, rows_of

NAMED = 3  # examples that a problem names
Spans = list[tuple[int, int, str]]


def restore_all(root: Path, found: Survey, progress: Progress) -> tuple[int, list[Problem]]:
    """Undo every cut; how many texts came back as their hash says, and a problem for each file in which one did not."""
    texts = [key for key in found.batches if key[0] in ("articles", "duplicates") and key[1] in found.known]
    files = {(path, table) for table, batch in texts for path in found.batches[table, batch]}
    files = {(path, table) for path, table in files if Path(path) not in found.broken}
    of = sum(found.rows[key] for key in texts)
    problems: list[Problem] = []
    done = good = 0
    for path, table in sorted(files, key=lambda pair: (Path(pair[0]).name, pair[1])):
        wrong: list[str] = []
        for id, fault in _restored(table, Path(path), found):
            done, good = done + 1, good + (fault is None)
            wrong += [f"{id} ({fault})"] if fault else []
        if wrong:
            what = f"{len(wrong)} articles do not come back from text and removals: {some(wrong)}"
            problems.append(Problem(Promise.NOTHING_SILENT, layout.name_of(root, Path(path)), what, BACKUP))
        progress("texts restored", done, of)
    return good, problems


def some(found: list[str]) -> str:
    """Name the first few."""
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _restored(table: str, file: Path, found: Survey) -> Iterator[tuple[str, str | None]]:
    """Each row of a file by its id, and what is wrong with restoring it."""
    removals = _removals_for(table, file, found)
    columns = ["id", "ruleset", "text", "original_length", "original_hash", "removed_chars", "batch"]
    for row in rows_of(file, columns):
        if row["batch"] in found.known:
            yield row["id"], _fault(row, removals.get((row["id"], row["ruleset"]), []))


def _removals_for(table: str, file: Path, found: Survey) -> dict[tuple[str, str], Spans]:
    """Removals of the articles that a file holds, by article and ruleset, in the order of the text."""
    batches = {batch for (name, batch), files in found.batches.items() if name == table and str(file) in files}
    files = {path for batch in batches for path in found.batches.get(("removals", batch), ())}
    with pq.ParquetFile(file) as parquet:
        ids = parquet.read(columns=["id"]).column("id").combine_chunks()
    spans: dict[tuple[str, str], Spans] = {}
    for path in sorted(files - {str(broken) for broken in found.broken}):
        with pq.ParquetFile(path) as parquet:
            for rows in parquet.iter_batches(columns=["article_id", "ruleset", "start", "end", "text"]):
                # Files that were merged hold removals of a whole month: only those of this file become Python values.
                for row in rows.filter(pc.is_in(rows.column("article_id"), ids)).to_pylist():
                    span = row["start"], row["end"], row["text"]
                    spans.setdefault((row["article_id"], row["ruleset"]), []).append(span)
    for each in spans.values():
        each.sort()
    return spans


def _fault(row: dict[str, Any], removals: Spans) -> str | None:
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
