"""Which outlet published a text, without its address, and when that cannot be said."""

from __future__ import annotations

import pytest

from cleaners.article import Cleaned, Document
from cleaners.catalog import load_catalog
from cleaners.pipeline import clean

CATALOG = load_catalog()
STORY = "Wali kota membuka jembatan baru pada Senin. Warga menyambut pembukaan itu dengan pawai dan musik bambu."

CASES = {
    "nothing tells": (STORY, {}, None, None),
    "an article about an outlet": (f"Redaksi KOMPAS.com merayakan ulang tahun di Jakarta. {STORY}", {}, None, None),
    "one that cites an outlet": (f"{STORY} Hal itu dikutip dari Kompas.com, Senin (3/3).", {}, None, None),
    "the dateline": (f"JAKARTA, KOMPAS.com - {STORY}", {}, "kompas", "dateline"),
    "the dateline of an agency": (f"Jakarta (ANTARA) - {STORY}", {}, "antara", "dateline"),
    "the sign-off": (f"{STORY} (Tribunnews.com, Sari Contoh)", {}, "tribunnews", "byline"),
    "a sign-off with a site that no file knows": (f"{STORY} (Harianwarga.com/Sari, Kompas.com/Budi)", {}, None, None),
    "a dateline with one, and a byline that names another": (
        f"Sumber: Kompas TV | Editor: Budi HARIANWARGA.CO.ID - JAKARTA. {STORY}",
        {},
        None,
        None,
    ),
    "the player": (f"{STORY}\n[Gambas:Video 20detik]", {}, "detik", "embed"),
    "the player of another's video, under an own dateline": (
        f"JAKARTA, KOMPAS.com - {STORY}\n[Gambas:Video 20detik]",
        {},
        "kompas",
        "dateline",
    ),
    "an interview given to an outlet is no sign of it": (
        f'{STORY} "Ramai," katanya kepada Kompas.com.',
        {},
        None,
        None,
    ),
    "a wording of its own": (
        f"{STORY} Warga yang datang senang.\nSCROLL TO CONTINUE WITH CONTENT\n{STORY}",
        {},
        "detik",
        "wording",
    ),
    "its wording in a text that names another": (
        f"{STORY} Hal yang sama dikutip dari Kompas.com.\nSCROLL TO CONTINUE WITH CONTENT\n{STORY}",
        {},
        None,
        None,
    ),
    "its wording under another's dateline": (
        f"Jakarta, CNN Indonesia -- {STORY} Warga yang datang senang.\nSCROLL TO CONTINUE WITH CONTENT\n{STORY}",
        {},
        "cnnindonesia",
        "dateline",
    ),
    "its wording in another language": (
        f"The mayor opened a bridge.\nSCROLL TO CONTINUE WITH CONTENT\n{STORY}",
        {},
        None,
        None,
    ),
    "the wordings of two": (
        f"{STORY} Warga yang datang senang.\nSCROLL TO CONTINUE WITH CONTENT\n[Gambas:Video CNBC]\n{STORY}",
        {},
        None,
        None,
    ),
    "a wording quoted by an article about it is its own": (
        f"{STORY} Tulisan Scroll to continue with content yang mengganggu itu dihapus.",
        {},
        None,
        None,
    ),
    "its own reporter": (
        f'{STORY} "Ramai yang datang," kata dia kepada Okezone, Senin (3/3).',
        {},
        "okezone",
        "reporter",
    ),
    "its own reporter under a dateline with a site that no file knows": (
        f'PADANG, HARIANWARGA.COM - {STORY} "Ramai yang datang," kata dia kepada Okezone, Senin (3/3).',
        {},
        None,
        None,
    ),
    "its own reporter in a text that names another": (
        f'{STORY} "Ramai yang datang," kata dia kepada Okezone. Hal itu dikutip dari Kompas.com.',
        {},
        None,
        None,
    ),
    "the reporters of two": (
        f'{STORY} "Ramai yang datang," kata dia kepada Okezone. "Aman," ujarnya saat dihubungi Tempo.',
        {},
        None,
        None,
    ),
    "its own reporter in another's wording": (
        f'{STORY} "Ramai yang datang," kata dia kepada Okezone.\nSCROLL TO CONTINUE WITH CONTENT\n{STORY}',
        {},
        None,
        None,
    ),
    "an article about the outlet, by its title": (
        f'{STORY} "Ramai yang datang," kata dia kepada Okezone, Senin (3/3).',
        {"title": "Okezone Menggelar Pawai di Jembatan Baru"},
        None,
        None,
    ),
    "the name of its readers": (f"{STORY} Yuk, KLovers, intip potret yang lain.", {}, "kapanlagi", "wording"),
    "the names of two outlets' readers": (f"{STORY} Yuk, KLovers yang juga detikers, intip potretnya.", {}, None, None),
    "the address before the dateline": (
        f"Jakarta (ANTARA) - {STORY}",
        {"url": "https://www.tempo.co/x-1"},
        "tempo",
        "url",
    ),
    "the hint": (STORY, {"outlet": "Kompas.com"}, "kompas", "hint"),
    "a hint that no file knows": (STORY, {"outlet": "Koran Desa"}, "Koran Desa", "hint"),
    "a host that no file knows": (STORY, {"url": "https://berita.korandesa.co.id/a/b"}, "korandesa.co.id", "url"),
    "a copy from another outlet": (
        f"JAKARTA, KOMPAS.com - {STORY}\nArtikel ini telah tayang di Tribunnews.com dengan judul Jembatan",
        {},
        "kompas",
        "dateline",
    ),
}


@pytest.mark.parametrize(("text", "given", "name", "evidence"), CASES.values(), ids=CASES.keys())
def test_a_source_is_named_with_its_evidence(
    text: str, given: dict[str, str], name: str | None, evidence: str | None
) -> None:
    cleaned = clean(Document(text=text, **given), CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert (cleaned.source.name, cleaned.source.evidence) == (name, evidence)


WIRES = {
    "an agency's own article names none": (f"Jakarta (ANTARA) - {STORY}", "antaranews.com", None),
    "the dateline": (f"Jakarta (ANTARA) - {STORY}", "www.tempo.co", "ANTARA"),
    "the credit": (f"{STORY}\nSumber: Reuters", "www.tempo.co", "Reuters"),
    "the notice": (
        f"{STORY}\nArtikel ini telah tayang di Kompas.com dengan judul Jembatan",
        "www.tempo.co",
        "Kompas.com",
    ),
    "a citation in the story is no wire": (f"{STORY} Demikian dilansir Reuters, Senin.", "www.tempo.co", None),
}


@pytest.mark.parametrize(("text", "host", "wire"), WIRES.values(), ids=WIRES.keys())
def test_the_wire_is_another_column_than_the_source(text: str, host: str, wire: str | None) -> None:
    cleaned = clean(Document(text=text, url=f"https://{host}/a/b-1"), CATALOG)
    assert isinstance(cleaned, Cleaned)
    assert cleaned.fields.wire_source == wire
