"""An article that is cleaned again by the same rules, from its row alone, is the same row."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.again import Earlier, clean_again
from cleaners.article import Cleaned, Document, Reject
from cleaners.catalog import load_catalog
from cleaners.pipeline import clean
from flows.sources import expand, mapping_of, read
from lake.earlier import COLUMNS, earlier_of
from lake.schema import article_row, removal_rows

CATALOG = load_catalog()
NAMES = {"id": "a" * 32, "batch": "b", "ruleset": "r"}
STORY = "Warga menyambut jembatan baru pada Senin pagi. Lurah mengatakan jalan ke pasar kini lebih pendek lima menit."
FURNITURE = (
    "JAKARTA, KOMPAS.com - ",
    "Baca juga: Jembatan Lama Ditutup untuk Perbaikan\n",
    "Penulis: Sari Contoh\n",
    "Editor: Budi Contoh\n",
    "Foto: Tono Contoh\n",
    "Sumber: Antara\n",
    "Rabu, 18 Jun 2025 07:30 WIB\n",
    "Ikuti saluran WhatsApp kami\n",
    "(Tribunnews.com, Sari Contoh)\n",
    f"{STORY}\n",
    "Tags: pasar, jembatan\n",
)
TEXTS = st.lists(st.sampled_from(FURNITURE), max_size=6).map(lambda parts: f"{STORY}\n".join(["", *parts, ""]) or STORY)
DOCUMENTS = st.builds(
    Document,
    text=TEXTS,
    title=st.sampled_from([None, "Jembatan Baru di Kampung Rekaan", "  Jembatan\nBaru "]),
    url=st.sampled_from([None, "https://www.kompas.com/read/1", "https://rekaan.example/berita/2?utm=x"]),
    date=st.sampled_from([None, "kemarin", "2025-06-18", "2025-06-18T07:30:00+07:00", "18/06/2025 07:30"]),
    outlet=st.sampled_from([None, "kompas", "Harian Rekaan"]),
    authors=st.sampled_from([(), ("Sari Contoh",), ("A", "B")]),
    description=st.sampled_from([None, "Warga senang."]),
    section=st.sampled_from([None, "Kota"]),
    keywords=st.sampled_from([(), ("pasar",)]),
    language=st.sampled_from([None, "id", "en"]),
    repairs=st.sampled_from([(), ("cp1252",)]),
)


def again(found: Cleaned) -> Earlier:
    """The article as its row and its removals tell it, through JSON as on the way to a child."""
    row = article_row(found, **NAMES)
    told = json.loads(json.dumps({name: row[name] for name in COLUMNS}, default=lambda time: time.isoformat()))
    return earlier_of(told, found.article.text, [one["text"] for one in removal_rows(found, **NAMES)])


def assert_same(found: Cleaned) -> None:
    new = clean_again(again(found), CATALOG)
    assert isinstance(new, Cleaned)
    assert article_row(new, **NAMES) == article_row(found, **NAMES)
    assert removal_rows(new, **NAMES) == removal_rows(found, **NAMES)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_the_same_rules_give_the_same_row(document: Document) -> None:
    found = clean(document, CATALOG)
    assert isinstance(found, Cleaned)
    assert_same(found)


def sampled(shared: Path, folder: str, step: int) -> Any:
    for file in expand([str(shared / folder)]).files:
        mapping = mapping_of(file)
        yield from (item for item in list(read(file, mapping, 0, 20 * step))[::step] if not isinstance(item, Reject))


@pytest.mark.parametrize(("folder", "step"), [("html", 1), ("corpus", 10)])
def test_real_articles_and_pages_come_back_as_the_same_rows(shared: Path, folder: str, step: int) -> None:
    seen = 0
    for document in sampled(shared, folder, step):
        found = clean(document, CATALOG)
        if isinstance(found, Cleaned):
            assert_same(found)
            seen += 1
    assert seen > 10


def test_what_was_given_stays_when_the_text_tells_nothing_any_more() -> None:
    document = Document(text=STORY, title="Jembatan", authors=("Sari Contoh",), date="2025-06-18", section="Kota")
    found = clean(document, CATALOG)
    assert isinstance(found, Cleaned)
    earlier = again(found)
    fields = replace(earlier, article=replace(earlier.article, text=STORY.replace("Senin", "Rabu")))
    new = clean_again(fields, CATALOG)
    assert isinstance(new, Cleaned)
    assert (new.fields.title, new.fields.authors, new.fields.section) == ("Jembatan", ("Sari Contoh",), "Kota")
    assert new.fields.published == found.fields.published


def test_what_the_text_told_goes_with_the_rule_that_told_it() -> None:
    found = clean(Document(text=f"Penulis: Sari Contoh\n{STORY}"), CATALOG)
    assert isinstance(found, Cleaned)
    assert found.fields.authors == ("Sari Contoh",)
    earlier = again(found)
    new = clean_again(replace(earlier, article=replace(earlier.article, text=STORY)), CATALOG)
    assert isinstance(new, Cleaned)
    assert new.fields.authors == ()


def test_an_article_without_a_story_left_is_a_reject_with_its_text_before_the_cut() -> None:
    found = clean(Document(text=STORY, id="7", url="https://rekaan.example/7"), CATALOG)
    assert isinstance(found, Cleaned)
    earlier = again(found)
    emptied = replace(earlier, article=replace(earlier.article, text="Baca juga: Jembatan Lama"))
    new = clean_again(emptied, CATALOG)
    assert isinstance(new, Reject)
    assert (new.reason, new.document.id, new.document.text) == ("no-story", "7", STORY)
