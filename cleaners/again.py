"""Clean an article again that was cleaned before: from its text before the cut, and from what its page had said.

The page is gone, so what it told stands in `Earlier`: fields that were given stay as they were, all others are read
anew. By the same rules the result is the same, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cleaners.article import Article, Cleaned, Document, Page, Published, Reject
from cleaners.catalog import Catalog
from cleaners.headline import Known
from cleaners.pipeline import Body, clean_body
from cleaners.source import from_address


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stored article: its normalised text, what the input said (`document`) or the page (`page`), its given times.

    `document` has the normalised text as `text`, and as `date` a string that says only whether one was given. `host`
    is that of its address, if its address was known before the page was read.
    """

    document: Document
    article: Article
    page: Page | None
    method: str
    host: str | None = None
    published: Published | None = None
    modified: Published | None = None


def clean_again(earlier: Earlier, catalog: Catalog, *, known: Known | None = None) -> Cleaned | Reject:
    """Clean a stored article by today's rules. Total, as `cleaners.pipeline.clean` is; nothing is normalised again."""
    source, outlet = from_address(earlier.host, earlier.document.outlet, catalog)
    body = Body(earlier.article, earlier.page, earlier.method)
    found = clean_body(earlier.document, body, source, outlet, catalog, known)
    if isinstance(found, Reject):
        return found
    published, modified = earlier.published or found.fields.published, earlier.modified
    return replace(found, fields=replace(found.fields, published=published, modified=modified))
