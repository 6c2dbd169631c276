"""The headlines that each run of a lake knew, found again: of its own inputs, or of all until then.

`runs` has a digest of them. Where none of the sets that a lake tells fits it, all until then are taken.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.parquet as pq

from cleaners.headline import MIN_KNOWN_LETTERS
from flows.titles import MAX_TITLES, digest
from flows.workplace import Workplace
from lake import Lake, layout


class Headlines:
    """What the runs of a lake knew, as files for children."""

    def __init__(self, lake: Lake) -> None:
        self._guard = threading.Lock()
        self._lake = lake
        self._runs: list[dict[str, Any]] | None = None
        self._by_batch: dict[str, dict[str, None]] = {}
        self._files: dict[str, str | None] = {}

    def file(self, run: Mapping[str, Any], workplace: Workplace) -> str | None:
        """The file of the headlines that a batch was cleaned with; None for none."""
        if run["known_titles_digest"] is None:
            return None
        key = f"{run['run']} {run['known_titles_digest']}"
        with self._guard:
            if key not in self._files:
                name = f"titles-{secrets.token_hex(4)}.json"  # another look at the lake has its own
                told = json.dumps(list(self._known(run))[:MAX_TITLES]).encode()
                self._files[key] = str(workplace.note(name, told))
            return self._files[key]

    def _known(self, run: Mapping[str, Any]) -> Mapping[str, None]:
        if self._runs is None:
            self._runs = self._lake.runs().select(["run", "batch"]).to_pylist()
            self._by_batch = _given_titles(self._lake)
        batches = [row["batch"] for row in self._runs]
        own = [row["batch"] for row in self._runs if row["run"] == run["run"]]
        until = batches[: batches.index(own[-1]) + 1] if own else batches
        sets = [self._titles(names) for names in (own, until, batches)]
        return next((one for one in sets if digest(one) == run["known_titles_digest"]), sets[1])

    def _titles(self, batches: list[str]) -> dict[str, None]:
        return {title: None for batch in batches for title in self._by_batch.get(batch, ())}


def _given_titles(lake: Lake) -> dict[str, dict[str, None]]:
    """The headlines that inputs gave, by batch: pages tell theirs only when they are read."""
    found: dict[str, dict[str, None]] = {}
    for batch, title in (*_of_articles(lake), *_of_rejects(lake)):
        if len(title) >= MIN_KNOWN_LETTERS:
            found.setdefault(batch, {})[title] = None
    return found


def _of_articles(lake: Lake) -> Iterator[tuple[str, str]]:
    for name in ("articles", "duplicates"):
        for file in layout.files(lake.path, name):
            rows = pq.ParquetFile(file).read(columns=["batch", "title", "given", "extraction_method"]).to_pylist()
            for row in rows:
                if "title" in row["given"] and row["extraction_method"] == "text":
                    yield row["batch"], row["title"]


def _of_rejects(lake: Lake) -> Iterator[tuple[str, str]]:
    for file in layout.files(lake.path, "rejects"):
        for row in pq.ParquetFile(file).read(columns=["batch", "title"]).to_pylist():
            if row["title"]:
                yield row["batch"], row["title"]
