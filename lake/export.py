"""Write one clean set without copies, for those who want a file: `saring lake export`.

The rows come in one order (source, time, id) whatever files of the lake they lie in, so the same lake gives the same
bytes. Texts are never all in memory: rows are cut into stretches of the order as they are read, kept in one scratch
file, and written stretch by stretch. The set is built under a hidden name and renamed when it is whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake.card import Told, card
from lake.clusters import Clusters
from lake.formats import COLUMNS, Compress, Form, opened
from lake.layout import LakeError
from lake.representatives import Chosen, Wanted, choose
from lake.schema import TABLES
from lake.store import Lake

STRETCH_ROWS = 16_384  # rows in memory at once: four row groups, some 60 MB with texts
READ_ROWS = 4096
SCRATCH = "scratch.arrow"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: where, how many articles, how many rows were left out as copies of them, names of the files."""

    folder: str
    articles: int
    copies: int
    files: tuple[str, ...]


def export(
    lake: Lake,
    folder: str | Path,
    form: Form,
    wanted: Wanted,
    *,
    compress: Compress = Compress.NONE,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write the articles asked for to a folder that is new or empty; `progress(rows written, of all)`.

    Raises LakeError: the folder holds something, nothing matches, the disk is full, or files went away meanwhile.
    """
    folder = Path(os.path.abspath(folder))
    _refuse(folder)
    try:
        chosen = choose(lake, wanted)
        if not chosen.number:
            raise LakeError(f"Of {chosen.looked_at} articles and copies in {lake.path} none is asked for.")
        with _being_built(folder) as at:
            told = Told(lake.runs(), wanted, chosen)
            files = _write(lake, at, form, compress, chosen, told, progress or (lambda done, of: None))
            (at / "README.md").write_text(card(told, form, files), "utf-8")
    except FileNotFoundError as error:
        raise LakeError(f"{error.filename or error} went away, as in a compaction: run the export again.") from error
    except OSError as error:
        raise LakeError(f"The export to {folder} failed: {error.strerror or error}.") from error
    return Exported(str(folder), chosen.number, chosen.asked_for - chosen.number, tuple(files))


def _refuse(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LakeError(f"{folder} holds something already: name a new or an empty folder.")


@contextmanager
def _being_built(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder`, which takes its name in the end; what a killed export left there goes first."""
    at = folder.parent / f".{folder.name}.saring-export"
    at.mkdir(parents=True, exist_ok=True)
    handle = os.open(at, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeError(f"Another export writes to {folder} now.") from None
        for left in at.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield at
            os.fsync(handle)
            os.rename(at, folder)  # refuses a folder that is not empty
        except BaseException:
            shutil.rmtree(at, ignore_errors=True)
            raise
    finally:
        os.close(handle)


def _write(
    lake: Lake,
    at: Path,
    form: Form,
    compress: Compress,
    chosen: Chosen,
    told: Told,
    progress: Callable[[int, int], None],
) -> list[str]:
    done = 0
    with opened(at, form, compress, chosen.number) as out:
        for rows in _in_order(lake, at / SCRATCH, chosen):
            out.write(rows)
            told.count(rows)
            done += rows.num_rows
            progress(done, chosen.number)
    return out.files


def _in_order(lake: Lake, scratch: Path, chosen: Chosen) -> Iterator[pa.Table]:
    """Yield the chosen rows, stretch by stretch of the order."""
    clusters = Clusters.read(lake.path)
    stretches: list[list[int]] = [[] for _ in range(-(-chosen.number // STRETCH_ROWS))]
    schema = pa.schema([TABLES["articles"].field(name) for name in COLUMNS])
    kept = schema.append(pa.field("place", pa.int64()))
    written = 0
    with pa.ipc.new_file(str(scratch), kept, options=pa.ipc.IpcWriteOptions(compression="lz4")) as out:
        for rows in _read(chosen, kept):
            places = rows.column("place").to_numpy()
            for stretch in np.unique(places // STRETCH_ROWS):
                here = rows.filter(pa.array(places // STRETCH_ROWS == stretch)).combine_chunks()
                out.write_table(here)
                stretches[stretch].append(written)
                written += 1
    with pa.OSFile(str(scratch)) as source:  # not mapped: its pages would count as memory
        parts = pa.ipc.open_file(source)
        for numbers in stretches:
            rows = pa.Table.from_batches([parts.get_batch(number) for number in numbers]).sort_by("place")
            at = COLUMNS.index("cluster_id")
            rows = rows.select(COLUMNS).set_column(at, schema.field(at), clusters.now(rows.column("cluster_id")))
            yield rows.cast(schema).combine_chunks()
    scratch.unlink()


def _read(chosen: Chosen, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the chosen rows as they lie in the files, each with its place in the order."""
    for file, (numbers, places) in chosen.files.items():
        start = 0
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=READ_ROWS, columns=list(COLUMNS)):
                a, b = np.searchsorted(numbers, [start, start + batch.num_rows])
                rows = pa.Table.from_batches([batch]).select(COLUMNS).take(numbers[a:b] - start)
                if rows.num_rows:
                    yield rows.append_column("place", pa.array(places[a:b])).cast(schema)
                start += batch.num_rows
