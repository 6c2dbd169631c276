"""Read the values of a JSON file one after the other, without holding the file: an array, an object, or several.

What is a record: the elements of an array; of an object its list of articles, where it has one (`{"articles": […]}`,
as news services answer), the rows of what pandas writes by default, else the object itself. A broken element costs
itself alone: reading goes on at the next `}, {`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from cleaners.article import Reason
from flows.records import Problem
from flows.unpack import PAYLOAD_BYTES, RECORD_BYTES, Broken, Overlong

MAX_NESTING = 3  # `{"response": {"docs": […]}}` needs two
LOOKED_AT = 20  # elements of a list until it is clear that they are no articles

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s,\0\ufeff]*")
_NEXT_RECORD = re.compile(r"\}\s*,?\s*(?=\{)")
_LIST_OF_RECORDS = re.compile(r'"[^"\\]{1,60}"\s*:\s*\[\s*(?=\{)')
_NEAR_END = 8  # characters: a literal or an escape cut in two (`tru`, `\u00`) fails where the buffer ends

Holds = Callable[[dict[str, Any]], bool]


def json_values(chunks: Iterator[bytes], is_article: Holds) -> Iterator[Any]:
    """Yield each record of a JSON file as it was parsed, or a Problem where one cannot be.

    `is_article` tells whether an object has a text of its own. Values may be of any JSON type.
    """
    text = _Text(chunks)
    if not text.peek():
        yield Problem(Reason.BROKEN_RECORD, "an empty file, expected JSON") if not text.broken else text.break_off()
        return
    while text.peek():
        if text.peek() == "[":
            text.position += 1
            yield from _elements(text)
        elif text.peek() == "]":
            text.position += 1
        else:
            value = text.take()
            if not isinstance(value, Problem):
                yield from _records(value, is_article)
            elif value.reason is Reason.TOO_LARGE and text.enter_list():
                yield from _elements(text)
            else:
                yield from [text.skip(value)]
    if text.broken:
        yield text.break_off()


def _elements(text: _Text) -> Iterator[Any]:
    """The elements of an array whose bracket has been read."""
    while (mark := text.peek()) and mark != "]":
        value = text.take()
        yield text.skip(value) if isinstance(value, Problem) else value
    if mark:
        text.position += 1
    elif not text.broken and not text.ended_inside:
        yield Problem(Reason.UNREADABLE, f"truncated: the array is not closed at byte {text.bytes_read}")


def _records(value: Any, is_article: Holds) -> Iterator[Any]:
    found = value if not isinstance(value, dict) or is_article(value) else _list_in(value, is_article, MAX_NESTING)
    yield from _rows(value) or (found if found and found is not value else [value])


def _list_in(value: dict[str, Any], is_article: Holds, depth: int) -> list[Any] | None:
    """The longest list of articles in an object, or in the objects in it."""
    lists = [item for item in value.values() if isinstance(item, list) and _holds_articles(item, is_article)]
    if depth > 1:
        inner = [_list_in(item, is_article, depth - 1) for item in value.values() if isinstance(item, dict)]
        lists += [item for item in inner if item]
    return max(lists, key=len, default=None)


def _holds_articles(items: list[Any], is_article: Holds) -> bool:
    return any(isinstance(item, dict) and is_article(item) for item in items[:LOOKED_AT])


def _rows(value: Any) -> list[dict[str, Any]] | None:
    """The rows of a table written column by column, `{"text": {"0": …, "1": …}, "url": {…}}`; None where it is none."""
    columns = list(value.items()) if isinstance(value, dict) else []
    if not columns or not all(isinstance(cells, dict) for _, cells in columns):
        return None
    keys = list(columns[0][1])
    if not keys or not keys[0].isdigit() or any(list(cells) != keys for _, cells in columns):
        return None
    return [{name: cells[key] for name, cells in columns} for key in keys]


class _Text:
    """The characters of a file from `position` on; earlier ones are let go.

    `ended_inside` tells that the last value was cut off by the end of the file.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self.position = 0
        self.bytes_read = 0
        self.ended = False
        self.ended_inside = False
        self.broken: str | None = None
        self._wrong = 0  # where the last value failed, counted from `position`

    def peek(self) -> str:
        """The next character that is no white space or comma; "" at the end."""
        while True:
            self.position = self._skip_space()
            if self.position < len(self._text):
                return self._text[self.position]
            if not self._more():
                return ""

    def _skip_space(self) -> int:
        match = _SPACE.match(self._text, self.position)
        return match.end() if match else self.position

    def _more(self) -> bool:
        """Read on: as much again as is held, so that a long value is parsed a few times only."""
        if self.ended:
            return False
        held, self.position = self._text[self.position :], 0
        fresh: list[str] = []
        size = 0
        while size <= len(held) and not self.ended:
            fresh.append(self._read())
            size += len(fresh[-1])
        self._text = held + "".join(fresh)
        return True

    def _read(self) -> str:
        try:
            chunk = next(self._chunks, b"")
        except Broken as error:
            chunk, self.broken = b"", str(error)
        self.ended = not chunk
        self.bytes_read += len(chunk)
        return self._decoder.decode(chunk, final=self.ended)

    def take(self) -> Any:
        """Parse the value at `position` and step over it; a Problem, without stepping, where it cannot be parsed."""
        self._wrong = 0
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self.position)
            except RecursionError:
                return Problem(Reason.BROKEN_RECORD, "JSON nested too deeply")
            except json.JSONDecodeError as error:
                if self._is_cut(error) and not self.ended:
                    if len(self._text) - self.position > RECORD_BYTES:
                        return Problem(Reason.TOO_LARGE, "")
                    self._more()
                    continue
                self._wrong = error.pos - self.position
                return Problem(Reason.BROKEN_RECORD, f"no JSON: {error.msg}")
            except ValueError as error:  # a number beyond the limit of int()
                return Problem(Reason.BROKEN_RECORD, f"no JSON: {error}")
            if end - self.position > RECORD_BYTES:
                return Problem(Reason.TOO_LARGE, "")
            if end == len(self._text) and self._more():
                continue  # `12` may be the beginning of `123`
            self.position = end
            return value

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_END

    def enter_list(self) -> bool:
        """Step into the first list of objects in the object at `position`; False where none begins in what is held."""
        match = _LIST_OF_RECORDS.search(self._text, self.position, self.position + PAYLOAD_BYTES)
        self.position = match.end() if match else self.position
        return match is not None

    def skip(self, problem: Problem) -> Problem:
        """Step over a value that cannot be parsed, to the next `{` after a `}`; it becomes the payload."""
        passed = Overlong((), self.bytes_read - len(self._text) + self.position)
        kept = bytearray()
        while True:
            match = _NEXT_RECORD.search(self._text, self.position + self._wrong)
            end = match.start() + 1 if match else len(self._text) if self.ended else max(self.position, self._tail())
            piece = self._text[self.position : end].encode("utf-8", "surrogateescape")
            passed.add(piece)
            kept += piece[: PAYLOAD_BYTES - len(kept)]
            self.position, self._wrong = match.end() if match else end, 0
            if match or self.ended:
                break
            self._more()
        self.ended_inside = not match
        if problem.reason is Reason.TOO_LARGE and passed.length > RECORD_BYTES:
            return passed.problem()
        if self.ended_inside and self.broken:
            return self.break_off(bytes(kept))
        where = f" (from byte {passed.start}, {passed.length} bytes, SHA-256 {passed.digest.hexdigest()})"
        detail = problem.detail or "no JSON: a string is not closed"
        return Problem(Reason.BROKEN_RECORD, detail + where, bytes(kept) if passed.length <= PAYLOAD_BYTES else None)

    def _tail(self) -> int:
        """Where the last characters begin that may be half of a `}, {`."""
        return self._text.rfind("}", self.position) if "}" in self._text[-1_000:] else len(self._text)

    def break_off(self, payload: bytes | None = None) -> Problem:
        """Say, once, that the file breaks off."""
        detail, self.broken = self.broken or "", None
        return Problem(Reason.UNREADABLE, detail, payload or None)
