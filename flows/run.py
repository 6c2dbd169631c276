"""The steps of a run in plain Python: plan, clean shards, decide copies, publish in order, report. Read `run` first.

`flows.ingest` runs the same steps as Prefect tasks; this module imports no Prefect.
"""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import json
import platform
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pyarrow as pa

from flows.child import Limits, ShardError
from flows.crew import Crew
from flows.drift import Alarm, History
from flows.observer import Observer
from flows.plan import Piece, Shard
from flows.prepare import Prepared, prepare
from flows.published import Published, removed_by_kind, some_rejects
from flows.report import RunReport
from flows.second import closed_in
from flows.settings import IngestConfig
from flows.specimens import SLOW_SECONDS, removed, slowest, strangest
from flows.titles import digest
from flows.workplace import Workplace
from lake import BatchInput, BatchTables, Lake, run_row
from lake.disk import Disk
from lake.duplicates import Index
from lake.tombstones import Tombstones

DECIDE_BYTES = ("ftfy", "langdetect", "lxml", "numpy", "pyarrow", "trafilatura")  # packages named in `runs.versions`


def run(
    config: IngestConfig, *, observer: Observer | None = None, limits: Limits | None = None, disk: Disk | None = None
) -> RunReport:
    """Read, clean, find copies, publish, report: the whole of `saring ingest`.

    Raises CatalogError, InputError or LakeError before anything is written, LakeError when the disk fails on the way.
    A shard that cannot be cleaned stands in the report's `failures`, and the others go on. `disk` is where this
    process makes every change of the lake; its children write their rows through one of their own.
    """
    observer = observer or Observer()
    prepared = prepare(config, disk, observer.waiting)
    observer.planned(prepared)
    report = RunReport.of(prepared)
    if config.dry_run or not prepared.plan.shards:
        prepared.inputs.close()
        return report.finished()
    with closing(prepared.inputs), pool_of(config.pool()) as pool, begin(prepared, observer, limits) as going:
        started = [pool.submit(going.clean, shard) for shard in prepared.plan.shards]
        for shard, future in zip(prepared.plan.shards, started, strict=True):
            try:
                report.add(going.publish(shard, future.result()))
            except ShardError as error:
                observer.failed(shard, error)
                report.failures.append(f"Shard {shard.number} was given up: {error}")
    return report.finished()


@contextmanager
def begin(prepared: Prepared, observer: Observer, limits: Limits | None = None) -> Iterator[Going]:
    """Open the lake, start no child yet, and clear everything away at the end, however it comes."""
    lake = Lake(prepared.config.lake, create=True, disk=prepared.disk)
    with ExitStack() as stack:
        with lake.lock(observer.waiting):
            workplace = stack.enter_context(Workplace(lake.path, prepared.run, prepared.disk))
        workplace.give(prepared.titles)
        crew = stack.enter_context(prepared.crew(limits))
        yield Going(prepared, lake, workplace, crew, observer)


class Going:
    """A run on its way: cleans shards, from several threads, and publishes them, from one, in order."""

    def __init__(self, prepared: Prepared, lake: Lake, workplace: Workplace, crew: Crew, observer: Observer) -> None:
        self.prepared, self.lake, self.workplace, self.crew, self.observer = prepared, lake, workplace, crew, observer
        self._done: dict[int, int] = {}
        self._seen: dict[int, tuple[int, float]] = {}
        self._took: defaultdict[int, dict[int, float]] = defaultdict(dict)
        self._titles_digest = digest(prepared.titles)
        self._guard = threading.Lock()
        self._history = History(self.lake.runs().select(["run", "outlets"]).to_pylist())
        self._alarms: list[Alarm] = []

    def clean(self, shard: Shard) -> datetime.datetime:
        """Clean a shard in a child process; its rows are then in the workplace. Return when work on it began.

        Raises ShardError.
        """
        started = datetime.datetime.now(datetime.UTC)
        self.crew.clean(self.prepared.job(shard, self.workplace.path), lambda done: self.progress(shard.number, done))
        return started

    def publish(self, shard: Shard, started: datetime.datetime) -> Published | None:
        """Decide which rows of a cleaned shard are copies and put it into the lake; None if another run has done it.

        Raises LakeError, and ShardError if rows were lost on the way.
        """
        tables = self.workplace.tables(shard.batch)
        if tables["articles"].num_rows + tables["rejects"].num_rows != shard.documents:
            raise ShardError(f"it read {shard.documents} documents and has another number of rows; please report this")
        if self.prepared.second is not None:
            tables = self.prepared.second.changed(tables)
        tables = Tombstones.read(self.lake.path).keep_out(tables)
        index, seen = Index(tables["articles"]), set[str]()
        self._compare(index, seen)  # most of the lake goes past without the lock
        with self.lake.lock(self.observer.waiting):
            self.lake.recover()
            done = shard.batch in self.lake.done()
            if not done and self.prepared.second is not None:
                tables = self.prepared.second.changed(tables, closed_in(self.lake))
            if not done:
                tables = Tombstones.read(self.lake.path).keep_out(tables)
                # Another run read some of the rejects meanwhile, or rows were forgotten, or files replaced by others.
                if tables["articles"].num_rows != index.size or not self.lake.has_all(seen):
                    index, seen = Index(tables["articles"]), set()
                self._compare(index, seen)
            published = None if done else self._publish(shard, index, tables, started)
        self.workplace.drop(shard.batch)
        self.observer.published(shard, published.row if published else None)
        return published

    def _compare(self, index: Index, seen: set[str]) -> None:
        for known in self.lake.scan_keys(after=frozenset(seen)):
            index.probe(known)
            seen.add(known.file)

    def _publish(
        self, shard: Shard, index: Index, cleaned: Mapping[str, pa.Table], started: datetime.datetime
    ) -> Published:
        decided = index.decide(self.lake.texts)
        tables = {"articles": decided.articles, "duplicates": decided.duplicates, "links": decided.links}
        tables |= {name: cleaned[name] for name in ("removals", "rejects")}
        if self.prepared.config.keep_originals:
            tables["originals"] = cleaned["originals"]
        now = datetime.datetime.now(datetime.UTC)
        self._alarms = []
        tables["runs"] = self._run_row(shard, tables, started, now)
        if self._holds_rows(tables):
            self.lake.publish(BatchTables(shard.batch, self.prepared.ruleset, tables), now)
        (row,) = tables["runs"].to_pylist()
        kinds, rejects = removed_by_kind(tables["removals"]), some_rejects(tables["rejects"])
        slow = slowest(self._took[shard.number], shard.batch, tables)
        return Published(
            row,
            decided.copies,
            kinds,
            rejects,
            decided.other_scheme,
            tuple(self._alarms),
            tuple(removed(tables)),
            tuple(strangest(tables)),
            tuple(slow),
        )

    def _run_row(
        self, shard: Shard, tables: Mapping[str, pa.Table], started: datetime.datetime, now: datetime.datetime
    ) -> pa.Table:
        config = self.prepared.config
        options = {"outlet": config.outlet, "columns": config.columns, "languages": config.languages}
        return run_row(
            tables,
            run=self.prepared.run,
            batch=shard.batch,
            shard=shard.number,
            inputs=[_batch_input(piece) for piece in shard.pieces],
            documents=self._documents(shard, tables),
            ruleset=self.prepared.ruleset,
            known_titles_digest=self._titles_digest,
            started=started,
            finished=now,
            versions=versions(),
            options={name: json.dumps(value, sort_keys=True) for name, value in options.items() if value},
            alarms=self._strange,
        )

    def _strange(self, outlets: Sequence[Mapping[str, Any]]) -> list[str]:
        self._alarms = self._history.batch(outlets)
        return [alarm.sentence() for alarm in self._alarms]

    def _documents(self, shard: Shard, tables: Mapping[str, pa.Table]) -> int:
        """What the batch accounts for: all that was read, but of rejects read again only those that changed."""
        if self.prepared.second is None:
            return shard.documents
        return sum(tables[name].num_rows for name in ("articles", "duplicates", "rejects"))

    def _holds_rows(self, tables: Mapping[str, pa.Table]) -> bool:
        """Whether there is anything to publish: rejects that all failed as before leave no batch."""
        return self.prepared.second is None or any(tables[n].num_rows for n in ("articles", "duplicates", "rejects"))

    def progress(self, number: int, done: int) -> None:
        """Note that so many documents of a shard are done, and how long the last one took."""
        now = time.monotonic()
        with self._guard:
            at, since = self._seen.get(number, (done, now))
            if now - since >= SLOW_SECONDS:
                self._took[number][at] = max(now - since, self._took[number].get(at, 0))
            self._seen[number] = done, now
            self._done[number] = max(done, self._done.get(number, 0))
            total = sum(self._done.values())
        self.observer.cleaned(total, self.prepared.plan.documents)


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions that decide bytes, by name."""
    found = {name: importlib.metadata.version(name) for name in DECIDE_BYTES}
    return {"saring": importlib.metadata.version("saring"), "python": platform.python_version(), **found}


@contextmanager
def pool_of(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that each drive a child; what has not begun when the run fails does not begin."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="shard")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _batch_input(piece: Piece) -> BatchInput:
    file = piece.file
    return BatchInput(file.name, file.sha256, file.size, piece.records, piece.start, piece.stop, piece.continues)
