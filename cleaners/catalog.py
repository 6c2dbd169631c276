"""Read rule files into a Catalog. Strict: an unknown key, kind or placeholder is a problem that names its place.

The only reader of package data. Shared rules are `rules/*.toml`, outlets `outlets/*.toml`, found by glob: one outlet,
one file, no list to keep. All problems of all files are reported at once.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from cleaners.anchors import Anchors, Choice
from cleaners.outlet import Example, Outlet
from cleaners.rule import Rule, Where
from cleaners.rulefile import Problem, RuleFile


class CatalogError(ValueError):
    """Rule files cannot be used; `problems` lists all that is wrong with all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that apply to one article, by the place they look at; an outlet's own stand before the shared ones.

    `shared` are the names of the shared rules, `anchors` the words that any rule of the catalog needs or starts with.
    """

    anywhere: Choice
    head: Choice
    tail: Choice
    shared: frozenset[str]
    anchors: Anchors


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
    def callers(self) -> tuple[tuple[str, Outlet], ...]:
        """Every name by which an outlet's stories call its own reporters, with that outlet."""
        return tuple((name, outlet) for outlet in self.outlets.values() for name in outlet.reporters)

    @functools.cached_property
    def addressed(self) -> tuple[tuple[str, Outlet], ...]:
        """Every name by which an outlet's stories speak to its readers, with that outlet."""
        return tuple((name, outlet) for outlet in self.outlets.values() for name in outlet.readers)

    @functools.cached_property
    def telling(self) -> tuple[tuple[Rule, Outlet], ...]:
        """Every rule whose wording is one outlet's alone, with that outlet."""
        return tuple((rule, outlet) for outlet in self.outlets.values() for rule in outlet.rules if rule.tells)

    @functools.cached_property
    def _by_name(self) -> dict[str, Rule]:
        own = (rule for outlet in self.outlets.values() for rule in outlet.rules)
        return {rule.name: rule for rule in (*self.shared, *own)}

    @functools.cached_property
    def _rule_sets(self) -> dict[str, RuleSet]:
        own = {stem: (*outlet.rules, *self.shared) for stem, outlet in self.outlets.items()}
        anchors = Anchors(self._by_name.values())
        return {stem: _rule_set(rules, anchors) for stem, rules in {"": self.shared, **own}.items()}

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
        rules, shown = RuleFile(f"rules/{file}", _stem(file), problems).shared(text)
        shared += rules
        examples += shown
    for file, text in sorted(outlet_files.items()):
        reader = RuleFile(f"outlets/{file}", _stem(file), problems)
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


def _rule_set(rules: Sequence[Rule], anchors: Anchors) -> RuleSet:
    by_place: dict[Where, list[Rule]] = {where: [] for where in Where}
    for rule in rules:
        by_place[rule.where].append(rule)
        if rule.ends_text and rule.where is not Where.TAIL:
            by_place[Where.TAIL].append(rule)
    shared = frozenset(rule.name for rule in rules if rule.file.startswith("rules/"))
    anywhere, head, tail = (Choice(by_place[where]) for where in (Where.ANY, Where.HEAD, Where.TAIL))
    return RuleSet(anywhere, head, tail, shared, anchors)


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
        for key, called in (("reporters", outlet.reporters), ("readers", outlet.readers)):
            for name in called:
                claim(key, name, file)
    names: dict[str, str] = {}
    for rule in (*shared, *(rule for outlet in outlets for rule in outlet.rules)):
        for name in (rule.name, *rule.was):
            if name in names:
                problems.append(
                    Problem(rule.file, rule.name, "name", f"{name!r} is used twice", "give it another name")
                )
            names[name] = rule.file
    return problems
