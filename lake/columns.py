"""Every table of the lake, column by column: name, type, whether it can be null, and what it means.

This page is the data contract in code; README.md is written from it, and the meanings travel in each file's field
metadata. A later column breaks readers, so a change here is a new `SCHEMA_VERSION`. Over 250 lines: a line a column.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1  # of all tables together; another in a lake stops the run (Polars and HF fail on an extra column)
SIGNATURE_BYTES = 128  # the low byte of each of 128 hashes; 8 bits lose no candidate and halve the bytes of 16
MAX_PAYLOAD_BYTES = 1 << 20  # what a reject keeps of its input; beyond it, where the input lies


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; lists and their elements are never null, whatever `nullable` says of the rest."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


def list_of(element: pa.DataType) -> pa.DataType:
    """A list whose child is named `element`, as Parquet names it, so that a table read back has the same type."""
    return pa.list_(pa.field("element", element, nullable=False))


def _counts(name: str) -> pa.DataType:
    """`list<struct<name, count>>`: how often each value came."""
    return list_of(pa.struct([pa.field(name, pa.string()), pa.field("count", pa.int64(), nullable=False)]))


STRING = pa.string()
STRINGS = list_of(STRING)
INT32 = pa.int32()
INT64 = pa.int64()
SCORE = pa.float32()
TIME = pa.timestamp("us", tz="UTC")
RELATED = list_of(pa.struct([pa.field("title", STRING, nullable=False), pa.field("url", STRING)]))
SHARES = list_of(pa.struct([pa.field("language", STRING, nullable=False), pa.field("share", SCORE, nullable=False)]))
PAIRS = list_of(pa.struct([pa.field("name", STRING, nullable=False), pa.field("value", STRING, nullable=False)]))
INPUTS = list_of(
    pa.struct(
        [
            pa.field("name", STRING, nullable=False),
            pa.field("sha256", STRING, nullable=False),
            pa.field("size", INT64, nullable=False),
            pa.field("records", INT64, nullable=False),
            pa.field("start", INT64, nullable=False),
            pa.field("stop", INT64, nullable=False),
            pa.field("continues", STRING),
        ]
    )
)
REJECTED = list_of(
    pa.struct(
        [
            pa.field("stage", STRING, nullable=False),
            pa.field("reason", STRING, nullable=False),
            pa.field("count", INT64, nullable=False),
        ]
    )
)
OUTLETS = list_of(
    pa.struct(
        [
            pa.field("source", STRING),
            pa.field("articles", INT64, nullable=False),
            pa.field("duplicates", INT64, nullable=False),
            pa.field("rejects", INT64, nullable=False),
            pa.field("chars_in", INT64, nullable=False),
            pa.field("chars_removed", INT64, nullable=False),
            pa.field("without_title", INT64, nullable=False),
            pa.field("without_date", INT64, nullable=False),
            pa.field("without_author", INT64, nullable=False),
            pa.field("flagged", INT64, nullable=False),
            pa.field("residue", INT64, nullable=False),
            pa.field("kinds", _counts("kind"), nullable=False),
            pa.field("rules", _counts("rule"), nullable=False),
            pa.field("languages", _counts("language"), nullable=False),
            pa.field("methods", _counts("method"), nullable=False),
        ]
    )
)

ARTICLES = (
    Column("id", STRING, "This row's name, unique in the lake: 32 hex digits, a hash of its batch and place there."),
    Column("source", STRING, "Outlet that published this copy: stem of its outlet file, else domain of its URL.", True),
    Column(
        "source_evidence",
        STRING,
        "How the source is known: url, hint, dateline, byline, promo, notice, embed, site-name, wording, reporter.",
        True,
    ),
    Column("host", STRING, "Host name of the URL, lower case.", True),
    Column("url", STRING, "URL as the input gave it.", True),
    Column("canonical_url", STRING, "URL without what varies between visits to the same article.", True),
    Column("title", STRING, "Headline.", True),
    Column("description", STRING, "Standfirst: the summary between headline and body.", True),
    Column("authors", STRINGS, "Who wrote or reported it, as named."),
    Column("editors", STRINGS, "Who edited it, as named."),
    Column("translators", STRINGS, "Who translated it, as named."),
    Column("date_published", TIME, "When it was published, UTC; Jakarta time where the input names no zone.", True),
    Column("date_published_day", pa.date32(), "Calendar day of date_published in Jakarta (UTC+7).", True),
    Column("date_precision", STRING, "How exactly the time was given: second, minute or day.", True),
    Column("date_modified", TIME, "When it was last changed, by its page, UTC.", True),
    Column("dateline", STRING, "Place that stands before the first sentence.", True),
    Column("section", STRING, "Section or category the outlet filed it under.", True),
    Column("keywords", STRINGS, "Tags of the outlet."),
    Column("cited_sources", STRINGS, "Where the text says it was taken from, as a line of its own."),
    Column("photo_credits", STRINGS, "Who made the pictures, as credited."),
    Column("related", RELATED, "Other articles it pointed to: headline, and URL where the page had it."),
    Column("first_published_in", STRING, "Outlet in which the text says it first appeared.", True),
    Column("text", STRING, "The story without its furniture: one paragraph a line, NFC."),
    Column("language", STRING, "Language of the text: BCP 47 tag, und if it cannot be told."),
    Column("language_score", SCORE, "How sure the tag is: 0 to 1, 4 places."),
    Column("language_status", STRING, "How far the tag can be trusted: ok, short, mixed, uncertain, conflict."),
    Column("language_detected", STRING, "langdetect's own answer, kept where it was overridden too.", True),
    Column("language_shares", SHARES, "Languages of a mixed text with their shares, 0 to 1; empty if not mixed."),
    Column("language_declared", STRING, "Language the page or the outlet declares: BCP 47.", True),
    Column("content_hash", STRING, "Hash of the cleaned text as compared for exact copies: 32 hex digits."),
    Column(
        "minhash_signature",
        pa.binary(SIGNATURE_BYTES),
        "Low byte of each of 128 MinHashes; each three bytes are a band, 42 in all. Null: text too short.",
        True,
    ),
    Column("shingle_count", INT32, "Number of distinct word shingles of the cleaned text."),
    Column("minhash_scheme", STRING, "How the signature was made; only signatures of one scheme compare."),
    Column("cluster_id", STRING, "id of the article that was first of its copies; its own id for that one."),
    Column("duplicate_of", STRING, "id of the row this is a copy of; null in articles.", True),
    Column("duplicate_kind", STRING, "Why it is a copy: exact, revision, syndicated, near; null in articles.", True),
    Column("revision", INT32, "Version under one URL: 0 for the first one seen, n for the n-th revision."),
    Column("similarity", SCORE, "Estimated Jaccard similarity to duplicate_of: 0 to 1, 4 places.", True),
    Column("containment", SCORE, "Estimated share of the shorter text found in the other: 0 to 1, 4 places.", True),
    Column("wire_source", STRING, "Agency or outlet the text says it came from.", True),
    Column("wire_evidence", STRING, "How the wire source is known.", True),
    Column("original_length", INT32, "Length in code points of the normalised text before the cut."),
    Column("original_hash", STRING, "Hash of the normalised text before the cut: 32 hex digits (xxh3_128 of UTF-8)."),
    Column("removed_chars", INT32, "Code points removed: sum of the lengths of this row's removals."),
    Column("repairs", STRINGS, "What normalising repaired: mojibake, entities, …"),
    Column("flags", STRINGS, "What a reader should know: guard, glued, url-reused, …"),
    Column("extraction_method", STRING, "How the body was found: text, container:<outlet>, trafilatura, …"),
    Column("given", STRINGS, "Columns that the page or the input filled; what else there is, the text told."),
    Column("ruleset", STRING, "Fingerprint of the rules it was cleaned with: 16 hex digits."),
    Column("schema_version", INT32, "Version of these tables."),
    Column("origin_file", STRING, "File it came from, relative to the argument given.", True),
    Column("origin_row", INT64, "Record of that file, counted from 0.", True),
    Column("origin_id", STRING, "id the input gave it.", True),
    Column("reject_id", STRING, "id of the reject that was read again and became this row; null for all others.", True),
    Column("batch", STRING, "Batch it came with: joins with runs."),
)

LINKS = (
    Column("id", STRING, "id of an article or duplicate of this batch."),
    Column("other", STRING, "id of the row it matches: earlier in the lake, or earlier in the batch."),
    Column("kind", STRING, "How they match: exact, revision, syndicated, near, partial."),
    Column(
        "jaccard", SCORE, "Jaccard similarity of their shingles: 0 to 1, 4 places; estimated but for partial.", True
    ),
    Column(
        "containment", SCORE, "Share of the shorter in the other: 0 to 1, 4 places; estimated but for partial.", True
    ),
    Column("batch", STRING, "Batch of `id`: joins with runs."),
)

REMOVALS = (
    Column("article_id", STRING, "id of the row in articles or duplicates it was removed from."),
    Column("ruleset", STRING, "Rules it was removed by: join on article_id and ruleset."),
    Column("rule", STRING, "Full name of the rule, such as kompas/whatsapp-channel."),
    Column("kind", STRING, "What it was: a kind of the cleaning contract."),
    Column("start", INT32, "First code point, in the normalised text before the cut."),
    Column("end", INT32, "One past its last code point, in the normalised text before the cut."),
    Column("text", STRING, "What was removed, to the last space: with it the cut is undone exactly."),
    Column("batch", STRING, "Batch it came with: joins with runs."),
)

REJECTS = (
    Column("id", STRING, "This row's name, unique in the lake: 32 hex digits."),
    Column("stage", STRING, "Where it was given up: read, extract, clean, run."),
    Column("reason", STRING, "Why, from a closed set: unreadable, broken-record, no-text, …"),
    Column("detail", STRING, "Why, in words.", True),
    Column("source", STRING, "Outlet it came from, as far as its URL or the input told it.", True),
    Column("url", STRING, "URL as the input gave it.", True),
    Column("title", STRING, "Headline as the input gave it.", True),
    Column("document", STRING, "What else the input said, as a JSON object: date, outlet, authors, …", True),
    Column("payload", pa.binary(), "What arrived, up to 1 MiB; null beyond, and if nothing was read.", True),
    Column("payload_type", STRING, "Media type: text/plain and text/html (UTF-8), application/octet-stream.", True),
    Column("payload_length", INT64, "Length of what arrived, bytes.", True),
    Column("payload_sha256", STRING, "SHA-256 of what arrived, 64 hex digits.", True),
    Column("payload_offset", INT64, "Where it begins in origin_file, bytes; null if not known.", True),
    Column("origin_file", STRING, "File it came from, relative to the argument given.", True),
    Column("origin_row", INT64, "Record of that file, counted from 0.", True),
    Column("origin_id", STRING, "id the input gave it.", True),
    Column("reject_id", STRING, "id of the reject that was read again and became this row; null for all others.", True),
    Column("ruleset", STRING, "Fingerprint of the rules of its run: 16 hex digits."),
    Column("schema_version", INT32, "Version of these tables."),
    Column("batch", STRING, "Batch it came with: joins with runs."),
)

RUNS = (
    Column("run", STRING, "The run that wrote this batch."),
    Column("batch", STRING, "The batch: a hash of its input alone. What stands here is complete in all tables."),
    Column("shard", INT32, "Number of the batch in its run, from 0; batches are published in this order."),
    Column("inputs", INPUTS, "Files it read: name, SHA-256, bytes, records in all, the range read, file continued."),
    Column("documents", INT64, "Documents read: articles + duplicates + rejects + forgotten."),
    Column("articles", INT64, "Rows written to articles."),
    Column("duplicates", INT64, "Rows written to duplicates."),
    Column("rejects", INT64, "Rows written to rejects."),
    Column("forgotten", INT64, "Documents whose row was taken out by saring lake forget."),
    Column("removals", INT64, "Rows written to removals."),
    Column("links", INT64, "Rows written to links."),
    Column("chars_in", INT64, "Code points of the normalised texts before the cut, articles and duplicates."),
    Column("chars_removed", INT64, "Code points removed from them."),
    Column("outlets", OUTLETS, "The same by source: what is missing, removals by kind and rule, residue, languages, …"),
    Column("duplicate_kinds", _counts("kind"), "Copies by kind."),
    Column("rejected", REJECTED, "Rejects by stage and reason."),
    Column("flags", _counts("flag"), "Flags of articles and duplicates."),
    Column("alarms", STRINGS, "Drift alarms raised while this batch was published."),
    Column("ruleset", STRING, "Fingerprint of the rules: 16 hex digits."),
    Column("known_titles_digest", STRING, "Fingerprint of the headlines known while cleaning; null if none.", True),
    Column("options", PAIRS, "Settings that decide what is read: column mapping, outlet, languages, …"),
    Column("versions", PAIRS, "Versions that decide bytes: saring, python, pyarrow, langdetect, trafilatura, …"),
    Column("schema_version", INT32, "Version of these tables."),
    Column("started", TIME, "When work on this batch began, UTC."),
    Column("finished", TIME, "When it was handed to the lake, UTC."),
    Column("seconds", pa.float64(), "Wall time from start to finish, seconds."),
    Column("recleaned", TIME, "When saring lake reclean last cleaned it again, UTC; null: never.", True),
)

ORIGINALS = (
    Column("id", STRING, "id of the row in articles, duplicates or rejects."),
    Column("payload", pa.binary(), "What arrived, byte for byte: the file, or its record's page or text."),
    Column("media_type", STRING, "Media type: text/plain, text/html, application/octet-stream."),
    Column("encoding", STRING, "Character encoding it was read as; null for bytes.", True),
    Column("document", STRING, "What else the input said, as a JSON object: url, title, date, outlet, …", True),
    Column("batch", STRING, "Batch it came with: joins with runs."),
)

CLUSTERS = (
    Column("id", STRING, "A cluster_id of articles and duplicates that was joined to another cluster."),
    Column("cluster_id", STRING, "The cluster it belongs to after looking at all matches at once."),
    Column("batch", STRING, "The reconciliation that wrote it: of several rows for one id the last counts."),
)

SIGNATURES = (
    Column("id", STRING, "id of a row in articles or duplicates whose own signature is of an older scheme."),
    Column(
        "minhash_signature", pa.binary(SIGNATURE_BYTES), "Its signature in this scheme. Null: text too short.", True
    ),
    Column("shingle_count", INT32, "Number of distinct word shingles in this scheme."),
    Column("minhash_scheme", STRING, "How the signature was made."),
    Column("batch", STRING, "Batch of `id`: joins with runs."),
)

TOMBSTONES = (
    Column("id", STRING, "id of the row of articles, duplicates or rejects that was forgotten."),
    Column("batch", STRING, "Batch it had come with: counts as forgotten in its accounts."),
    Column("url_hash", STRING, "Hash of its canonical URL, or of its outlet's article id in it: 32 hex digits.", True),
    Column("original_hash", STRING, "Hash of its normalised text, of a reject's payload: 32 hex digits.", True),
    Column("content_hash", STRING, "Hash of its cleaned text: 32 hex digits; null for a reject.", True),
    Column("reason", STRING, "Which selections took it: url, outlet, before, ingested-before."),
    Column("forgotten", TIME, "When, UTC."),
)
