"""One shard in its own process: one bad document never costs another, and no process is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cleaners.article import Document, Reason, Reject, Stage
from flows.child import Limits, ShardError
from flows.columns import ColumnMap
from flows.crew import Crew
from flows.parts import Rows, next_document, parts, read_parts
from flows.plan import Piece
from flows.prepare import told
from flows.shard import Job, documents
from flows.sources import SourceFile, expand, mapping_of
from flows.workplace import Workplace, sweep
from lake import LakeError

STORY = "Warga menyambut pembukaan jembatan itu pada Senin pagi, kata lurah setempat. Nomor {}."
MISBEHAVING = str(Path(__file__).with_name("misbehaving.py"))
LIMITS = Limits(cpu_seconds=2, wall_seconds=3600, program=(MISBEHAVING,))  # a busy machine gives two seconds in many
BATCH = "0" * 32
PATIENCE_SECONDS = 300.0  # machines are loaded; only what never comes takes so long


def job_of(folder: Path, texts: list[str]) -> Job:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
    (file,) = expand([path]).files
    piece = told(Piece(file, len(texts), 0, len(texts)), mapping_of(file))
    return Job(batch=BATCH, pieces=(piece,), start=0, stop=len(texts), folder=str(folder))


def cleaned(folder: Path, texts: list[str], limits: Limits = LIMITS) -> tuple[list[int], dict[int, tuple[str, str]]]:
    """Rows of the articles, and reason and detail of the rejects by row."""
    with Crew(limits=limits) as crew:
        crew.clean(job_of(folder, texts))
    tables = read_parts(folder, BATCH)
    rejects = {r["origin_row"]: (r["reason"], r["detail"]) for r in tables["rejects"].to_pylist()}
    return tables["articles"]["origin_row"].to_pylist(), rejects


BAD: dict[str, tuple[str, str, str]] = {  # what the document does -> reason, a part of the detail
    "computes for ever": ("SPIN", "timeout", "2 s of processor time"),
    "kills its process": ("DIE ALWAYS", "killed", "SIGKILL"),
    "asks for more memory than there is": ("GREEDY", "killed", "memory"),
    "brings out a mistake of ours": ("BUG", "killed", "KeyError"),
    "kills whoever reads it": ("UNREADABLE", "killed", "SIGKILL"),
}


@pytest.mark.parametrize(("text", "reason", "detail"), BAD.values(), ids=BAD.keys())
def test_a_bad_document_becomes_a_reject_and_costs_no_other(
    text: str, reason: str, detail: str, tmp_path: Path
) -> None:
    texts = [STORY.format(n) for n in range(6)]
    texts[3] = f"{STORY.format(3)} {text}"
    rows, rejects = cleaned(tmp_path, texts)
    assert rows == [0, 1, 2, 4, 5]
    assert list(rejects) == [3]
    assert rejects[3][0] == reason
    assert detail in rejects[3][1]


def test_a_document_that_waits_for_ever_is_ended_by_the_clock(tmp_path: Path) -> None:
    limits = Limits(wall_seconds=10, program=(MISBEHAVING,))
    rows, rejects = cleaned(tmp_path, [STORY.format(0), f"{STORY} SLEEP", STORY.format(2)], limits)
    assert rows == [0, 2]
    assert rejects[1] == ("timeout", "no progress for 10 s, in each of 2 tries")


def test_the_reject_of_a_killed_child_keeps_its_document(tmp_path: Path) -> None:
    with Crew(limits=LIMITS) as crew:
        crew.clean(job_of(tmp_path, ["DIE ALWAYS"]))
    (reject,) = read_parts(tmp_path, BATCH)["rejects"].to_pylist()
    assert (reject["payload"], reject["stage"], reject["origin_id"]) == (b"DIE ALWAYS", "run", "0")


def test_a_child_that_dies_once_is_retried_and_nothing_is_rejected(tmp_path: Path) -> None:
    texts = [STORY.format(0), f"{STORY.format(1)} DIE ONCE {tmp_path / 'mark'}", STORY.format(2)]
    assert cleaned(tmp_path, texts) == ([0, 1, 2], {})


def test_a_document_that_dies_of_another_ones_memory_is_kept(tmp_path: Path) -> None:
    texts = [STORY.format(0), f"{STORY.format(1)} HOARD", STORY.format(2), f"{STORY.format(3)} NEEDS ROOM"]
    assert cleaned(tmp_path, texts) == ([0, 1, 2, 3], {})


def test_several_bad_documents_in_one_shard_are_each_rejected(tmp_path: Path) -> None:
    texts = [STORY.format(n) for n in range(5)]
    texts[0], texts[1], texts[4] = "DIE ALWAYS", "UNREADABLE", "DIE ALWAYS"
    rows, rejects = cleaned(tmp_path, texts)
    assert rows == [2, 3]
    assert {row: reason for row, (reason, _) in rejects.items()} == dict.fromkeys((0, 1, 4), "killed")


def test_rows_are_the_same_whether_a_child_died_or_not(tmp_path: Path) -> None:
    tables = []
    for name in ("calm", "stormy"):
        folder = tmp_path / name
        folder.mkdir()
        mark = folder / "mark"
        if name == "calm":
            mark.touch()
        texts = [STORY.format(n) for n in range(600)] + [f"DIE ONCE {mark}"]
        with Crew(limits=LIMITS) as crew:
            crew.clean(job_of(folder, texts))
        tables.append(read_parts(folder, BATCH)["articles"].select(["id", "text", "origin_row"]).slice(0, 600))
    assert tables[0].equals(tables[1])


def test_a_file_that_lost_records_fails_the_shard_with_its_name(tmp_path: Path) -> None:
    job = job_of(tmp_path, [STORY.format(0), STORY.format(1)])
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": STORY.format(0)}) + "\n")
    with Crew() as crew, pytest.raises(ShardError, match=r"in\.jsonl changed while it was being read"):
        crew.clean(job)


def test_a_disk_that_takes_no_rows_stops_the_run_and_blames_no_document(tmp_path: Path) -> None:
    job = job_of(tmp_path, [STORY.format(0)])
    gone = Job(**{name: getattr(job, name) for name in job.__slots__} | {"folder": str(tmp_path / "gone")})
    with Crew() as crew, pytest.raises(LakeError, match="gone cannot be written: No such file") as raised:
        crew.clean(gone)
    assert isinstance(raised.value.__cause__, OSError)


def test_a_child_serves_several_shards(tmp_path: Path) -> None:
    with Crew() as crew:
        for name in ("a", "b"):
            folder = tmp_path / name
            folder.mkdir()
            crew.clean(job_of(folder, [STORY.format(0)]))
            assert read_parts(folder, BATCH)["articles"].num_rows == 1
        assert len(crew.all) == 1


def test_closing_the_crew_ends_children_at_work(tmp_path: Path) -> None:
    crew = Crew(limits=Limits(program=(MISBEHAVING,)))
    caught: list[BaseException] = []

    def work() -> None:
        try:
            crew.clean(job_of(tmp_path, ["SLEEP"]))
        except ShardError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: bool(crew.all))
    (child,) = crew.all
    crew.close()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert child.process.poll() is not None
    assert [str(error) for error in caught] == ["the run was stopped"]


PARENT = """
import sys, pathlib
from flows.child import Limits
from flows.crew import Crew
sys.path.insert(0, sys.argv[1])
from test_shard import job_of
with Crew(limits=Limits(program=(sys.argv[2],))) as crew:
    crew.clean(job_of(pathlib.Path(sys.argv[3]), ["SLEEP"]), lambda at: print(*[c.process.pid for c in crew.all], flush=True))
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(Path(__file__).parent), MISBEHAVING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not is_alive(child))


def wait_for(holds: object, seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_documents_are_numbered_over_the_pieces_of_a_shard(tmp_path: Path) -> None:
    for name, texts in (("a", ["x", "y", "z"]), ("b", ["u", "v"])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    first, second = expand([tmp_path]).files
    pieces: tuple[Mapping[str, object], ...] = tuple(
        told(Piece(file, 0, start, stop), ColumnMap()) for file, start, stop in ((first, 1, 3), (second, 0, 2))
    )
    job = Job(batch=BATCH, pieces=pieces, start=1, stop=4, folder=str(tmp_path))
    begun: list[int] = []
    found = [(at, document.text) for at, document in documents(job, lambda at, patience=1: begun.append(at))]
    assert found == [(1, "z"), (2, "u"), (3, "v")]
    assert sorted(set(begun)) == [1, 2, 3]


def test_a_half_written_part_is_no_part(tmp_path: Path) -> None:
    (tmp_path / f"{BATCH}.000000000-000000001.writing").write_bytes(b"half")
    assert next_document(tmp_path, BATCH) == 0
    assert parts(tmp_path, BATCH) == []


def test_of_part_files_that_overlap_each_document_is_read_once(tmp_path: Path) -> None:
    """Two children on one shard: one goes straight on, the other begins again in the middle, after a death."""
    for first, stop in ((0, 2), (2, 4), (2, 3), (3, 5), (4, 6)):
        rows = Rows(BATCH, "rules")
        for at in range(first, stop):
            rows.add(at, Reject(Document(text=str(at)), Stage.RUN, Reason.KILLED, str(at)))
        rows.write(tmp_path, first, stop)
    assert next_document(tmp_path, BATCH) == 6
    assert read_parts(tmp_path, BATCH)["rejects"].column("detail").to_pylist() == list("012345")


def test_a_part_that_is_there_already_is_not_replaced(tmp_path: Path) -> None:
    for detail in ("first", "second"):
        rows = Rows(BATCH, "rules")
        rows.add(0, Reject(Document(text="x"), Stage.RUN, Reason.KILLED, detail))
        rows.write(tmp_path, 0, 1)
    assert read_parts(tmp_path, BATCH)["rejects"].column("detail").to_pylist() == ["first"]
    assert len(list(tmp_path.iterdir())) == 1


def test_the_workplace_of_a_dead_run_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    with Workplace(tmp_path, "alive") as alive:
        (tmp_path / "_staging" / "work-dead").mkdir()
        (tmp_path / "_staging" / "work-dead" / "owner").touch()
        (tmp_path / "_staging" / "work-just-made").mkdir()
        assert sweep(tmp_path) == ["work-dead", "work-just-made"]
        assert alive.path.is_dir()
    assert list((tmp_path / "_staging").iterdir()) == []


def test_source_files_are_told_to_a_child_and_come_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("isi,tautan,lain\nx,y,z\n")
    (file,) = expand([path]).files
    mapping = mapping_of(file, {"text": "isi"})
    from flows.shard import source_of

    assert source_of(json.loads(json.dumps(told(Piece(file, 1, 0, 1), mapping)))) == (file, mapping)
    assert isinstance(file, SourceFile)
