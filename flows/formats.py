"""Know formats by their suffixes, and standard input by how it begins."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from flows.columns import recognise
from flows.records import Problem, parse_line
from flows.tables import Header, csv_header
from flows.unpack import as_utf8, lines, open_chunks


class Form(StrEnum):
    """What a file is, whatever compresses it."""

    TEXT = "text"
    PAGE = "page"
    LINES = "lines"
    JSON = "json"
    TABLE = "table"
    PARQUET = "parquet"
    KEPT = "kept"  # of this program's own: what a lake holds (flows/kept.py)


FORMATS = {
    ".txt": Form.TEXT, ".html": Form.PAGE, ".htm": Form.PAGE, ".jsonl": Form.LINES, ".ndjson": Form.LINES,
    ".json": Form.JSON, ".csv": Form.TABLE, ".tsv": Form.TABLE, ".parquet": Form.PARQUET,
}  # fmt: skip
COMPRESSED = (".gz", ".zst")


def form_of(name: str) -> tuple[Form, str] | None:
    """Tell a file's format and compression by its name: `a.jsonl.gz` is (LINES, ".gz"); None where it is unknown."""
    lowered = name.lower()
    compression = next((suffix for suffix in COMPRESSED if lowered.endswith(suffix)), "")
    form = FORMATS.get(Path(lowered.removesuffix(compression)).suffix)
    return None if form is None or (form is Form.PARQUET and compression) else (form, compression)


def sniff(path: Path) -> tuple[Form, str]:
    """Tell the format of a file without a name by how it begins; what looks like nothing else is a text."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return Form.PARQUET, ""
    compression = {b"\x1f\x8b": ".gz", b"\x28\xb5": ".zst"}.get(start[:2], "")
    chunks, _ = as_utf8(open_chunks(path, compression))
    first = next((line for line in lines(chunks) if isinstance(line, Problem) or line.strip()), b"")
    return (Form.TEXT if isinstance(first, Problem) else _form_of_line(first)), compression


def _form_of_line(first: bytes) -> Form:
    opening = first.lstrip()[:1]
    if opening == b"{":  # whole on its line, or the beginning of an object over many lines
        return Form.JSON if isinstance(parse_line(first), Problem) else Form.LINES
    if opening == b"[":
        return Form.JSON
    if opening == b"<":
        return Form.PAGE
    header = csv_header(iter([first]), ",")
    is_table = isinstance(header, Header) and len(header.names) > 1 and recognise(header.names).has_text
    return Form.TABLE if is_table else Form.TEXT
