"""The laws of the cleaner, each for any input: removals are spans of the text, cutting loses and invents nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaners.article import Cleaned, Document, Reject
from cleaners.catalog import Catalog, load_catalog
from cleaners.normalize import normalize
from cleaners.pipeline import clean
from cleaners.strip import cut, restore

CATALOG = load_catalog()

STORY = [
    "Wali kota membuka jembatan baru pada Senin.",
    "Warga menyambut pembukaan jembatan itu dengan pawai.",
    '"Jembatan ini milik kita semua," kata camat Sari Contoh.',
    "Harga sewa kios di ujung jembatan naik 12,5 persen.",
    "Menurut dia, pasar akan pindah pada Juli 2025.",
]
FURNITURE = [
    "JAKARTA, KOMPAS.com - ", "Jakarta (ANTARA) - ", "KONTAN.CO.ID - JAKARTA. ", "Baca juga: Jembatan Lama Ditutup untuk Umum",
    "Baca Juga", "(Baca juga: Jembatan Lama Ditutup)", "Simak Video \"Jembatan Baru\"", "[Gambas:Video 20detik]",
    "ADVERTISEMENT", "SCROLL TO CONTINUE WITH CONTENT", "Penulis: Sari Contoh", "Editor: Budi Contoh", "(sar/bud)", "(*)",
    "Sumber: Reuters", "Ikuti saluran WhatsApp Harian Contoh", "COPYRIGHT © ANTARA 2023", "Halaman 1 dari 2", "Selanjutnya: ",
    "Artikel ini telah tayang di Contoh.com", "Foto: Dinas Contoh", "Kamis 18 Jan 2024 08:25 WIB", "#jembatan #kota", "- ", ",,",
]  # fmt: skip
JOINTS = ["\n", "\n\n", " ", "  ", "", " \u00a0", ","]

pieces = st.sampled_from(STORY + FURNITURE)
articles = st.lists(st.tuples(pieces, st.sampled_from(JOINTS)), min_size=1, max_size=14).map(
    lambda parts: "".join(text + joint for text, joint in parts)
)
anything = st.one_of(
    articles, st.text(max_size=400), st.text(alphabet="abAB .,\n\"'-–()[]{}:/#\u00a0\ud800", max_size=300)
)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def removed(cleaned: Cleaned) -> list[tuple[int, int, str]]:
    return [(r.start, r.end, cleaned.article.text[r.start : r.end]) for r in cleaned.removals]


@relaxed
@given(anything)
def test_clean_is_total_and_its_removals_are_ordered_disjoint_and_inside(text: str) -> None:
    cleaned = clean(Document(text=text), CATALOG)
    if isinstance(cleaned, Reject):
        return
    edge = 0
    for removal in cleaned.removals:
        assert edge <= removal.start < removal.end <= len(cleaned.article.text)
        edge = removal.end


@relaxed
@given(anything)
def test_the_cleaned_text_is_the_normalised_text_without_the_spans_and_can_be_restored(text: str) -> None:
    cleaned = clean(Document(text=text), CATALOG)
    if isinstance(cleaned, Reject):
        return
    assert cut(cleaned.article.text, cleaned.removals) == cleaned.text
    assert restore(cleaned.text, removed(cleaned)) == cleaned.article.text


@relaxed
@given(anything)
def test_a_cut_leaves_no_blank_lines_and_no_white_space_at_the_ends(text: str) -> None:
    cleaned = clean(Document(text=text), CATALOG)
    if isinstance(cleaned, Cleaned):
        assert cleaned.text == cleaned.text.strip()
        assert "\n\n" not in cleaned.text
        assert "  " not in cleaned.text


@relaxed
@given(anything)
def test_normalising_is_idempotent_in_its_white_space_and_keeps_every_letter(text: str) -> None:
    once = normalize(text)
    assert "\n\n" not in once.text
    assert "  " not in once.text
    assert "\u00a0" not in once.text
    if not once.repairs and text.isascii():
        assert "".join(once.text.split()) == "".join(text.split())


@relaxed
@given(st.lists(st.sampled_from(STORY), min_size=1, max_size=8, unique=True), st.sampled_from(["\n", " ", "\n\n"]))
def test_story_without_furniture_stays_whole(parts: list[str], joint: str) -> None:
    cleaned = clean(Document(text=joint.join(parts)), CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert cleaned.removals == ()


@relaxed
@given(articles)
def test_an_outlet_left_out_changes_no_other_outlets_result(text: str) -> None:
    document = Document(text=text, outlet="detik")
    assert clean(document, CATALOG) == clean(document, without_tempo())


def without_tempo(found: list[Catalog] = []) -> Catalog:  # noqa: B006 (a cache)
    if not found:
        found.append(load_catalog(without=["tempo"]))
    return found[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "\x00",
        "\ud800",
        "a" * 1_000_000,
        "Baca juga: " * 20_000,
        "(" * 50_000,
        "A. " * 100_000,
        "\n" * 100_000,
    ],
    ids=["empty", "blank", "nul", "surrogate", "one word", "markers", "brackets", "sentences", "lines"],
)
def test_any_size_and_shape_has_an_answer(text: str) -> None:
    assert isinstance(clean(Document(text=text), CATALOG), Cleaned | Reject)
