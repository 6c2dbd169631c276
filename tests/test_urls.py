"""The addresses of one article are one; those of two stay two."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.urls import article_key, canonical_url, has_identity, host_of, registrable_domain

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        # The query is the article here: it must stay.
        ("https://koran.example.com/index.php?p=1234", "https://koran.example.com?p=1234"),
        ("https://koran.example.com/baca?id=12&judul=a", "https://koran.example.com/baca?id=12&judul=a"),
        ("https://koran.example.com/?page=berita&id=5", "https://koran.example.com?id=5&page=berita"),
        # A short number that is no page.
        ("https://koran.example.com/read/2", "https://koran.example.com/read/2"),
        ("https://koran.example.com/berita/12", "https://koran.example.com/berita/12"),
        ("https://tribunnews.com/2025/06/09", "https://tribunnews.com/2025/06/09"),
        ("https://koran.example.com/2025-06-09/12", "https://koran.example.com/2025-06-09/12"),
        # Scheme, case of the host, ports, user, fragment, slashes.
        ("HTTP://WWW.Kompas.COM/Read/a-b", "https://kompas.com/Read/a-b"),
        ("http://kompas.com:80/a-b/", "https://kompas.com/a-b"),
        ("https://kompas.com:443/a-b#page2", "https://kompas.com/a-b"),
        ("https://kompas.com:8443/a-b", "https://kompas.com:8443/a-b"),
        ("https://user:pw@kompas.com/a-b", "https://kompas.com/a-b"),
        ("https://kompas.com//x///a-b//", "https://kompas.com/x/a-b"),
        ("//kompas.com/a-b", "https://kompas.com/a-b"),
        ("kompas.com/a-b", "https://kompas.com/a-b"),
        ("  https://kompas.com./a-b\n", "https://kompas.com/a-b"),
        ("https://kompas.com/harga%2dbaru/%e2%80%93x y", "https://kompas.com/harga-baru/%E2%80%93x%20y"),
        ("https://kompas.com/", "https://kompas.com"),
        # Mobile and AMP.
        ("https://m.detik.com/news/berita/d-123456/judul", "https://detik.com/news/berita/d-123456/judul"),
        ("https://amp.kompas.com/nasional/read/2019/09/16/19483311/judul-berita",
         "https://kompas.com/nasional/read/2019/09/16/19483311/judul-berita"),
        ("https://www.m.tribunnews.com/2020/07/25/judul-berita", "https://tribunnews.com/2020/07/25/judul-berita"),
        ("https://m.com/a-b", "https://m.com/a-b"),
        ("https://jakarta.tribunnews.com/amp/2025/06/09/judul-berita",
         "https://jakarta.tribunnews.com/2025/06/09/judul-berita"),
        ("https://nasional.tempo.co/amp/1248217/judul-berita", "https://nasional.tempo.co/read/1248217/judul-berita"),
        ("https://bola.okezone.com/amp/2019/09/13/600/2104689/judul",
         "https://bola.okezone.com/read/2019/09/13/600/2104689/judul"),
        ("https://suara.com/news/2019/09/10/123456/judul-berita/amp",
         "https://suara.com/news/2019/09/10/123456/judul-berita"),
        ("https://www.google.com/amp/s/amp.kompas.com/a/judul-berita", "https://kompas.com/a/judul-berita"),
        ("https://www-kompas-com.cdn.ampproject.org/c/s/www.kompas.com/a/judul-berita?page=all",
         "https://kompas.com/a/judul-berita"),
        # Pages of one article.
        ("https://kompas.com/a/judul-berita?page=all", "https://kompas.com/a/judul-berita"),
        ("https://kompas.com/a/judul-berita?page=2", "https://kompas.com/a/judul-berita"),
        ("https://detik.com/berita/d-5731736/judul-berita?single=1", "https://detik.com/berita/d-5731736/judul-berita"),
        ("https://detik.com/berita/d-5731736/judul-berita/2", "https://detik.com/berita/d-5731736/judul-berita"),
        ("https://sindonews.com/read/1439712/12/judul-berita-1568471733/10?showpage=all",
         "https://sindonews.com/read/1439712/12/judul-berita-1568471733"),
        ("https://inews.id/news/judul-berita/all", "https://inews.id/news/judul-berita"),
        ("https://koran.example.com/judul-berita/page/3", "https://koran.example.com/judul-berita"),
        # Where a reader came from.
        ("https://liputan6.com/read/1/a-b?utm_source=x&utm_medium=y&fbclid=z&_ga=2.1", "https://liputan6.com/read/1/a-b"),
        ("https://koran.example.com/a-b?z=1&utm_source=x&a=2", "https://koran.example.com/a-b?a=2&z=1"),
        # No web address.
        ("mailto:redaksi@koran.example.com", None),
        ("javascript:void(0)", None),
        ("ftp://koran.example.com/a", None),
        ("https://", None),
        ("https://[::1", None),
        ("https://koran.example.com:port/a", None),
        ("https://localhost/a", None),
        ("judul berita tanpa tautan", None),
        ("", None),
    ],
)  # fmt: skip
def test_an_article_has_one_canonical_url(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("canonical", "key"),
    [
        # No id: the URL is the identity.
        ("https://kontan.co.id/news/judul-berita", "https://kontan.co.id/news/judul-berita"),
        ("https://kapanlagi.com/korea/judul-berita-d00424.html", "https://kapanlagi.com/korea/judul-berita-d00424.html"),
        ("https://kompas.com", "https://kompas.com"),
        ("https://koran.example.com/read/1234567/judul", "https://koran.example.com/read/1234567/judul"),
        # Slugs and sections change, ids stay.
        ("https://regional.kompas.com/read/2019/09/10/21485171/judul", "kompas.com:2019/09/10/21485171"),
        ("https://kompas.com/regional/read/2019/09/10/21485171/lain", "kompas.com:2019/09/10/21485171"),
        ("https://news.detik.com/berita/d-5731736/judul", "detik.com:5731736"),
        ("https://finance.detik.com/read/2019/06/29/123022/4604967/4/judul", "detik.com:4604967"),
        ("https://liputan6.com/crypto/read/6051205/judul", "liputan6.com:6051205"),
        ("https://haji.okezone.com/read/2019/09/13/600/2104689/judul", "okezone.com:2104689"),
        ("https://ekonomi.bisnis.com/read/20260219/620/1954010/judul", "bisnis.com:1954010"),
        ("https://cnnindonesia.com/a/20190910123456-12-429000/judul", "cnnindonesia.com:20190910123456-12-429000"),
        ("https://republika.co.id/berita/pxvw4g409/judul", "republika.co.id:pxvw4g409"),
        ("https://republika.co.id/berita/nasional/hukum/19/09/10/pxm1ab383-judul", "republika.co.id:pxm1ab383"),
        ("https://tribunnews.com/seleb/2019/09/10/judul", "tribunnews.com:2019/09/10/judul"),
        # Ids that an outlet counts more than once.
        ("https://jatim.antaranews.com/berita/373148/judul", "jatim.antaranews.com:berita/373148"),
        ("https://antaranews.com/berita/373148/judul", "antaranews.com:berita/373148"),
        ("https://nasional.sindonews.com/read/1439712/12/judul-1568471733", "sindonews.com:1439712/1568471733"),
        ("https://bisnis.tempo.co/read/1249068/judul", "tempo.co:read/1249068"),
        ("https://tempo.co/politik/judul-berita-1249068", "tempo.co:1249068"),
        ("https://bali.tribunnews.com/2025/06/10/judul", "bali.tribunnews.com:2025/06/10/judul"),
    ],
)  # fmt: skip
def test_the_outlets_article_id_outlives_its_slug(canonical: str, key: str) -> None:
    assert article_key(canonical) == key


@pytest.mark.parametrize(
    ("canonical", "identity"),
    [
        ("https://kompas.com", False),
        ("https://kompas.com/indeks", False),
        ("https://kompas.com?p=12", True),
        ("https://kompas.com/judul", True),
    ],
)
def test_a_home_page_names_no_article(canonical: str, identity: bool) -> None:
    assert has_identity(canonical) is identity


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("kompas.com", "kompas.com"),
        ("bola.kompas.com", "kompas.com"),
        ("nasional.kontan.co.id", "kontan.co.id"),
        ("warta.sleman.go.id", "sleman.go.id"),
        ("catatan.blogspot.com", "catatan.blogspot.com"),
        ("KOMPAS.com.", "kompas.com"),
        ("id", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("", None),
        ("a b.com", None),
    ],
)
def test_the_registrable_domain_follows_the_public_suffix_list(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


def test_the_host_is_kept_as_the_address_has_it() -> None:
    assert host_of("https://WWW.Kompas.com:443/a?b#c") == "www.kompas.com"
    assert host_of("mailto:a@b.com") is None
    assert host_of("https://[::1") is None


def test_no_network_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert registrable_domain("satu.dua.tiga.kompas.com") == "kompas.com"


@given(st.text() | st.text().map("https://kompas.com/".__add__) | st.text().map("https://".__add__))
def test_any_string_is_taken_and_canonical_urls_stay(url: str) -> None:
    host_of(url)
    registrable_domain(url)
    canonical = canonical_url(url)
    if canonical is not None:
        assert canonical_url(canonical) == canonical
        has_identity(canonical)
        article_key(canonical)
        canonical.encode("ascii")


def test_no_two_stories_of_the_corpus_share_a_key() -> None:
    if not CORPUS.is_dir():
        pytest.skip("needs the real articles beside the project: ../shared/corpus")
    slugs: dict[str, set[str]] = {}
    for file in sorted(CORPUS.glob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            url = json.loads(line).get("url")
            canonical = canonical_url(url) if url else None
            if canonical and has_identity(canonical):
                slugs.setdefault(article_key(canonical), set()).add(urlsplit(canonical).path.rsplit("/", 1)[-1])
    changed = {key: names for key, names in slugs.items() if len(names) > 1}
    assert len(slugs) > 20_000
    assert len(changed) <= 20, changed
