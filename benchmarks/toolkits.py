"""Copies found by Saring, by datatrove's MinHash pipeline and by text-dedup, each as it comes: F1 and time per article.

usage: toolkits.py [--form text] [--form text_with_page_chrome] [--venv DIR] [--json FILE]

Needs ../shared/gold. The two toolkits are installed once into an environment of their own (`.toolkits` in the
checkout, pinned in toolkits.txt). Every side is one process with one worker that reads a JSONL file of articles and
writes which cluster each belongs to; its processor time is taken whole, start and imports included, and given per
article. Twice the texts are the same for all: as they are given, and as Saring cleans them. The toolkits read nothing
but the text; Saring's rule also reads address and outlet. Last comes all of `saring ingest`, which cleans, tells
languages and writes a lake besides; only there do links of partial copies count too. Pairs are scored as in copies.py:
templates are left out, a pair is found if both have one cluster.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from articles import ROOT
from copies import FORMS, GOLD, SARING, read, scored

HERE = Path(__file__).resolve().parent
SIDES = {"saring": "toolkits_saring.py", "datatrove": "toolkits_datatrove.py", "text-dedup": "toolkits_text_dedup.py"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", action="append", choices=FORMS)
    parser.add_argument("--venv", type=Path, default=ROOT / ".toolkits")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    python = environment(asked.venv)
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines:
        documents = {(one := json.loads(line))["id"]: one for line in lines}
    figures: dict[str, float] = {}
    for form in asked.form or FORMS[:1]:
        figures |= {f"{form}.{name}": value for name, value in measured(documents, form, python).items()}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def environment(folder: Path) -> Path:
    """Make the toolkits' environment if it is not there or is another one; give its Python."""
    python, pins, made = folder / "bin/python", HERE / "toolkits.txt", folder / "made-of.txt"
    if not made.exists() or made.read_text() != pins.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", pins], check=True)
        made.write_text(pins.read_text())
    return python


def measured(documents: dict[str, dict[str, Any]], form: str, python: Path) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = written(documents, {id: one[form] for id, one in documents.items()}, folder / "given/articles.jsonl")
        cpu = seconds([SARING, "ingest", given, "--lake", folder / "lake", "--workers", "1"])
        clusters, links = read(folder / "lake")
        whole = score(documents, clusters, links) | {"cpu_ms": 1000 * cpu / len(documents)}
        cleaned = written(documents, texts(folder / "lake"), folder / "cleaned/articles.jsonl")
        for kind, source in (("as given", given), ("cleaned by Saring", cleaned)):
            for side, script in SIDES.items():
                made = folder / f"{side}-{source.parent.name}"
                made.mkdir()
                run = [sys.executable if side == "saring" else python, HERE / script, source, made]
                cpu = seconds(run)
                clusters = json.loads((made / "clusters.json").read_text("utf-8"))
                found = score(documents, clusters, []) | {"cpu_ms": 1000 * cpu / len(documents)}
                figures |= told(f"{side}, texts {kind}", found)
        figures |= told("saring ingest, all of it", whole)
    return figures


def written(documents: dict[str, dict[str, Any]], texts: dict[str, str], file: Path) -> Path:
    """Write the articles with these texts, in their order; one that has no text left out."""
    file.parent.mkdir()
    with open(file, "w", encoding="utf-8") as out:
        for id, one in documents.items():
            if id in texts:
                row = {"id": id, **{name: one[name] for name in ("url", "outlet", "title")}, "text": texts[id]}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return file


def texts(lake: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in ("articles", "duplicates"):
        rows = ds.dataset(lake / table).to_table(columns=["origin_id", "text"]).to_pylist()
        found |= {row["origin_id"]: row["text"] for row in rows}
    return found


def seconds(command: list[Any]) -> float:
    """Run a command quietly, offline; the processor time of it and its children."""
    before = os.times()
    done = subprocess.run(command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[1]} failed:\n{done.stderr[-2000:]}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def score(
    documents: dict[str, dict[str, Any]], clusters: dict[str, str], links: list[tuple[str, str, str]]
) -> dict[str, float]:
    alone = {id: clusters.get(id, f"alone {id}") for id in documents}
    found = scored(documents, alone, links, quiet=True)
    recall, precision = found["recall"], found["precision"]
    f1 = 2 * recall * precision / max(1e-9, recall + precision)
    return {"f1": f1, "recall": recall, "precision": precision, "templates": found["T_template_joined"]}


def told(name: str, found: dict[str, float]) -> dict[str, float]:
    said = f"F1 {found['f1']:5.1f} %  recall {found['recall']:5.1f}  precision {found['precision']:5.1f}"
    print(f"{name:<40}{said}  templates joined {found['templates']:5.1f}  {found['cpu_ms']:6.2f} ms", flush=True)
    return {f"{name}.{figure}": round(value, 3) for figure, value in found.items()}


if __name__ == "__main__":
    main()
