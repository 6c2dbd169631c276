"""Say what the rules still miss and what they may eat: `saring rules audit`, over a lake or over files.

By outlet: wordings that come again in many cleaned articles (short lines, first and last words, runs of words); then
the removals that look most like story; and how many articles were cut deeply. One pass, memory bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cleaners.article import Cleaned, Kind
from cleaners.catalog import Catalog
from flows.console import DEEP_CUTS
from flows.residue import MIN_ARTICLES, Lengths, Phrase, Residue, Suspect
from flows.shard import clean_one
from flows.sources import expand, read
from flows.words import several
from lake import layout
from lake.survey import rows_of

UNKNOWN = "unknown"
NOT_EATEN = {Kind.REPEAT, Kind.EMBED}  # a second copy, code: neither can be eaten story
SHOWN_PHRASES = 12  # of an outlet, for people; all of them with --json
SHOWN_SUSPECTS = 40
SHOWN_CHARACTERS = 160


@dataclass
class Audit:
    """What was found so far: add articles, then removals, in any order."""

    residue: Residue = field(default_factory=Residue)
    rules: dict[str, Lengths] = field(default_factory=dict)
    deep_cuts: Counter[str] = field(default_factory=Counter)
    deeply_cut: list[str] = field(default_factory=list)

    def article(self, source: str | None, name: str, text: str, flags: Sequence[str]) -> None:
        """Count one cleaned article."""
        self.residue.add(source or UNKNOWN, name, text)
        deep = [flag for flag in flags if flag in DEEP_CUTS]
        self.deep_cuts.update(deep)
        if deep:
            self.deeply_cut.append(name)

    def removal(self, name: str, rule: str, kind: str, text: str) -> None:
        """Count one removal."""
        if kind not in NOT_EATEN:
            self.rules.setdefault(rule, Lengths()).add(name, kind, text)

    def suspects(self) -> list[Suspect]:
        """Removals that look like story, the likest first."""
        found = (suspect for rule, lengths in self.rules.items() for suspect in lengths.suspects(rule))
        return sorted(found, key=lambda suspect: (-suspect.signs, suspect.rule, suspect.article))

    def phrases(self) -> dict[str, list[Phrase]]:
        """Wordings that come again, by outlet; the outlet with the most articles first."""
        outlets = sorted(self.residue.articles.items(), key=lambda item: (-item[1], item[0]))
        return {outlet: self.residue.phrases(outlet) for outlet, _ in outlets}

    def json(self) -> dict[str, Any]:
        """Say it for programs: all of it."""
        outlets = [
            {"source": outlet, "articles": self.residue.articles[outlet], "phrases": [asdict(one) for one in phrases]}
            for outlet, phrases in self.phrases().items()
        ]
        return {
            "articles": sum(self.residue.articles.values()),
            "flags": {flag: self.deep_cuts[flag] for flag in DEEP_CUTS},
            "deeply_cut": self.deeply_cut,
            "outlets": outlets,
            "suspects": [asdict(one) for one in self.suspects()],
        }


def audit_lake(root: Path) -> Audit:
    """Audit what a lake holds: the articles, not their copies; and all removals."""
    audit = Audit()
    for file in layout.files(root, "articles"):
        for row in rows_of(file, ["id", "source", "text", "flags"]):
            audit.article(row["source"], row["id"], row["text"], row["flags"])
    for file in layout.files(root, "removals"):
        for row in rows_of(file, ["article_id", "rule", "kind", "text"]):
            audit.removal(row["article_id"], row["rule"], row["kind"], row["text"])
    return audit


def audit_files(paths: Sequence[str], catalog: Catalog) -> Audit:
    """Clean files on the fly, nothing is written, and audit that. Raises InputError as ingest does."""
    audit = Audit()
    inputs = expand(paths)
    try:
        for file in inputs.files:
            for row, document in enumerate(read(file)):
                found = clean_one(document, catalog) if not hasattr(document, "reason") else document
                if isinstance(found, Cleaned):
                    name = found.document.id or f"{file.name}:{row}"
                    audit.article(found.source.name, name, found.text, found.flags)
                    for one in found.removals:
                        audit.removal(name, one.rule, one.kind, found.article.text[one.start : one.end])
    finally:
        inputs.close()
    return audit


def audit_lines(audit: Audit) -> Iterator[str]:
    """Say it for people."""
    articles = audit.residue.articles
    yield f"{several(sum(articles.values()), 'cleaned article')} of {several(len(articles), 'source')}"
    cut = ", ".join(f"{flag} {audit.deep_cuts[flag]:,}" for flag in DEEP_CUTS)
    yield f"cut deeply, read them one by one: {cut}{_named(audit.deeply_cut)}"
    yield "\nWhat comes again in over 1 % of an outlet's cleaned articles: furniture, or a formula of its writers"
    for outlet, phrases in audit.phrases().items():
        if articles[outlet] >= MIN_ARTICLES:
            yield f"  {outlet}: {several(articles[outlet], 'article')}, {several(len(phrases), 'phrase')}"
        for one in phrases[:SHOWN_PHRASES]:
            yield f"    {one.count:>6,}  {one.share:>6.1%}  {one.place:<5}  {_short(one.text)}  ({one.example})"
    suspects = audit.suspects()
    yield f"\nRemovals that look like story: {len(suspects):,}. Signs, length against the others of the rule, the text"
    for suspect in suspects[:SHOWN_SUSPECTS]:
        yield f"  {suspect.signs:>4.0f}  {suspect.z:>+5.1f}  {suspect.rule}, 1 of {suspect.of:,}, in {suspect.article}"
        yield f"        {_short(suspect.text)}"


def _named(ids: Sequence[str]) -> str:
    return f" ({', '.join(ids[:10])}{', …' if len(ids) > 10 else ''})" if ids else ""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_CHARACTERS else flat[: SHOWN_CHARACTERS - 1] + "…"
