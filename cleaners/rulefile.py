"""Read one rule file. Strict: an unknown key, kind or placeholder is a problem that names its place and the remedy.

What is wrong is collected, not raised, so that an editor sees all problems of all files at once. Over 250 lines: each
key of the rule language has its check and its remedy here.
"""

from __future__ import annotations

import datetime
import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cleaners.article import Kind
from cleaners.outlet import Example, Outlet, PageLayout
from cleaners.phrase import Phrase, PhraseError, compile_phrase
from cleaners.rule import Anchor, NextLine, Removes, Rule, Where

RULE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
STEM = re.compile(r"[a-z0-9]+")
MAX_PARAGRAPH_WORDS = 60  # a longer paragraph is story that happens to hold the phrase, unless the rule says otherwise

_OUTLET_KEYS = {"name", "hosts", "language", "names", "reporters", "readers", "note", "pages", "rules", "examples"}
_SHARED_KEYS = {"note", "rules", "examples"}
_RULE_KEYS = {
    "name",
    "kind",
    "removes",
    "where",
    "next_line",
    "paragraphs",
    "max_words",
    "case",
    "clears",
    "tells",
    "row",
    "note",
    "was",
} | {*Anchor}
_PAGE_KEYS = {"body", "drop", "until", "note"}
_EXAMPLE_KEYS = {"text", "note", "title"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a rule file: the file, the rule or table, the key, what is wrong and what to write instead."""

    file: str
    rule: str
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.file, self.rule and f"rule {self.rule!r}", self.key) if part)
        return f"{place}: {self.problem}; {self.remedy}"


class RuleFile:
    """One file: `file` names it in problems, `stem` begins the names of its rules, `problems` takes what is wrong."""

    def __init__(self, file: str, stem: str, problems: list[Problem]) -> None:
        self.file, self.stem, self.problems = file, stem, problems

    def _problem(self, rule: str, key: str, problem: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, rule, key, problem, remedy))

    def _parse(self, text: str, keys: Collection[str]) -> dict[str, Any]:
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._problem("", "", f"not valid TOML ({error})", "mend that line")
            return {}
        self._check_keys(tables, keys, "")
        return tables

    def _check_keys(self, table: Mapping[str, Any], keys: Collection[str], rule: str) -> None:
        for key in table:
            if key not in keys:
                close = difflib.get_close_matches(key, keys, 1)
                self._problem(
                    rule,
                    key,
                    "unknown key",
                    f"did you mean {str(close[0])!r}?" if close else f"use one of {sorted(map(str, keys))}",
                )

    def shared(self, text: str) -> tuple[list[Rule], list[Example]]:
        """Return the rules and examples of a file of shared rules; what cannot be read is left out."""
        tables = self._parse(text, _SHARED_KEYS)
        rules = self._rules(tables)
        for rule in rules:
            if rule.tells:
                name = rule.name.removeprefix(f"{self.stem}/")
                self._problem(name, "tells", "a shared rule tells no outlet", "move the wording to the outlet's file")
        return rules, self._examples(tables)

    def outlet(self, text: str) -> Outlet | None:
        """Return the outlet that a file declares, or None where nothing can be made of it."""
        if not STEM.fullmatch(self.stem):
            self._problem(
                "",
                "file name",
                f"{self.stem!r} is no stem",
                "use lower-case letters and digits only, such as kompastv.toml",
            )
        tables = self._parse(text, _OUTLET_KEYS)
        if not tables:
            return None
        name = self._value(tables, "name", str, "", required=True)
        examples = tuple(self._examples(tables))
        if examples and all("{--" in example.text for example in examples):
            self._problem("", "examples", "every example has a mark", "add one that must stay whole, with a note why")
        return Outlet(
            stem=self.stem,
            name=name or self.stem,
            hosts=tuple(host.lower() for host in self._strings(tables, "hosts")),
            language=self._value(tables, "language", str),
            names=tuple(self._strings(tables, "names")),
            pages=tuple(self._pages(tables)),
            rules=tuple(self._rules(tables)),
            examples=examples,
            reporters=tuple(self._strings(tables, "reporters")),
            readers=tuple(self._strings(tables, "readers")),
        )

    def _value(self, table: Mapping[str, Any], key: str, kind: type, rule: str = "", required: bool = False) -> Any:
        found = table.get(key)
        if found is None and not required:
            return None
        if not isinstance(found, kind) or (required and found in ("", [])):
            self._problem(rule, key, f"expected {kind.__name__}, got {found!r}", f"write {key} = …")
            return None
        return found

    def _strings(self, table: Mapping[str, Any], key: str, rule: str = "") -> list[str]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) and item.strip() for item in found):
            self._problem(rule, key, f"expected a list of strings, got {found!r}", f'write {key} = ["…"]')
            return []
        return found

    def _choice(self, table: Mapping[str, Any], key: str, choices: type[StrEnum], default: Any, rule: str) -> Any:
        found = table.get(key, default)
        if found is None or found not in [*choices]:
            close = difflib.get_close_matches(str(found), [*choices], 1)
            self._problem(
                rule,
                key,
                f"unknown {key} {found!r}",
                f"did you mean {str(close[0])!r}?" if close else f"use one of {[str(c) for c in choices]}",
            )
            return default
        return choices(found)

    def _tables(self, tables: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = tables.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self._problem("", key, "expected tables", f"write [[{key}]]")
            return []
        return found

    def _pages(self, tables: Mapping[str, Any]) -> list[PageLayout]:
        layouts = []
        for table in self._tables(tables, "pages"):
            self._check_keys(table, _PAGE_KEYS, "pages")
            if not self._strings(table, "body", "pages"):
                self._problem("pages", "body", "no selector", 'write body = ["div.content"]')
            until = self._value(table, "until", datetime.date, "pages")
            layouts.append(
                PageLayout(
                    tuple(self._strings(table, "body", "pages")),
                    tuple(self._strings(table, "drop", "pages")),
                    until,
                    table.get("note"),
                )
            )
        untils = [layout.until for layout in layouts]
        if len(set(untils)) != len(untils):
            self._problem(
                "pages",
                "until",
                "two layouts end on the same day",
                "give each its own last day; only the newest has none",
            )
        return sorted(layouts, key=lambda layout: layout.until or datetime.date.max, reverse=True)

    def _examples(self, tables: Mapping[str, Any]) -> list[Example]:
        found = []
        for table in self._tables(tables, "examples"):
            self._check_keys(table, _EXAMPLE_KEYS, "examples")
            text = self._value(table, "text", str, "examples", required=True) or ""
            if "{--" not in text and not table.get("note"):
                self._problem(
                    "examples", "note", "an example that stays whole has no note", "say in a note why it stays"
                )
            found.append(Example(self.file, text.strip("\n"), table.get("note"), table.get("title")))
        return found

    def _rules(self, tables: Mapping[str, Any]) -> list[Rule]:
        return [rule for table in self._tables(tables, "rules") if (rule := self._rule(table))]

    def _rule(self, table: Mapping[str, Any]) -> Rule | None:
        name = str(table.get("name") or "")
        before = len(self.problems)
        self._check_keys(table, _RULE_KEYS, name)
        if not RULE_NAME.fullmatch(name):
            self._problem(
                name,
                "name",
                f"{name!r} is no rule name",
                "use lower-case words joined by dashes, such as whatsapp-channel",
            )
        kind = self._choice(table, "kind", Kind, None, name)
        anchors = [anchor for anchor in Anchor if anchor in table]
        if len(anchors) != 1:
            self._problem(name, "phrase", f"{len(anchors)} of is, starts, ends, contains", "write exactly one of them")
            return None
        phrases = self._phrases(table, anchors[0], name)
        where = self._choice(table, "where", Where, Where.ANY, name)
        removes = self._choice(table, "removes", Removes, Removes.PARAGRAPH, name)
        next_line = self._choice(table, "next_line", NextLine, NextLine.LOOK, name)
        numbers = [self._value(table, key, int, name) for key in ("paragraphs", "max_words")]
        if len(self.problems) > before or kind is None or not phrases:
            return None
        return Rule(
            name=f"{self.stem}/{name}",
            kind=kind,
            anchor=anchors[0],
            removes=removes,
            where=where,
            next_line=next_line,
            paragraphs=numbers[0] or 1,
            max_words=numbers[1] or MAX_PARAGRAPH_WORDS,
            case=table.get("case") is True,
            sources=tuple(phrase.source for phrase in phrases),
            groups=tuple(group for phrase in phrases for group in phrase.groups),
            needs=_union(phrase.needs for phrase in phrases),
            openings=_union(phrase.openings for phrase in phrases),
            closings=_union(phrase.closings for phrase in phrases),
            file=self.file,
            clears=table.get("clears") is True,
            tells=table.get("tells") is True,
            row=table.get("row") is True,
            note=self._value(table, "note", str, name),
            was=tuple(f"{self.stem}/{old}" for old in self._strings(table, "was", name)),
        )

    def _phrases(self, table: Mapping[str, Any], anchor: Anchor, rule: str) -> list[Phrase]:
        compiled = []
        for text in self._strings(table, anchor, rule):
            try:
                compiled.append(compile_phrase(text))
            except PhraseError as error:
                self._problem(rule, anchor, error.problem, error.remedy)
        return compiled


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """All members, or none where one of the sets knows none: then nothing is known of the whole."""
    sets = list(sets)
    return frozenset[str]().union(*sets) if all(sets) and not any("" in each for each in sets) else frozenset()
