"""What pages say about themselves: JSON-LD, meta, bylines, dates. Names and stories are invented; a case is one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.article import Page
from cleaners.extract import extract
from cleaners.pagetitle import without_outlet

URL = "https://news.wartautara.example/berita/88120/jembatan-gantung-dibuka-lagi"
TITLE = "Jembatan Gantung Dibuka Lagi"
STORY = "".join(
    f"<p>Warga {place} menyambut pembukaan jembatan itu dengan pawai perahu dan lomba dayung yang berlangsung meriah.</p>"
    for place in ("hilir", "hulu", "tepi utara", "tepi selatan")
)


def read(
    head: str = "", before: str = "", after: str = "", title: str = f"{TITLE} - Warta Utara", url: str | None = URL
) -> Page:
    heading = "" if "<h1" in before else f"<h1>{TITLE}</h1>"
    found = extract(
        f"<html><head><title>{title}</title>{head}</head><body>{heading}{before}<div class=isi>{STORY}</div>{after}</body></html>",
        url,
    )
    assert isinstance(found, Page), found
    return found


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


TITLES = [
    ("the heading of the page, not the channel's", read(meta("og:title", f"{TITLE} - Warta Utara"), "<h1>Nasional</h1>"), TITLE),
    ("without channel and outlet", read(title=f"{TITLE} - Nasional Wartautara.example", before="<h1></h1>"), TITLE),
    ("without the outlet before it", read(meta("og:title", f"WartaUtara: {TITLE}"), "<h1></h1>", title=""), TITLE),
    ("from JSON-LD, entities read", read(ld('{"@type": "NewsArticle", "headline": "Jembatan &quot;Gantung&quot; Dibuka"}'), "<h1></h1>", title=""), 'Jembatan "Gantung" Dibuka'),
    ("whole where JSON-LD cut it short", read(ld('{"@type": "NewsArticle", "headline": "Jembatan Gantung Dibuka"}') + meta("og:title", "Jembatan Gantung Dibuka Lagi Setelah Dua Bulan"), "<h1></h1>", title=""), "Jembatan Gantung Dibuka Lagi Setelah Dua Bulan"),
]  # fmt: skip
TIMES = [
    ("JSON-LD first", read(ld('{"@type": "NewsArticle", "datePublished": "2024-05-01T08:00:00+07:00"}') + meta("article:published_time", "2023-01-01")), "2024-05-01T08:00:00+07:00"),
    ("in a graph", read(ld('{"@graph": [{"@type": "WebSite"}, {"@type": ["NewsArticle"], "datePublished": "2024-05-01T08:00:00+07:00"}]}')), "2024-05-01T08:00:00+07:00"),
    ("in JSON that is broken elsewhere", read(ld('{"@type": "NewsArticle", "description": "kata "itu" tetap", "datePublished": "2024-05-01T08:00:00+07:00"}')), "2024-05-01T08:00:00+07:00"),
    ("with a trailing comma and line breaks in strings", read(ld('{"@type": "NewsArticle", "description": "satu\ndua", "datePublished": "2024-05-01T08:00:00+07:00",}')), "2024-05-01T08:00:00+07:00"),
    ("meta", read(meta("article:published_time", "2024-05-01T01:00:00Z")), "2024-05-01T01:00:00Z"),
    ("local time that is called UTC", read(meta("article:published_time", "2024-05-01T10:08:58Z"), "<h1>Jembatan Gantung Dibuka Lagi</h1><div>Rabu, 01/05/2024 10:08 WIB</div>"), "2024-05-01T10:08:58"),
    ("local time with the sign of its zone wrong", read(meta("article:published_time", "2024-05-01T21:08:00-07:00"), "<h1>Jembatan Gantung Dibuka Lagi</h1><span>1 Mei 2024 21:08</span>"), "2024-05-01T21:08:00"),
    ("UTC that the page shows as local time", read(meta("article:published_time", "2024-05-01T14:34:19+00:00"), "<h1>Jembatan Gantung Dibuka Lagi</h1><div>Kompas - 01/05/2024, 21:34 WIB</div>"), "2024-05-01T14:34:19+00:00"),
    ("the date beside the headline", read(before="<div>Kamis, 2 Mei 2024</div><h1>Jembatan Gantung Dibuka Lagi</h1><p>Rabu, 1 Mei 2024 | 14:38 WIB</p>"), "Rabu, 1 Mei 2024 | 14:38 WIB"),
    ("the day of the address", read(url="https://wartautara.example/read/2024/05/01/8812/jembatan-gantung-dibuka"), "2024-05-01"),
    ("none", read(), None),
]  # fmt: skip
EDITOR = ld('{"@type": "NewsArticle", "author": {"@type": "Person", "name": "Joko Purnomo"}}')
PEOPLE = [
    ("labelled lines decide who is the editor", read(EDITOR, after="<p>Penulis: Sari Ningsih</p><p>Editor: Joko Purnomo</p>"), ["Sari Ningsih"], ["Joko Purnomo"]),
    ("an editor in JSON-LD is no author", read(EDITOR, after="<p>Editor : <a href=/x>Joko Purnomo</a></p>"), [], ["Joko Purnomo"]),
    ("a table of credits", read(after="<table><tr><td>Penulis</td><td>: Sari Ningsih</td></tr><tr><td>Editor</td><td>: Joko Purnomo</td></tr></table>"), ["Sari Ningsih"], ["Joko Purnomo"]),
    ("two reporters", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div>Pewarta: <span>Sari Ningsih dan Budi S</span></div>"), ["Sari Ningsih", "Budi S"], []),
    ("a byline that goes on with the date", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div>Oleh <a href=/me>Sari Ningsih</a> pada 16 Agu 2022, 09:20 WIB</div>"), ["Sari Ningsih"], []),
    ("channel, date and reporter on one line", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div>GAYA | 17 Juni 2021 06:04 Reporter : <a href=/r>Sari Ningsih</a></div>"), ["Sari Ningsih"], []),
    ("rep and red", read(after="<div>Rep: C31/ <span>Red: Joko Purnomo</span></div>"), ["C31"], ["Joko Purnomo"]),
    ("an element called author", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div class=detail__author>Sari Ningsih - wartautara</div>"), ["Sari Ningsih"], []),
    ("two names without labels, the second JSON-LD's author", read(EDITOR, before="<h1>Jembatan Gantung Dibuka Lagi</h1><div class=author>Sari Ningsih, Joko Purnomo</div>"), ["Sari Ningsih"], ["Joko Purnomo"]),
    ("a label glued after the name", read(after="<ul class=article-credits><li><span class=article-credits__item-name>Joko Purnomo</span>Editor</li></ul>"), [], ["Joko Purnomo"]),
    ("meta with names for both", read(EDITOR + meta("content_author", "Sari Ningsih") + meta("content_editor", "Joko Purnomo")), ["Sari Ningsih"], ["Joko Purnomo"]),
    ("a reporter rather than the house", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div>Oleh news.wartautara.example</div>", after="<p>Reporter: Sari Ningsih</p>"), ["Sari Ningsih"], []),
    ("the house where a byline names no one else", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><div>Oleh news.wartautara.example pada 1 Mei 2024, 10:00</div>"), ["news.wartautara.example"], []),
    ("an organisation in meta is no one", read(meta("author", "Warta Cyber Media") + meta("article:author", "https://www.facebook.com/wartautara")), [], []),
    ("authors as a list of persons and strings", read(ld('{"@type": "NewsArticle", "author": [{"name": "Sari Ningsih"}, "Budi Santoso"]}')), ["Sari Ningsih", "Budi Santoso"], []),
    ("a headline that only looks like a byline", read(after="<p>Oleh Karena Itu Jembatan Ditutup Sampai Pekan Depan Sekali</p>"), [], []),
]  # fmt: skip
OTHERS = [
    ("section from the breadcrumbs in JSON-LD", read(ld('{"@type": "BreadcrumbList", "itemListElement": [{"name": "Home"}, {"item": {"name": "Ekonomi"}}, {"name": "Makro"}]}')).section, "Ekonomi > Makro"),
    ("section from the breadcrumbs of the page", read(before="<h1>Jembatan Gantung Dibuka Lagi</h1><ul class=breadcrumb><li><a href=/>Beranda</a><li><a href=/e>Ekonomi</a></ul>").section, "Ekonomi"),
    ("section from meta", read(meta("article:section", "Nasional")).section, "Nasional"),
    ("keywords", read(meta("keywords", "jembatan, pawai perahu")).keywords, ("jembatan", "pawai perahu")),
    ("keywords that spell the description", read(meta("description", "Pembukaan jembatan itu disambut pawai perahu") + meta("keywords", "pembukaan, jembatan, itu, disambut, pawai, perahu")).keywords, ()),
    ("description", read(meta("og:description", "Disambut pawai &amp; lomba.")).description, "Disambut pawai & lomba."),
    ("canonical address made absolute", read('<link rel="canonical" href="/berita/88120/jembatan">').canonical_url, "https://news.wartautara.example/berita/88120/jembatan"),
    ("no address of a relative one without a base", read('<link rel="canonical" href="berita.html">', url=None).canonical_url, None),
    ("AMP pages name the page they copy", read('<link rel="canonical" href="https://wartautara.example/b/1">', url="https://amp.wartautara.example/b/1").canonical_url, "https://wartautara.example/b/1"),
    ("language", read(meta("og:locale", "id_ID")).language, "id-ID"),
    ("site name", read(meta("og:site_name", "Warta Utara")).site_name, "Warta Utara"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "expected"), [case[1:] for case in TITLES], ids=[case[0] for case in TITLES])
def test_titles_are_the_headline_alone(page, expected):
    assert page.title == expected


@pytest.mark.parametrize(("page", "expected"), [case[1:] for case in TIMES], ids=[case[0] for case in TIMES])
def test_times_are_kept_as_written_with_their_true_zone(page, expected):
    assert page.published == expected


@pytest.mark.parametrize(
    ("page", "authors", "editors"), [case[1:] for case in PEOPLE], ids=[case[0] for case in PEOPLE]
)
def test_writers_and_editors_are_told_apart(page, authors, editors):
    assert (list(page.authors), list(page.editors)) == (authors, editors)


@pytest.mark.parametrize(("found", "expected"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_other_fields(found, expected):
    assert found == expected


def test_a_title_that_speaks_of_the_outlet_keeps_its_name():
    assert without_outlet("Redaksi Warta Utara Pindah - Warta Utara", ["Warta Utara"]) == "Redaksi Warta Utara Pindah"
    assert without_outlet("Warta Utara", ["Warta Utara"]) is None


def test_a_large_block_is_no_description():
    block = ld('{"@type": "NewsArticle", "datePublished": "2024-05-01", "x": "' + "a" * 1_000_001 + '"}')
    assert read(block).published is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_json_and_no_byline_raises(block, byline):
    read(ld(block), after=f"<p>Penulis: {byline}</p><p>{byline}</p>")
