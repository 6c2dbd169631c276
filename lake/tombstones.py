"""Keep out what was forgotten: the table `tombstones` holds hashes, and every new record is compared with them.

A record is kept out if its address, its normalised text or its cleaned text is that of a forgotten one. An address is
compared as its outlet's article id where the URL has one, so that other slugs, hosts and tracking change nothing; home
pages and other addresses of many stories keep nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from cleaners.article import Reason, Stage
from cleaners.urls import article_key, canonical_url, has_identity
from lake import layout
from lake.columns import SCHEMA_VERSION
from lake.schema import TABLES, schema_of

DETAIL = "kept out: what it holds was forgotten"
KEPT = ("id", "source", "origin_file", "origin_row", "origin_id", "reject_id", "ruleset", "batch")
HASH_DIGITS = 32  # of a payload's 64: as long as the other hashes


def url_hash(canonical: str | None) -> str | None:
    """Hash of what identifies an article by its canonical URL; None where nothing does."""
    if canonical is None or not has_identity(canonical):
        return None
    return xxhash.xxh3_128_hexdigest(article_key(canonical).encode())


def payload_hash(sha256: str | None) -> str | None:
    """What a tombstone keeps of a reject's payload."""
    return None if sha256 is None else sha256[:HASH_DIGITS]


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Hashes of all that was forgotten."""

    urls: pa.Array
    originals: pa.Array
    contents: pa.Array

    @classmethod
    def read(cls, root: Path) -> Tombstones:
        """Read the table `tombstones` of a lake; a lake in which nothing was forgotten has none."""
        schema = schema_of("tombstones")
        try:
            parts = [pq.ParquetFile(file).read() for file in layout.files(root, "tombstones")]
        except FileNotFoundError:  # replaced since they were listed
            return cls.read(root)
        rows = pa.concat_tables([schema.empty_table(), *parts])
        return cls(
            *(pc.unique(rows.column(name).drop_null()) for name in ("url_hash", "original_hash", "content_hash"))
        )

    def keep_out(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Leave what was forgotten out of the cleaned tables of a batch; a reject without payload stands for each."""
        articles, rejects = tables["articles"], tables["rejects"]
        if (
            not (len(self.urls) or len(self.originals) or len(self.contents))
            or not articles.num_rows + rejects.num_rows
        ):
            return dict(tables)
        bad, worse = self._articles(articles), self._rejects(rejects)
        if not (pc.any(bad).as_py() or pc.any(worse).as_py()):
            return dict(tables)
        ids = pa.concat_arrays(
            [articles.filter(bad)["id"].combine_chunks(), rejects.filter(worse)["id"].combine_chunks()]
        )
        out = [*articles.filter(bad).select(KEPT).to_pylist(), *rejects.filter(worse).select(KEPT).to_pylist()]
        stubs = pa.Table.from_pylist([_stub(row) for row in out], schema=TABLES["rejects"])
        left = {
            name: _without(table, "article_id" if name == "removals" else "id", ids) for name, table in tables.items()
        }
        return left | {"rejects": pa.concat_tables([left["rejects"].cast(stubs.schema), stubs]).combine_chunks()}

    def _articles(self, rows: pa.Table) -> pa.Array:
        urls = _array(url_hash(url) for url in rows.column("canonical_url").to_pylist())
        hashes = pc.or_(
            pc.is_in(rows.column("original_hash"), self.originals), pc.is_in(rows.column("content_hash"), self.contents)
        )
        return pc.or_(hashes, pc.is_in(urls, self.urls))

    def _rejects(self, rows: pa.Table) -> pa.Array:
        urls = _array(url and url_hash(canonical_url(url)) for url in rows.column("url").to_pylist())
        payloads = _array(payload_hash(one) for one in rows.column("payload_sha256").to_pylist())
        return pc.or_(pc.is_in(payloads, self.originals), pc.is_in(urls, self.urls))


def _array(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _without(table: pa.Table, column: str, ids: pa.Array) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table.column(column), ids))) if column in table.column_names else table


def _stub(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {"stage": Stage.RUN.value, "reason": Reason.FORGOTTEN.value, "detail": DETAIL}
    return {**row, **said, "schema_version": SCHEMA_VERSION}
