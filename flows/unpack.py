"""Open a file as UTF-8 bytes: decompressed, transcoded, cut into lines, never more than one record in memory.

A file that breaks off (a truncated archive, a disk error) gives what comes before the break, then `Broken`.
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from cleaners.article import Reason
from flows.records import Problem

CHUNK_BYTES = 1 << 18  # long against the cost of a call, short against a record's cap
ZSTD_INPUT_BYTES = 1 << 12  # 4 KiB can unfold to 128 MiB (blocks of one repeated byte): keeps a hostile file bounded
RECORD_BYTES = 20_000_000  # real articles stay under 1 MB, real pages under 3 MB; beyond it is no article
PAYLOAD_BYTES = 1 << 20  # what the lake keeps of a reject
SNIFF_BYTES = 1_024
MIN_NUL_SHARE = 0.3  # of every other byte: Latin text in UTF-16 has nearly 1, UTF-8 none

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Broken(Exception):
    """A file breaks off: what is wrong and where, in words."""


def open_chunks(path: Path, compression: str = "") -> Iterator[bytes]:
    """Yield a file's bytes, decompressed (`compression`: "", ".gz" or ".zst"), in pieces of bounded size.

    Raises Broken where the file cannot be opened, ends inside an archive, or is damaged; all that can be
    decompressed before the damage has been yielded then.
    """
    if compression == ".gz":
        return _gunzip(_raw(path, CHUNK_BYTES))
    if compression == ".zst":
        return _unzstd(_raw(path, ZSTD_INPUT_BYTES))
    return _raw(path, CHUNK_BYTES)


def _raw(path: Path, size: int) -> Iterator[bytes]:
    position = 0
    try:
        with path.open("rb") as file:
            while data := file.read(size):
                yield data
                position += len(data)
    except OSError as error:
        raise Broken(f"cannot be read at byte {position}: {error.strerror or error}") from error


def _gunzip(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress gzip, one member after the other; zeros after the last are padding, anything else is damage."""
    position, member, started = 0, None, False
    for data in packed:
        rest = data
        while rest:
            if member is None:
                rest = rest.lstrip(b"\0") if started else rest
                if not rest:
                    break
                started = True
                member = zlib.decompressobj(wbits=31)
            before = member.copy()
            try:
                out = member.decompress(rest, CHUNK_BYTES)
            except zlib.error as error:
                yield from _salvaged(before, rest)
                at = position + len(data) - len(rest)
                raise Broken(f"damaged gzip near byte {at}: {error}") from error
            if out:
                yield out
            rest = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
        position += len(data)
    if member is not None:
        raise Broken(f"truncated gzip: ends inside the archive at byte {position}")


def _salvaged(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What can be decompressed of `data` up to the damaged byte."""
    out = bytearray()
    try:
        for index in range(len(data)):
            out += member.decompress(data[index : index + 1])
    except zlib.error:
        yield bytes(out)


def _unzstd(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress zstd, one frame after the other."""
    position, frame = 0, None
    for data in packed:
        rest = data
        while rest:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            try:
                out = frame.decompress(rest)
            except zstandard.ZstdError as error:
                at = position + len(data) - len(rest)
                raise Broken(f"damaged zstd near byte {at}: {error}") from error
            yield from (out[start : start + CHUNK_BYTES] for start in range(0, len(out), CHUNK_BYTES))
            rest = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
        position += len(data)
    if frame is not None:
        raise Broken(f"truncated zstd: ends inside the archive at byte {position}")


def as_utf8(chunks: Iterator[bytes]) -> tuple[Iterator[bytes], tuple[str, ...]]:
    """Turn UTF-16 and UTF-32 (marked, or seen by their NULs) into UTF-8 and take the byte order mark off.

    Returns the chunks and what was mended (`("utf-16",)` or nothing). Other bytes pass as they are.
    """
    head = b""
    stopped: Broken | None = None
    try:
        while len(head) < SNIFF_BYTES and (more := next(chunks, b"")):
            head += more
    except Broken as error:
        stopped = error
    rest = _and_then(chunks, stopped)
    encoding, mark = encoding_of(head)
    if encoding == "utf-8":
        return _prepend(head[mark:], rest), ()
    return _transcode(_prepend(head, rest), encoding), ("utf-32" if "32" in encoding else "utf-16",)


def encoding_of(head: bytes) -> tuple[str, int]:
    """Tell UTF-8, -16 and -32 apart by mark or NULs, and the length of the mark to skip; what is none is `utf-8`."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark) if encoding == "utf-8" else 0
    even, odd = head[0:SNIFF_BYTES:2], head[1:SNIFF_BYTES:2]
    if len(odd) >= 2 and odd.count(0) > MIN_NUL_SHARE * len(odd) and not even.count(0):
        return "utf-16-le", 0
    if len(even) >= 2 and even.count(0) > MIN_NUL_SHARE * len(even) and not odd.count(0):
        return "utf-16-be", 0
    return "utf-8", 0


def _and_then(chunks: Iterator[bytes], stopped: Broken | None) -> Iterator[bytes]:
    if stopped:
        raise stopped
    yield from chunks


def _prepend(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _transcode(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def lines(chunks: Iterator[bytes]) -> Iterator[bytes | Problem]:
    """Cut bytes at newlines (not kept); a line over RECORD_BYTES is a Problem `too-large`, a break one `unreadable`.

    Nothing of an overlong line is kept: the Problem names its length, SHA-256 and where it begins. Bytes of a last
    line that a break cuts off are the payload of the break's Problem.
    """
    held: list[bytes] = []
    size = start = 0
    overlong: Overlong | None = None
    try:
        for chunk in chunks:
            *ended, tail = chunk.split(b"\n")
            for part in ended:
                if overlong is None and size + len(part) <= RECORD_BYTES:
                    yield b"".join((*held, part)) if held else part
                else:
                    overlong = overlong or Overlong(held, start)
                    yield overlong.add(part).problem()
                start += size + len(part) + 1
                held, size, overlong = [], 0, None
            size += len(tail)
            if overlong is None and size <= RECORD_BYTES:
                held.append(tail)
            else:
                overlong = (overlong or Overlong(held, start)).add(tail)
                held = []
    except Broken as error:
        yield Problem(Reason.UNREADABLE, str(error), b"".join(held)[:PAYLOAD_BYTES] or None)
        return
    if size:
        yield overlong.problem() if overlong else b"".join(held)


class Overlong:
    """A record that is too large to keep: its length and hash, while it passes."""

    def __init__(self, parts: Iterable[bytes], start: int) -> None:
        self.digest = hashlib.sha256()
        self.length = 0
        self.start = start
        for part in parts:
            self.add(part)

    def add(self, part: bytes) -> Overlong:
        """Let one more piece pass."""
        self.digest.update(part)
        self.length += len(part)
        return self

    def problem(self) -> Problem:
        """Say how large it was."""
        name = self.digest.hexdigest()
        detail = f"{self.length} bytes from byte {self.start}, at most {RECORD_BYTES} are read; SHA-256 {name}"
        return Problem(Reason.TOO_LARGE, detail)


def whole(chunks: Iterator[bytes]) -> bytes | Problem:
    """Read a file as one record: its bytes, or a Problem (`too-large`, or `unreadable` with what came before)."""
    held: list[bytes] = []
    size = 0
    overlong: Overlong | None = None
    try:
        for chunk in chunks:
            size += len(chunk)
            if overlong is None and size <= RECORD_BYTES:
                held.append(chunk)
            else:
                overlong = (overlong or Overlong(held, 0)).add(chunk)
                held = []
    except Broken as error:
        return Problem(Reason.UNREADABLE, str(error), b"".join(held)[:PAYLOAD_BYTES] or None)
    return overlong.problem() if overlong else b"".join(held)
