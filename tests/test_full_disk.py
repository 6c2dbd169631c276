"""A disk that is really full: one sentence, exit 1, the lake as it was; and it works again when there is room."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SARING

from lake import Lake
from lake.verify import verify

DISK_KB = 2048
KEPT, NEW = range(20), range(20, 220)  # articles that are there before the disk is full, and that come then
LIMITED = """import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])"""
MOUNT = ("mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs")


def write_input(path: Path, numbers: range) -> Path:
    text = (
        "Warga kampung {n} menanam {n} pohon di tepi sungai.\n" + "Pohon ke-{n} diberi nama oleh murid sekolah. " * 30
    )
    path.write_text("".join(json.dumps({"id": str(n), "text": text.format(n=n)}) + "\n" for n in numbers))
    return path


def ingest(source: Path, lake: Path, limit: int | None = None) -> tuple[int, list[str]]:
    """Exit status, and what stands on standard error apart from the plan; no file may become longer than `limit`."""
    limited = [] if limit is None else [sys.executable, "-c", LIMITED, str(limit)]
    command = [*limited, SARING, "ingest", source, "--lake", lake, "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, [
        line for line in done.stderr.splitlines() if line.startswith(("saring", "Trace", "  File"))
    ]


def files(lake: Path) -> dict[str, str]:
    found = sorted(path for path in lake.rglob("*") if path.is_file())
    return {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        done = subprocess.run([*MOUNT, place], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)  # whoever looks at it still does not fail the test


ROOM_KB = {"nothing": 0, "a few rows": 64, "all rows and some tables": 480}
LIMITS = {"the headlines": 1, "a part of the rows": 4_000, "a table": 60_000}  # bytes of a file


def test_a_full_disk_is_one_sentence_and_the_lake_is_as_it_was(small_disk: Path, tmp_path: Path) -> None:
    lake, ballast = small_disk / "lake", small_disk / "ballast"
    kept, new = write_input(tmp_path / "kept.jsonl", KEPT), write_input(tmp_path / "new.jsonl", NEW)
    assert ingest(kept, lake) == (0, [])
    before = files(lake)
    for what, room in ROOM_KB.items():
        fill(ballast, room)
        status, said = ingest(new, lake)
        assert (status, len(said)) == (1, 1), (what, said)
        assert "No space left on device" in said[0]
        assert files(lake) == before, f"there was room for {what}"
        assert list((lake / "_staging").iterdir()) == []
    ballast.unlink()
    assert ingest(new, lake) == (0, [])
    verdict = verify(Lake(lake))
    assert verdict.problems == ()
    assert verdict.rows["articles"] + verdict.rows["duplicates"] == len(KEPT) + len(NEW)


def fill(ballast: Path, room_kb: int) -> None:
    """Fill the disk but for some room."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(file.tell() - room_kb * 1024)


def test_a_quota_is_one_sentence_and_the_lake_is_as_it_was(tmp_path: Path) -> None:
    """Where mounting is not allowed: the kernel lets no file grow beyond a size."""
    lake, source = tmp_path / "lake", write_input(tmp_path / "in.jsonl", range(60))
    for what, limit in LIMITS.items():
        status, said = ingest(source, lake, limit)
        assert (status, len(said)) == (1, 1), (what, said)
        assert "File too large" in said[0]
        assert [path for path in lake.rglob("*") if path.is_file()] == [lake / "_lock"], f"too large: {what}"
    assert ingest(source, lake) == (0, [])
    assert verify(Lake(lake)).rows["articles"] == 60
