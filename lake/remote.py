"""A lake in a bucket (S3): one writer by a lease, batches committed with it, a copy on disk for those who read here.

    <prefix>/<table>/ingested=2026-10/<batch>-<ruleset>.parquet      what readers glob; put once, never replaced
    <prefix>/_staging/<batch>-<ruleset>.2026-10.<nonce>/<table>.part  bytes of a batch on its way
    <prefix>/_lock                                                   who writes, and which batches are committed

`_lock` is the one object that is replaced, each time under the condition that it is still the one known. Its holder
renews it; one that has not changed for LEASE_SECONDS, by the clock of who waits, is taken over. A batch is committed by
naming its staging in `_lock`, so who lost the lease cannot commit: commit and ownership are one object. The next holder
puts what is missing of a committed batch, from the staged bytes, in the usual order, and deletes the rest.

Saring itself reads a copy of the tables on disk, brought up to date whenever the lake is opened or locked: names are
never used again, so what is there stays right. Other readers take the bucket.
Over 250 lines: lease, commit and recovery are one protocol, and are read together.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lake import layout
from lake.layout import LakeError
from lake.objects import SCHEME, Bucket

LEASE_SECONDS = 30.0  # a holder that dies keeps others waiting this long; four missed renewals
RENEWALS = 4  # in each lease
POLL_SECONDS = 1.0  # between two looks at another's lease


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch that is committed: its file name without suffix, its month, its tables, where its bytes are staged."""

    stem: str
    month: str
    folder: str
    tables: tuple[str, ...]

    def part(self, table: str) -> str:
        """Where the bytes of a table are staged."""
        return f"{self.folder}/{table}.part"

    def target(self, table: str) -> str:
        """Where the table of the batch belongs."""
        return f"{table}/ingested={self.month}/{self.stem}.parquet"


@dataclass(frozen=True, slots=True)
class State:
    """What `_lock` says: its owner (None: free), batches to finish, and a value that no other version has."""

    owner: str | None
    ready: tuple[Ready, ...] = ()
    nonce: str = ""

    def encoded(self) -> bytes:
        """Write it as JSON, under a new nonce: equal bytes would have equal e-tags."""
        return json.dumps(asdict(replace(self, nonce=uuid.uuid4().hex)), sort_keys=True).encode()

    @classmethod
    def read(cls, data: bytes) -> State:
        """Read it back."""
        if not data:  # of a lake that was copied from a disk
            return cls(None)
        found = json.loads(data)
        ready = (Ready(one["stem"], one["month"], one["folder"], tuple(one["tables"])) for one in found["ready"])
        return cls(found["owner"], tuple(ready), found["nonce"])


class Remote:
    """One lake in a bucket, with its copy on disk."""

    def __init__(self, url: str, *, bucket: Bucket | None = None, lease_seconds: float | None = None) -> None:
        self.url = SCHEME + url.partition(":")[2].strip("/")
        self.bucket = bucket or Bucket(self.url)
        self.copy = copy_of(self.url)
        self.lease_seconds = lease_seconds or LEASE_SECONDS
        self._owner = f"{os.uname().nodename}:{os.getpid()}:{uuid.uuid4().hex}"
        self._state, self._tag = State(None), ""
        self._guard = threading.Lock()  # the lease is renewed by a thread
        self._held = False

    # ------------------------------------------------------------------------------------------------ opening, reading

    def open(self, *, create: bool) -> None:
        """Make sure that a lake is there, copied from a disk or not, or make it. Raises LakeError."""
        with self._telling():
            if self.bucket.get(layout.LOCK) is not None:
                return
            names = self.bucket.names("")
            if not (create or names):
                raise LakeError(f"There is no lake at {self.url}: saring ingest PATH… --lake {self.url} makes one.")
            if any(name.split("/")[0] not in (*layout.PUBLISH_ORDER, layout.STAGING) for name in names):
                raise LakeError(f"{self.url} holds other things than a lake: name an empty or a new prefix.")
            self.bucket.create(layout.LOCK, State(None).encoded())

    def is_there(self) -> bool:
        """Whether a lake is there. Raises LakeError."""
        with self._telling():
            return self.bucket.get(layout.LOCK) is not None or bool(self.bucket.names("runs/"))

    def pull(self) -> None:
        """Bring the copy on disk up to date; a table of `runs` comes last, so that what it names is there."""
        with self._telling(), self._copying():
            runs = self.bucket.names("runs/")  # asked for first: what they name is complete in what is asked for next
            there = {name: size for name, size in self.bucket.names("").items() if not name.startswith("runs/")} | runs
            for table in layout.PUBLISH_ORDER:
                for name in sorted(name for name in there if name.startswith(f"{table}/")):
                    if not (self.copy / name).exists():
                        self._keep(name, self._whole(name, there[name]))
            for table in reversed(layout.PUBLISH_ORDER):
                for file in layout.files(self.copy, table):
                    if layout.name_of(self.copy, file) not in there:
                        file.unlink()

    # ------------------------------------------------------------------------------------------------------- the lease

    @contextmanager
    def lock(self, waiting: Callable[[float], None] | None = None) -> Iterator[None]:
        """Hold the lease, renewing it meanwhile; `waiting(seconds so far)` is called while another holds it."""
        with self._telling():
            self._acquire(waiting)
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(ended,), daemon=True, name="lease")
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            with contextlib.suppress(LakeError, OSError):  # lost or out of reach: it runs out by itself
                self._swap(replace(self._state, owner=None))
            self._held = False

    def _acquire(self, waiting: Callable[[float], None] | None) -> None:
        began = seen_at = time.monotonic()
        seen = ""
        while True:
            found = self.bucket.get(layout.LOCK)
            if found is None:
                raise LakeError(f"{self.url}/{layout.LOCK} went away: is somebody deleting the lake?")
            state, tag = State.read(found[0]), found[1]
            if tag != seen:
                seen, seen_at = tag, time.monotonic()
            if state.owner is None or time.monotonic() - seen_at >= self.lease_seconds:
                self._state, self._tag, self._held = state, tag, True
                with contextlib.suppress(LakeError):  # somebody was faster
                    self._swap(replace(state, owner=self._owner))
                    return
                self._held, seen = False, ""
            if waiting is not None:
                waiting(time.monotonic() - began)
            time.sleep(min(POLL_SECONDS, self.lease_seconds / RENEWALS))

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(self.lease_seconds / RENEWALS):
            with contextlib.suppress(LakeError, OSError):  # tried again; a lost lease is told by the next commit
                self._swap(None)

    def _swap(self, state: State | None, ready: Callable[[tuple[Ready, ...]], tuple[Ready, ...]] | None = None) -> None:
        """Replace `_lock` if it is still ours. Raises LakeError if it is not."""
        with self._guard:
            if not self._held:
                raise LakeError(f"The lease of {self.url} was lost: another writer took over. Run it again.")
            wanted = state or self._state
            if ready is not None:
                wanted = replace(wanted, ready=ready(self._state.ready))
            data = wanted.encoded()
            tag = self.bucket.replace(layout.LOCK, data, self._tag)
            if tag is None:
                found = self.bucket.get(layout.LOCK)
                if found is None or found[0] != data:  # else it was put, and only the answer was lost
                    self._held = False
                    raise LakeError(f"The lease of {self.url} was lost: another writer took over. Run it again.")
                tag = found[1]
            self._state, self._tag = wanted, tag

    # ------------------------------------------------------------------------------------------------------ publishing

    def publish(self, stem: str, month: str, tables: Mapping[str, bytes]) -> None:
        """Put all tables of a batch (by name, encoded) or none. Needs the lease. Raises LakeError."""
        ready = Ready(stem, month, f"{layout.STAGING}/{stem}.{month}.{uuid.uuid4().hex}", tuple(tables))
        with self._telling():
            for table, data in tables.items():
                self.bucket.create(ready.part(table), data)
            self._swap(None, lambda known: (*known, ready))  # the commit point
            self._finish(ready, tables)

    def recover(self) -> tuple[str, ...]:
        """Finish every batch that was committed, delete all other staging; the batches finished. Needs the lease."""
        with self._telling():
            left = self._state.ready
            for ready in left:
                self._finish(ready, {})
            self.bucket.delete(sorted(self.bucket.names(f"{layout.STAGING}/")))
        self.pull()
        return tuple(ready.stem.split("-")[0] for ready in left)

    def _finish(self, ready: Ready, known: Mapping[str, bytes]) -> None:
        """Put a committed batch in its place, in order; done again after a crash, it does the rest."""
        for table in (name for name in layout.PUBLISH_ORDER if name in ready.tables):
            staged = known.get(table)
            if staged is None and (found := self.bucket.get(ready.part(table))) is not None:
                staged = found[0]
            if staged is not None and self.bucket.create(ready.target(table), staged) is None:
                there = self.bucket.get(ready.target(table))
                if there is None or there[0] != staged:
                    raise LakeError(
                        f"{self.url}/{ready.target(table)} holds other bytes than the batch that belongs there."
                    )
            elif staged is None and self.bucket.get(ready.target(table)) is None:
                raise LakeError(f"{self.url}/{ready.part(table)} is gone, and so is what was to be made of it.")
            if table in known:
                with self._copying():
                    self._keep(ready.target(table), known[table])
        self._swap(None, lambda batches: tuple(one for one in batches if one != ready))
        self.bucket.delete([ready.part(table) for table in ready.tables])

    # ------------------------------------------------------------------------------------------------ the copy on disk

    def _whole(self, name: str, size: int) -> bytes:
        found = self.bucket.get(name)
        if found is None or len(found[0]) != size:
            raise LakeError(f"{self.url}/{name} changed while it was read: files of a lake are put once.")
        return found[0]

    def _keep(self, name: str, data: bytes) -> None:
        """Write a file of the copy whole, or not at all."""
        file = self.copy / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            incoming = self.copy.with_name(f"{self.copy.name}.incoming")
            incoming.write_bytes(data)
            os.replace(incoming, file)

    @contextmanager
    def _copying(self) -> Iterator[None]:
        """One process at a time changes the copy."""
        self.copy.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.copy.with_name(f"{self.copy.name}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LakeError(f"The lake {self.url} cannot be used: {error}.") from error


def is_remote(path: str | Path) -> bool:
    """Whether a lake's name is that of a bucket; a Path has made one slash of two."""
    return str(path).startswith("s3:/")


def copy_of(url: str) -> Path:
    """The folder of a lake's copy: below SARING_CACHE, else the user's cache folder; another endpoint, another lake."""
    cache = os.environ.get("SARING_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "saring"
    )
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    name = re.sub(r"[^0-9A-Za-z]+", "-", url.removeprefix(SCHEME)).strip("-")
    return Path(cache, f"{name}-{hashlib.sha256(f'{endpoint} {url}'.encode()).hexdigest()[:8]}")
