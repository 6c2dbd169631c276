"""The shape of the code: who may import whom, how large a module may grow, which names say nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGES = ("cleaners", "lake", "flows")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
MAX_MODULE_LINES = 250
MAX_FUNCTION_LINES = 50  # without the docstring; a guide: a function that reads better in one piece is named below

# module:function -> why it is one piece
LONG_FUNCTIONS: dict[str, str] = {}

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "tools"}
MISLEADING = {"filter": "keep, drop or reject: it means both", "junk": "boilerplate", "noise": "boilerplate"}


def test_imports_go_from_flows_to_lake_to_cleaners_and_never_back() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_large_module_says_why_in_its_docstring(file: Path) -> None:
    source = file.read_text("utf-8")
    doc = ast.get_docstring(ast.parse(source)) or ""
    lines = source.count("\n")
    assert lines <= MAX_MODULE_LINES or f"{MAX_MODULE_LINES} lines" in doc, (
        f"{lines} lines: split it where it holds two things, or say in the docstring why it is over 250 lines"
    )


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text("utf-8")))


def test_long_functions_are_named_with_their_reason() -> None:
    found = {name for name, lines in functions() if lines > MAX_FUNCTION_LINES}
    assert not found - LONG_FUNCTIONS.keys(), f"over {MAX_FUNCTION_LINES} lines: split them, or name them with a reason"
    assert not LONG_FUNCTIONS.keys() - found, "named as long, and are not any more"


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [str(file.relative_to(ROOT)) for file in MODULES if file.stem in EMPTY_NAMES]


def test_no_name_uses_a_word_that_misleads() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {name} (say {MISLEADING[word]})"
        for file in MODULES
        for name in defined(file)
        for word in re.findall(r"[a-z]+", name.lower())
        if word in MISLEADING
    }
    assert not found


def test_nothing_names_the_machine_it_was_made_on() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    homes = [str(ROOT), str(Path.home())]
    for name in filter(None, tracked.stdout.split("\0")):
        file = ROOT / name
        text = file.read_bytes() if file.is_file() else b""
        assert not [home for home in homes if re.search(rf"(?<![\w.]){re.escape(home)}/\w".encode(), text)], name


def test_constraints_name_exact_versions_and_no_place_they_came_from(root: Path) -> None:
    lines = [line for line in (root / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)]


def functions() -> Iterator[tuple[str, int]]:
    """Yield (module:function, lines from `def` to the end without the docstring)."""
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                doc = node.body[0] if ast.get_docstring(node) is not None else None
                doc_lines = (doc.end_lineno or 0) - doc.lineno + 1 if doc else 0
                name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                yield f"{name}:{node.name}", (node.end_lineno or 0) - node.lineno + 1 - doc_lines


def defined(file: Path) -> Iterator[str]:
    """Yield the names of a module's functions and classes."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
