"""Clean the articles of a lake again, batch after batch, in children: the work behind `flows.reclean`."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cleaners.article import Stage
from cleaners.catalog import Catalog
from cleaners.source import from_address
from flows.columns import ColumnMap
from flows.crew import Crew
from flows.formats import Form
from flows.headlines import Headlines
from flows.kept import line_of_article, line_of_original
from flows.plan import Piece
from flows.prepare import told
from flows.radius import Radius
from flows.run import pool_of, versions
from flows.settings import cores
from flows.shard import Job
from flows.sources import SourceFile
from flows.workplace import Workplace
from lake import BatchInput, BatchTables, Lake, LakeError, run_row
from lake.batches import Batches, Stored, before, undecided
from lake.duplicates import Index
from lake.generation import Generation, same_rows
from lake.originals import OCTETS
from lake.schema import row_id
from lake.tombstones import Tombstones

NAME = "articles"  # of the input that a child is told
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What is to be cleaned again: of which outlet (None: all), from originals where they are kept, by which rules."""

    outlet: str | None = None
    extract: bool = False
    rules: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
    workers: int | None = None


@dataclass
class Work:
    """Cleaning again on its way: several batches at once in children, their results one after the other."""

    lake: Lake
    wanted: Wanted
    catalog: Catalog
    workplace: Workplace
    crew: Crew
    now: datetime.datetime
    radius: Radius
    progress: Progress = field(default=lambda done, of: None)
    touched: set[str] = field(default_factory=set)

    def write(self, runs: Sequence[Mapping[str, Any]], target: Generation) -> None:
        """Clean batches again, decide copies, and hand them to the new generation, in order."""
        self.radius.decided = True
        for old, new in self.cleaned(runs):
            new = Tombstones.read(self.lake.path).keep_out(new | {"originals": old.tables["originals"]})
            index = Index(new["articles"])
            for known in target.stored():
                index.probe(known)
            decided = index.decide(target.texts)
            tables = {"articles": decided.articles, "duplicates": decided.duplicates, "links": decided.links}
            tables |= {name: new[name] for name in ("removals", "rejects")}
            self._count_moves(old, tables)
            if old.tables["originals"].num_rows:
                tables["originals"] = new["originals"]
            tables["runs"] = self._run_row(old.run, tables, touched=old.batch in self.touched)
            target.put(BatchTables(old.batch, _ruleset(tables["runs"]), tables), old.run["finished"])

    def cleaned(self, runs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Stored, dict[str, pa.Table]]]:
        """Yield batches as they were with their rows as they are now, undecided, in order."""
        headlines = Headlines(self.lake)
        ahead, behind = Batches(self.lake.path, runs), Batches(self.lake.path, runs)  # each is read in its own time
        with pool_of(self.wanted.workers or cores()) as pool:
            started = [pool.submit(self._clean, run, ahead, headlines) for run in runs]
            for number, (run, future) in enumerate(zip(runs, started, strict=True)):
                dense = future.result()
                old = _read(behind, run)
                found = self.workplace.tables(old.batch) if dense else None
                self.touched |= {old.batch} if dense or self.wanted.outlet is None else set()
                self.workplace.drop(old.batch)
                self.workplace.unlink(self._kept(old.batch))
                yield old, self._merged(old, found, dense)
                self.progress(number + 1, len(runs))

    def _clean(self, run: Mapping[str, Any], batches: Batches, headlines: Headlines) -> list[str]:
        """Have the articles of one batch cleaned; the ids of those that were, as a child saw them."""
        old = _read(batches, run)
        removals, kept = old.removals(), {row["id"]: row for row in old.tables["originals"].to_pylist()}
        lines, ids = [], []
        for row in old.rows.to_pylist():
            if self._is_wanted(row):
                removed = removals.get((row["id"], row["ruleset"]), [])
                original = kept.get(row["id"]) if self.wanted.extract else None
                if original is not None and original["media_type"] != OCTETS:
                    lines.append(line_of_original(row, original))
                else:
                    lines.append(line_of_article(row, before(row, removed), [one["text"] for one in removed]))
                ids.append(row["id"])
        if ids:
            self.crew.clean(self._job(run, lines, headlines.file(run, self.workplace)))
        return ids

    def _kept(self, batch: str) -> Path:
        return self.workplace.path / f"{batch}.kept"

    def _is_wanted(self, row: Mapping[str, Any]) -> bool:
        """Whether an article is of the outlet asked for, as it is stored or as today's rules know its address."""
        outlet = self.wanted.outlet
        return outlet in (None, row["source"]) or from_address(row["host"], None, self.catalog)[0].name == outlet

    def _job(self, run: Mapping[str, Any], lines: Sequence[Any], titles: str | None) -> Job:
        batch = run["batch"]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        self.workplace.unlink(self._kept(batch))
        path = self.workplace.note(self._kept(batch).name, data)
        file = SourceFile(path, NAME, batch, len(data), Form.KEPT)
        piece = told(Piece(file, len(lines), 0, len(lines)), ColumnMap())
        languages = tuple(_options(run).get("languages", ()))
        return Job(batch, (piece,), 0, len(lines), str(self.workplace.path), languages=languages, titles=titles)

    def _merged(self, old: Stored, found: Mapping[str, pa.Table] | None, ids: Sequence[str]) -> dict[str, pa.Table]:
        """Put the rows that were cleaned again into the place of the old ones, and count what changed."""
        self.radius.batches += 1
        new = _renamed(found, old.batch, ids) if found else {}
        fresh = {row["id"]: row for row in new["articles"].to_pylist()} if new else {}
        refused = {row["id"]: row for row in new["rejects"].to_pylist()} if new else {}
        left = {id for id, row in refused.items() if row["stage"] == Stage.RUN and row["reason"] != "other-language"}
        emptied = [id for id in refused if id not in left]
        self.radius.left += len(left)
        self._count(old, fresh, emptied, new)
        stays = pc.invert(pc.is_in(old.rows.column("id"), pa.array([*fresh, *emptied], pa.string())))
        rows = [undecided(old.rows.filter(stays)), *([new["articles"]] if new else [])]
        removals = old.tables["removals"]
        kept = pc.is_in(removals.column("article_id"), old.rows.filter(stays).column("id").combine_chunks())
        rejects = [old.tables["rejects"]]
        if new:
            rejects.append(new["rejects"].filter(pc.is_in(new["rejects"].column("id"), pa.array(emptied, pa.string()))))
        return {
            "articles": _in_order(pa.concat_tables(rows), old.rows.column("id").to_pylist()),
            "removals": pa.concat_tables([removals.filter(kept), *([new["removals"]] if new else [])]),
            "rejects": pa.concat_tables(rejects),
        }

    def _count(
        self, old: Stored, fresh: Mapping[str, Any], emptied: Sequence[str], new: Mapping[str, pa.Table]
    ) -> None:
        was = old.removals()
        now: dict[str, list[dict[str, Any]]] = {}
        for span in new["removals"].to_pylist() if new else ():
            now.setdefault(span["article_id"], []).append(span)
        for row in undecided(old.rows).to_pylist():
            if row["id"] in fresh or row["id"] in emptied:
                removed = was.get((row["id"], row["ruleset"]), [])
                text = before(row, removed)
                self.radius.add(row, fresh.get(row["id"]), text, removed, now.get(row["id"], []))

    def _count_moves(self, old: Stored, tables: Mapping[str, pa.Table]) -> None:
        copies = set(tables["duplicates"].column("id").to_pylist())
        self.radius.became_copies += len(copies - old.copies)
        self.radius.became_articles += len(old.copies & set(tables["articles"].column("id").to_pylist()))
        self.radius.same = self.radius.same and same_rows(old.tables, tables)

    def _run_row(self, run: Mapping[str, Any], tables: Mapping[str, pa.Table], *, touched: bool) -> pa.Table:
        old_versions = {one["name"]: one["value"] for one in run["versions"]}
        return run_row(
            tables,
            run=run["run"],
            batch=run["batch"],
            shard=run["shard"],
            inputs=[BatchInput(**given) for given in run["inputs"]],
            documents=run["documents"],
            forgotten=run["forgotten"],
            ruleset=self.catalog.ruleset if touched else run["ruleset"],
            known_titles_digest=run["known_titles_digest"],
            started=run["started"],
            finished=run["finished"],
            versions=versions() if touched else old_versions,
            options={one["name"]: one["value"] for one in run["options"]},
            alarms=lambda outlets: run["alarms"],
            recleaned=self.now if touched else run["recleaned"],
        )


def _read(batches: Batches, run: Mapping[str, Any]) -> Stored:
    try:
        return batches.read(run)
    except FileNotFoundError as error:
        raise LakeError(f"{error.filename or error} went away, as in a compaction: run it again.") from error


def _ruleset(runs: pa.Table) -> str:
    return str(runs.column("ruleset")[0].as_py())


def _options(run: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: json.loads(one["value"]) for one in run["options"]}


def _renamed(found: Mapping[str, pa.Table], batch: str, ids: Sequence[str]) -> dict[str, pa.Table]:
    """Give the rows of a child their old names: it names them by their place in what it was given."""
    names = {row_id(batch, at): id for at, id in enumerate(ids)}
    return {
        "articles": _named(_named(found["articles"], "id", names), "cluster_id", names),
        "removals": _named(found["removals"], "article_id", names),
        "rejects": _named(found["rejects"], "id", names),
    }


def _named(rows: pa.Table, column: str, names: Mapping[str, str]) -> pa.Table:
    at = rows.schema.get_field_index(column)
    values = [names[name] for name in rows.column(column).to_pylist()]
    return rows.set_column(at, rows.schema.field(at), pa.array(values, pa.string()))


def _in_order(rows: pa.Table, ids: Sequence[str]) -> pa.Table:
    place = {id: at for at, id in enumerate(ids)}
    found = rows.column("id").to_pylist()
    return rows.take(sorted(range(len(found)), key=lambda at: place[found[at]])).combine_chunks()
