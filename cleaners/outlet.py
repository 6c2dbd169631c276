"""An outlet: the organisation that a file declares, its page layouts and its rules."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cleaners.rule import Rule


@dataclass(frozen=True, slots=True)
class PageLayout:
    """Where the story stands in an outlet's HTML pages: CSS selectors of the body and of what to drop inside it.

    `until` is the last day on which pages were made so; None for today's layout.
    """

    body: tuple[str, ...]
    drop: tuple[str, ...] = ()
    until: datetime.date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A marked text of a rule file: what is marked goes, what is not stays. `rule` is the rule that must fire."""

    file: str
    text: str
    note: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet. `stem` is its file's name and the value of the column `source`; `names` as datelines write it.

    `reporters` are the names by which its stories say that its own reporter asked, was told or looked; `readers` those
    by which they speak to its readers.
    """

    stem: str
    name: str
    hosts: tuple[str, ...]
    language: str | None
    names: tuple[str, ...]
    pages: tuple[PageLayout, ...]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]
    reporters: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
