"""Recognise one article under its many addresses.

A canonical URL is an identity, not an address to fetch: mobile and AMP forms, page numbers, tracking and the scheme
are gone. Outlets that keep an id while slugs change are listed in `_ARTICLE_IDS` with the place of that id.
Nothing here touches the network; the public suffix list is the one the `tld` package carries.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tld import Result, get_tld

__all__ = ["article_key", "canonical_url", "has_identity", "host_of", "registrable_domain"]

_VARIANTS = ("www.", "m.", "amp.", "mobile.", "wap.", "touch.")  # prefixes of a host that serve the same articles
_AMP_CACHE = re.compile(r"^/[a-z]/(?:s/)?([a-z0-9.-]+\.[a-z]{2,}/.*)", re.IGNORECASE)  # /c/s/kompas.com/…
_GOOGLE_AMP = re.compile(r"^/amp/(?:s/)?([a-z0-9.-]+\.[a-z]{2,}/.*)", re.IGNORECASE)
_PAGE_KEYS = frozenset(["page", "hal", "halaman", "page_num", "showpage", "single", "view", "paged", "pg", "part"])
_PAGE_VALUE = re.compile(r"(?:\d{0,3}|all|full|true)", re.IGNORECASE)  # ?page=berita is a router, not a page
_TRACKING = re.compile(  # what tells where a reader came from, not what is read
    r"""
    amp | bytedance | campaign(_id)? | cmpid | cx_\w+ | dicbo | fb_\w+ | fbclid | from(_search)?
    | g(ad_source|braid|clid) | google_btn | igshi?d? | jx(conn|recoid|sys) | kanal | lgn_method
    | m(c_cid|c_eid|edium|kt_tok|sclkid|type) | m_referrer | navtype | obsorigurl | ocid | onepage | outputtype
    | read_more | ref(id|erer|errer)?
    | share(d|d_via)? | smid | soc_(src|trk) | source | spm | src | tag_from | tblci | traffic_source | t(t|w)clid | vt
    | w(braid|tag) | yclid | zarsrc | zoom
    | (utm|hsa|at|pk|mtm|stm|ga)_\w* | _(ga|gl|hs)\w* | __\w*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SECTION_PAGE = re.compile(
    r"/(berita|beranda|foto|headline|home|homepage|ind(eks|ex)|latest|live|news|popul(er|ar)|read|rss|search|tag"
    r"|ter(baru|kini|populer)|topik|trending|video)/?",
    re.IGNORECASE,
)
_AMP_FOR_READ = re.compile(r"amp/(?:\d+/)*\d{5,}/", re.IGNORECASE)  # tempo, okezone: where the page has /read/
_SLUG_LENGTH = 8  # shorter segments before a number are sections: /read/2 or /berita/12 may be ids

_DOMAIN, _HOST = "domain", "host"  # how far an id is unique: in the whole outlet, or at one host only
# The groups of a pattern, joined, are the id. An outlet that is not here keeps its slugs: its URL is its identity.
_ARTICLE_IDS: dict[str, tuple[tuple[str, str], ...]] = {
    "antaranews.com": ((_HOST, r"/(berita|news|video|foto|infografik|infografis)/(\d{4,})"),),  # regions count anew
    "beritasatu.com": ((_DOMAIN, r"/(\d{5,})/"),),
    "bisnis.com": ((_DOMAIN, r"/read/\d{8}/\d+/(\d{4,})"),),
    "bola.com": ((_DOMAIN, r"/read/(\d{4,})"),),
    "bolasport.com": ((_DOMAIN, r"/read/(\d{6,})"),),
    "cnbcindonesia.com": ((_DOMAIN, r"/(\d{14}-\d+-\d+)(?:/|$)"),),
    "cnnindonesia.com": ((_DOMAIN, r"/(\d{14}-\d+-\d+)(?:/|$)"),),
    "detik.com": ((_DOMAIN, r"/d-(\d{4,})"), (_DOMAIN, r"/read/\d{4}/\d\d/\d\d/\d{6}/(\d{4,})")),
    "fimela.com": ((_DOMAIN, r"/read/(\d{4,})"),),
    "grid.id": ((_DOMAIN, r"/read/(\d{6,})"),),
    "gridoto.com": ((_DOMAIN, r"/read/(\d{6,})"),),
    "jawapos.com": ((_DOMAIN, r"/(\d{6,})/"),),
    "kompas.com": ((_DOMAIN, r"/read/(?:xml/)?(\d{4})/(\d\d)/(\d\d)/(\d{5,})"),),
    "kompas.tv": ((_DOMAIN, r"/(?:article|[a-z-]+)/(\d{4,})(?:/|$)"),),
    "kumparan.com": ((_DOMAIN, r"-([0-9A-Za-z]{11,22})$"),),
    "liputan6.com": ((_DOMAIN, r"/read/(\d{4,})"),),
    "mediaindonesia.com": ((_DOMAIN, r"/(\d{4,})/"),),
    "merdeka.com": ((_DOMAIN, r"-(\d{5,}-mvk)\.html"),),
    "okezone.com": ((_DOMAIN, r"/read/\d{4}/\d\d/\d\d/\d+/(\d{4,})"),),
    "pikiran-rakyat.com": ((_DOMAIN, r"/pr-(\d{5,})"),),
    "republika.co.id": (
        (_DOMAIN, r"/berita/(?=[a-z]*\d)([a-z0-9]{6,12})(?:/|$)"),
        (_DOMAIN, r"/\d\d/\d\d/\d\d/(?=[a-z]*\d)([a-z0-9]{6,12})-"),
    ),
    "sindonews.com": (
        (_DOMAIN, r"/(?:news)?read/(\d{4,})/\d+/.*-(\d{10})$"),  # ids began anew in 2020; the slug ends in a time
        (_DOMAIN, r"/(?:news)?read/(\d{4,})"),
    ),
    "suara.com": ((_HOST, r"/(\d{4})/(\d\d)/(\d\d)/(\d{5,})"),),
    "tempo.co": ((_DOMAIN, r"/(read)/(\d{4,})"), (_DOMAIN, r"-(\d{4,8})$")),  # two counts: before and after 2024
    "tribunnews.com": ((_HOST, r"/(\d{4})/(\d\d)/(\d\d)/(.+)$"),),  # no id; the section before the date changes
    "tvonenews.com": ((_DOMAIN, r"/(\d{4,})-"),),
    "viva.co.id": ((_DOMAIN, r"/(\d{5,})-"),),
    "wartaekonomi.co.id": ((_DOMAIN, r"/read(\d{4,})"),),
}
_COMPILED = {
    domain: tuple((scope, re.compile(pattern)) for scope, pattern in rules) for domain, rules in _ARTICLE_IDS.items()
}


def canonical_url(url: str) -> str | None:
    """Give the one address of all addresses of an article, or None if this is no web address.

    Example: `http://m.detik.com/x/d-123456/judul-baru/2?utm_source=a#top` is `https://detik.com/x/d-123456/judul-baru`.
    Total: any string is taken. Lost on purpose: scheme, user, fragment, page number, host prefixes `www. m. amp.`.
    """
    try:
        return _canonical(url.strip(), depth=0)
    except ValueError:  # urlsplit: broken brackets, ports, IDNA
        return None


def host_of(url: str) -> str | None:
    """Give the host of a web address in lower case, as the address has it (`www.` stays), or None."""
    try:
        return _split(url.strip())[0] or None
    except ValueError:
        return None


@lru_cache(maxsize=4096)  # a run sees few hosts, many times
def registrable_domain(host: str) -> str | None:
    """Give the part of a host that somebody registered: `kompas.com` of `bola.kompas.com`; None where there is none.

    By the public suffix list, private part included (a blog at a blog host is an outlet of its own); no network.
    """
    name = host.strip().strip(".").lower()
    if not name or re.search(r"[^\w.-]", name):
        return None
    try:
        found = get_tld(f"https://{name}", as_object=True, fail_silently=True)
    except ValueError:
        return None
    return found.fld if isinstance(found, Result) and found.domain != found.tld else None


def has_identity(canonical: str) -> bool:
    """Say whether a canonical URL can name one article; home pages and bare section pages cannot.

    Live pages and reused slugs cannot be told by their address: who compares articles has to look at the texts as well.
    """
    parts = urlsplit(canonical)
    if parts.query:
        return True
    return parts.path not in ("", "/") and not _SECTION_PAGE.fullmatch(parts.path)


def article_key(canonical: str) -> str:
    """Give what stays the same when an outlet changes an article's slug or section: `detik.com:5731736`.

    Takes what `canonical_url` returned. The canonical URL itself, where the outlet shows no id.
    """
    host, _, path = canonical.removeprefix("https://").partition("/")  # urlsplit would take most of the time
    domain, rules = _rules_of(host)
    for scope, pattern in rules:
        if found := pattern.search("/" + path.partition("?")[0]):
            return f"{domain if scope == _DOMAIN else host}:{'/'.join(found.groups())}"
    return canonical


@lru_cache(maxsize=4096)
def _rules_of(host: str) -> tuple[str | None, tuple[tuple[str, re.Pattern[str]], ...]]:
    domain = registrable_domain(host.partition(":")[0])
    return domain, _COMPILED.get(domain or "", ())


def _canonical(url: str, depth: int) -> str | None:
    host, path, query = _split(url)
    if not host or "." not in host:
        return None
    if depth == 0 and (inner := _behind_amp_cache(host, path)):
        return _canonical(inner + (f"?{query}" if query else ""), depth=1)
    path = _path(path)
    query = _query(query)
    return f"https://{_bare_host(host)}{path}" + (f"?{query}" if query else "")


@lru_cache(maxsize=64)  # of one article the same address is asked three times
def _split(url: str) -> tuple[str, str, str]:
    """Give host (with a port that matters), path and query; an empty host for what is no web address."""
    if url.startswith("//"):
        url = "https:" + url
    elif not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d)", url):
        url = "https://" + url
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host or re.search(r"[^\w.-]", host):
        return "", "", ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    port = parts.port
    return (host if port in (None, 80, 443) else f"{host}:{port}"), parts.path, parts.query


def _behind_amp_cache(host: str, path: str) -> str | None:
    if host.endswith(".cdn.ampproject.org"):
        found = _AMP_CACHE.match(path)
    elif host in ("www.google.com", "google.com", "www.google.co.id"):
        found = _GOOGLE_AMP.match(path)
    else:
        return None
    return found[1] if found else None


def _bare_host(host: str) -> str:
    domain = registrable_domain(host.partition(":")[0])
    while domain and host.partition(":")[0] != domain:
        shorter = next((host[len(prefix) :] for prefix in _VARIANTS if host.startswith(prefix)), None)
        if shorter is None:
            break
        host = shorter
    return host


def _path(path: str) -> str:
    segments = [_segment(segment) for segment in path.split("/") if segment not in ("", ".")]
    if segments and segments[-1].lower() in ("index.html", "index.php", "index.htm", "default.aspx"):
        segments.pop()
    if segments and segments[0].lower() == "amp":
        segments[0:1] = ["read"] if _AMP_FOR_READ.match("/".join(segments)) else []
    return "".join("/" + segment for segment in _first_page(segments))


def _segment(segment: str) -> str:
    """Percent-encode the same way whatever came; a stray percent sign stays what it was."""
    return quote(unquote(segment, errors="surrogateescape"), safe="!$&'()*+,;=:@~-._", errors="surrogatepass")


def _first_page(segments: list[str]) -> list[str]:
    """Take off what names a page of an article: /amp, /all, /2 after a slug, /page/2."""
    while len(segments) > 1:
        before, last = segments[-2], segments[-1].lower()
        if last in ("amp", "amp.html") or (re.fullmatch(r"\d{1,2}|all", last) and _is_slug(before)):
            segments = segments[:-1]
        elif last.isdigit() and before.lower() == "page":
            segments = segments[:-2]
        else:
            break
    return segments


def _is_slug(segment: str) -> bool:
    """Say whether a segment is a headline, not a section or an id: a short number after those may be part of an id."""
    return "-" in segment and len(segment) >= _SLUG_LENGTH and bool(re.search(r"[a-zA-Z]{2}", segment))


def _query(query: str) -> str:
    kept = []
    for key, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape"):
        name = key.lower()
        paging = name in _PAGE_KEYS and _PAGE_VALUE.fullmatch(value)
        if not paging and not _TRACKING.fullmatch(name):
            kept.append((key, value))
    return urlencode(sorted(kept), errors="surrogatepass") if kept else ""
