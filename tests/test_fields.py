"""What the furniture says is kept: names, places, sources, headlines."""

from __future__ import annotations

import pytest

from cleaners.article import Cleaned, Document
from cleaners.catalog import load_catalog
from cleaners.fields import names_in
from cleaners.pipeline import clean

CATALOG = load_catalog()
STORY = "Wali kota membuka jembatan baru pada Senin. Warga menyambut pembukaan itu dengan pawai dan musik bambu."

CASES = {
    "a byline and an editor": (
        f"Penulis: Sari Contoh\nEditor: Budi Contoh\n{STORY}",
        {"authors": ("Sari Contoh",), "editors": ("Budi Contoh",)},
    ),
    "Kontan's first line, flattened": (
        f"Reporter: Sari Contoh, Tono Contoh | Editor: Budi Contoh KONTAN.CO.ID - JAKARTA. {STORY}",
        {"authors": ("Sari Contoh", "Tono Contoh"), "editors": ("Budi Contoh",), "dateline": "JAKARTA"},
    ),
    "a source for an author": (
        f"Sumber: Reuters | Editor: Budi Contoh KONTAN.CO.ID - JAKARTA. {STORY}",
        {"cited_sources": ("Reuters",), "editors": ("Budi Contoh",), "wire_source": "Reuters"},
    ),
    "translator and editor, glued": (
        f"{STORY} Penerjemah: Sari ContohEditor: Budi Contoh COPYRIGHT © ANTARA 2023",
        {"translators": ("Sari Contoh",), "editors": ("Budi Contoh",)},
    ),
    "a sign-off with the site": (f"{STORY} (Tribunnews.com, Sari Contoh)", {"authors": ("Sari Contoh",)}),
    "initials are no author": (f"{STORY} (sar/bud)", {"authors": ()}),
    "two sources on one line": (
        f"{STORY}\nSumber : Kompas TV, Roda Aksara",
        {"cited_sources": ("Kompas TV", "Roda Aksara")},
    ),
    "a time line": (f"Rabu, 18 Jun 2025 07:30 WIB\n{STORY}", {}),
    "where it appeared first": (
        f"{STORY}\nArtikel ini telah tayang di Kompas.com dengan judul Jembatan",
        {"first_published_in": "Kompas.com"},
    ),
    "nothing told is nothing": (STORY, {"authors": (), "editors": (), "dateline": None, "title": None, "related": ()}),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES.keys())
def test_what_is_removed_fills_fields(text: str, wanted: dict[str, object]) -> None:
    cleaned = clean(Document(text=text), CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert {name: getattr(cleaned.fields, name) for name in wanted} == wanted
    assert cleaned.text == STORY


def test_a_column_of_the_input_fills_what_the_text_does_not_say() -> None:
    cleaned = clean(Document(text=STORY, authors=("Sari Contoh",), section="Kota", date="2025-06-18"), CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert cleaned.fields.authors == ("Sari Contoh",)
    assert cleaned.fields.section == "Kota"
    assert cleaned.fields.published is not None


GIVEN = {
    "nothing given": (Document(text=STORY), ()),
    "what the text told was not given": (Document(text=f"Penulis: Sari Contoh\n{STORY}"), ()),
    "the text's own byline comes before the column": (
        Document(text=f"Penulis: Sari Contoh\n{STORY}", authors=("Tono Contoh",), title="Jembatan"),
        ("title",),
    ),
    "columns": (
        Document(text=STORY, title="J", authors=("Sari Contoh",), date="2025-06-18", language="id", keywords=("a",)),
        ("title", "authors", "date_published", "keywords", "language_declared"),
    ),
    "a date that cannot be read was not given": (Document(text=STORY, date="kemarin"), ()),
}


@pytest.mark.parametrize(("document", "given"), GIVEN.values(), ids=GIVEN)
def test_what_the_input_said_is_told_from_what_the_text_said(document: Document, given: tuple[str, ...]) -> None:
    cleaned = clean(document, CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert cleaned.fields.given == given


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sari Contoh", ["Sari Contoh"]),
        ("Sari Contoh, Budi Contoh dan Tono Contoh", ["Sari Contoh", "Budi Contoh", "Tono Contoh"]),
        ("Sari Contoh/Budi Contoh", ["Sari Contoh", "Budi Contoh"]),
        ("contohnews.com", []),
    ],
)
def test_names_are_told_apart(text: str, names: list[str]) -> None:
    assert names_in(text) == names
