"""Invented articles, batches of them, and a disk that fails at a chosen call: what the tests of the lake share."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from cleaners.article import (
    Article,
    Cleaned,
    DatePrecision,
    Document,
    Fields,
    Kind,
    Language,
    LanguageStatus,
    Published,
    Reason,
    Reject,
    Related,
    Removal,
    Source,
    Stage,
)
from cleaners.fingerprint import fingerprint, text_hash
from lake import BatchInput, BatchTables, Lake, run_row
from lake.disk import Disk
from lake.schema import article_row, reject_row, removal_rows, row_id, table

NOW = datetime.datetime(2026, 10, 31, 23, 30, tzinfo=datetime.UTC)
RULESET = "0123456789abcdef"
PLACES = ("Sungai Lamat", "Bukit Perca", "Teluk Jumput", "Kampung Sirap", "Pasar Tanjak")


def story(number: int) -> str:
    """An invented story, another one for each number."""
    place = PLACES[number % len(PLACES)]
    return f"Warga {place} menanam {number} pohon.\nPohon ke-{number} diberi nama oleh murid kelas {number % 6}."


def cleaned(number: int, **changes: Any) -> Cleaned:
    """An invented article with a dateline and a promo taken out of it."""
    head, promo = "JAKARTA, HARIAN REKAAN - ", "\nIkuti saluran kami ✨"
    text = story(number)
    original = head + text + promo
    given: dict[str, Any] = {
        "document": Document(text=original, id=f"n{number}", origin_file="harian.jsonl", origin_row=number),
        "article": Article(original, repairs=("entities",)),
        "text": text,
        "removals": (
            Removal("rekaan/dateline", Kind.DATELINE, 0, len(head)),
            Removal("rekaan/saluran", Kind.PROMO, len(original) - len(promo), len(original)),
        ),
        "fields": Fields(
            title=f"Pohon ke-{number}",
            authors=("Sari Rekaan",),
            related=(Related("Pohon Lain"), Related("Sungai", "https://rekaan.example/sungai")),
            published=Published(datetime.datetime(2026, 10, 5, 18, 0, tzinfo=datetime.UTC), DatePrecision.MINUTE),
        ),
        "source": Source("rekaan", "url"),
        "language": Language("id", 0.987654, LanguageStatus.MIXED, "id", (("id", 0.7), ("jv", 0.3))),
        "fingerprint": fingerprint(text),
        "url": f"https://rekaan.example/{number}",
        "canonical_url": f"https://rekaan.example/{number}",
        "host": "rekaan.example",
        "original_hash": text_hash(original),
        "flags": ("glued",) if number % 3 == 0 else (),
    }
    return Cleaned(**(given | changes))


def reject(number: int = 0, **changes: Any) -> Reject:
    """An invented document without a story."""
    document = Document(text="Bagikan", id=f"x{number}", origin_file="harian.jsonl", origin_row=number)
    return Reject(
        **({"document": document, "stage": Stage.CLEAN, "reason": Reason.NO_STORY, "detail": "kosong"} | changes)
    )


def batch(lake: Lake | None, name: str, numbers: Iterable[int], *, rejects: int = 1) -> BatchTables:
    """A batch of invented articles; those whose content stands in `lake` (or earlier in the batch) are copies of it."""
    first = {key: kept for keys in (lake.scan_keys() if lake else ()) for key, kept in _contents(keys.rows)}
    articles, duplicates, links, removals = [], [], [], []
    place = -1
    for place, number in enumerate(numbers):
        row = article_row(cleaned(number), id=row_id(name, place), batch=name, ruleset=RULESET)
        removals += removal_rows(cleaned(number), id=row_id(name, place), batch=name, ruleset=RULESET)
        survivor = first.setdefault(row["content_hash"], row["id"])
        if survivor == row["id"]:
            articles.append(row)
            continue
        copy = {"duplicate_of": survivor, "cluster_id": survivor, "duplicate_kind": "exact", "similarity": 1.0}
        duplicates.append(row | copy)
        links.append({"id": row["id"], "other": survivor, "kind": "exact", "jaccard": 1.0, "batch": name})
    refused = [
        reject_row(reject(n), id=row_id(name, place + 1 + n), batch=name, ruleset=RULESET) for n in range(rejects)
    ]
    rows = {"articles": articles, "duplicates": duplicates, "links": links, "removals": removals, "rejects": refused}
    return with_run(
        name, {table_name: table(table_name, made) for table_name, made in rows.items()}, place + 1 + rejects
    )


def with_run(name: str, tables: dict[str, pa.Table], documents: int) -> BatchTables:
    """The batch of some tables: its row in `runs` counted from them."""
    runs = run_row(
        tables,
        run="run-1",
        batch=name,
        shard=0,
        inputs=[BatchInput("harian.jsonl", "ab" * 32, 1000, documents, 0, documents)],
        documents=documents,
        ruleset=RULESET,
        started=NOW,
        finished=NOW + datetime.timedelta(seconds=2),
        versions={"saring": "0"},
    )
    return BatchTables(name, RULESET, tables | {"runs": runs})


def publish(lake: Lake, name: str, numbers: Iterable[int], **given: Any) -> None:
    """Decide and publish a batch as a run does: under one lock, after recovering; nothing if it is there."""
    with lake.lock():
        lake.recover()
        if name not in lake.done():
            lake.publish(batch(lake, name, numbers, **given), NOW)


def bytes_of(lake: Lake, *tables: str) -> dict[str, bytes]:
    """Every Parquet file of some tables (all if none is named), by its name."""
    paths = [path for name in tables or ("*",) for path in lake.path.glob(f"{name}/*/*.parquet")]
    return {path.relative_to(lake.path).as_posix(): path.read_bytes() for path in sorted(paths)}


class Crash(BaseException):
    """The process is killed."""


class FailingDisk(Disk):
    """A disk that fails at its call number `at` (from 0): `fault` is raised, a write is `torn` in the middle first.

    Nothing is synced: a crash here is one of the process, and the tests run in seconds.
    """

    def __init__(
        self, at: int | None = None, fault: BaseException | None = None, *, lasting: bool = False, torn: bool = True
    ) -> None:
        self.calls = itertools.count()
        self.made: list[str] = []
        self.at, self.fault, self.lasting, self.torn = at, fault or Crash(), lasting, torn

    def _tick(self, what: str) -> None:
        call = next(self.calls)
        self.made.append(what)
        if self.at is not None and (call == self.at or (self.lasting and call > self.at)):
            raise self.fault

    def mkdir(self, path: Path) -> None:
        self._tick(f"mkdir {path.name}")
        path.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        try:
            self._tick(f"write {path.name}")
        except BaseException:
            if self.torn:
                path.write_bytes(data[: len(data) // 2])
            raise
        with open(path, "xb") as file:
            file.write(data)

    def sync(self, folder: Path) -> None:
        self._tick(f"sync {folder.name}")
        assert folder.is_dir()

    def rename(self, old: Path, new: Path) -> None:
        self._tick(f"rename {new.name}")
        super().rename(old, new)

    def unlink(self, path: Path) -> None:
        self._tick(f"unlink {path.name}")
        super().unlink(path)

    def rmdir(self, path: Path) -> None:
        self._tick(f"rmdir {path.name}")
        super().rmdir(path)

    def link(self, old: Path, new: Path) -> None:
        self._tick(f"link {new.name}")
        super().link(old, new)

    def exchange(self, one: Path, other: Path) -> None:
        self._tick(f"exchange {other.name}")
        super().exchange(one, other)


def _contents(rows: pa.RecordBatch) -> Iterable[tuple[str, str]]:
    return zip(rows.column("content_hash").to_pylist(), rows.column("cluster_id").to_pylist(), strict=True)
