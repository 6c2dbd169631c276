"""Whether many small runs give what one large run gives: the same articles, in the same order, by `saring ingest`.

usage: ten_runs.py [--articles N] [--runs N] [--titles none|run] [--workers N] [--json FILE]

Needs ../shared. Real articles: first all that resemble another one (gold/near_duplicate_pairs), then others by chance,
in an order by chance. Ids differ, for they name the batch; so everything is compared by the ids that the input gave.
With `--titles run`, the default of `saring ingest`, a run knows the headlines of its own input alone, so that a small
run can cut less of a text than a large one; with `none` the texts are the same, and so must be all that is decided:
then it fails where anything differs.
"""

import argparse
import gzip
import json
import random
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from articles import CORPUS, SEED, articles
from copies import SARING

PAIRS = CORPUS.parent / "gold/near_duplicate_pairs.jsonl.gz"
DECIDED = ("cluster_id", "duplicate_of", "duplicate_kind", "revision", "similarity", "containment", "flags")
OF_ROWS = ("cluster_id", "duplicate_of")  # columns that name rows

Rows = dict[str, tuple[Any, ...]]
Links = set[tuple[Any, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--titles", choices=("none", "run"), default="none")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    rows = chosen(asked.articles)
    options = ["--titles", asked.titles, "--workers", str(asked.workers)]
    with tempfile.TemporaryDirectory() as folder:
        one = ingested(Path(folder, "one"), [rows], options)
        size = -(-len(rows) // asked.runs)
        many = ingested(Path(folder, "many"), [rows[at : at + size] for at in range(0, len(rows), size)], options)
    figures = compared(one, many)
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if asked.titles == "none" and any(count for name, count in figures.items() if name.startswith("other")):
        raise SystemExit("the runs do not decide like one")


def chosen(count: int) -> list[dict[str, Any]]:
    """Articles that resemble each other, then others, up to `count`; of a smaller count the pairs are kept together."""
    _, rows = articles(32_000)
    known = {row["id"]: row for row in rows}
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        pairs = [(pair["a"], pair["b"]) for pair in map(json.loads, lines)]
    random.Random(SEED).shuffle(pairs)
    alike = [known[id] for id in dict.fromkeys(id for pair in pairs if known.keys() >= {*pair} for id in pair)]
    named = {row["id"] for row in alike}
    others = [row for row in rows if row["id"] not in named][: max(0, count - len(alike))]
    found = [*alike[:count], *others]
    random.Random(SEED + 1).shuffle(found)
    return found


def ingested(folder: Path, parts: list[list[dict[str, Any]]], options: list[str]) -> tuple[Rows, dict[str, str], Links]:
    """Read parts one after the other into a lake; what was decided of each row, its text's hash, and links."""
    lake = folder / "lake"
    folder.mkdir()
    for number, part in enumerate(parts):
        source = folder / f"part-{number:03}.jsonl"
        source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part), "utf-8")
        command = [SARING, "ingest", source, "--lake", lake, *options]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return decided(lake)


def decided(lake: Path) -> tuple[Rows, dict[str, str], Links]:
    rows = [
        row | {"kept": table == "articles"}
        for table in ("articles", "duplicates")
        for row in ds.dataset(lake / table).to_table(columns=["id", "origin_id", "content_hash", *DECIDED]).to_pylist()
    ]
    origin = {row["id"]: row["origin_id"] for row in rows}
    told = {
        row["origin_id"]: (row["kept"], *(origin.get(row[n]) if n in OF_ROWS else str(row[n]) for n in DECIDED))
        for row in rows
    }
    links = ds.dataset(lake / "links").to_table().to_pylist()
    found = {(origin[o["id"]], origin[o["other"]], o["kind"], o["jaccard"], o["containment"]) for o in links}
    return told, {row["origin_id"]: row["content_hash"] for row in rows}, found


def compared(
    one: tuple[Rows, dict[str, str], Links], many: tuple[Rows, dict[str, str], Links]
) -> dict[str, int | dict[str, int]]:
    (rows, texts, links), (others, other_texts, other_links) = one, many
    at = {name: place for place, name in enumerate(("kept", *DECIDED))}
    kinds = [row[at["duplicate_kind"]] for row in rows.values()]
    return {
        "articles": len(rows),
        "copies": sum(not row[at["kept"]] for row in rows.values()),
        "kinds": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "highest revision": max(int(row[at["revision"]]) for row in rows.values()),
        "links": len(links),
        "other rows": len(rows.keys() ^ others.keys()),
        "other texts": sum(texts[id] != other_texts.get(id) for id in texts),
        **{
            f"other {name}": sum(row[place] != others.get(id, (None,) * len(at))[place] for id, row in rows.items())
            for name, place in at.items()
        },
        "other links": len(links ^ other_links),
    }


if __name__ == "__main__":
    main()
