"""The nouns: what arrives, what it becomes, what was taken out and why.

Every type is frozen and says by its name how far along it is: a `Document` is what arrived, an `Article` is
normalised, a `Cleaned` is what readers get, a `Reject` is what could not be used. Offsets are code points into
`Article.text`, end exclusive. Over 250 lines: all nouns stand on one page, with nothing but their meanings.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a removed span was. The closed set; a column value, so names stay."""

    TITLE = "title"
    DESCRIPTION = "description"
    TIMESTAMP = "timestamp"
    BYLINE = "byline"
    DATELINE = "dateline"
    CREDIT = "credit"
    CAPTION = "caption"
    RELATED = "related"
    PROMO = "promo"
    ADVERTISEMENT = "advertisement"
    EMBED = "embed"
    PAGINATION = "pagination"
    NAVIGATION = "navigation"
    NOTICE = "notice"
    REPEAT = "repeat"
    ENDMARK = "endmark"


class Stage(StrEnum):
    """Where in the line an input was given up."""

    READ = "read"
    EXTRACT = "extract"
    CLEAN = "clean"
    RUN = "run"


class Reason(StrEnum):
    """Why an input could not be used. The closed set; a column value, so names stay."""

    UNREADABLE = "unreadable"
    BROKEN_RECORD = "broken-record"
    NO_TEXT = "no-text"
    TOO_LARGE = "too-large"
    BAD_ENCODING = "bad-encoding"
    NOT_AN_ARTICLE = "not-an-article"
    NO_STORY = "no-story"
    OTHER_LANGUAGE = "other-language"
    TIMEOUT = "timeout"
    KILLED = "killed"
    FORGOTTEN = "forgotten"


class DatePrecision(StrEnum):
    """How exactly a publication time was given."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


class LanguageStatus(StrEnum):
    """How far a language tag can be trusted."""

    OK = "ok"
    SHORT = "short"
    MIXED = "mixed"
    UNCERTAIN = "uncertain"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Document:
    """One input as it arrived: a page (`html`) or a text, with whatever the input said about it.

    `date` is the string as written; `outlet` is the caller's hint; `origin_file` is relative to the argument given,
    `origin_row` counts records of that file from 0. `repairs` names what reading had to mend (`cp1252`, `utf-16`,
    `nul`, `surrogates`, `month-first`). `arrived` is the page or text byte for byte where it is not `encoding` (None:
    UTF-8) of what stands here; `reject_id` names the reject of a lake that it was kept in until now.
    """

    text: str | None = None
    html: str | None = None
    id: str | None = None
    url: str | None = None
    title: str | None = None
    date: str | None = None
    outlet: str | None = None
    authors: tuple[str, ...] = ()
    description: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
    origin_file: str | None = None
    origin_row: int | None = None
    repairs: tuple[str, ...] = ()
    arrived: bytes | None = field(default=None, repr=False)
    encoding: str | None = None
    reject_id: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A pointer to another article: its headline and, where a page had it, its URL."""

    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A time of publication (timezone-aware, UTC) and how exactly it was given."""

    at: datetime.datetime
    precision: DatePrecision


@dataclass(frozen=True, slots=True)
class Page:
    """What extraction found in an HTML page: the body, one paragraph a line, and what the page says about itself.

    `method` names how the body was found (`container:<outlet>`, `trafilatura`, …); `related` are links found in boxes.
    """

    text: str
    method: str
    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None
    photo_credits: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """A normalised text. All offsets refer to `text`: NFC, one paragraph a line, no blank lines, plain spaces.

    `repairs` names what normalising changed (`mojibake`, `entities`, …).
    """

    text: str
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """`text[start:end]` of an article goes, because of `rule` (its full name, such as `kompas/whatsapp-channel`)."""

    rule: str
    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fields:
    """What the page, the input and the removed spans say about an article. Missing is None or an empty tuple.

    `given` names what the page or the input said, by its column in the lake; the rest was told by removed spans.
    """

    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    translators: tuple[str, ...] = ()
    published: Published | None = None
    modified: Published | None = None
    dateline: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    cited_sources: tuple[str, ...] = ()
    photo_credits: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    first_published_in: str | None = None
    wire_source: str | None = None
    wire_evidence: str | None = None
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The outlet that published this copy: the stem of its outlet file, or a host's registrable domain, or None.

    `evidence` is how it is known: `url`, `hint`, `dateline`, `byline`, `promo`, `notice`, `embed`, `site-name`,
    `wording`.
    """

    name: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """A BCP 47 tag with its score (0 to 1, 4 places), status, langdetect's own answer, and what the page declared."""

    tag: str
    score: float
    status: LanguageStatus
    detected: str | None = None
    shares: tuple[tuple[str, float], ...] = ()
    declared: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What recognises copies. `content_hash` is hex; `signature` is 128 bytes, None for texts too short to compare."""

    content_hash: str
    signature: bytes | None
    shingle_count: int
    scheme: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An article without its furniture, and everything that was learnt on the way."""

    document: Document
    article: Article
    text: str
    removals: tuple[Removal, ...]
    fields: Fields
    source: Source
    language: Language
    fingerprint: Fingerprint
    host: str | None = None
    url: str | None = None
    canonical_url: str | None = None
    original_hash: str = ""
    extraction_method: str = "text"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """An input that could not be used: where it was given up, why, in words, and what arrived.

    `document` carries the origin and whatever could be read; `payload` is the raw input where it is no text of the
    document (a broken line, an undecodable file), else None. `source` is its outlet, as far as it was known by then.
    """

    document: Document
    stage: Stage
    reason: Reason
    detail: str
    payload: bytes | None = field(default=None, repr=False)
    source: str | None = None
