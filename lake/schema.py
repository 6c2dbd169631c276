"""Turn what the cleaners found into rows, and rows into tables of exactly one schema.

`TABLES` are the six tables of every batch in the order in which they are published; `OPTIONAL` are written only on
request. Strings that cannot be UTF-8 (lone surrogates in a URL or a title) are mended here, in the row builders, with
one U+FFFD for each: normalised text never holds one, so restoring stays exact.
Over 250 lines: one builder for each table, and an article has fifty columns.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import xxhash

from cleaners.article import Cleaned, Published, Reject
from lake import columns
from lake.columns import MAX_PAYLOAD_BYTES, SCHEMA_VERSION, Column
from lake.originals import BESIDE, OCTETS, payload_of, said

JAKARTA = datetime.timezone(datetime.timedelta(hours=7))  # WIB; the calendar day that Indonesian readers mean
SCORE_PLACES = 4  # float32 holds 7 digits; more than 4 of a score are noise that would differ between machines
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "links": columns.LINKS,
        "removals": columns.REMOVALS,
        "duplicates": columns.ARTICLES,
        "rejects": columns.REJECTS,
        "articles": columns.ARTICLES,
        "runs": columns.RUNS,
    }
)
OPTIONAL_COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "originals": columns.ORIGINALS,
        "clusters": columns.CLUSTERS,
        "signatures": columns.SIGNATURES,
        "tombstones": columns.TOMBSTONES,
    }
)
# What only a lake can say of an article: `public_row` leaves it out.
LAKE_ONLY = frozenset(
    {"id", "cluster_id", "duplicate_of", "duplicate_kind", "similarity", "containment", "revision", "batch"}
    | {"origin_file", "origin_row", "origin_id", "reject_id"}
)


def _schema(table: str, listed: Iterable[Column]) -> pa.Schema:
    fields = [pa.field(c.name, c.type, c.nullable, {"meaning": c.meaning}) for c in listed]
    return pa.schema(fields, {"saring.table": table, "saring.schema_version": str(SCHEMA_VERSION)})


TABLES: Mapping[str, pa.Schema] = MappingProxyType({name: _schema(name, cols) for name, cols in COLUMNS.items()})
OPTIONAL: Mapping[str, pa.Schema] = MappingProxyType(
    {name: _schema(name, cols) for name, cols in OPTIONAL_COLUMNS.items()}
)


def schema_of(name: str) -> pa.Schema:
    """Schema of a table by its name; KeyError for a name that is no table."""
    return TABLES[name] if name in TABLES else OPTIONAL[name]


def row_id(batch: str, row: int) -> str:
    """Name the row that stands at `row` (from 0) of a batch's input: 32 hex digits, unique in the lake."""
    return xxhash.xxh3_128_hexdigest(f"{batch}:{row}".encode())


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Make a table of the lake from rows; a column that a row lacks is null."""
    return conform(name, pa.Table.from_pylist(list(rows), schema=schema_of(name)))


def conform(name: str, given: pa.Table) -> pa.Table:
    """Give a table exactly the lake's schema, in one chunk: what was read back, or came from another library, too.

    Columns are taken by name, in the lake's order. Raises ValueError that names the column: missing, unknown, of
    another type, or null where the lake promises a value.
    """
    schema = schema_of(name)
    if odd := set(schema.names) ^ set(given.column_names):
        raise ValueError(f"table {name}: columns missing or unknown: {', '.join(sorted(odd))}")
    arrays = []
    for field in schema:
        column = given.column(field.name)
        if column.null_count and not field.nullable:
            raise ValueError(f"table {name}: column {field.name} has {column.null_count} nulls and may have none")
        try:
            arrays.append(column if column.type == field.type else column.cast(field.type))
        except pa.ArrowException as error:
            raise ValueError(f"table {name}: column {field.name} is {column.type}, not {field.type}") from error
    return pa.Table.from_arrays(arrays, schema=schema).combine_chunks()


def article_row(cleaned: Cleaned, *, id: str, batch: str, ruleset: str) -> dict[str, Any]:
    """One row of `articles`, all columns, those of copies as for an article that is none."""
    document = cleaned.document
    return {
        "id": id,
        **_article_fields(cleaned),
        "cluster_id": id,
        "duplicate_of": None,
        "duplicate_kind": None,
        "revision": 0,
        "similarity": None,
        "containment": None,
        "ruleset": ruleset,
        "schema_version": SCHEMA_VERSION,
        "origin_file": _text(document.origin_file),
        "origin_row": document.origin_row,
        "origin_id": _text(document.id),
        "reject_id": document.reject_id,
        "batch": batch,
    }


def removal_rows(cleaned: Cleaned, *, id: str, batch: str, ruleset: str) -> list[dict[str, Any]]:
    """The rows of `removals` of one article, in the order of its text."""
    return [
        {
            "article_id": id,
            "ruleset": ruleset,
            "rule": removal.rule,
            "kind": removal.kind.value,
            "start": removal.start,
            "end": removal.end,
            "text": _mended(cleaned.article.text[removal.start : removal.end]),
            "batch": batch,
        }
        for removal in cleaned.removals
    ]


def reject_row(reject: Reject, *, id: str, batch: str, ruleset: str, offset: int | None = None) -> dict[str, Any]:
    """One row of `rejects`: the payload whole up to 1 MiB, beyond it its SHA-256, length and place.

    The payload is the raw input of the reject, else the page or the text of its document as UTF-8 (lone surrogates
    as three bytes, as Python's `surrogatepass` writes and reads them). `offset` is where it begins in its file, bytes.
    """
    document = reject.document
    payload, media_type = payload_of(reject)
    return {
        "id": id,
        "stage": reject.stage.value,
        "reason": reject.reason.value,
        "detail": _text(reject.detail),
        "source": _text(reject.source),
        "url": _text(document.url),
        "title": _text(document.title),
        "document": _text(said(document)),
        "payload": payload if payload is not None and len(payload) <= MAX_PAYLOAD_BYTES else None,
        "payload_type": media_type,
        "payload_length": None if payload is None else len(payload),
        "payload_sha256": None if payload is None else hashlib.sha256(payload).hexdigest(),
        "payload_offset": offset,
        "origin_file": _text(document.origin_file),
        "origin_row": document.origin_row,
        "origin_id": _text(document.id),
        "reject_id": document.reject_id,
        "ruleset": ruleset,
        "schema_version": SCHEMA_VERSION,
        "batch": batch,
    }


def original_row(found: Cleaned | Reject, *, id: str, batch: str) -> dict[str, Any] | None:
    """One row of `originals`: what arrived, byte for byte; None where nothing was read."""
    document = found.document
    payload, media_type = payload_of(found)
    if payload is None:
        return None
    is_text = media_type != OCTETS
    return {
        "id": id,
        "payload": document.arrived if is_text and document.arrived is not None else payload,
        "media_type": media_type,
        "encoding": (document.encoding or "utf-8") if is_text else None,
        "document": _text(said(document, ("url", "title", *BESIDE))),
        "batch": batch,
    }


def public_row(cleaned: Cleaned, *, ruleset: str | None = None) -> dict[str, Any]:
    """The fields of an article under the lake's column names, ready for JSON, without what only a lake can say.

    Binary is lower-case hex, times are ISO 8601 with offset, days ISO 8601. `id` is left to the caller.
    """
    row = {**_article_fields(cleaned), "ruleset": ruleset, "schema_version": SCHEMA_VERSION}
    return {name: _json_ready(row[name]) for name in TABLES["articles"].names if name not in LAKE_ONLY}


def _article_fields(cleaned: Cleaned) -> dict[str, Any]:
    """What the cleaners alone decide of a row."""
    fields, language, fingerprint = cleaned.fields, cleaned.language, cleaned.fingerprint
    return {
        "source": _text(cleaned.source.name),
        "source_evidence": _text(cleaned.source.evidence),
        "host": _text(cleaned.host),
        "url": _text(cleaned.url),
        "canonical_url": _text(cleaned.canonical_url),
        "title": _text(fields.title),
        "description": _text(fields.description),
        "authors": _texts(fields.authors),
        "editors": _texts(fields.editors),
        "translators": _texts(fields.translators),
        "date_published": _time(fields.published),
        "date_published_day": fields.published and fields.published.at.astimezone(JAKARTA).date(),
        "date_precision": fields.published and fields.published.precision.value,
        "date_modified": _time(fields.modified),
        "dateline": _text(fields.dateline),
        "section": _text(fields.section),
        "keywords": _texts(fields.keywords),
        "cited_sources": _texts(fields.cited_sources),
        "photo_credits": _texts(fields.photo_credits),
        "related": [{"title": _mended(r.title), "url": _text(r.url)} for r in fields.related if r.title],
        "first_published_in": _text(fields.first_published_in),
        "text": _mended(cleaned.text),
        "language": language.tag,
        "language_score": round(language.score, SCORE_PLACES),
        "language_status": language.status.value,
        "language_detected": _text(language.detected),
        "language_shares": [{"language": tag, "share": round(s, SCORE_PLACES)} for tag, s in language.shares],
        "language_declared": _text(language.declared),
        "content_hash": fingerprint.content_hash,
        "minhash_signature": fingerprint.signature,
        "shingle_count": fingerprint.shingle_count,
        "minhash_scheme": fingerprint.scheme,
        "wire_source": _text(fields.wire_source),
        "wire_evidence": _text(fields.wire_evidence),
        "original_length": len(cleaned.article.text),
        "original_hash": cleaned.original_hash,
        "removed_chars": sum(r.end - r.start for r in cleaned.removals),
        "repairs": _texts(cleaned.article.repairs),
        "flags": _texts(cleaned.flags),
        "extraction_method": cleaned.extraction_method,
        "given": list(fields.given),
    }


def _time(published: Published | None) -> datetime.datetime | None:
    return None if published is None else published.at.astimezone(datetime.UTC)


def _text(value: str | None) -> str | None:
    """Missing text is null, never ""."""
    return _mended(value) if value else None


def _texts(values: Iterable[str]) -> list[str]:
    return [_mended(value) for value in values if value]


def _mended(value: str) -> str:
    """UTF-8 has no lone surrogates; each becomes one U+FFFD, so that offsets stay."""
    return value if value.isascii() else LONE_SURROGATE.sub("\ufffd", value)


def _json_ready(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.astimezone(JAKARTA).isoformat()  # people read these; the tables hold UTC
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value
