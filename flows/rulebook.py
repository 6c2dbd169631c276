"""Try the examples of rule files, and begin new files: `saring rules check`, `saring rules new`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cleaners.catalog import Catalog, template
from cleaners.examples import check_examples
from flows.words import several


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check went: how many outlets, rules and examples there are, and what does not hold."""

    outlets: int
    rules: int
    examples: int
    problems: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in one line."""
        held = "all hold" if not self.problems else several(len(self.problems), "problem")
        return f"{self.outlets} outlets, {self.rules} rules, {self.examples} examples: {held}"


def check(catalog: Catalog) -> Checked:
    """Try every example of every file, and whether every rule fires in one."""
    rules = len(catalog.shared) + sum(len(outlet.rules) for outlet in catalog.outlets.values())
    examples = len(catalog.examples) + sum(len(outlet.examples) for outlet in catalog.outlets.values())
    return Checked(len(catalog.outlets), rules, examples, tuple(map(str, check_examples(catalog))))


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
