"""Read a file that is one document: the bytes of a `.txt` or an `.html` as text, in whatever encoding they came."""

from __future__ import annotations

import codecs
import re
from typing import Any, NamedTuple

from cleaners.article import Reason
from flows.records import Problem
from flows.unpack import encoding_of

MAX_CONTROL_SHARE = 0.03  # of bytes; texts have none, compressed and compiled files about 0.1
META_BYTES = 4_096  # where a page's charset must stand; browsers look at 1,024

_BINARY_STARTS = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"PK\x03\x04", b"\x7fELF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0",
    b"PAR1", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"Rar!", b"SQLite format 3",
)  # fmt: skip
_CONTROLS = bytes({*range(1, 32), 127} - set(b"\t\n\v\f\r\x1b"))  # NUL is none: it pads damaged texts
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_TEXT_CODECS = re.compile(r"(windows|cp|iso|latin|big5|gb|shift|sjis|euc|koi8|mac|tis)[\w.:-]*")
_SEVEN_BIT = re.compile(r"iso-?2022|hz")  # all of their bytes are ASCII, so they would pass for UTF-8


class FileRecord(NamedTuple):
    """A file as one record, `{"text": …}` or `{"html": …}`: what was mended, its bytes, and what they were read as."""

    record: dict[str, Any]
    repairs: tuple[str, ...]
    data: bytes
    encoding: str


def record_of(data: bytes, *, is_page: bool) -> FileRecord | Problem:
    """Make a record of a file's bytes; binary is a Problem.

    A byte order mark decides, then NULs in every other byte, then what is valid UTF-8, then (in a page) the charset its
    meta element declares. Bytes that fit none become lone surrogates for `document_of` to turn into cp1252.
    """
    encoding, mark = encoding_of(data)
    if encoding != "utf-8":
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
        return FileRecord({_field(is_page): text}, ("utf-32" if "32" in encoding else "utf-16",), data, encoding)
    content = data[mark:]
    if _is_binary(content):
        return Problem(Reason.UNREADABLE, f"binary, no text: it begins with {content[:8]!r}", data)
    text, encoding = _decoded(content, _declared(content) if is_page else None)
    return FileRecord({_field(is_page): text}, (), data, encoding)


def _field(is_page: bool) -> str:
    return "html" if is_page else "text"


def _is_binary(data: bytes) -> bool:
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return data.startswith(_BINARY_STARTS) or controls > MAX_CONTROL_SHARE * len(data)


def _declared(data: bytes) -> str | None:
    """The codec a page's meta element names, as browsers read it: Latin-1 is cp1252, GB 2312 is GB 18030."""
    match = _META.search(data, 0, META_BYTES)
    name = match[1].decode("ascii").lower() if match else ""
    if not _TEXT_CODECS.fullmatch(name):
        return None
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return None
    return {"iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(codec, codec)


def _decoded(data: bytes, declared: str | None) -> tuple[str, str]:
    """The text, and the codec that gave it."""
    if not (declared and _SEVEN_BIT.match(declared)):
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            pass  # the next lines try what else it can be
    if declared and declared != "cp1252":
        try:
            return data.decode(declared), declared
        except UnicodeDecodeError:
            pass
    return data.decode("utf-8", "surrogateescape"), "utf-8"
