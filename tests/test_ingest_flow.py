"""The flow on a real Prefect server: the same bytes as the plain run, a state that says how it went, a report."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, SARING
from prefect_server import START_SECONDS, ask, call, newest, serving, started, until

from flows.drift import MIN_ARTICLES, MIN_RUNS
from flows.settings import IngestConfig
from lake import Lake
from lake.verify import verify

pytestmark = pytest.mark.prefect

SMALL = str(Path(__file__).with_name("small_shards.py"))
STORY = (
    "Warga kampung {n} menyambut pembukaan jembatan nomor {n} pada Senin pagi.\n"
    "Baca juga: Jembatan Lama Nomor {n} Ditutup\nPedagang di ujung jembatan berharap pembeli datang lagi."
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a client of a server that lives as long as this module's tests, in a home of its own."""
    with serving(tmp_path_factory.mktemp("prefect")) as environment:
        yield environment


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    lines = [json.dumps({"id": str(n), "text": STORY.format(n=n)}) for n in range(20)] + ["{broken"]
    path.write_text("\n".join(lines) + "\n")
    return path


def contents(lake: Path) -> dict[str, str]:
    found = sorted(path for path in lake.rglob("*.parquet") if "runs" not in path.parts)
    return {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_a_flow_run_writes_the_same_bytes_as_a_plain_one_and_tells_the_server(
    server: dict[str, str], source: Path, tmp_path: Path
) -> None:
    plain, flow = tmp_path / "plain", tmp_path / "flow"
    subprocess.run([SARING, "ingest", source, "--lake", plain], check=True, capture_output=True)
    done = subprocess.run([SARING, "ingest", source, "--lake", flow], capture_output=True, text=True, env=server)
    assert done.returncode == 0, done.stderr
    assert "20 articles kept" in done.stdout
    assert contents(flow) == contents(plain) != {}
    run = newest(server)
    assert (run["state_type"], run["name"]) == ("COMPLETED", f"ingest {source}")
    assert run["state"]["message"] == "20 articles, 0 copies, 1 reject"
    tasks = {task["name"] for task in ask(server, "task_runs") if task["flow_run_id"] == run["id"]}
    assert tasks <= {"plan", "clean-00000", "publish", "report"}
    left = {one["key"]: one for one in ask(server, "artifacts") if one["flow_run_id"] == run["id"]}
    assert {key: one["type"] for key, one in left.items()} == {
        "saring-report": "markdown",
        "saring-shards": "table",
        "saring-progress": "progress",
    }
    assert "| broken\\-record | 1 |" in left["saring-report"]["data"]
    (shard,) = json.loads(left["saring-shards"]["data"])
    assert (shard["documents"], shard["articles"], shard["copies"], shard["rejects"]) == (21, 20, 0, 1)
    assert left["saring-progress"]["data"] == 100

    again = subprocess.run([SARING, "ingest", source, "--lake", flow], capture_output=True, text=True, env=server)
    assert again.stdout.startswith("Nothing new")
    assert newest(server)["state"]["name"] == "NothingNew"


def test_an_outlet_unlike_its_history_alarms_in_the_report_the_lake_and_as_an_event(
    server: dict[str, str], tmp_path: Path
) -> None:
    lake, command = tmp_path / "lake", [SARING, "ingest", "--lake", tmp_path / "lake", "--fail-on-alarm"]
    for day in range(MIN_RUNS):
        subprocess.run([*command, one_day(tmp_path, day, title="Panen Raya")], check=True, capture_output=True)
    strange = one_day(tmp_path, MIN_RUNS, title=None)
    done = subprocess.run([*command, strange], capture_output=True, text=True, env=server)
    alarm = f"rekaan.example: share without title was 0.00, is 1.00 ({MIN_ARTICLES} documents)"
    assert (done.returncode, f"ALARM {alarm}" in done.stdout) == (1, True), done.stdout + done.stderr
    assert "Drift alarms: 1; what was read is in the lake" in done.stderr
    assert Lake(lake).runs().column("alarms").to_pylist()[-1] == [alarm]
    run = newest(server)
    assert (run["state_type"], run["state"]["message"]) == ("FAILED", "20 articles, 0 copies, 0 rejects; 1 alarm")
    left = [one for one in ask(server, "artifacts") if one["flow_run_id"] == run["id"]]
    (report,) = [one for one in left if one["key"] == "saring-report"]
    assert "**Alarm**: rekaan" in report["data"]

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call(server, "events/filter", {"filter": {"event": {"name": ["saring.drift"]}}})[
            "events"
        ]
        return found

    (event,) = until(events, START_SECONDS, Path(server["PREFECT_HOME"]) / "server.log")  # stored in its own time
    assert event["resource"]["prefect.resource.id"] == "saring.outlet.rekaan.example"
    assert (event["payload"]["message"], event["payload"]["figure"]) == (alarm, "share without title")


def one_day(folder: Path, day: int, title: str | None) -> Path:
    path = folder / f"day{day}.jsonl"
    url = "https://rekaan.example/{}/{}/panen"
    stories = [(url.format(day, n), STORY.format(n=100 * day + n)) for n in range(MIN_ARTICLES)]
    rows = [{"url": url, "title": title, "text": text} for url, text in stories]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_shards_cleaned_two_at_once_as_a_flow_run_give_the_bytes_of_a_plain_run_with_one_worker(
    server: dict[str, str], source: Path, tmp_path: Path
) -> None:
    small = [sys.executable, SMALL, "5", "locked", "ingest", str(source)]
    plain, flow = tmp_path / "plain", tmp_path / "flow"
    subprocess.run([*small, "--lake", plain, "--workers", "1"], check=True, capture_output=True)
    subprocess.run([*small, "--lake", flow, "--workers", "2"], check=True, capture_output=True, env=server)
    assert len(contents(flow)) == 5 * 5  # batches, tables apart from runs
    assert contents(flow) == contents(plain)
    assert newest(server)["state"]["message"] == "20 articles, 0 copies, 1 reject"


def test_rejects_that_are_read_again_give_the_same_bytes_plain_and_as_a_flow_run(
    server: dict[str, str], tmp_path: Path
) -> None:
    text = "The mayor opened the new bridge on Monday morning, and the traders were pleased with the crowd."
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": f"{text} It is number {n}."}) + "\n" for n in range(3)))
    found = []
    for environment in (os.environ, server):
        lake = tmp_path / f"lake{len(found)}"
        command = [SARING, "ingest", "--lake", lake]
        subprocess.run([*command, source, "--languages", "id"], check=True, capture_output=True)
        again = [*command, "--rejects", "--reason", "other-language", "--json"]
        done = subprocess.run(again, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["documents"] == 3
        found.append(contents(lake))
    assert found[0] == found[1]
    assert newest(server)["name"] == "ingest rejects"


@pytest.mark.parametrize(
    ("cron", "said"),
    {
        "0 5 * * *": "at 05:00 each day",
        " 30 17 * * 1-5 ": "at 17:30 from Monday to Friday",
        "0 5 * * 1": "at `0 5 * * 1`",
        "*/5 * * * *": "at `*/5 * * * *`",
    }.items(),
)
def test_the_deployment_says_in_words_when_it_runs(cron: str, said: str) -> None:
    from flows.serve import in_words

    assert in_words(cron) == said


def test_wrong_inputs_fail_the_flow_and_the_command_with_the_same_sentence(
    server: dict[str, str], tmp_path: Path
) -> None:
    command = [SARING, "ingest", tmp_path / "none.jsonl", "--lake", tmp_path / "lake"]
    done = subprocess.run(command, capture_output=True, text=True, env=server)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("saring: ")
    assert newest(server)["state_type"] == "FAILED"


def test_a_served_schedule_fires_twice_and_the_second_run_finds_nothing_new(
    server: dict[str, str], source: Path, tmp_path: Path
) -> None:
    lake, log = tmp_path / "lake", tmp_path / "serve.log"
    command = [SARING, "serve", "--cron", "* * * * *", "--name", "each-minute", "--lake", "lake", source.name]

    def deployed() -> list[Any]:
        return [one for one in ask(server, "deployments") if one["name"] == "each-minute"]

    def states(deployment: Any) -> list[str]:
        """Of the runs that were at work, in their order: one that came too early is cancelled."""
        runs = [run for run in ask(server, "flow_runs") if run["deployment_id"] == deployment["id"] and run["end_time"]]
        ended = sorted(runs, key=lambda run: run["end_time"])
        return [run["state_name"] for run in ended if run["state_type"] != "CANCELLED"]

    with started(command, log, server, cwd=tmp_path):
        (deployment,) = until(deployed, START_SECONDS, log)
        assert deployment["entrypoint"] == "flows.ingest.ingest"
        assert deployment["concurrency_limit"] == 1 or deployment["global_concurrency_limit"]["limit"] == 1
        (schedule,) = deployment["schedules"]
        assert (schedule["slug"], schedule["schedule"]["timezone"]) == ("saring", "Asia/Jakarta")
        found = until(lambda: len(ended := states(deployment)) >= 2 and ended, 3 * START_SECONDS, log)
    assert found[:2] == ["Completed", "NothingNew"], log.read_text()  # the second starts beside a folder named lake/
    assert verify(Lake(lake)).problems == ()


def test_the_form_of_a_run_has_a_title_and_a_description_for_every_field() -> None:
    for name, field in IngestConfig.model_json_schema()["properties"].items():
        assert field["title"], name
        assert field["description"], name


def test_the_shipped_deployment_names_the_flow_and_fields_that_exist() -> None:
    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert deployment["entrypoint"] == "flows.ingest:ingest"
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert [one["slug"] for one in deployment["schedules"]] == ["saring"]
    IngestConfig.model_validate(deployment["parameters"]["config"])
