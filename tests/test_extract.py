"""Pages are invented: shapes of real templates, stories of no outlet. A case is one line, however long."""

import datetime
from dataclasses import dataclass

import pytest
from cssselect import SelectorError
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import fromstring

from cleaners.article import Page, Reason, Related
from cleaners.containers import selector
from cleaners.extract import PAGE_MAX_CHARS, NotArticle, extract
from cleaners.fallback import TREE_MAX_BLOCKS, by_trafilatura


@dataclass(frozen=True, slots=True)
class Layout:
    body: tuple[str, ...]
    drop: tuple[str, ...] = ()
    until: datetime.date | None = None


LEAD = (
    "Pemerintah kota membuka jembatan gantung di tepi utara pada Senin pagi setelah perbaikan selama dua bulan penuh."
)
SECOND = (
    "Warga menyambut pembukaan jembatan itu dengan pawai perahu dan lomba dayung antarkampung yang berlangsung meriah."
)
THIRD = "“Kami akhirnya bisa menyeberang lagi tanpa memutar jauh,” kata ketua rukun warga setempat kepada wartawan di lokasi."
STORY = (LEAD, SECOND, THIRD)
URL = "https://wartautara.example/berita/88120/jembatan-gantung-dibuka-lagi"
OTHER = "Jembatan Lama Ditutup untuk Perbaikan Besar"


def page(body: str, head: str = "", title: str = "Jembatan Gantung Dibuka Lagi") -> str:
    return f"<html lang=id><head><title>{title} - Warta Utara</title>{head}</head><body>{body}</body></html>"


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def story_of(html: str, *layouts: Layout, url: str | None = URL) -> list[str]:
    found = extract(html, url, layouts)
    assert isinstance(found, Page), found
    return found.text.split("\n")


NAV = "<nav><a href=/>Beranda</a> <a href=/ekonomi>Ekonomi</a></nav>"
RAIL = "".join(
    f"<div class=rail><h3><a href=/b/{n}>Berita Lain yang Sedang Ramai Nomor {n}</a></h3></div>" for n in range(9)
)

STAYS = [
    ("paragraphs in a div", f"<div class=isi>{paragraphs(*STORY)}</div>", [*STORY]),
    ("lines parted by br, no p at all", f"<div class=isi>{'<br><br>'.join(STORY)}</div>", [*STORY]),
    ("a lead as bare text before the first p", f"<div class=isi><b>Warta</b> - {LEAD}{paragraphs(SECOND, THIRD)}</div>", [f"Warta - {LEAD}", SECOND, THIRD]),
    ("paragraphs as div", "<div class=isi>" + "".join(f"<div>{t}</div><div><br></div>" for t in STORY) + "</div>", [*STORY]),
    ("a link to a tag page inside a sentence", f'<div class=isi><p>{LEAD[:20]}<a class=inner-link-tag href=/tag/x>{LEAD[20:40]}</a>{LEAD[40:]}</p>{paragraphs(SECOND, THIRD)}</div>', [*STORY]),
    ("sub-headings and lists", f"<div class=isi>{paragraphs(LEAD)}<h2>Lomba Dayung</h2><ul><li>Kampung Hilir</li><li>Kampung Hulu</li></ul>{paragraphs(SECOND, THIRD)}</div>", [LEAD, "Lomba Dayung", "Kampung Hilir", "Kampung Hulu", SECOND, THIRD]),
    ("a table of results, one row a line", f"<div class=isi>{paragraphs(*STORY)}<table><tr><th>Regu</th><th>Waktu</th></tr><tr><td>Hilir</td><td>3.02</td></tr></table></div>", [*STORY, "Regu | Waktu", "Hilir | 3.02"]),
    ("a table that only lays out the page", f"<table><tr><td>{NAV}</td><td>{paragraphs(*STORY)}</td></tr></table>", [*STORY]),
    ("later pages hidden in the document", f'<div class=isi>{paragraphs(LEAD)}<div class="isi paging-content" style="display:none"><h2>Pawai Perahu</h2>{paragraphs(SECOND, THIRD)}</div></div>', [LEAD, "Pawai Perahu", SECOND, THIRD]),
    ("a wrapper named like a box", f'<div class="share-area tags"><div class=isi>{paragraphs(*STORY)}</div></div>', [*STORY]),
    ("a sentence that only starts like a pointer", f"<div class=isi>{paragraphs(*STORY)}<p>Baca juga buku ini sampai selesai, kata <a href=/p>guru itu</a>.</p></div>", [*STORY, "Baca juga buku ini sampai selesai, kata guru itu."]),
    ("a list of linked names", f"<div class=isi>{paragraphs(*STORY)}<ul><li><a href=/1>Kampung Hilir</a></li><li><a href=/2>Kampung Hulu</a></li></ul></div>", [*STORY, "Kampung Hilir", "Kampung Hulu"]),
    ("one linked line by itself", f"<div class=isi>{paragraphs(LEAD)}<p><a href=/peta>Peta jalan memutar ke tepi utara</a></p>{paragraphs(SECOND, THIRD)}</div>", [LEAD, "Peta jalan memutar ke tepi utara", SECOND, THIRD]),
    ("a story in two sections of unequal length", f"<div><div class=bagian>{paragraphs(LEAD)}</div><div class=bagian><h2>Pawai Perahu</h2>{paragraphs(SECOND, THIRD, SECOND)}</div></div>", [LEAD, "Pawai Perahu", SECOND, THIRD, SECOND]),
    ("a class named like a box on every paragraph", "<div class=isi>" + "".join(f"<div class=read-more>{t}</div>" for t in STORY) + "</div>", [*STORY]),
    ("under comments that say more than the story", f"<div class=isi>{paragraphs(*STORY)}</div><div class=komentar>{paragraphs(*STORY[:2])}{paragraphs(*STORY[:2])}</div>", [*STORY]),
    ("articleBody before a louder rail", f"<div itemprop=articleBody>{paragraphs(*STORY)}</div><div>{paragraphs(*(f'Ringkasan berita lain nomor {n} yang panjang juga, dengan titik di ujungnya.' for n in range(4)))}</div>", [*STORY]),
]  # fmt: skip

GOES = [
    ("scripts, styles, forms", "<script>var a = 'x';</script><style>.a{}</style><form>Cari berita</form><noscript>Aktifkan skrip</noscript>", ()),
    ("a related box by its class", f"<div class=linksisip><strong>Baca juga:</strong> <a href=/b/1>{OTHER}</a></div>", (OTHER,)),
    ("a related box without a class", f"<p><strong>Baca juga: <a class=x href=/b/1>{OTHER}</a></strong></p>", (OTHER,)),
    ("a related list under its label", f"<p>BACA JUGA:</p><ul><li><a href=/b/1>{OTHER}</a></li><li><a href=/b/2>Perahu Baru untuk Warga Tepi Utara</a></li></ul>", (OTHER, "Perahu Baru untuk Warga Tepi Utara")),
    ("a list of headlines after its label, parted by br", f"<h2>JANGAN LEWATKAN!!!</h2><a href=/b/1>{OTHER}</a><br><a href=/b/2>Perahu Baru untuk Warga Tepi Utara</a><br>", (OTHER, "Perahu Baru untuk Warga Tepi Utara")),
    ("an advertisement", '<div id="div-gpt-ad-1">Advertisement</div><div class="ads-on-body">Iklan</div>', ()),
    ("share, tags, paging", "<div class=share>Bagikan</div><div class=detail__body-tag>Tag: jembatan</div><div class=read__paging>Halaman: 1 2</div>", ()),
    ("an embedded post", "<blockquote class=twitter-tweet><p>Ramai sekali pawainya hari ini, kawan-kawan semua!</p></blockquote>", ()),
    ("a caption of a figure", "<figure><img src=a.jpg><figcaption>Pawai perahu. (Foto: Dok. Warta Utara)</figcaption></figure>", ()),
    ("a caption in italics after its picture", "<div><img src=a.jpg></div><div><br></div><div><em>Pawai perahu di tepi utara. Foto: Warga</em></div>", ()),
    ("a heading with nothing under it", "<h2>Saksikan video di bawah ini:</h2><iframe src=/v></iframe>", ()),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in STAYS], ids=[case[0] for case in STAYS])
def test_the_story_stays_whole_and_in_order(body, expected):
    assert story_of(page(NAV + body + RAIL)) == expected


@pytest.mark.parametrize(("aside", "related"), [case[1:] for case in GOES], ids=[case[0] for case in GOES])
def test_what_stands_beside_the_story_goes_and_its_links_are_kept(aside, related):
    html = page(f"{NAV}<div class=isi>{paragraphs(LEAD, SECOND, THIRD)}{aside}</div>{RAIL}")
    found = extract(html, URL)
    assert isinstance(found, Page)
    assert found.text.split("\n") == [*STORY]
    assert tuple(one.title for one in found.related) == related


def test_a_pointer_inside_a_paragraph_is_cut_to_the_letter():
    html = page(
        f"<div>{paragraphs(LEAD)}<p>Baca juga: <a href=/b/1><b>{OTHER}</b></a> {SECOND}</p>{paragraphs(THIRD)}</div>"
    )
    found = extract(html, URL)
    assert isinstance(found, Page)
    assert found.text.split("\n") == [*STORY]
    assert found.related == (Related(OTHER, "https://wartautara.example/b/1"),)


def test_an_outlets_layout_decides_before_the_prose_does():
    louder = paragraphs(
        *(f"Komentar pembaca nomor {n} yang panjang sekali dan memakai tanda titik di ujungnya." for n in range(9))
    )
    html = page(
        f"<div class=ulasan>{louder}</div><div class=naskah>{paragraphs(*STORY)}<p class=kotak>{SECOND}</p></div>"
    )
    found = extract(html, URL, (Layout(("div.naskah",), (".kotak",)),))
    assert isinstance(found, Page)
    assert (found.method, found.text.split("\n")) == ("container", [*STORY])


LAYOUTS = [
    ("several elements are joined in document order", Layout((".b", ".a")), f"<p class=a>{LEAD}</p><p>iklan</p><p class=b>{SECOND}</p><p class=a>{THIRD}</p>", [*STORY]),
    ("an element inside another counts once", Layout(("div.isi", "div.isi p")), f"<div class=isi>{paragraphs(*STORY)}</div>", [*STORY]),
    ("a paragraph by its link", Layout(("div.isi",), ("p:has(a.inner-link)",)), f"<div class=isi>{paragraphs(*STORY)}<p>Simak <a class=inner-link href=/x>ini</a></p></div>", [*STORY]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "body", "expected"), [case[1:] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS]
)
def test_layouts_are_css(layout, body, expected):
    assert story_of(page(body), layout) == expected


def test_a_layout_that_fits_nothing_is_passed_over():
    empty, old = Layout((".baru",)), Layout((".lama",), until=datetime.date(2020, 12, 31))
    html = page(f"<div class=baru><p>Memuat…</p></div><div class=lama>{paragraphs(*STORY)}</div>")
    assert story_of(html, empty, old) == [*STORY]


def test_a_layout_of_the_pages_own_time_comes_first():
    head = '<script type="application/ld+json">{"@type": "NewsArticle", "datePublished": "2024-05-01T08:00:00+07:00"}</script>'
    html = page(
        f"<div class=lama>{paragraphs(*STORY[:2], 'Ini bukan naskahnya, hanya sisa tata letak yang lama sekali.')}</div><div class=baru>{paragraphs(*STORY)}</div>",
        head,
    )
    old, new = Layout((".lama",), until=datetime.date(2020, 12, 31)), Layout((".baru",))
    assert story_of(html, old, new) == [*STORY]


def test_a_wrong_selector_says_so():
    with pytest.raises(SelectorError):
        selector("div..isi")


def test_credits_of_captions_are_kept():
    figure = "<figure><img src=a.jpg><figcaption>Pawai perahu di tepi utara. (Foto: Sari Ningsih)</figcaption></figure>"
    found = extract(page(f"<div class=isi>{figure}{paragraphs(*STORY)}</div>"), URL)
    assert isinstance(found, Page)
    assert found.photo_credits == ("Sari Ningsih",)


def test_the_headline_in_the_container_is_not_the_first_line():
    assert story_of(page(f"<article><h1>Jembatan Gantung Dibuka Lagi</h1>{paragraphs(*STORY)}</article>")) == [*STORY]


def test_a_story_that_stands_only_in_the_pages_data_is_read_there():
    state = '{"props": {"article": {"content": "' + "".join(f"<p>{t} {t}</p>" for t in STORY) + '"}}}'
    html = page(f'<div id=__next></div><script id="__NEXT_DATA__" type="application/json">{state}</script>')
    found = extract(html, URL)
    assert isinstance(found, Page)
    assert (found.method, found.text.count("\n")) == ("data", 2)


TEASERS = "".join(
    f"<article><h2><a href=/b/{n}>Berita Utama Hari Ini Nomor {n}</a></h2><p>Ringkasan singkat.</p></article>"
    for n in range(30)
)
NO_ARTICLES = [
    ("nothing", "", None, Reason.NO_TEXT, "empty"),
    ("white space", " \n ", None, Reason.NO_TEXT, "empty"),
    ("a shell that scripts fill", "<div id=app></div><script>start()</script>", None, Reason.NO_TEXT, "no text|shell"),
    ("a front page", NAV + TEASERS, "https://wartautara.example/", Reason.NOT_AN_ARTICLE, "index"),
    ("a front page without its address", NAV + TEASERS, None, Reason.NOT_AN_ARTICLE, "index"),
    ("a tag page", NAV + TEASERS, "https://wartautara.example/tag/jembatan", Reason.NOT_AN_ARTICLE, "index"),
    ("a video page", f"<h1>Pawai</h1><p>{LEAD}</p>", "https://video.wartautara.example/pawai-perahu", Reason.NOT_AN_ARTICLE, "video"),
    ("a photo page", f"<h1>Pawai</h1><p>{LEAD}</p>", "https://wartautara.example/foto/12/pawai-perahu", Reason.NOT_AN_ARTICLE, "photo"),
    ("song lyrics", paragraphs(*STORY), "https://wartautara.example/lirik/artis/lagu", Reason.NOT_AN_ARTICLE, "lyrics"),
    ("a page that is not found", "<h1>404</h1><p>Halaman tidak ditemukan.</p>" + RAIL, "https://wartautara.example/berita/9/x", Reason.NOT_AN_ARTICLE, "index|no story"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "url", "reason", "says"), [case[1:] for case in NO_ARTICLES], ids=[case[0] for case in NO_ARTICLES]
)
def test_pages_without_a_story_are_refused_in_words(body, url, reason, says):
    found = extract(page(body) if body.strip() else body, url)
    assert isinstance(found, NotArticle)
    assert found.reason is reason
    assert any(word in found.detail for word in says.split("|")), found.detail


def test_a_long_story_is_an_article_whatever_its_headline_begins_with():
    html = page(f"<div>{paragraphs(*STORY, *STORY, *STORY)}</div>", title="FOTO: Pawai Perahu di Tepi Utara")
    assert isinstance(extract(html, "https://wartautara.example/foto/12/pawai"), Page)


LIMITS = [
    ("too many characters", "<p>" + "a " * (PAGE_MAX_CHARS // 2), "characters"),
    ("too many elements", "<p>" * 160_000, "elements"),
]


@pytest.mark.parametrize(("html", "says"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_pages_beyond_the_limits_are_refused_for_their_size(html, says):
    found = extract(html)
    assert isinstance(found, NotArticle)
    assert found.reason is Reason.TOO_LARGE
    assert says in found.detail


HOSTILE = [
    ("100,000 nested tags", "<div>" * 100_000 + LEAD),
    ("nested boxes", "<div class=ads>" * 20_000 + LEAD),
    ("nested inline tags", "<b>" * 100_000 + LEAD),
    ("100,000 attributes on one tag", "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + f">{LEAD}"),
    ("JSON-LD nested deeper than any description", '<script type="application/ld+json">' + "[" * 100_000 + f"</script><p>{LEAD}"),
    ("NUL bytes and lone surrogates", f"<p>\x00\ud800{LEAD}\udfff"),
    ("an encoding that is not this string's", f'<?xml version="1.0" encoding="utf-16"?><meta charset=iso-8859-1><p>{LEAD}'),
]  # fmt: skip


@pytest.mark.parametrize("html", [case[1] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_pages_end_soon_in_a_page_or_a_reason(html):
    assert isinstance(extract(html, "https://[wartautara"), Page | NotArticle)


NAMES = "p div br b a ul li table tr td h1 h2 script style article figure em pre span nav template title"
TAGS = st.sampled_from(NAMES.split())
CLASSES = st.sampled_from(
    ["", " class=ads", " class=linksisip", " href=/x", " itemprop=articleBody", " class=author", ' lang="', " id=a"]
)
PARTS = st.one_of(
    st.builds(lambda tag, attribute: f"<{tag}{attribute}>", TAGS, CLASSES),
    st.builds(lambda tag: f"</{tag}>", TAGS),
    st.sampled_from(
        [
            LEAD,
            SECOND,
            "Baca juga: ",
            "Penulis: ",
            "Senin, 1/2/2024 10:00 WIB",
            "&amp;",
            "&#0;",
            "<!--",
            "-->",
            "<![CDATA[",
        ]
    ),
    st.text(max_size=12),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PARTS, max_size=60),
    st.sampled_from([None, "", "https://wartautara.example/a", "http://[::1", "\x00", "//x"]),
)
def test_no_page_raises(parts, url):
    found = extract("".join(parts), url, (Layout((".isi", "p > a"), ("[class^=baca]",)),))
    assert isinstance(found, Page | NotArticle)
    if isinstance(found, Page):
        assert found.text.strip()
        assert all(line and line == " ".join(line.split()) for line in found.text.split("\n"))


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=40))
def test_the_same_page_is_read_the_same_way(parts):
    html = page(f"<div>{paragraphs(*STORY)}{''.join(parts)}</div>")
    assert extract(html) == extract(html)


def test_a_page_of_thousands_of_short_blocks_is_not_compared_block_by_block():
    page = "<p>Warga menyambut jembatan baru itu pada Senin pagi, kata wali kota kepada mereka.</p>" * 20
    assert by_trafilatura(fromstring(f"<body>{page}</body>"), None)
    assert by_trafilatura(fromstring(f"<body>{page}{'<p>kata</p>' * TREE_MAX_BLOCKS}</body>"), None) is None
