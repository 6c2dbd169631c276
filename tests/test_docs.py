"""The documentation is true: what the program has stands on its page, and what the README shows runs."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import typer
from conftest import ROOT, SARING
from prefect_server import END_SECONDS, PATIENT, START_SECONDS, free_port, healthy, interruptible

from cleaners.article import Kind, Reason, Stage
from flows.cli import app
from lake.schema import TABLES

README = (ROOT / "README.md").read_text("utf-8")
PAGES = {
    name: (ROOT / name / "README.md").read_text("utf-8") if (ROOT / name / "README.md").exists() else ""
    for name in ("cleaners", "lake", "flows")
}
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command as typed, and its options."""
    waiting = [("saring", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        below = getattr(command, "commands", None)
        if below is not None:
            waiting += [(f"{name} {word}", one) for word, one in below.items()]
        else:
            yield name, [opt for param in command.params for opt in param.opts if opt.startswith("--")]


COMMANDS = dict(sorted(commands()))
EXAMPLES = [(info, code, number) for number, (info, code) in enumerate(BLOCK.findall(README))]
SHELL = [(code, number) for info, code, number in EXAMPLES if info == "sh"]
PYTHON = [(code, number) for info, code, number in EXAMPLES if info == "python"]


# ----------------------------------------------------------------------------------------- what there is, is described


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_options_stand_in_the_run_book(command: str) -> None:
    assert command in PAGES["flows"]
    missing = [option for option in COMMANDS[command] if not re.search(rf"(?<![\w-]){option}(?![\w-])", PAGES["flows"])]
    assert not missing


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself_and_each_of_its_options(command: str) -> None:
    at = typer.main.get_command(app)
    for word in command.split()[1:]:
        at = at.commands[word]  # type: ignore[attr-defined]
    assert at.help
    assert not [param.name for param in at.params if not getattr(param, "help", None)]


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_stands_on_the_page_of_the_rule_language(kind: Kind) -> None:
    assert f"`{kind}`" in PAGES["cleaners"]


@pytest.mark.parametrize("word", [*Reason, *Stage])
def test_a_reason_and_a_stage_of_rejects_are_explained_somewhere(word: str) -> None:
    assert [name for name, page in PAGES.items() if f"`{word}`" in page]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_and_its_columns_stand_in_the_data_contract(table: str) -> None:
    assert f"`{table}`" in PAGES["lake"]
    assert not [name for name in TABLES[table].names if f"`{name}`" not in PAGES["lake"]]


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("*/README.md")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


# ---------------------------------------------------------------------------------------------- what is shown, is true


def test_the_picture_is_what_cleaning_does_to_the_sample() -> None:
    shown = next(code for info, code, _ in EXAMPLES if info == "diff").rstrip("\n").split("\n")
    text = (ROOT / "samples/text/kompastv-jembatan.txt").read_text("utf-8")
    row = cleaned(text)
    stays = [line[2:] for line in shown if line.startswith("  ")]
    goes = [line[2:] for line in shown if line.startswith("- ")]
    assert len(stays) + len(goes) == len(shown)
    for lines, whole in ((stays, row["text"].split("\n")), (goes, [one["text"] for one in row["removals"]])):
        assert len(lines) == len(whole)
        for line, full in zip(lines, whole, strict=True):
            assert full.strip().startswith(line.removesuffix("…").strip())
    assert row["source"] == "kompastv"
    assert row["language"] == "id"
    assert row["dateline"] == "PADANG"
    assert len(row["related"]) == 2


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)$", README, re.MULTILINE))
def test_the_make_commands_exist(target: str) -> None:
    # The gate runs them for good; here they would install anew.
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("code", "number"), SHELL, ids=[f"block-{n}" for _, n in SHELL])
def test_a_command_of_the_readme_runs(workplace: Path, code: str, number: int) -> None:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=workplace, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_shown_after(number, done.stdout)


@pytest.mark.parametrize(("code", "number"), PYTHON, ids=[f"block-{n}" for _, n in PYTHON])
def test_a_snippet_of_the_readme_runs(workplace: Path, code: str, number: int) -> None:
    for module in re.findall(r"^(?:import|from) (pyspark)", code, re.MULTILINE):
        if importlib.util.find_spec(module) is None or shutil.which("java") is None:
            pytest.skip(f"{module} is not among the test tools: it needs Java")
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"}  # not every machine can find itself by its name
    done = subprocess.run([sys.executable, "-c", code], cwd=workplace, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert_shown_after(number, done.stdout)


@pytest.mark.prefect
def test_the_prefect_commands_of_the_readme_run(workplace: Path, tmp_path: Path) -> None:
    port = free_port()
    server, run, schedule = (code.replace("4200", str(port)) for info, code, _ in EXAMPLES if info.startswith("sh "))
    api = {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    environment = (
        os.environ
        | PATIENT
        | {
            "PREFECT_HOME": str(tmp_path),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "COLUMNS": "200",
        }
    )
    with (tmp_path / "server.log").open("w") as log, started(f"{server.strip()} --port {port}", environment, log):
        until(lambda: healthy(api), (tmp_path / "server.log").read_text)
        done = shell(run, workplace, environment)
        assert done.returncode == 0, done.stdout + done.stderr
        environment |= api
        assert "completed" in shell("prefect flow-run ls", workplace, environment).stdout.lower()
        with (tmp_path / "serve.log").open("w") as log, started(f"cd {workplace} && exec {schedule}", environment, log):
            listed = "prefect deployment ls"
            until(lambda: "daily" in shell(listed, workplace, environment).stdout, (tmp_path / "serve.log").read_text)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader of the README has it after `make demo`."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "samples", folder / "samples")
    (folder / "articles").mkdir()
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run([SARING, "ingest", "samples"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def assert_shown_after(number: int, output: str) -> None:
    """A `text` block right after a command is its output."""
    following = EXAMPLES[number + 1 : number + 2]
    if following and following[0][0] == "text":
        assert output.strip() == following[0][1].strip()


def shell(code: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=START_SECONDS * 2
    )


@contextmanager
def started(code: str, environment: dict[str, str], log: IO[str]) -> Iterator[None]:
    """Run a command that does not end by itself, in a group of its own, and end the group afterwards."""
    command = ["bash", "-c", code]
    with interruptible():
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(holds: Callable[[], bool], story: Callable[[], str]) -> None:
    end = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < end, story()
        time.sleep(1)


def cleaned(text: str) -> dict[str, object]:
    given = json.dumps({"id": "1", "text": text}, ensure_ascii=False)
    done = subprocess.run([SARING, "clean", "--jsonl"], input=given, capture_output=True, encoding="utf-8", check=True)
    row: dict[str, object] = json.loads(done.stdout)
    return row
