"""Find one article of a lake by a part of its id or by its address, with its cluster and what it was compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from cleaners.urls import article_key, canonical_url
from lake import layout
from lake.clusters import Clusters
from lake.layout import LakeError
from lake.schema import TABLES

MIN_PREFIX = 4  # hex digits; fewer match one in 4,096 articles or more
NAMED = 5  # articles that an ambiguous request names
_ID = re.compile(rf"[0-9a-fA-F]{{{MIN_PREFIX},32}}")
_TOLD = ("id", "source", "title", "date_published", "duplicate_kind", "similarity", "revision", "batch")


@dataclass(frozen=True, slots=True)
class Link:
    """One row of `links`, seen from the article asked for: `other` is the far end, `earlier` whether it came first."""

    other: str
    kind: str
    jaccard: float | None
    containment: float | None
    earlier: bool
    source: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One article: its row, the rows of its cluster, its links, and the row it matches best (None: none).

    `cluster` has a few columns of each member, the article that stands in `articles` first, then by time and id;
    `cluster_id` is the one after reconciling.
    """

    table: str
    row: dict[str, Any]
    cluster_id: str
    cluster: tuple[dict[str, Any], ...]
    links: tuple[Link, ...]
    match: dict[str, Any] | None


def look_up(root: Path, wanted: str) -> Found:
    """Find the article whose id begins with `wanted`, or whose address it is. Raises LakeError if there is not one."""
    id = _id_of(root, wanted.strip())
    table, row = _row(root, id)
    clusters = Clusters.read(root)
    cluster_id = clusters.of(row["cluster_id"])
    links = tuple(_links(root, id))
    best = row["duplicate_of"] or next((link.other for link in links), None)
    return Found(
        table=table,
        row=row,
        cluster_id=cluster_id,
        cluster=tuple(_members(root, clusters.merged_into(cluster_id))),
        links=links,
        match=_row(root, best)[1] if best else None,
    )


def _id_of(root: Path, wanted: str) -> str:
    if _ID.fullmatch(wanted):
        near = pc.starts_with(pc.field("id"), wanted.lower())
    elif canonical := canonical_url(wanted):
        return _one(wanted, _at_address(root, canonical))
    else:
        raise LakeError(
            f"{wanted!r} is no id and no address: give at least {MIN_PREFIX} hex digits of an id, or a URL."
        )
    found = [row for name in ("articles", "duplicates") for row in _read(root, name, ["id", "title"], near)]
    return _one(wanted, found, ambiguous=True)


def _at_address(root: Path, canonical: str) -> list[dict[str, Any]]:
    """Rows at an address, or at another of the same article; those that stand in `articles` first, then by revision."""
    key, host = article_key(canonical), canonical.split("/")[2]
    domain = key.partition(":")[0] if key != canonical else host
    there = pc.match_substring(pc.field("canonical_url"), domain)
    columns = ["id", "title", "canonical_url", "revision"]
    found = []
    for name in ("articles", "duplicates"):
        rows = (row for row in _read(root, name, columns, there) if article_key(row["canonical_url"]) == key)
        found += sorted(rows, key=lambda row: (row["canonical_url"] != canonical, row["revision"], row["id"]))
    return found


def _one(wanted: str, found: list[dict[str, Any]], *, ambiguous: bool = False) -> str:
    if not found:
        raise LakeError(f"No article of this lake has {wanted!r} as its address or the beginning of its id.")
    if ambiguous and len(found) > 1:
        named = ", ".join(f"{row['id'][:12]} ({row['title'] or 'no title'})" for row in found[:NAMED])
        raise LakeError(f"{len(found)} articles have ids that begin with {wanted}: {named}. Give more digits.")
    return str(found[0]["id"])


def _row(root: Path, id: str) -> tuple[str, dict[str, Any]]:
    for name in ("articles", "duplicates"):
        for row in _read(root, name, TABLES[name].names, pc.field("id") == id):
            return name, row
    raise LakeError(f"The article {id} is named in the lake and not in it: run saring lake verify.")


def _members(root: Path, clusters: list[str]) -> Iterator[dict[str, Any]]:
    among = pc.field("cluster_id").isin(clusters)
    for name in ("articles", "duplicates"):
        rows = list(_read(root, name, list(_TOLD), among))
        yield from ({"table": name} | row for row in sorted(rows, key=_by_time))


def _by_time(row: dict[str, Any]) -> tuple[bool, Any, str]:
    when = row["date_published"]
    return when is None, when or 0, row["id"]


def _links(root: Path, id: str) -> Iterator[Link]:
    """Links of an article, to what came before it first, then the strongest first."""
    rows = list(_read(root, "links", TABLES["links"].names, (pc.field("id") == id) | (pc.field("other") == id)))
    ends = {row["other"] if row["id"] == id else row["id"] for row in rows}
    told = {
        row["id"]: row
        for name in ("articles", "duplicates")
        for row in (_read(root, name, ["id", "source", "title"], pc.field("id").isin(sorted(ends))) if ends else ())
    }
    found = []
    for row in rows:
        earlier = row["id"] == id
        far = row["other"] if earlier else row["id"]
        said = told.get(far, {})
        figures = (far, row["kind"], row["jaccard"], row["containment"], earlier)
        found.append(Link(*figures, said.get("source"), said.get("title")))
    yield from sorted(found, key=lambda link: (not link.earlier, -(link.jaccard or 0.0), link.other))


def _read(root: Path, name: str, columns: list[str], where: pc.Expression) -> Iterator[dict[str, Any]]:
    files = layout.files(root, name)
    if files:
        rows = ds.dataset(files, schema=TABLES[name], format="parquet")
        yield from rows.to_table(columns=columns, filter=where).to_pylist()
