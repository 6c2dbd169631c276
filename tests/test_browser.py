"""The whole way as people go it: a real server, a work pool and its worker, and a real browser in front of them.

Needs Playwright (`pip install 'saring[browser]'`) and a Chromium, Debian's for instance: none is downloaded. The same
again with PostgreSQL as Prefect's database, where it is installed. Screenshots are written to SARING_SCREENSHOTS, else
to a temporary folder. Where strace is there, every connection of all processes is watched.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import postgres
import pytest
from conftest import ROOT, SARING
from prefect_server import (
    PREFECT,
    START_SECONDS,
    ask,
    call,
    environment_of,
    free_port,
    healthy,
    processes_with,
    run_of,
    server_command,
    started,
    until,
)

from flows.settings import IngestConfig
from lake import Lake
from lake.verify import verify

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: saring[browser]")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.prefect,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc"),
]

SHOWN_SECONDS = 300  # for a page that has to be drawn, on a machine that may be busy
LONG_DOCUMENTS, LONG_SHARD = 1_000, 20
# A run that lasts as long as it is looked at: 0.5 s for each document, in shards that are soon there.
SLOW = f"""import sys
if "flows.shard" in sys.orig_argv:
    import time
    from cleaners import pipeline
    at_once = pipeline.clean
    def clean(*given, **named):
        time.sleep(0.5)
        return at_once(*given, **named)
    pipeline.clean = clean
else:
    from flows import plan
    plan.SHARD_DOCUMENTS = {LONG_SHARD}
"""
DONE = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
LOOPBACK = re.compile(r'AF_UNIX|AF_NETLINK|inet_addr\("127\.|"::1"|AF_UNSPEC|"0\.0\.0\.0"')
# Of a drawn graph: how many pixels of a picture are the green of tasks that are done.
GREEN = """async picture => {
  const image = new Image(); image.src = 'data:image/png;base64,' + picture; await image.decode();
  const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
  const pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
  const found = pen.getImageData(0, 0, image.width, image.height).data; let green = 0;
  for (let at = 0; at < found.length; at += 4)
    green += found[at + 1] > 120 && found[at + 1] > found[at] + 60 && found[at + 1] > found[at + 2] + 40;
  return green; }"""


@dataclass
class Place:
    """A server, a worker and the folder that the deployment works in."""

    environment: dict[str, str]
    folder: Path
    database: str
    watched: Path | None  # what strace wrote

    @property
    def url(self) -> str:
        return self.environment["PREFECT_API_URL"].removesuffix("/api")


def strace_works(folder: Path) -> bool:
    command = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", str(folder / "trial"), "true"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A deployment of the shipped prefect.yaml, as the run book says, with a worker that waits for runs."""
    if request.param == "postgresql" and postgres.found() is None:
        pytest.skip("there is no PostgreSQL on this machine")
    home = tmp_path_factory.mktemp(f"saring-{request.param}-")
    folder = home / "work"
    folder.mkdir()
    shutil.copy(ROOT / "prefect.yaml", folder)
    shutil.copytree(ROOT / "samples", folder / "samples")
    watched = home / "connections" if strace_works(home) else None
    watch = (
        ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-A", "-e", "trace=connect", "-o", str(watched)]
        if watched
        else []
    )
    with contextlib.ExitStack() as stack:
        more = {}
        if request.param == "postgresql":
            more["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = stack.enter_context(postgres.running())
        port = free_port()
        environment = environment_of(home, port, **more)
        stack.enter_context(started([*watch, *server_command(port)], home / "server.log", environment))
        until(lambda: healthy(environment), START_SECONDS, home / "server.log")
        for command in ("work-pool create saring --type process", "--no-prompt deploy --all"):
            words = [*PREFECT, *command.split()]
            subprocess.run(words, env=environment, cwd=folder, check=True, capture_output=True)
        (deployment,) = ask(environment, "deployments")
        call(environment, f"deployments/{deployment['id']}/pause_deployment")  # no run of five o'clock comes between
        worker = [*watch, *PREFECT, "worker", "start", "--pool", "saring"]
        stack.enter_context(started(worker, home / "worker.log", environment, cwd=folder))
        yield Place(environment, folder, request.param, watched)
    until(lambda: not processes_with(str(home)), SHOWN_SECONDS)


@pytest.fixture
def page(place: Place) -> Iterator[Any]:
    """A page of a fresh browser; whatever it asks for from any other machine fails the test."""
    sandboxed = [] if os.geteuid() else ["--no-sandbox"]  # Chromium's sandbox refuses to work for root
    with playwright.sync_playwright() as driver:
        # Chromium itself greets its makers, whatever page it shows; here it cannot.
        nobody_else = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
        # In containers /dev/shm is small, and a page that fills it crashes.
        switches = [*sandboxed, "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", nobody_else]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=switches)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id="Asia/Jakarta")
        page.set_default_timeout(SHOWN_SECONDS * 1000)
        asked = set[str]()
        for event in ("request", "websocket"):
            page.on(event, lambda one: asked.add(urlsplit(one.url).hostname or "127.0.0.1"))  # data: has no host
        yield page
        browser.close()
    assert asked == {"127.0.0.1"}


def shoot(page: Any, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("SARING_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def field(page: Any, title: str) -> Any:
    label = page.locator(".schema-form-property__label", has_text=re.compile(rf"^{title}\b"))
    return page.locator(".p-label", has=label).last


def submit(page: Any) -> None:
    page.get_by_role("button", name="Submit").press("Enter")  # what the form says pops up before it, under the mouse


def refused(page: Any, words: str) -> None:
    """Submit what must not run; the form says why."""
    submit(page)
    page.get_by_text(f"Validation failed for field {words}").first.wait_for()


def test_a_run_is_started_in_the_form_and_its_report_table_and_graph_are_seen(
    place: Place, page: Any, tmp_path: Path
) -> None:
    (deployment,) = ask(place.environment, "deployments")
    page.goto(f"{place.url}/deployments/deployment/{deployment['id']}/run")
    for title in ("Inputs", "Lake", "Languages", "Workers", "Known headlines", "Fail on alarm", "Dry run"):
        field(page, title).wait_for()
    labels = page.locator(".schema-form-property__label").all_inner_texts()
    titles = [one.title for one in IngestConfig.model_fields.values()]
    assert [label.removesuffix(" (Optional)") for label in labels] == ["config", *titles]
    assert "The result does not depend on it" in field(page, "Workers").inner_text()
    shoot(page, f"form-{place.database}", tmp_path)
    field(page, "Known headlines").locator("button.p-select-button__control").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".p-select-option__text").nth(2).wait_for()
    assert page.locator(".p-select-option__text").all_inner_texts() == ["none", "run", "lake"]
    page.keyboard.press("Escape")

    workers, inputs = field(page, "Workers"), field(page, "Inputs")
    workers.locator("input").fill("0")
    refused(page, "'config.workers'. Failure reason: 0 is less than the minimum of 1")
    shoot(page, f"refused-{place.database}", tmp_path)
    workers.locator("input").fill("1")
    inputs.locator("button.p-button--outline").first.click()  # the dustbin beside the only input
    refused(page, "'config'. Failure reason: 'inputs' is a required property")
    assert [run for run in ask(place.environment, "flow_runs") if not run["auto_scheduled"]] == []
    inputs.get_by_text("Add item").click()
    inputs.locator("textarea").last.fill("samples")
    submit(page)

    def by_hand() -> Any:
        return [run for run in ask(place.environment, "flow_runs") if not run["auto_scheduled"]]

    shoot(page, f"submitted-{place.database}", tmp_path)
    (run,) = until(by_hand, SHOWN_SECONDS)
    run = until(lambda: (one := run_of(place.environment, run["id"]))["state_type"] in DONE and one, START_SECONDS)
    message = run["state"]["message"]
    assert (run["state_type"], run["name"]) == ("COMPLETED", "ingest samples"), message
    assert re.fullmatch(r"\d+ articles, \d+ copies, \d+ rejects", message)

    page.goto(f"{place.url}/runs/flow-run/{run['id']}")
    page.get_by_text(message).first.wait_for()  # the last line of the log
    page.get_by_text(re.compile("shard 0: .* articles")).first.wait_for()
    until(lambda: green(page) > 2000, SHOWN_SECONDS)
    shoot(page, f"run-{place.database}", tmp_path)

    left = {one["key"]: one for one in ask(place.environment, "artifacts") if one["flow_run_id"] == run["id"]}
    page.goto(f"{place.url}/artifacts/artifact/{left['saring-report']['id']}")
    page.get_by_role("heading", name=message).wait_for()
    page.get_by_role("heading", name="What was removed, by kind").wait_for()
    page.get_by_text("State Message").wait_for()
    shoot(page, f"report-{place.database}", tmp_path)
    page.goto(f"{place.url}/artifacts/artifact/{left['saring-shards']['id']}")
    for column in ("documents", "articles", "copies", "rejects", "seconds"):
        page.get_by_role("columnheader", name=column).or_(page.get_by_text(column, exact=True)).first.wait_for()
    shoot(page, f"shards-{place.database}", tmp_path)

    lake = Lake(place.folder / "lake/data")
    assert verify(lake).problems == ()
    assert lake.status().rows["articles"] == int(message.split()[0])


def test_a_run_that_is_cancelled_in_the_ui_ends_at_once_and_the_next_completes_it(
    place: Place, page: Any, tmp_path: Path
) -> None:
    source, lake, mark = tmp_path / "in.jsonl", tmp_path / "lake", uuid.uuid4().hex
    story = "Warga kampung {0} menanam {1} pohon di tepi sungai pada Senin pagi, kata lurah."
    rows = ({"id": str(n), "text": story.format(n, n * 7 + 3)} for n in range(LONG_DOCUMENTS))
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    (deployment,) = ask(place.environment, "deployments")
    given = {"parameters": {"config": {"inputs": [str(source)], "lake": str(lake), "workers": 1}}}
    slow = {"job_variables": {"env": {"PYTHONPATH": str(tmp_path), "SARING_TEST_MARK": mark}}}
    run = call(place.environment, f"deployments/{deployment['id']}/create_flow_run", given | slow)
    until(lambda: any(lake.glob("runs/*/*.parquet")), START_SECONDS)
    assert any("flows.shard" in command for command in processes_with(mark).values())

    page.goto(f"{place.url}/runs/flow-run/{run['id']}")
    page.locator(".flow-run-menu button").first.click()
    page.get_by_text("Cancel", exact=True).first.click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("Cancelled", exact=True).first.wait_for(timeout=1000 * START_SECONDS)
    until(lambda: not processes_with(mark), SHOWN_SECONDS)
    shoot(page, f"cancelled-{place.database}", tmp_path)

    assert run_of(place.environment, run["id"])["state_type"] == "CANCELLED"
    assert 0 < Lake(lake).status().rows["articles"] < LONG_DOCUMENTS
    subprocess.run([SARING, "lake", "verify", "--lake", lake], check=True, capture_output=True)
    again = call(place.environment, f"deployments/{deployment['id']}/create_flow_run", given)
    state = until(lambda: (one := run_of(place.environment, again["id"]))["state_type"] in DONE and one, START_SECONDS)
    assert state["state_type"] == "COMPLETED", state["state"]["message"]
    subprocess.run([SARING, "lake", "verify", "--lake", lake], check=True, capture_output=True)
    assert Lake(lake).status().rows["articles"] == LONG_DOCUMENTS
    assert list((lake / "_staging").iterdir()) == []


def green(page: Any) -> int:
    canvas = page.locator("canvas").first
    canvas.wait_for()
    return int(page.evaluate(GREEN, base64.b64encode(canvas.screenshot()).decode()))


def test_nothing_but_this_machine_was_contacted(place: Place) -> None:
    """By server, worker, flow run and their children, during what came before."""
    if place.watched is None:
        pytest.skip("connections are watched with strace, which is not here or may not trace")
    lines = [line for line in place.watched.read_text(errors="replace").splitlines() if "connect(" in line]
    assert len(lines) > 10, "strace saw hardly anything"
    assert [line for line in lines if not LOOPBACK.search(line)] == []
