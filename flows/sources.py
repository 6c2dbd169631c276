"""Find the files that a run is given, and read their records as Documents, one after the other.

`expand` makes files of paths, folders, patterns and standard input; `mapping_of` decides which columns are read;
`count` and `read` walk the records. Whatever a file holds, `count` is the number of items that `read` yields, and each
item is a Document or a Reject: damage becomes rows, wrong usage an InputError before anything is read.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from cleaners.article import Document, Reject
from flows.columns import ColumnMap, InputError
from flows.formats import COMPRESSED, FORMATS, Form, form_of, sniff
from flows.walk import Origin, length, sample, walk

__all__ = ["InputError", "Inputs", "SourceFile", "count", "expand", "mapping_of", "read", "sha256_of"]

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to be read: where it is, what it is called in the lake, its SHA-256 (hex) and size in bytes.

    `name` is relative to the argument it was found by, never absolute. `named` tells a file that was given by itself
    from one found in a folder: wrong usage of the first is an error, of the second a reject.
    """

    path: Path
    name: str
    sha256: str
    size: int
    form: Form = Form.TEXT
    compression: str = ""
    named: bool = True


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run in the order given, those of a folder sorted; `skipped` counts unknown suffixes in folders."""

    files: tuple[SourceFile, ...]
    skipped: Counter[str] = field(default_factory=Counter)
    temporary: tuple[Path, ...] = ()

    def close(self) -> None:
        """Delete what standard input was kept in."""
        for path in self.temporary:
            path.unlink(missing_ok=True)


def expand(paths: Sequence[str | Path], *, stdin: BinaryIO | None = None) -> Inputs:
    """Find the files that `paths` mean: files, folders (recursive, hidden ones left out), patterns, `-` for `stdin`.

    Standard input is kept in a temporary file until `Inputs.close()`. A file met twice is read once. Raises InputError
    for a path that is not there, a named file of an unknown suffix, and a folder or pattern with nothing to read.
    """
    found: dict[str, SourceFile] = {}
    skipped: Counter[str] = Counter()
    temporary: list[Path] = []
    for given in map(str, paths):
        if given == "-":
            file = _spool(stdin or sys.stdin.buffer)
            temporary.append(file.path)
            found[str(file.path)] = file
            continue
        for path, name, named in _walk(given, skipped):
            key = os.path.realpath(path) if path.exists() else os.path.abspath(path)
            if key not in found:
                found[key] = _source(path, name, named)
    return Inputs(tuple(found.values()), skipped, tuple(temporary))


def _walk(given: str, skipped: Counter[str]) -> Iterator[tuple[Path, str, bool]]:
    """Yield path, name and whether it was named, of each file that one argument means."""
    path = Path(given)
    if path.is_dir():
        yield from _found(path, sorted(_below(path)), skipped, f"the folder {given}")
    elif os.path.lexists(path):
        _check_named(path)
        yield path, path.name, True
    elif glob.has_magic(given):
        matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]
        files = [below for match in matches for below in (sorted(_below(match)) if match.is_dir() else [match])]
        yield from _found(_fixed_part(given), files, skipped, f"the pattern {given}")
    else:
        raise InputError(f"{given}: no such file or folder")


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def _found(root: Path, files: list[Path], skipped: Counter[str], what: str) -> Iterator[tuple[Path, str, bool]]:
    left_out: Counter[str] = Counter()
    for path in files:
        if form_of(path.name) is None or _is_device(path):
            left_out[path.suffix.lower() or path.name] += 1
        else:
            yield path, _name(path, root), False
    skipped.update(left_out)
    if left_out.total() == len(files):
        seen = ", ".join(f"{count} {suffix}" for suffix, count in sorted(left_out.items())[:10]) or "it is empty"
        raise InputError(f"{what} holds nothing that can be read ({seen}); readable are {_suffixes()}")


def _check_named(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: a link to a file that does not exist")
    if form_of(path.name) is None:
        raise InputError(f"{path}: cannot read {path.suffix or 'a file without a suffix'}; readable are {_suffixes()}")
    if _is_device(path):
        raise InputError(f"{path}: no regular file; use - to read from a pipe")


def _is_device(path: Path) -> bool:
    """Whether opening it could wait for ever; a link to nothing is a file that cannot be read."""
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


def _suffixes() -> str:
    return " ".join(FORMATS) + f", most of them also {' '.join(COMPRESSED)}"


def _fixed_part(pattern: str) -> Path:
    parts = Path(pattern).parts
    magic = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:magic])


def _name(path: Path, root: Path) -> str:
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace")


def _source(path: Path, name: str, named: bool) -> SourceFile:
    form, compression = form_of(path.name) or (Form.TEXT, "")
    name = os.fsencode(name).decode("utf-8", "replace")
    try:
        return SourceFile(path, name, sha256_of(path), path.stat().st_size, form, compression, named)
    except OSError as error:  # unreadable: one reject; the name stands for the bytes that nobody knows
        digest = hashlib.sha256(f"unreadable {error.errno} {name}".encode()).hexdigest()
        return SourceFile(path, name, digest, 0, form, compression, named)


def _spool(stdin: BinaryIO) -> SourceFile:
    with tempfile.NamedTemporaryFile(prefix="saring-stdin-", delete=False) as kept:
        shutil.copyfileobj(stdin, kept, BLOCK_BYTES)
    path = Path(kept.name)
    form, compression = sniff(path)
    return SourceFile(path, "-", sha256_of(path), path.stat().st_size, form, compression)


def sha256_of(path: Path, size: int | None = None) -> str:
    """Hash a file, or its first `size` bytes, block by block; hex. Raises OSError."""
    digest = hashlib.sha256()
    left = sys.maxsize if size is None else size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def mapping_of(file: SourceFile, overrides: Mapping[str, str] | None = None) -> ColumnMap:
    """Decide which columns of a file fill which fields; of JSON by the keys of its first records.

    Raises InputError where the file was named by itself and is a table without a text (or with a list as text), or
    lacks a column that `overrides` (field -> column) names. In a folder such a table is one reject, and such a column
    is nothing.
    """
    mapping = sample(_origin(file), overrides or {}, strict=file.named)
    if mapping.problem and file.named:
        raise InputError(f"{file.name}: {mapping.problem}")
    return mapping


def count(file: SourceFile, mapping: ColumnMap | Mapping[str, str] | None = None) -> int:
    """Count the records of a file: exactly the items that `read` yields, also of a damaged one. One pass."""
    return length(_origin(file), _mapping(file, mapping))


def read(
    file: SourceFile, mapping: ColumnMap | Mapping[str, str] | None = None, start: int = 0, stop: int | None = None
) -> Iterator[Document | Reject]:
    """Yield records start to stop of a file, each a Document or a Reject with its origin; memory holds one record.

    `mapping` is what `mapping_of` returned, or its overrides. Earlier records are skipped, not parsed where that can be
    spared. Raises nothing for what the file holds, nor when it is gone.
    """
    items = walk(_origin(file), _mapping(file, mapping), file.name, start)
    yield from islice(items, None if stop is None else max(0, stop - start))


def _origin(file: SourceFile) -> Origin:
    return Origin(file.path, file.form, file.compression)


def _mapping(file: SourceFile, mapping: ColumnMap | Mapping[str, str] | None) -> ColumnMap:
    return mapping if isinstance(mapping, ColumnMap) else mapping_of(file, mapping)
