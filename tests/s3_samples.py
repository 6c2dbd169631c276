"""An S3 on the loopback address, and a bucket whose calls fail at a chosen one: what the tests of a lake in S3 share."""

from __future__ import annotations

import logging
import os
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lake import Lake
from lake.objects import Bucket
from lake.remote import Remote

LEASE_SECONDS = 1.0


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Start an S3 with one bucket; what a program needs in its environment to use it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    assert running._server is not None
    running._server.app = _one_at_a_time(running._server.app)
    endpoint = "http://{}:{}".format(*running.get_host_and_port())
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/bucket", method="PUT")).close()
    yield {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented",
        "AWS_REGION": "us-east-1",
    }
    running.stop()


def _one_at_a_time(app: Any) -> Any:
    """What S3 promises of `If-Match` and `If-None-Match`: moto looks and puts in two steps, others may come between."""
    guard = threading.Lock()

    def answer(*given: Any) -> Any:
        with guard:
            return app(*given)

    return answer


class Crash(BaseException):
    """The process is killed."""


class FailingBucket(Bucket):
    """A bucket that fails at its call number `at` (from 0) and at all that follow: before the call, or after it."""

    def __init__(
        self, url: str, at: int | None = None, *, after: bool = False, fault: BaseException | None = None
    ) -> None:
        super().__init__(url)
        self.calls, self.at, self.after = 0, at, after
        self.fault, self.broken_at = fault or Crash(), ""

    def _do(self, call: Any, *args: Any) -> Any:
        number, self.calls = self.calls, self.calls + 1
        if self.at is None or number < self.at:
            return call(*args)
        if self.after and number == self.at:
            call(*args)
        self.broken_at = self.broken_at or call.__name__
        raise self.fault

    def names(self, prefix: str) -> dict[str, int]:
        return self._do(super().names, prefix)  # type: ignore[no-any-return]

    def get(self, name: str) -> tuple[bytes, str] | None:
        return self._do(super().get, name)  # type: ignore[no-any-return]

    def create(self, name: str, data: bytes) -> str | None:
        return self._do(super().create, name, data)  # type: ignore[no-any-return]

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        return self._do(super().replace, name, data, tag)  # type: ignore[no-any-return]

    def delete(self, names: Sequence[str]) -> None:
        self._do(super().delete, names)


def lake_at(url: str, bucket: Bucket | None = None, lease_seconds: float = LEASE_SECONDS) -> Lake:
    """A lake in a bucket, made if it is not there, with a short lease."""
    Remote(url).open(create=True)
    lake = Lake(url)
    lake.remote = Remote(url, bucket=bucket, lease_seconds=lease_seconds)
    return lake


def unused(name: str) -> str:
    """An address of its own for each test."""
    return f"s3://bucket/{name}-{os.urandom(4).hex()}"
