"""What arrived, and how a document is built again from it: the payloads of `originals` and `rejects`.

A payload is the page or the text: in `originals` byte for byte, the whole file where it was one document, else the cell
of its record. What else the input said stands beside it as JSON, so that the document is built again exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cleaners.article import Cleaned, Document, Reject

OCTETS = "application/octet-stream"
PAGE, TEXT = "text/html", "text/plain"
BESIDE = ("date", "outlet", "authors", "description", "section", "keywords", "language", "repairs")


def payload_of(found: Cleaned | Reject) -> tuple[bytes | None, str | None]:
    """The raw input of a reject, else the page or the text as UTF-8, and its media type; None where nothing was read.

    Lone surrogates are three bytes, as Python's `surrogatepass` writes and reads them.
    """
    document = found.document
    if isinstance(found, Reject) and found.payload is not None:
        return found.payload, OCTETS
    for body, media_type in ((document.html, PAGE), (document.text, TEXT)):
        if body is not None:
            return body.encode("utf-8", "surrogatepass"), media_type
    return None, None


def said(document: Document, names: tuple[str, ...] = BESIDE) -> str | None:
    """What the input said beside its payload, as JSON; None for nothing."""
    found = {name: value for name in names if (value := getattr(document, name))}
    return json.dumps(found, ensure_ascii=False) if found else None


def document_of(
    payload: bytes, media_type: str, encoding: str | None, document: str | None, **origin: Any
) -> Document | None:
    """Build a document again; None for octets, which are no text yet. `origin` are fields of the row it belongs to.

    Bytes that fit no encoding stay lone surrogates, as when the payload was first read.
    """
    if media_type == OCTETS:
        return None
    told: Mapping[str, Any] = json.loads(document) if document else {}
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    fields["html" if media_type == PAGE else "text"] = text_of(payload, encoding)
    return Document(**origin | fields)


def text_of(payload: bytes, encoding: str | None) -> str:
    """Read a payload in the encoding it came in.

    Known miss: bytes that are no UTF-8 and look like a lone surrogate are read as one.
    """
    codec = encoding or "utf-8"
    if codec != "utf-8":
        return payload.decode(codec, "replace").removeprefix("\ufeff")
    for errors in ("strict", "surrogatepass"):
        try:
            return payload.decode(codec, errors).removeprefix("\ufeff")
        except UnicodeDecodeError:
            pass  # the next is less strict
    return payload.decode(codec, "surrogateescape").removeprefix("\ufeff")
