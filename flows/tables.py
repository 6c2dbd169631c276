"""Read the rows of CSV and TSV files, streaming.

A CSV file's delimiter is the one under which its header shows most known columns. A quote that opens and never closes
costs the line it stands in and no other. Rows with more cells than the header are rejected: nobody knows which is
which.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from cleaners.article import Reason
from flows.columns import recognise
from flows.records import Problem
from flows.unpack import RECORD_BYTES

DELIMITERS = ",;\t|"

_REST_OF_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"(?!")')
_ANNOUNCED = re.compile(r"sep=(.)\r?$", re.IGNORECASE)  # a first line for Excel

csv.field_size_limit(RECORD_BYTES)  # the default, 131,072 characters, is less than a long page


class Header:
    """The first line of a CSV file: its column names and delimiter."""

    def __init__(self, names: Sequence[str], delimiter: str) -> None:
        self.names = tuple(name.strip() for name in names)
        self.delimiter = delimiter

    def record(self, cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str | None]:
        """The cells of the columns asked for; missing ones, at the end of a short row, are None."""
        return {name: cells[at] if at < len(cells) else None for name, at in columns.items()}


def csv_header(lines: Iterator[bytes | Problem], default: str) -> Header | Problem | None:
    """Read the header off `lines`: a Problem where the file cannot be read, None where it is empty."""
    delimiters = default + DELIMITERS.replace(default, "")
    for line in lines:
        if isinstance(line, Problem):
            return line
        text = line.decode("utf-8", "surrogateescape").rstrip("\r")
        if match := _ANNOUNCED.match(text):
            delimiters = match[1]
        elif text.strip():
            return max((_header(text, mark) for mark in delimiters), key=_plausible)
    return None


def _header(text: str, delimiter: str) -> Header:
    return Header(_cells(text, delimiter) or (text,), delimiter)


def _plausible(header: Header) -> tuple[int, int]:
    return len(recognise(header.names).used), len(header.names)


def csv_rows(lines: Iterator[bytes | Problem], header: Header) -> Iterator[list[str] | Problem]:
    """Yield each row below the header as its cells, or a Problem; blank lines are no rows."""
    waiting: deque[bytes | Problem] = deque()
    doubtful = 0  # lines given back after a quote that does not close: their rows must have every cell
    while True:
        from_waiting = bool(waiting)
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        strict, doubtful = from_waiting and doubtful > 0, max(0, doubtful - from_waiting)
        if isinstance(line, Problem):
            yield line
            continue
        text = line.decode("utf-8", "surrogateescape")
        if not text.strip():
            continue
        more: list[bytes | Problem] = []
        if _stays_open(text, header.delimiter, False):
            closed, more = _rest_of_row(text, waiting, lines, header)
            if closed is None:
                waiting.extendleft(reversed(more))
                doubtful = len(more)
                yield Problem(Reason.BROKEN_RECORD, "a quote opens and does not close", line)
            else:
                doubtful = max(0, doubtful - len(more))
                yield closed
        else:
            yield _row(text, header, strict)


def _rest_of_row(
    first: str, waiting: deque[bytes | Problem], lines: Iterator[bytes | Problem], header: Header
) -> tuple[list[str] | None, list[bytes | Problem]]:
    """Read on to the line that closes the quote; the row, or None, and the lines read."""
    taken: list[bytes | Problem] = []
    texts = [first]
    size = len(first)
    while size <= RECORD_BYTES:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            break
        taken.append(line)
        if isinstance(line, Problem):
            break
        text = line.decode("utf-8", "surrogateescape")
        texts.append(text)
        size += len(text) + 1
        if not _stays_open(text, header.delimiter, True):
            cells = _cells("\n".join(texts), header.delimiter, strict=True)
            return (cells if cells is not None and len(cells) == len(header.names) else None), taken
    return None, taken


def _stays_open(line: str, delimiter: str, opened: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line that begins inside one (`opened`) or not."""
    at = 0
    if not opened and line.startswith('"'):
        at, opened = 1, True
    while True:
        if opened:
            close = _REST_OF_QUOTED.match(line, at)
            if not close:
                return True
            at = close.end()
        at = line.find(delimiter + '"', at)
        if at < 0:
            return False
        at, opened = at + 2, True


def _row(text: str, header: Header, every_cell: bool) -> list[str] | Problem:
    cells = _cells(text, header.delimiter)
    payload = text.encode("utf-8", "surrogateescape")
    if cells is None:
        return Problem(Reason.BROKEN_RECORD, "no CSV", payload)
    surplus = any(cell.strip() for cell in cells[len(header.names) :])
    if surplus or (every_cell and len(cells) < len(header.names)):
        return Problem(Reason.BROKEN_RECORD, f"{len(cells)} cells, the header has {len(header.names)}", payload)
    return cells


def _cells(text: str, delimiter: str, strict: bool = False) -> list[str] | None:
    """The cells of one row; None where it is none."""
    try:
        rows = list(csv.reader([text.rstrip("\r")], delimiter=delimiter, strict=strict))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
