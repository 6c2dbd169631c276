"""Decide which input column fills which field of a `Document`, by the names people use or as the caller says.

Names are compared without case, spaces, `-`, `_` and `.`: `publish_date`, `Publish Date` and `publishDate` are one.
Where two columns would fill one field, the order of the list below decides, and the other is named as not used.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Field of Document -> names of columns, best first. `keyword` alone is no keywords: the scraper news-watch writes the
# searched word there. Times of crawling (`created_at`, `timestamp`) are no dates of publication.
_NAMES: dict[str, str] = {
    "text": """text content body isi article artikel konten teks fulltext articletext articlebody articlecontent
        maintext newscontent newstext isiberita isiartikel kontenberita teksberita story berita plaintext rawtext""",
    "html": "html rawhtml htmlcontent contenthtml pagehtml pagesource htmltext",
    "url": "url link tautan articleurl newsurl permalink canonicalurl pageurl sourceurl href linkberita urlberita",
    "title": "title judul headline articletitle newstitle judulberita judulartikel titel",
    "date": """date published tanggal publishedat publishdate datepublished publisheddate publicationdate pubdate
        datepublish publishtime publishedtime publishedon waktu tgl tanggalterbit tanggalpublikasi waktuterbit
        datetime""",
    "outlet": """outlet media publisher source sumber sourcename newssource portal namamedia medianame sitename website
        sourcedomain domain""",
    "id": "id gid docid documentid articleid newsid idartikel idberita uuid guid originid",
    "authors": "author authors penulis byline reporter wartawan jurnalis journalist writer",
    "section": "section category kategori kanal rubrik channel",
    "keywords": "keywords tags tag katakunci",
    "description": "description deskripsi summary ringkasan excerpt standfirst abstract subtitle",
    "language": "language lang bahasa inlanguage",
}
FIELDS = tuple(_NAMES)
_RANKS = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}
_SEPARATORS = str.maketrans("", "", " -_.\t\r\n\ufeff")


class InputError(Exception):
    """The inputs or options cannot be used as given: one clear sentence with the remedy, before a run starts."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column fills which field, and which do not; `str()` is one line for people.

    `used` and `rivals` are pairs (field, column); a rival was recognised, but another column fills its field. Without
    `fixed`, records differ in their keys and the names are looked up record by record (`pairs`). `problem` says why a
    table cannot be read at all. With `month_first`, ambiguous dates of this file are read as in `10/21/2025`.
    """

    used: tuple[tuple[str, str], ...] = ()
    rivals: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    overrides: tuple[tuple[str, str], ...] = ()
    fixed: bool = False
    problem: str | None = None
    month_first: bool = False

    def column(self, field: str) -> str | None:
        """Name the column that fills a field; None where none does."""
        return dict(self.used).get(field)

    @property
    def has_text(self) -> bool:
        """Tell whether a text or an HTML column was found."""
        return any(field in ("text", "html") for field, _ in self.used)

    def pairs(self, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """List the pairs (field, column) that hold for a record with these keys."""
        return self.used if self.fixed else _recognise(names, self.overrides).used

    def __str__(self) -> str:
        parts = [", ".join(f"{field} = {column}" for field, column in self.used) or "no column recognised"]
        parts += [f"{column} not used ({field} is {self.column(field)})" for field, column in self.rivals]
        if self.unused:
            parts.append("not used: " + ", ".join(self.unused))
        if self.month_first:
            parts.append("dates are month/day")
        return "; ".join(parts)


def recognise(names: Iterable[str], overrides: Mapping[str, str] | None = None, *, strict: bool = True) -> ColumnMap:
    """Map columns to fields by their names; `overrides` (field -> column) go first.

    Raises InputError for a field that is none and, if `strict`, for a column that is not there, naming what is. Else
    such a field has no column: a name that would do is not taken against the caller's word.
    """
    columns = tuple(names)
    wanted = tuple((overrides or {}).items())
    for field, column in wanted:
        _check_field(field)
        if strict and column not in columns:
            raise InputError(f"--map {field}={column}: no column {column!r}; there are: {_listed(columns)}")
    return _recognise(columns, wanted)


def parse_map(text: str) -> dict[str, str]:
    """Read `text=isi,url=tautan` into field -> column; raises InputError naming the fields there are."""
    overrides: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not column:
            raise InputError(f"--map {part!r}: write FIELD=COLUMN, such as text=isi,url=tautan")
        field = _field_of(name)
        if field in overrides:
            raise InputError(f"--map names the field {field!r} twice: {overrides[field]!r} and {column!r}")
        overrides[field] = column
    return overrides


def _field_of(name: str) -> str:
    """The field a user means: its own name, or any name that is recognised for it."""
    field = name if name in _NAMES else _RANKS.get(_key(name), ("", 0))[0]
    _check_field(field or name)
    return field


def _check_field(field: str) -> None:
    if field not in _NAMES:
        raise InputError(f"--map {field}=…: no field {field!r}; the fields are: {', '.join(FIELDS)}")


@functools.lru_cache(maxsize=512)  # records of one file share few sets of keys
def _recognise(names: tuple[str, ...], overrides: tuple[tuple[str, str], ...]) -> ColumnMap:
    chosen = {field: column for field, column in overrides if column in names}
    taken = {column for _, column in overrides}
    decided = {field for field, _ in overrides}
    candidates: dict[str, list[tuple[int, int, str]]] = {}
    unused = []
    for position, column in enumerate(dict.fromkeys(names)):
        field, rank = _RANKS.get(_key(column), ("", 0))
        if field and column not in taken:
            candidates.setdefault(field, []).append((rank, position, column))
        elif column not in chosen.values():
            unused.append(column)
    rivals = []
    for field, found in candidates.items():
        ordered = [column for _, _, column in sorted(found)]
        if field not in decided:
            chosen[field] = ordered.pop(0)
        rivals += [(field, column) for column in ordered]
    used = tuple((field, chosen[field]) for field in FIELDS if field in chosen)
    return ColumnMap(used, tuple(rivals), tuple(filter(str.strip, unused)), overrides)


def _key(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:30]) or "none"
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "")
