"""Clean the documents of one shard: the program that runs in a killable child process, `python -m flows.shard`.

It speaks lines with its parent (`flows.child`). On standard input: one JSON line that sets it up, then one for each
job. On standard output: `ready RULESET`; `at N` before document N of the job is read; `done N` when all rows up to N,
its end, are on disk; `disk ERRNO TEXT` if they cannot be. When the parent's pipe ends, so does it, whatever it does.

Rows go into part files (`flows.parts`), each whole or absent: a child that dies has lost at most `FLUSH_DOCUMENTS`
documents' work and no document.

Over 250 lines: what a child is told, what it reads and what limits it, in the one module that every child loads.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.again import Earlier, clean_again
from cleaners.article import Cleaned, Document, Reason, Reject, Stage
from cleaners.catalog import Catalog, load_catalog
from cleaners.headline import Known
from cleaners.pipeline import clean
from flows.parts import LostRowsError, Rows
from flows.titles import known

if TYPE_CHECKING:
    from flows.columns import ColumnMap
    from flows.sources import SourceFile

FLUSH_DOCUMENTS = 500  # rows held before they go to disk: about 5 MB, and at most 5 s of work lost with a child
OPENING_PATIENCE = 20  # times the limit of one document: the first of a range may lie behind gigabytes to unpack
WARM_UP = "Warga membaca koran pagi di serambi."  # loads what is loaded at first use; no document pays for it
EXIT_ORPHANED = 3  # the parent's pipe ended; nobody reads this status but a debugger


@dataclass(frozen=True, slots=True)
class Fault:
    """A document that killed its child: what is put in its row, and whether even reading it kills."""

    reason: Reason
    detail: str
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """Documents `start` to `stop` of a shard, counted over its pieces from 0, and what is to happen to them.

    A piece is what `flows.prepare.told` says: file, mapping, start, stop. `faults` are documents that are not to be
    cleaned again, `titles` is a file of `flows.titles`.
    """

    batch: str
    pieces: tuple[Mapping[str, Any], ...]
    start: int
    stop: int
    folder: str
    outlet: str | None = None
    languages: tuple[str, ...] = ()
    keep_originals: bool = False
    titles: str | None = None
    faults: Mapping[int, Fault] = field(default_factory=dict)


def clean_one(item: Document | Earlier, catalog: Catalog, *, known: Known | None = None) -> Cleaned | Reject:
    """Clean one document; a mistake of ours that it brings out becomes its reject, and no other's."""
    document = item.document if isinstance(item, Earlier) else item
    try:
        if isinstance(item, Earlier):
            return clean_again(item, catalog, known=known)
        return clean(item, catalog, known=known)
    except MemoryError:
        return Reject(document, Stage.RUN, Reason.KILLED, "cleaning it needed more memory than a shard may use")
    except Exception as error:  # isolates: whatever it is, it stands in `rejects` with its name and its document
        return Reject(document, Stage.RUN, Reason.KILLED, f"cleaning it failed, please report: {error!r}"[:500])


def main() -> None:
    """Serve jobs from standard input until it ends. Not for people."""
    talk = os.dup(1)  # replies go here; whatever a library prints must not look like one
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    setup = json.loads(lines.get())
    _limit_memory(setup["memory_bytes"])
    catalog = load_catalog([(name, text) for name, text in setup["rules"]], setup["without"])
    clean_one(Document(text=WARM_UP), catalog)
    _say(talk, f"ready {catalog.ruleset}")
    while True:
        try:
            _serve(job_of(json.loads(lines.get())), catalog, setup["cpu_seconds"], talk)
        except LostRowsError as error:
            _say(talk, f"disk {error.errno} {error.strerror}")
            raise


def _listen(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(EXIT_ORPHANED)


def _say(talk: int, line: str) -> None:
    os.write(talk, f"{line}\n".encode())


def job_of(given: dict[str, Any]) -> Job:
    """Return a job as `flows.child.job_told` told it."""
    faults = {int(at): Fault(Reason(f["reason"]), f["detail"], f["readable"]) for at, f in given.pop("faults").items()}
    return Job(**given | {"pieces": tuple(given["pieces"]), "languages": tuple(given["languages"]), "faults": faults})


def _serve(job: Job, catalog: Catalog, cpu_seconds: int, talk: int) -> None:
    rows, first = Rows(job.batch, catalog.ruleset, job.keep_originals), job.start

    def begin(at: int, patience: int = 1) -> None:
        _limit_cpu(cpu_seconds * patience)
        _say(talk, f"at {at}")

    for at, document in documents(job, begin):
        rows.add(at, _verdict(document, job, at, catalog))
        if at + 1 - first >= FLUSH_DOCUMENTS:
            rows.write(job.folder, first, at + 1)
            first = at + 1
    begin(job.stop)
    if first < job.stop:
        rows.write(job.folder, first, job.stop)
    _say(talk, f"done {job.stop}")


# ---------------------------------------------------------------------------------------------------------- documents


def documents(job: Job, begin: Callable[..., None] = lambda at, patience=1: None) -> Iterator[tuple[int, Any]]:
    """Yield (number in the shard, Document or Reject) of a job, calling `begin(number)` before each is read.

    Raises `FileChanged` when a file has not the records that the plan counted.
    """
    at = 0
    for piece in job.pieces:
        base, at = at, at + piece["stop"] - piece["start"]
        first, last = max(job.start, base), min(job.stop, at)
        for low, high, fault in _stretches(first, last, job.faults):
            if fault is not None:
                begin(low)
                yield low, _unread(piece, piece["start"] + low - base, fault)
            else:
                yield from _read(piece, low, high, piece["start"] - base, begin)


def _stretches(first: int, last: int, faults: Mapping[int, Fault]) -> Iterator[tuple[int, int, Fault | None]]:
    """Cut first..last at the documents that cannot even be read."""
    for bad in sorted(at for at, fault in faults.items() if not fault.readable and first <= at < last):
        if first < bad:
            yield first, bad, None
        yield bad, bad + 1, faults[bad]
        first = bad + 1
    if first < last:
        yield first, last, None


def _read(
    piece: Mapping[str, Any], low: int, high: int, shift: int, begin: Callable[..., None]
) -> Iterator[tuple[int, Document | Reject | Earlier]]:
    from flows.sources import read  # here, so that `saring clean` does not wait for it

    source, mapping = source_of(piece)
    records = iter(read(source, mapping, low + shift, high + shift))
    for at in range(low, high):
        begin(at, OPENING_PATIENCE if at == low else 1)
        document = next(records, None)
        if document is None:
            raise FileChanged(piece["file"]["name"])
        if at == low:
            begin(at)  # what it took to come here is not this document's fault
        yield at, document


def source_of(piece: Mapping[str, Any]) -> tuple[SourceFile, ColumnMap]:
    """The file and the columns of a piece as it was told."""
    from flows.columns import ColumnMap
    from flows.formats import Form
    from flows.sources import SourceFile

    told = piece["file"]
    file = SourceFile(**told | {"path": Path(told["path"]), "form": Form(told["form"])})
    return file, ColumnMap(**{name: _frozen(value) for name, value in piece["mapping"].items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _unread(piece: Mapping[str, Any], row: int, fault: Fault) -> Reject:
    return Reject(Document(origin_file=piece["file"]["name"], origin_row=row), Stage.RUN, fault.reason, fault.detail)


class FileChanged(Exception):
    """An input file has fewer records than when the run was planned."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changed while it was being read; run again when it is complete")
        self.name = name


# --------------------------------------------------------------------------------------------------------------- rows


def _verdict(document: Document | Reject | Earlier, job: Job, at: int, catalog: Catalog) -> Cleaned | Reject:
    if isinstance(document, Reject):
        return document
    if fault := job.faults.get(at):
        base = document.document if isinstance(document, Earlier) else document
        return Reject(base, Stage.RUN, fault.reason, fault.detail)
    if job.outlet and isinstance(document, Document) and not document.outlet:
        document = replace(document, outlet=job.outlet)
    return _wanted(clean_one(document, catalog, known=known(job.titles)), job.languages)


def _wanted(found: Cleaned | Reject, languages: Sequence[str]) -> Cleaned | Reject:
    if isinstance(found, Reject) or not languages or found.language.tag in languages:
        return found
    asked = ", ".join(languages)
    detail = f"left out by --languages: it is {found.language.tag}, asked for: {asked}"
    return Reject(found.document, Stage.RUN, Reason.OTHER_LANGUAGE, detail, source=found.source.name)


# ------------------------------------------------------------------------------------------------------------- limits


def _limit_memory(limit_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, hard))
    except (ValueError, OSError):
        print("this system sets no limit of memory for a process", file=sys.stderr)  # macOS; a lower hard limit


def _limit_cpu(seconds: int) -> None:
    """Let the kernel end this process (SIGXCPU) when the next document takes more than `seconds` of processor time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(time.process_time()) + seconds + 1
    if soft != wanted and (hard == resource.RLIM_INFINITY or wanted < hard):
        resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))


if __name__ == "__main__":
    main()
