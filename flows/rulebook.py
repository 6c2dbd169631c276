"""Try the examples of rule files, and begin new files: `saring rules check`, `saring rules new`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cleaners.article import Document, Reject
from cleaners.catalog import Catalog, template
from cleaners.marks import after, before, mark
from cleaners.outlet import Example
from cleaners.pipeline import clean


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check went: how many files' worth of rules and examples were tried, and what does not hold."""

    outlets: int
    rules: int
    examples: int
    problems: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in one line."""
        held = f"{self.examples - len(self.problems)} of {self.examples} examples hold" if self.problems else "all hold"
        return f"{self.outlets} outlets, {self.rules} rules, {self.examples} examples: {held}"


def check(catalog: Catalog) -> Checked:
    """Clean every example of every file and compare what stays with its marks; white space does not count."""
    tried = list(_examples(catalog))
    problems = [problem for outlet, example in tried if (problem := _problem(outlet, example, catalog))]
    rules = len(catalog.shared) + sum(len(outlet.rules) for outlet in catalog.outlets.values())
    return Checked(len(catalog.outlets), rules, len(tried), tuple(problems))


def begin(name: str, folder: str | Path) -> Path:
    """Write the file of a new outlet from the template; return its path.

    Raises ValueError for a name without letters, FileExistsError for an outlet that has its file.
    """
    stem = re.sub(r"[^a-z0-9]+", "", name.lower())
    if not stem:
        raise ValueError(f"{name!r} has no letter to name a file by: give the outlet's name in Latin letters.")
    path = Path(folder, f"{stem}.toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(f"{path} is there already: edit it, or choose another name.")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(template().replace("{NAME}", escaped).replace("{STEM}", stem), "utf-8")
    return path


def _examples(catalog: Catalog) -> Iterator[tuple[str | None, Example]]:
    for example in catalog.examples:
        yield None, example
    for outlet in catalog.outlets.values():
        for example in outlet.examples:
            yield outlet.stem, example


def _problem(outlet: str | None, example: Example, catalog: Catalog) -> str | None:
    """Say what came out where it is not what the marks say."""
    document = Document(text=before(example.text), title=example.title, outlet=outlet)
    found = clean(document, catalog)
    expected = after(example.text)
    if isinstance(found, Reject):
        return None if not _bare(expected) else f"{example.file}: rejected ({found.detail}): {_short(example.text)}"
    if _bare(found.text) == _bare(expected):
        return None
    shown = mark(found.article.text, [(removal.start, removal.end) for removal in found.removals])
    return f"{example.file}: an example does not hold\n  expected: {_short(example.text)}\n  came out: {_short(shown)}"


def _bare(text: str) -> str:
    return "".join(text.split())


def _short(text: str) -> str:
    return repr(text if len(text) <= 600 else text[:600] + "…")
