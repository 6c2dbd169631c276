"""Signatures of another scheme: count them, and make them anew beside the rows that carry them.

A row is never changed. What `rehash` finds stands in the table `signatures`, one file for each batch and scheme, and is
taken instead of a row's own signature wherever rows are compared.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cleaners.fingerprint import SCHEME, content_hash, fingerprint
from lake import layout
from lake.schema import table

if TYPE_CHECKING:
    from lake.store import Lake

REPLACING = "c"  # `c-<hash>.parquet`: a file that replaced others, with rows of any batch
HASHED_ROWS = 1024  # texts held at a time: a few MB


def made_anew(root: Path, file: Path) -> pa.Table | None:
    """Give the signatures of today's scheme made of the rows of a file of articles or duplicates; None if none were."""
    found = sorted((root / "signatures").glob(f"*/{_stem(file)}.parquet"))
    return pa.concat_tables([pq.ParquetFile(one).read() for one in found]) if found else None


def key_of(file: Path) -> str:
    """Give the first part of the names of what is made of a file: its batch; of one that replaced others, its own."""
    first, _, second = file.stem.partition("-")
    return first + second if first == REPLACING else first


def prefix_of(file: Path) -> str:
    """Give the same of a file of signatures: what it was made of."""
    return file.stem.partition("-")[0]


def unused(root: Path, replaced: Collection[Path]) -> Iterator[Path]:
    """Find the files of signatures that nobody needs once these files are replaced by others that have them in them."""
    made_of: defaultdict[str, set[Path]] = defaultdict(set)
    for file in (file for name in ("articles", "duplicates") for file in layout.files(root, name)):
        made_of[key_of(file)].add(file)
    for file in layout.files(root, "signatures") if replaced else ():
        if made_of[prefix_of(file)] <= {*replaced}:
            yield file


def replaced(rows: pa.RecordBatch, anew: pa.Table | None) -> pa.RecordBatch:
    """Put the signatures that were made anew in the place of those of another scheme."""
    if anew is None or not rows.num_rows:
        return rows
    places = pc.index_in(rows.column("id"), value_set=anew.column("id").combine_chunks())
    old = pc.and_(pc.not_equal(rows.column("minhash_scheme"), SCHEME), pc.is_valid(places))
    for name in ("minhash_signature", "shingle_count", "minhash_scheme"):
        given = anew.column(name).combine_chunks().take(places)
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pc.if_else(old, given, rows.column(name)))
    return rows


def other_schemes(root: Path) -> Counter[str]:
    """Count the signatures that cannot be compared with today's, by their scheme; footers tell, if all is well."""
    found: Counter[str] = Counter()
    for name in ("articles", "duplicates"):
        for file in layout.files(root, name):
            if not _all_of_today(file):
                found += _others_in(file, made_anew(root, file))
    return +found


def rehash(lake: Lake, when: datetime.datetime) -> int:
    """Make all signatures of another scheme anew; the number of rows. Takes the lake's lock batch by batch.

    Stopped in the middle it is finished by the next call. Raises LakeError.
    """
    done = 0
    with lake.lock():
        lake.recover()  # what a call before this one left may be all that is missing
    for stem, rows in hashed_anew(lake.path):
        with lake.lock():
            lake.recover()
            lake.add("signatures", rows, stem, when)
        done += rows.num_rows
    return done


def hashed_anew(root: Path) -> Iterator[tuple[str, pa.Table]]:
    """Yield (name of the file to come, rows of `signatures`) for each batch that has rows of another scheme."""
    files: defaultdict[str, list[Path]] = defaultdict(list)
    for name in ("articles", "duplicates"):
        for file in layout.files(root, name):
            files[_stem(file)].append(file)
    for stem, parts in sorted(files.items()):
        if not (root / "signatures").is_dir() or not list((root / "signatures").glob(f"*/{stem}.parquet")):
            rows = [row for file in parts if not _all_of_today(file) for row in _hashed(file)]
            if rows:
                yield stem, table("signatures", rows)


def _hashed(file: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(file) as parquet:
        for rows in parquet.iter_batches(batch_size=HASHED_ROWS, columns=["id", "text", "minhash_scheme", "batch"]):
            for row in rows.filter(pc.not_equal(rows.column("minhash_scheme"), SCHEME)).to_pylist():
                made = fingerprint(row["text"])
                yield {
                    "id": row["id"],
                    "minhash_signature": made.signature,
                    "shingle_count": made.shingle_count,
                    "minhash_scheme": SCHEME,
                    "batch": row["batch"],
                }


def _others_in(file: Path, anew: pa.Table | None) -> Counter[str]:
    found: Counter[str] = Counter()
    with pq.ParquetFile(file) as parquet:
        columns = ["id", "minhash_signature", "shingle_count", "minhash_scheme"]
        for rows in parquet.iter_batches(columns=columns):
            now = replaced(rows.select(columns), anew)
            there = now.filter(pc.is_valid(now.column("minhash_signature"))).column("minhash_scheme")
            found.update(scheme for scheme in there.to_pylist() if scheme != SCHEME)
    return found


def _all_of_today(file: Path) -> bool:
    metadata = pq.read_metadata(file)
    at = metadata.schema.to_arrow_schema().get_field_index("minhash_scheme")
    for group in range(metadata.num_row_groups):
        column = next(
            metadata.row_group(group).column(leaf)
            for leaf in range(metadata.num_columns)
            if metadata.row_group(group).column(leaf).path_in_schema == "minhash_scheme"
        )
        told = column.statistics
        if at < 0 or told is None or not told.has_min_max or {told.min, told.max} != {SCHEME}:
            return False
    return True


def _stem(file: Path) -> str:
    """Name what `rehash` makes of a file, by today's scheme."""
    return f"{key_of(file)}-{content_hash(SCHEME)[:16]}"
