"""CriticMarkup: an article with its removals written into the text, `{--like this--}`.

Examples in rule files are written so, and `saring explain` prints it: what is marked goes, what is not stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARK = re.compile(r"\{--(.*?)--\}", re.DOTALL)


def before(marked: str) -> str:
    """Return the text as it arrived: the marks dropped, what they enclose kept."""
    return _MARK.sub(r"\1", marked)


def after(marked: str) -> str:
    """Return the text as it should come out: the marks and what they enclose dropped."""
    return _MARK.sub("", marked)


def mark(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return `text` with a mark around each span (ordered, disjoint, end exclusive)."""
    out, at = [], 0
    for start, end in spans:
        out += [text[at:start], "{--", text[start:end], "--}"]
        at = end
    return "".join([*out, text[at:]])
