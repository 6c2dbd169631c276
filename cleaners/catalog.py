"""Read rule files into a Catalog. Strict: an unknown key, kind or placeholder is a problem that names its place.

The only reader of package data. Shared rules are `rules/*.toml`, outlets `outlets/*.toml`, found by glob: one outlet,
one file, no list to keep. All problems of all files are reported at once.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import hashlib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from cleaners.article import Kind
from cleaners.outlet import Example, Outlet, PageLayout
from cleaners.phrase import Phrase, PhraseError, compile_phrase
from cleaners.rule import Anchor, NextLine, Removes, Rule, Where

RULE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
STEM = re.compile(r"[a-z0-9]+")
MAX_PARAGRAPH_WORDS = 60  # a longer paragraph is story that happens to hold the phrase, unless the rule says otherwise

_OUTLET_KEYS = {"name", "hosts", "language", "names", "note", "pages", "rules", "examples"}
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


class CatalogError(ValueError):
    """Rule files cannot be used; `problems` lists all that is wrong with all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that apply to one article, by the place they look at; an outlet's own stand before the shared ones.

    `shared` are the names of the shared rules, `words` what any of all rules needs.
    """

    anywhere: tuple[Rule, ...]
    head: tuple[Rule, ...]
    tail: tuple[Rule, ...]
    shared: frozenset[str]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Catalog:
    """All rules and outlets, loaded. `ruleset` is the fingerprint of every file that was read (16 hex digits)."""

    shared: tuple[Rule, ...]
    outlets: Mapping[str, Outlet]
    examples: tuple[Example, ...]
    ruleset: str

    def rules_for(self, outlet: Outlet | None) -> RuleSet:
        """Return the rules for an article of `outlet`, or of an outlet that no file knows (None)."""
        return self._rule_sets[outlet.stem if outlet else ""]

    def rule(self, name: str) -> Rule | None:
        """Return a rule by its full name."""
        return self._by_name.get(name)

    def outlet_of_host(self, host: str | None) -> Outlet | None:
        """Return the outlet that claims a host or the nearest domain above it."""
        labels = (host or "").lower().split(".")
        for i in range(len(labels) - 1):
            if found := self._hosts.get(".".join(labels[i:])):
                return found
        return None

    def outlet_of_name(self, name: str | None) -> Outlet | None:
        """Return the outlet whose stem, name, written name or host is `name`, case and blanks ignored."""
        key = _name_key(name or "")
        return self._names.get(key) or self.outlet_of_host((name or "").strip())

    @functools.cached_property
    def written_names(self) -> tuple[tuple[str, Outlet], ...]:
        """Every name as datelines write it, with its outlet; the longest first, lest a part be taken for the whole."""
        pairs = [(name, outlet) for outlet in self.outlets.values() for name in outlet.names]
        return tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0])))

    @functools.cached_property
    def _by_name(self) -> dict[str, Rule]:
        own = (rule for outlet in self.outlets.values() for rule in outlet.rules)
        return {rule.name: rule for rule in (*self.shared, *own)}

    @functools.cached_property
    def _rule_sets(self) -> dict[str, RuleSet]:
        sets = {stem: _rule_set((*outlet.rules, *self.shared)) for stem, outlet in self.outlets.items()}
        return {"": _rule_set(self.shared), **sets}

    @functools.cached_property
    def _hosts(self) -> dict[str, Outlet]:
        return {host: outlet for outlet in self.outlets.values() for host in outlet.hosts}

    @functools.cached_property
    def _names(self) -> dict[str, Outlet]:
        found: dict[str, Outlet] = {}
        for outlet in self.outlets.values():
            for name in (outlet.stem, outlet.name, *outlet.names):
                found.setdefault(_name_key(name), outlet)
        return found


def load_catalog(extra: Sequence[tuple[str, str]] = (), without: Collection[str] = ()) -> Catalog:
    """Load the shipped files and a user's own outlet files (`extra`: file name and TOML text).

    A file of `extra` replaces the shipped one of the same name; `without` leaves outlets out by their stem. Raises
    CatalogError with every problem of every file.
    """
    files = {**_shipped("outlets"), **dict(extra)}
    files = {name: text for name, text in files.items() if _stem(name) not in without}
    return _load(_shipped("rules"), files)


def template() -> str:
    """Return the text of the template for a new outlet file."""
    return resources.files("cleaners").joinpath("template.toml").read_text(encoding="utf-8")


def _shipped(folder: str) -> dict[str, str]:
    found = resources.files("cleaners").joinpath(folder).iterdir()
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted(found, key=lambda f: f.name)
        if file.name.endswith(".toml")
    }


def _load(shared_files: Mapping[str, str], outlet_files: Mapping[str, str]) -> Catalog:
    problems: list[Problem] = []
    shared: list[Rule] = []
    examples: list[Example] = []
    outlets: dict[str, Outlet] = {}
    for file, text in sorted(shared_files.items()):
        reader = _Reader(f"rules/{file}", _stem(file), problems)
        tables = reader.parse(text, _SHARED_KEYS)
        shared += reader.rules(tables)
        examples += reader.examples(tables)
    for file, text in sorted(outlet_files.items()):
        reader = _Reader(f"outlets/{file}", _stem(file), problems)
        if outlet := reader.outlet(text):
            outlets[outlet.stem] = outlet
    problems += _conflicts(shared, outlets.values())
    if problems:
        raise CatalogError(problems)
    digest = hashlib.sha256(repr((sorted(shared_files.items()), sorted(outlet_files.items()))).encode()).hexdigest()
    return Catalog(tuple(shared), outlets, tuple(examples), digest[:16])


def _stem(file: str) -> str:
    return file.rsplit("/", 1)[-1].removesuffix(".toml")


def _name_key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """All members, or none where one of the sets knows none: then nothing is known of the whole."""
    sets = list(sets)
    return frozenset[str]().union(*sets) if all(sets) and not any("" in each for each in sets) else frozenset()


def _rule_set(rules: Sequence[Rule]) -> RuleSet:
    by_place: dict[Where, list[Rule]] = {where: [] for where in Where}
    for rule in rules:
        by_place[rule.where].append(rule)
        if rule.ends_text and rule.where is not Where.TAIL:
            by_place[Where.TAIL].append(rule)
    shared = frozenset(rule.name for rule in rules if rule.file.startswith("rules/"))
    words = tuple(sorted(frozenset[str]().union(*(rule.needs for rule in rules))))
    return RuleSet(tuple(by_place[Where.ANY]), tuple(by_place[Where.HEAD]), tuple(by_place[Where.TAIL]), shared, words)


def _conflicts(shared: Iterable[Rule], outlets: Iterable[Outlet]) -> list[Problem]:
    """Two files that claim one host or name, and two rules of one name, are refused."""
    problems: list[Problem] = []
    claimed: dict[tuple[str, str], str] = {}
    outlets = list(outlets)

    def claim(what: str, value: str, file: str, rule: str = "") -> None:
        other = claimed.setdefault((what, value), file)
        if other != file or rule:
            problems.append(Problem(file, rule, what, f"{value!r} is claimed by {other} too", "keep it in one of them"))

    for outlet in outlets:
        file = f"outlets/{outlet.stem}.toml"
        for host in outlet.hosts:
            claim("hosts", host, file)
        for name in {_name_key(name) for name in (outlet.stem, outlet.name, *outlet.names)}:
            claim("names", name, file)
    names: dict[str, str] = {}
    for rule in (*shared, *(rule for outlet in outlets for rule in outlet.rules)):
        for name in (rule.name, *rule.was):
            if name in names:
                problems.append(
                    Problem(rule.file, rule.name, "name", f"{name!r} is used twice", "give it another name")
                )
            names[name] = rule.file
    return problems


class _Reader:
    """Reads one file and adds what is wrong to a list, so that an editor sees everything at once."""

    def __init__(self, file: str, stem: str, problems: list[Problem]) -> None:
        self.file, self.stem, self.problems = file, stem, problems

    def problem(self, rule: str, key: str, problem: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, rule, key, problem, remedy))

    def parse(self, text: str, keys: Collection[str]) -> dict[str, Any]:
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problem("", "", f"not valid TOML ({error})", "mend that line")
            return {}
        self.check_keys(tables, keys, "")
        return tables

    def check_keys(self, table: Mapping[str, Any], keys: Collection[str], rule: str) -> None:
        for key in table:
            if key not in keys:
                close = difflib.get_close_matches(key, keys, 1)
                self.problem(
                    rule,
                    key,
                    "unknown key",
                    f"did you mean {str(close[0])!r}?" if close else f"use one of {sorted(map(str, keys))}",
                )

    def outlet(self, text: str) -> Outlet | None:
        if not STEM.fullmatch(self.stem):
            self.problem(
                "",
                "file name",
                f"{self.stem!r} is no stem",
                "use lower-case letters and digits only, such as kompastv.toml",
            )
        tables = self.parse(text, _OUTLET_KEYS)
        if not tables:
            return None
        name = self.value(tables, "name", str, "", required=True)
        examples = tuple(self.examples(tables))
        if examples and all("{--" in example.text for example in examples):
            self.problem("", "examples", "every example has a mark", "add one that must stay whole, with a note why")
        return Outlet(
            stem=self.stem,
            name=name or self.stem,
            hosts=tuple(host.lower() for host in self.strings(tables, "hosts")),
            language=self.value(tables, "language", str),
            names=tuple(self.strings(tables, "names")),
            pages=tuple(self.pages(tables)),
            rules=tuple(self.rules(tables)),
            examples=examples,
        )

    def value(self, table: Mapping[str, Any], key: str, kind: type, rule: str = "", required: bool = False) -> Any:
        found = table.get(key)
        if found is None and not required:
            return None
        if not isinstance(found, kind) or (required and found in ("", [])):
            self.problem(rule, key, f"expected {kind.__name__}, got {found!r}", f"write {key} = …")
            return None
        return found

    def strings(self, table: Mapping[str, Any], key: str, rule: str = "") -> list[str]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) and item.strip() for item in found):
            self.problem(rule, key, f"expected a list of strings, got {found!r}", f'write {key} = ["…"]')
            return []
        return found

    def choice(self, table: Mapping[str, Any], key: str, choices: type[StrEnum], default: Any, rule: str) -> Any:
        found = table.get(key, default)
        if found is None or found not in [*choices]:
            close = difflib.get_close_matches(str(found), [*choices], 1)
            self.problem(
                rule,
                key,
                f"unknown {key} {found!r}",
                f"did you mean {str(close[0])!r}?" if close else f"use one of {[str(c) for c in choices]}",
            )
            return default
        return choices(found)

    def tables(self, tables: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = tables.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.problem("", key, "expected tables", f"write [[{key}]]")
            return []
        return found

    def pages(self, tables: Mapping[str, Any]) -> list[PageLayout]:
        layouts = []
        for table in self.tables(tables, "pages"):
            self.check_keys(table, _PAGE_KEYS, "pages")
            if not self.strings(table, "body", "pages"):
                self.problem("pages", "body", "no selector", 'write body = ["div.content"]')
            until = self.value(table, "until", datetime.date, "pages")
            layouts.append(
                PageLayout(
                    tuple(self.strings(table, "body", "pages")),
                    tuple(self.strings(table, "drop", "pages")),
                    until,
                    table.get("note"),
                )
            )
        untils = [layout.until for layout in layouts]
        if len(set(untils)) != len(untils):
            self.problem(
                "pages",
                "until",
                "two layouts end on the same day",
                "give each its own last day; only the newest has none",
            )
        return sorted(layouts, key=lambda layout: layout.until or datetime.date.max, reverse=True)

    def examples(self, tables: Mapping[str, Any]) -> list[Example]:
        found = []
        for table in self.tables(tables, "examples"):
            self.check_keys(table, _EXAMPLE_KEYS, "examples")
            text = self.value(table, "text", str, "examples", required=True) or ""
            if "{--" not in text and not table.get("note"):
                self.problem(
                    "examples", "note", "an example that stays whole has no note", "say in a note why it stays"
                )
            found.append(Example(self.file, text.strip("\n"), table.get("note"), table.get("title")))
        return found

    def rules(self, tables: Mapping[str, Any]) -> list[Rule]:
        return [rule for table in self.tables(tables, "rules") if (rule := self.rule(table))]

    def rule(self, table: Mapping[str, Any]) -> Rule | None:
        name = str(table.get("name") or "")
        before = len(self.problems)
        self.check_keys(table, _RULE_KEYS, name)
        if not RULE_NAME.fullmatch(name):
            self.problem(
                name,
                "name",
                f"{name!r} is no rule name",
                "use lower-case words joined by dashes, such as whatsapp-channel",
            )
        kind = self.choice(table, "kind", Kind, None, name)
        anchors = [anchor for anchor in Anchor if anchor in table]
        if len(anchors) != 1:
            self.problem(name, "phrase", f"{len(anchors)} of is, starts, ends, contains", "write exactly one of them")
            return None
        phrases = self.phrases(table, anchors[0], name)
        where = self.choice(table, "where", Where, Where.ANY, name)
        removes = self.choice(table, "removes", Removes, Removes.PARAGRAPH, name)
        next_line = self.choice(table, "next_line", NextLine, NextLine.LOOK, name)
        numbers = [self.value(table, key, int, name) for key in ("paragraphs", "max_words")]
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
            file=self.file,
            clears=table.get("clears") is True,
            note=self.value(table, "note", str, name),
            was=tuple(f"{self.stem}/{old}" for old in self.strings(table, "was", name)),
        )

    def phrases(self, table: Mapping[str, Any], anchor: Anchor, rule: str) -> list[Phrase]:
        compiled = []
        for text in self.strings(table, anchor, rule):
            try:
                compiled.append(compile_phrase(text))
            except PhraseError as error:
                self.problem(rule, anchor, error.problem, error.remedy)
        return compiled
