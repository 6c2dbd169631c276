"""The tables of the lake, and the rows that go into them."""

from __future__ import annotations

import datetime
import hashlib
import json

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import RULESET, cleaned, reject

from cleaners.article import DatePrecision, Document, Fields, Published
from lake.columns import MAX_PAYLOAD_BYTES
from lake.schema import (
    COLUMNS,
    LAKE_ONLY,
    OPTIONAL,
    OPTIONAL_COLUMNS,
    TABLES,
    article_row,
    conform,
    public_row,
    reject_row,
    removal_rows,
    row_id,
    table,
)

ARTICLE_COLUMNS = [
    "id",
    "source",
    "source_evidence",
    "host",
    "url",
    "canonical_url",
    "title",
    "description",
    "authors",
    "editors",
    "translators",
    "date_published",
    "date_published_day",
    "date_precision",
    "date_modified",
    "dateline",
    "section",
    "keywords",
    "cited_sources",
    "photo_credits",
    "related",
    "first_published_in",
    "text",
    "language",
    "language_score",
    "language_status",
    "language_detected",
    "language_shares",
    "language_declared",
    "content_hash",
    "minhash_signature",
    "shingle_count",
    "minhash_scheme",
    "cluster_id",
    "duplicate_of",
    "duplicate_kind",
    "revision",
    "similarity",
    "containment",
    "wire_source",
    "wire_evidence",
    "original_length",
    "original_hash",
    "removed_chars",
    "repairs",
    "flags",
    "extraction_method",
    "given",
    "ruleset",
    "schema_version",
    "origin_file",
    "origin_row",
    "origin_id",
    "reject_id",
    "batch",
]


def row(number: int = 1, **changes: object) -> dict[str, object]:
    return article_row(cleaned(number, **changes), id=row_id("b1", 0), batch="b1", ruleset=RULESET)


def test_articles_have_exactly_the_columns_of_the_design_in_its_order() -> None:
    assert TABLES["articles"].names == ARTICLE_COLUMNS


def test_duplicates_are_articles_column_by_column() -> None:
    assert TABLES["duplicates"].equals(TABLES["articles"])


@pytest.mark.parametrize("name", [*TABLES, *OPTIONAL])
def test_every_column_says_what_it_means_in_the_file(name: str) -> None:
    schema = (TABLES | OPTIONAL)[name]
    assert all(field.metadata[b"meaning"] for field in schema)
    assert schema.metadata == {b"saring.table": name.encode(), b"saring.schema_version": b"1"}


@pytest.mark.parametrize("name", [*TABLES, *OPTIONAL])
def test_types_are_those_that_every_reader_knows(name: str) -> None:
    def walk(given: pa.DataType) -> list[pa.DataType]:
        children = [given.field(i) for i in range(given.num_fields)]
        assert all(child.name == "element" for child in children if pa.types.is_list(given))
        return [given] + [found for child in children for found in walk(child.type)]

    allowed = {pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.binary(), pa.binary(128)}
    allowed |= {pa.timestamp("us", tz="UTC"), pa.date32()}
    found = {leaf for field in (TABLES | OPTIONAL)[name] for leaf in walk(field.type) if not leaf.num_fields}
    assert found <= allowed


@pytest.mark.parametrize("name", [*TABLES, *OPTIONAL])
def test_lists_are_never_null(name: str) -> None:
    assert not [f.name for f in (TABLES | OPTIONAL)[name] if pa.types.is_list(f.type) and f.nullable]


def test_an_article_row_has_all_columns_and_is_nobodys_copy() -> None:
    given = row()
    assert set(given) == set(ARTICLE_COLUMNS)
    assert given["cluster_id"] == given["id"]
    assert [given[c] for c in ("duplicate_of", "duplicate_kind", "similarity", "containment")] == [None] * 4
    assert given["revision"] == 0
    assert given["removed_chars"] == given["original_length"] - len(given["text"])  # type: ignore[arg-type, operator]


def test_missing_text_is_null_and_missing_lists_are_empty() -> None:
    given = row(fields=Fields(title="", authors=("", "Sari")), url=None)
    assert (given["title"], given["url"], given["description"]) == (None, None, None)
    assert (given["authors"], given["editors"], given["related"]) == (["Sari"], [], [])


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        (datetime.datetime(2026, 1, 1, 16, 59, tzinfo=datetime.UTC), datetime.date(2026, 1, 1)),
        (datetime.datetime(2026, 1, 1, 17, 0, tzinfo=datetime.UTC), datetime.date(2026, 1, 2)),
    ],
    ids=["a minute before midnight in Jakarta", "midnight in Jakarta"],
)
def test_the_day_is_the_one_in_jakarta(utc: datetime.datetime, day: datetime.date) -> None:
    given = row(fields=Fields(published=Published(utc, DatePrecision.MINUTE)))
    assert (given["date_published"], given["date_published_day"], given["date_precision"]) == (utc, day, "minute")


def test_scores_have_four_places() -> None:
    stored = table("articles", [row()])
    assert stored["language_score"].to_pylist() == [pytest.approx(0.9877, abs=1e-7)]
    assert stored["language_shares"].to_pylist()[0][1]["share"] == pytest.approx(0.3, abs=1e-7)


def test_lone_surrogates_cost_one_character_and_not_the_batch() -> None:
    odd = "a\ud800b"
    document = Document(text=odd, id=odd, url=odd, title=odd, origin_file=odd)
    given = row(document=document, url=odd, canonical_url=odd, fields=Fields(title=odd, authors=(odd,)))
    refused = reject_row(reject(document=document, detail=odd), id="1", batch="b1", ruleset=RULESET)
    assert table("articles", [given])["title"].to_pylist() == ["a\ufffdb"]
    assert table("rejects", [refused])["url"].to_pylist() == ["a\ufffdb"]
    assert refused["payload"].decode("utf-8", "surrogatepass") == odd


def test_removals_hold_the_removed_text_in_order() -> None:
    found = removal_rows(cleaned(4), id="i", batch="b1", ruleset=RULESET)
    assert [(r["kind"], r["start"], r["text"]) for r in found] == [
        ("dateline", 0, "JAKARTA, HARIAN REKAAN - "),
        ("promo", found[1]["start"], "\nIkuti saluran kami ✨"),
    ]
    assert table("removals", found).num_rows == 2


PAYLOADS = {
    "raw bytes before anything else": (reject(payload=b"\xff\x00"), b"\xff\x00", "application/octet-stream"),
    "a page": (reject(document=Document(html="<p>a</p>")), b"<p>a</p>", "text/html"),
    "a text": (reject(document=Document(text="é")), "é".encode(), "text/plain"),
    "nothing was read": (reject(document=Document()), None, None),
}


@pytest.mark.parametrize(("given", "payload", "media_type"), PAYLOADS.values(), ids=PAYLOADS)
def test_a_reject_keeps_what_arrived(given: object, payload: bytes | None, media_type: str | None) -> None:
    stored = table("rejects", [reject_row(given, id="1", batch="b1", ruleset=RULESET)]).to_pylist()[0]  # type: ignore[arg-type]
    assert (stored["payload"], stored["payload_type"]) == (payload, media_type)
    assert stored["payload_length"] == (None if payload is None else len(payload))
    assert stored["payload_sha256"] == (None if payload is None else hashlib.sha256(payload).hexdigest())


@pytest.mark.parametrize(("length", "kept"), [(MAX_PAYLOAD_BYTES, True), (MAX_PAYLOAD_BYTES + 1, False)])
def test_a_payload_beyond_one_mebibyte_is_kept_by_its_place(length: int, kept: bool) -> None:
    given = reject_row(reject(payload=b"x" * length), id="1", batch="b1", ruleset=RULESET, offset=77)
    assert (given["payload"] is not None) is kept
    assert (given["payload_length"], given["payload_offset"]) == (length, 77)
    assert given["payload_sha256"] == hashlib.sha256(b"x" * length).hexdigest()


def test_a_reject_says_what_else_the_input_said() -> None:
    document = Document(text="a", date="kemarin", authors=("Sari",), outlet="rekaan")
    given = reject_row(reject(document=document), id="1", batch="b1", ruleset=RULESET)
    assert json.loads(given["document"]) == {"date": "kemarin", "authors": ["Sari"], "outlet": "rekaan"}


def test_the_public_row_is_json_without_what_only_a_lake_knows() -> None:
    given = public_row(cleaned(2), ruleset=RULESET)
    assert json.loads(json.dumps(given)) == given
    assert list(given) == [name for name in ARTICLE_COLUMNS if name not in LAKE_ONLY]
    assert given["date_published"] == "2026-10-06T01:00:00+07:00"
    assert given["date_published_day"] == "2026-10-06"
    assert given["language_score"] == 0.9877


def test_binary_is_hex_in_the_public_row() -> None:
    long = cleaned(2, fingerprint=cleaned(2).fingerprint.__class__("0" * 32, bytes(range(128)), 9, "s"))
    assert public_row(long)["minhash_signature"] == bytes(range(128)).hex()


def test_row_ids_are_hex_and_differ_by_batch_and_row() -> None:
    names = {row_id(batch, n) for batch in ("a", "b", "a1") for n in range(100)}
    assert len(names) == 300
    assert all(len(name) == 32 and int(name, 16) >= 0 and name == name.lower() for name in names)


@pytest.mark.parametrize("reader", ["pyarrow", "polars", "duckdb", "pandas"])
def test_a_table_read_back_by_any_library_is_ours_again(reader: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    ours = table("articles", [row(1), row(3)])
    path = tmp_path / "a.parquet"
    pq.write_table(ours, path)
    back = {
        "pyarrow": lambda: pq.read_table(path),
        "polars": lambda: pl.read_parquet(path).to_arrow(),
        "duckdb": lambda: duckdb.sql(f"select * from '{path}'").to_arrow_table(),
        "pandas": lambda: pa.Table.from_pandas(pd.read_parquet(path), preserve_index=False),
    }[reader]()
    assert conform("articles", back).equals(ours)
    assert conform("articles", back).schema.equals(TABLES["articles"], check_metadata=True)


def broken(change: str) -> pa.Table:
    good = table("links", [{"id": "a", "other": "b", "kind": "near", "batch": "x"}])
    return {
        "missing": lambda: good.drop_columns(["kind"]),
        "unknown": lambda: good.append_column("more", pa.array([1])),
        "type": lambda: good.set_column(3, "jaccard", pa.array(["high"])),
        "null": lambda: good.set_column(0, "id", pa.array([None], pa.string())),
    }[change]()


@pytest.mark.parametrize(
    ("change", "named"), [("missing", "kind"), ("unknown", "more"), ("type", "jaccard"), ("null", "id")]
)
def test_a_table_that_is_not_ours_is_refused_by_the_name_of_its_column(change: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        conform("links", broken(change))


def test_the_column_lists_and_the_schemas_say_the_same() -> None:
    for name, listed in (*COLUMNS.items(), *OPTIONAL_COLUMNS.items()):
        assert [c.name for c in listed] == (TABLES | OPTIONAL)[name].names
