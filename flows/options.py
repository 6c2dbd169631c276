"""The options that several commands share, and the errors that end a command with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cleaners.catalog import Catalog

Lake = Annotated[
    str | None,
    typer.Option(
        "--lake", metavar="DIR", help="The lake's folder. Else SARING_LAKE, else lake/data.", show_default=False
    ),
]
Rules = Annotated[
    str | None,
    typer.Option(
        "--rules", metavar="DIR", help="Your own outlet files, read beside the shipped ones. Else SARING_RULES."
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="OUTLET", help="Leave this outlet's file out, such as kompas. Can be repeated."),
]
Titles = Annotated[
    str,
    typer.Option(
        "--titles",
        metavar="WHOSE",
        help="Headlines that end a pointer exactly: of this run's inputs (run), of the lake too (lake), or none.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]


class Stop(Exception):
    """Ends a command: one sentence for people and the exit status (1 it failed, 2 it was asked for wrongly)."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def usage(sentence: str) -> NoReturn:
    """End the command: it was asked for wrongly (exit 2)."""
    raise Stop(sentence, 2)


def fail(sentence: str) -> NoReturn:
    """End the command: it failed, or a promise does not hold (exit 1)."""
    raise Stop(sentence, 1)


def own_rules(rules: str | None) -> list[tuple[str, str]]:
    """Read the user's own outlet files, (file name, TOML text) each; a folder that cannot be read ends the command."""
    from flows.settings import read_rules, rules_path

    folder = rules_path(rules)
    try:
        return read_rules(folder)
    except (OSError, UnicodeDecodeError) as error:
        usage(f"The rules in {folder} cannot be read: {error}. Name a folder of .toml files with --rules.")


def catalog(rules: str | None, without: list[str] | None) -> Catalog:
    """Load the rules that a command is to use; wrong ones end it, each named with its remedy."""
    from cleaners.catalog import load_catalog

    found = load_catalog(own_rules(rules), without or ())
    known = {*found.outlets}
    if without and (unknown := [name for name in without if not _was_there(name, rules)]):
        usage(f"--without {unknown[0]}: there is no outlet of that name; there are: {', '.join(sorted(known))}.")
    return found


def _was_there(name: str, rules: str | None) -> bool:
    from importlib import resources

    shipped = resources.files("cleaners").joinpath("outlets", f"{name}.toml").is_file()
    return shipped or any(Path(file).stem == name for file, _ in own_rules(rules))
