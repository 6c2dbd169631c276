"""Saring's side of toolkits.py: fingerprints and the rule for copies alone, on texts as they come.

usage: toolkits_saring.py ARTICLES.jsonl FOLDER
"""

import json
import sys
from pathlib import Path

import pyarrow as pa

from cleaners.fingerprint import fingerprint
from cleaners.urls import canonical_url
from lake.duplicates import Index
from lake.schema import TABLES, table


def main() -> None:
    source, folder = map(Path, sys.argv[1:])
    with open(source, encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    decided = Index(table("articles", [row(one) for one in documents])).decide(lambda ids, files: {})
    clusters: dict[str, str] = {}
    for part in (decided.articles, decided.duplicates):
        ids, names = (part.column(name).to_pylist() for name in ("id", "cluster_id"))
        clusters |= zip(ids, names, strict=True)
    (folder / "clusters.json").write_text(json.dumps(clusters), "utf-8")


def row(document: dict[str, str]) -> dict[str, object]:
    """Give a row of `articles` of which everything that decides about copies is there."""
    made = fingerprint(document["text"])
    return BLANK | {
        "id": document["id"],
        "cluster_id": document["id"],
        "source": document["outlet"],
        "canonical_url": canonical_url(document["url"]),
        "title": document["title"],
        "text": document["text"],
        "content_hash": made.content_hash,
        "minhash_signature": made.signature,
        "shingle_count": made.shingle_count,
        "minhash_scheme": made.scheme,
    }


def blank(kind: pa.DataType) -> object:
    if pa.types.is_list(kind):
        return []
    return "" if pa.types.is_string(kind) else 0


BLANK = {field.name: blank(field.type) for field in TABLES["articles"] if not field.nullable}


if __name__ == "__main__":
    main()
