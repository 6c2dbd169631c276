"""The open rejects of a lake: those that no later row was read from, in the order in which they came."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import layout, read
from lake.schema import TABLES
from lake.store import Lake

ROWS = 64  # payloads held at a time: 64 MB at most


def open_rejects(lake: Lake, reasons: Collection[str] = ()) -> list[dict[str, Any]]:
    """All columns but the payload of every open reject, of some reasons only if they are named; in their old order.

    `kept` is added: whether the payload is in the lake.
    """
    closed = read.read_again(lake.path)
    order = {batch: number for number, batch in enumerate(lake.runs().column("batch").to_pylist())}
    columns = [name for name in TABLES["rejects"].names if name != "payload"]
    found = []
    for file in layout.files(lake.path, "rejects"):
        for row in _without_payload(file, columns):
            if row["batch"] in order and row["id"] not in closed and (not reasons or row["reason"] in reasons):
                found.append(row)
    return sorted(found, key=lambda row: (order[row["batch"]], row["origin_file"] or "", row["origin_row"] or 0))


def _without_payload(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(file) as parquet:
        for rows in parquet.iter_batches(batch_size=ROWS, columns=[*columns, "payload"]):
            kept = rows.column("payload").is_valid().to_pylist()
            for row, there in zip(rows.select(columns).to_pylist(), kept, strict=True):
                yield row | {"kept": there}


def payloads(root: Path, ids: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The payloads of some rejects by id, as they lie in the lake."""
    wanted = pa.array(sorted(ids), pa.string())
    for file in layout.files(root, "rejects"):
        with pq.ParquetFile(file) as parquet:
            for rows in parquet.iter_batches(batch_size=ROWS, columns=["id", "payload"]):
                rows = rows.filter(pc.and_(pc.is_in(rows.column("id"), wanted), rows.column("payload").is_valid()))
                yield from zip(rows.column("id").to_pylist(), rows.column("payload").to_pylist(), strict=True)
