"""Columns: which of them fills which field, and how one record becomes a document."""

from __future__ import annotations

import datetime
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.article import Document, Reason, Reject
from flows.columns import FIELDS, ColumnMap, InputError, parse_map, recognise
from flows.records import document_of, parse_line

NEWS_WATCH = ("title", "publish_date", "author", "content", "keyword", "category", "source", "link")

RECOGNISED = {
    "names of Document": (FIELDS, {field: field for field in FIELDS}),
    "nothing known": (("a", "b"), {}),
    "news-watch": (
        NEWS_WATCH,
        {
            "text": "content",
            "url": "link",
            "title": "title",
            "date": "publish_date",
            "outlet": "source",
            "authors": "author",
            "section": "category",
        },
    ),
    "Indonesian": (
        ("judul", "isi", "tautan", "tanggal", "penulis", "kategori", "sumber", "bahasa"),
        {
            "text": "isi",
            "url": "tautan",
            "title": "judul",
            "date": "tanggal",
            "outlet": "sumber",
            "authors": "penulis",
            "section": "kategori",
            "language": "bahasa",
        },
    ),
    "case, spaces and signs do not count": (
        ("Artikel", "Publish Date", "RAW-HTML", "docId"),
        {"text": "Artikel", "html": "RAW-HTML", "date": "Publish Date", "id": "docId"},
    ),
    "a crawl's time is no date": (("text", "created_at", "timestamp"), {"text": "text"}),
}


@pytest.mark.parametrize(("names", "expected"), RECOGNISED.values(), ids=RECOGNISED)
def test_columns_are_known_by_the_names_people_use(names: tuple[str, ...], expected: dict[str, str]) -> None:
    assert dict(recognise(names).used) == expected


def test_of_two_candidates_the_better_name_wins_and_the_other_is_said() -> None:
    mapping = recognise(("body", "content", "text", "harga"))
    assert mapping.used == (("text", "text"),)
    assert mapping.rivals == (("text", "content"), ("text", "body"))
    assert str(mapping) == "text = text; content not used (text is text); body not used (text is text); not used: harga"


def test_overrides_go_before_names_and_free_no_other_column() -> None:
    mapping = recognise(("text", "isi", "x"), {"text": "x", "title": "text"})
    assert mapping.used == (("text", "x"), ("title", "text"))
    assert mapping.rivals == (("text", "isi"),)


def test_a_map_is_read_from_the_command_line() -> None:
    assert parse_map("text=isi, url=tautan,author=nama penulis") == {
        "text": "isi",
        "url": "tautan",
        "authors": "nama penulis",
    }


WRONG_MAPS = {
    "an unknown field": ("warna=isi", "no field 'warna'; the fields are: text, html"),
    "no equals sign": ("isi", "write FIELD=COLUMN"),
    "no column": ("text=", "write FIELD=COLUMN"),
    "a field twice": ("text=a,body=b", "twice"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_MAPS.values(), ids=WRONG_MAPS)
def test_a_wrong_map_is_told_with_its_remedy(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_map(text)


def test_an_override_names_a_column_that_is_there() -> None:
    with pytest.raises(InputError, match="no column 'isi'; there are: a, b"):
        recognise(("a", "b"), {"text": "isi"})


DOCUMENTS = {
    "all null but the text": (
        {"id": None, "text": "Pasar dibuka.", "html": None, "url": None, "title": None, "outlet": None, "date": None},
        Document(text="Pasar dibuka."),
    ),
    "text is left as it came": ({"text": "\n A  b\t\r\n"}, Document(text="\n A  b\t\r\n")),
    "numbers as ids": ({"text": "A", "id": 7}, Document(text="A", id="7")),
    "whole floats as ids": ({"text": "A", "id": 7.0}, Document(text="A", id="7")),
    "the id zero": ({"text": "A", "id": 0}, Document(text="A", id="0")),
    "NaN for nothing": ({"text": "A", "id": math.nan, "title": math.nan}, Document(text="A")),
    "blank fields": ({"text": "A", "title": "  ", "author": "", "tags": []}, Document(text="A")),
    "a day": ({"text": "A", "date": datetime.date(2025, 6, 18)}, Document(text="A", date="2025-06-18")),
    "Unix milliseconds": ({"text": "A", "date": 1750235400000}, Document(text="A", date="1750235400000")),
    "MongoDB's date and id": (
        {"text": "A", "date": {"$date": {"$numberLong": "1750235400000"}}, "_id": {"$oid": "65f0"}},
        Document(text="A", date="1750235400000", id="65f0"),
    ),
    "a news service's source": (
        {"text": "A", "source": {"id": None, "name": "Contoh"}},
        Document(text="A", outlet="Contoh"),
    ),
    "authors as JSON-LD": (
        {"text": "A", "author": [{"@type": "Person", "name": "Sari"}, {"name": "Budi"}]},
        Document(text="A", authors=("Sari", "Budi")),
    ),
    "authors with commas": (
        {"text": "A", "author": "Sari, S.H.; Budi"},
        Document(text="A", authors=("Sari, S.H.", "Budi")),
    ),
    "a list written as text": (
        {"text": "A", "tags": "['pasar ikan', \"Jum'at\"]"},
        Document(text="A", keywords=("pasar ikan", "Jum'at")),
    ),
    "tags with commas": ({"text": "A", "tags": "pasar, ikan"}, Document(text="A", keywords=("pasar", "ikan"))),
    "a page in the text column": ({"content": " <!DOCTYPE html><p>A"}, Document(html=" <!DOCTYPE html><p>A")),
    "a text about tags": ({"content": "<b>A</b>"}, Document(text="<b>A</b>")),
    "NUL characters": ({"text": "A\0B", "title": "\0"}, Document(text="AB", repairs=("nul",), arrived=b"A\0B")),
    "lone surrogates": (
        {"text": "A\ud800B", "id": "\udfff"},
        Document(text="A\ufffdB", id="\ufffd", repairs=("surrogates",), arrived=b"A\xed\xa0\x80B"),
    ),
    "bytes kept as surrogates": (
        {"text": "\udc93A\udc94 é"},
        Document(text="“A” é", repairs=("cp1252",), arrived=b"\x93A\x94 \xc3\xa9"),
    ),
    "a character escaped byte by byte": ({"text": "kaf\udcc3\udca9"}, Document(text="kafé", repairs=("cp1252",))),
}


@pytest.mark.parametrize(("record", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_record_becomes_a_document(record: dict[str, object], expected: Document) -> None:
    assert document_of(record) == expected


REJECTS = {
    "nothing": ({}, Reason.NO_TEXT, "no text or html column among: id"),
    "other columns": ({"harga": 1}, Reason.NO_TEXT, "no text or html column among: id, harga"),
    "null": ({"text": None}, Reason.NO_TEXT, "empty: 'text'"),
    "blank": ({"text": " \n\u3000", "html": ""}, Reason.NO_TEXT, "empty: 'text', 'html'"),
    "NaN": ({"text": math.nan}, Reason.NO_TEXT, "empty: 'text'"),
    "a list": ({"text": ["A", "B"]}, Reason.BROKEN_RECORD, "column 'text' holds a list, expected a text"),
    "an object": ({"text": {"a": 1}}, Reason.BROKEN_RECORD, "column 'text' holds a object, expected a text"),
    "a number": ({"text": 5}, Reason.BROKEN_RECORD, "column 'text' holds a number, expected a text"),
    "another encoding": (
        {"text": ("日本語の記事" * 5).encode("shift_jis").decode("utf-8", "surrogateescape")},
        Reason.BAD_ENCODING,
        "no UTF-8",
    ),
}


@pytest.mark.parametrize(("record", "reason", "detail"), REJECTS.values(), ids=REJECTS)
def test_a_record_without_a_text_says_why(record: dict[str, object], reason: Reason, detail: str) -> None:
    found = document_of({"id": 5, **record}, origin_file="a.jsonl", origin_row=3)
    assert isinstance(found, Reject)
    assert found.reason is reason
    assert detail in found.detail
    assert (found.document.id, found.document.origin_file, found.document.origin_row) == ("5", "a.jsonl", 3)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("9/10/2025 22:30", "2025-09-10 22:30"),
        ("10/21/2025 20:43", "2025-10-21 20:43"),
        ("21/10/2025", "21/10/2025"),
        ("9 Oktober 2025", "9 Oktober 2025"),
    ],
)
def test_dates_of_an_american_file_are_rewritten_year_first(date: str, expected: str) -> None:
    found = document_of({"text": "A", "date": date}, ColumnMap(month_first=True))
    assert isinstance(found, Document)
    assert found.date == expected
    assert found.repairs == (("month-first",) if found.date != date else ())


@pytest.mark.parametrize(
    "line", [b"", b"{", b'{"text": "A"', b"[1]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000, b"1" * 5000]
)
def test_a_line_that_is_no_object_is_a_broken_record_with_its_bytes(line: bytes) -> None:
    found = parse_line(line)
    assert not isinstance(found, dict)
    assert (found.reason, found.payload) == (Reason.BROKEN_RECORD, line)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "$date", "x"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["text", "content", "html", *FIELDS]) | st.text(), JSON_VALUES))
def test_whatever_json_holds_is_a_document_or_a_reject_that_can_be_stored(record: dict[str, object]) -> None:
    again = parse_line(json.dumps(record))
    assert isinstance(again, dict)
    found = document_of(again, origin_file="a", origin_row=0)
    document = found if isinstance(found, Document) else found.document
    for value in (
        document.text,
        document.html,
        document.id,
        document.url,
        document.title,
        document.date,
        document.outlet,
    ):
        assert value is None or (value.encode() and "\0" not in value)
    assert all(item.encode() for item in (*document.authors, *document.keywords))
    assert isinstance(found, Document) or found.detail.encode()
