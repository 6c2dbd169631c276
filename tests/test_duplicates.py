"""Copies are found, named and kept; who stays does not depend on how the input was parted. Stories are invented."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.article import Article, Cleaned, Document, Fields, Language, LanguageStatus, Source
from cleaners.fingerprint import SCHEME, fingerprint, overlap, shingles, text_hash
from lake.candidates import BandIndex
from lake.duplicates import Decision, Index
from lake.judge import PARTIAL_CONTAINMENT
from lake.read import KEYS, KeyBatch
from lake.schema import article_row, row_id, table

SYLLABLES = [consonant + vowel for consonant in "bcdgjklmnprstwy" for vowel in "aiu"]
WORDS = [first + second for first in SYLLABLES for second in SYLLABLES]


@dataclass(frozen=True)
class Story:
    """What decides about copies, and nothing else."""

    text: str
    source: str | None = None
    url: str | None = None
    title: str | None = None


def words(seed: int, count: int = 200) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def text(seed: int, count: int = 200) -> str:
    return " ".join(words(seed, count))


def edited(seed: int, changed: int, count: int = 200) -> str:
    """Give the story of `seed` with its last words changed: the Jaccard index is about (n - c) / (n + c)."""
    return " ".join(words(seed, count)[: count - changed] + words(seed + 10_000, changed))


def cleaned_rows(stories: Iterable[Story], batch: str) -> pa.Table:
    rows = []
    for place, story in enumerate(stories):
        cleaned = Cleaned(
            document=Document(text=story.text, origin_row=place),
            article=Article(story.text),
            text=story.text,
            removals=(),
            fields=Fields(title=story.title),
            source=Source(story.source),
            language=Language("id", 1.0, LanguageStatus.OK),
            fingerprint=fingerprint(story.text),
            canonical_url=story.url,
            original_hash=text_hash(story.text),
        )
        rows.append(article_row(cleaned, id=row_id(batch, place), batch=batch, ruleset="0" * 16))
    return table("articles", rows)


@dataclass
class Shelf:
    """A lake in memory: what it holds comes back in any order and in several files."""

    tables: list[tuple[str, pa.Table]] = field(default_factory=list)
    asked: int = 0

    def add(self, batch: pa.Table, shuffle: random.Random | None = None) -> Decision:
        index = Index(batch)
        known = self.known()
        if shuffle:
            shuffle.shuffle(known)
        for part in known:
            index.probe(part)
        decision = index.decide(self.texts)
        self.tables += [("articles", decision.articles), ("duplicates", decision.duplicates)]
        return decision

    def known(self) -> list[KeyBatch]:
        return [
            KeyBatch(f"{name}/{place}", name, part)
            for place, (name, rows) in enumerate(self.tables)
            for part in rows.select(list(KEYS)).to_batches(max_chunksize=7)
        ]

    def texts(self, ids: Collection[str], files: Collection[str] | None = None) -> Mapping[str, str]:
        self.asked += 1
        assert files is None or all(name.startswith(("articles/", "duplicates/")) for name in files)
        rows = [row for _, part in self.tables for row in part.select(["id", "text"]).to_pylist()]
        return {row["id"]: row["text"] for row in rows if row["id"] in ids}


def decide(*stories: Story, apart: bool) -> list[dict[str, object]]:
    """Decide stories in one batch, or each in its own; give their rows in input order, ids as places."""
    shelf = Shelf()
    parts = [[story] for story in stories] if apart else [list(stories)]
    for number, part in enumerate(parts):
        shelf.add(cleaned_rows(part, f"batch{number}"))
    rows = [row | {"table": name} for name, part in shelf.tables for row in part.to_pylist()]
    names = [row_id(f"batch{n}", p) for n, part in enumerate(parts) for p in range(len(part))]
    place = {name: number for number, name in enumerate(names)}
    rows.sort(key=lambda row: place[row["id"]])
    for row in rows:
        row |= {"of": place.get(row["duplicate_of"]), "cluster": place[row["cluster_id"]]}
    return rows


PRICES = "Harga emas hari ini {} rupiah, perak {} rupiah, turun {} rupiah dari kemarin. " + text(7, 120)
A = Story(text(1), "kompas", "https://kompas.com/read/2025/01/02/10000001/judul-lama", "Jembatan Baru Dibuka")


@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "against the lake"])
@pytest.mark.parametrize(
    ("first", "second", "kind", "flags"),
    [
        # Not copies.
        pytest.param(A, Story(text(2), "detik"), None, [], id="another story"),
        pytest.param(Story(PRICES.format(950_000, 8_100, 500), "bisnis"),
                     Story(PRICES.format(960_500, 8_250, 750), "bisnis"), None, [], id="a template, other numbers"),
        pytest.param(A, Story(edited(1, 40), "kompas"), None, [], id="the same outlet, 0.67"),
        pytest.param(A, Story(edited(1, 40), None), None, [], id="an unknown source is not another outlet"),
        pytest.param(A, Story(edited(1, 110), "detik"), None, [], id="another outlet, 0.29"),
        pytest.param(Story(text(3, 40), "kompas"), Story(edited(3, 2, 40), "detik"), None, [], id="too short"),
        pytest.param(replace(A, url="https://kompas.com", title=None),
                     Story(text(2), "kompas", "https://kompas.com"), None, [], id="a home page"),
        pytest.param(A, replace(A, text=text(2), title="Pasar Terbakar"), None, ["url-reused"], id="a reused address"),
        # Copies.
        pytest.param(A, Story(text(1).upper() + ".", "detik"), "exact", [], id="the same words"),
        pytest.param(A, replace(A), "exact", [], id="the same row again"),
        pytest.param(Story(text(3, 20)), Story(text(3, 20)), "exact", [], id="short and the same"),
        pytest.param(A, replace(A, text=edited(1, 60), title="Jembatan Dibuka"), "revision", [], id="an update"),
        pytest.param(A, replace(A, text=edited(1, 60), url="https://kompas.com/read/2025/01/02/10000001/judul-baru"),
                     "revision", [], id="an update under a new slug"),
        pytest.param(A, replace(A, text=text(2), title="JEMBATAN baru dibuka!"), "revision", [], id="rewritten"),
        pytest.param(Story(text(3, 30), "kompas", "https://kompas.com/a", "Gempa"),
                     Story(text(4, 30), "kompas", "https://kompas.com/a", "Gempa"), "revision", [], id="short"),
        pytest.param(A, Story(edited(1, 40), "detik"), "syndicated", [], id="another outlet, 0.67"),
        pytest.param(A, Story(edited(1, 10), "kompas"), "near", [], id="the same outlet, 0.90"),
        pytest.param(A, Story(edited(1, 10), None), "near", [], id="an unknown source, 0.90"),
    ],
)  # fmt: skip
def test_a_pair_is_decided(first: Story, second: Story, kind: str | None, flags: list[str], apart: bool) -> None:
    kept, decided = decide(first, second, apart=apart)
    assert (kept["table"], kept["duplicate_kind"], kept["cluster"], kept["revision"]) == ("articles", None, 0, 0)
    assert (decided["duplicate_kind"], decided["flags"]) == (kind, flags)
    assert decided["table"] == ("duplicates" if kind else "articles")
    assert (decided["of"], decided["cluster"]) == ((0, 0) if kind else (None, 1))
    assert decided["revision"] == int(kind == "revision")


@pytest.mark.parametrize("apart", [False, True])
def test_versions_under_one_address_are_counted(apart: bool) -> None:
    versions = [replace(A, text=edited(1, changed)) for changed in (0, 20, 40)]
    rows = decide(*versions, versions[1], apart=apart)
    assert [(row["duplicate_kind"], row["revision"]) for row in rows] == [
        (None, 0), ("revision", 1), ("revision", 2), ("exact", 1)
    ]  # fmt: skip
    assert [row["of"] for row in rows] == [None, 0, 0, 1]


@pytest.mark.parametrize("apart", [False, True])
def test_a_copy_of_a_copy_joins_the_cluster_of_the_first(apart: bool) -> None:
    chain = [Story(edited(1, 0), "satu"), Story(edited(1, 60), "dua"), Story(text(1)[:0] + edited(1, 60), "tiga")]
    far = Story(" ".join(words(1)[60:140] + words(10_001, 60) + words(77, 40)), "empat")
    rows = decide(*chain, far, apart=apart)
    assert [row["cluster"] for row in rows] == [0, 0, 0, 0]
    assert rows[2]["duplicate_kind"] == "exact"
    assert rows[2]["of"] == 1


@pytest.mark.parametrize("apart", [False, True])
def test_a_contained_article_stays_and_is_linked(apart: bool) -> None:
    shelf = Shelf()
    stories = [Story(text(5, 400), "kompas"), Story(" ".join(words(5, 400)[:260]), "kompas")]
    for number, part in enumerate([[story] for story in stories] if apart else [stories]):
        last = shelf.add(cleaned_rows(part, f"batch{number}"))
    assert last.duplicates.num_rows == 0
    (link,) = last.links.to_pylist()
    assert link["kind"] == "partial"
    assert link["containment"] > 0.75
    assert link["jaccard"] == pytest.approx(0.65, abs=0.1)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("share", [0.55, 0.65, 0.70, 0.74, 0.78, 0.82, 0.90])
def test_a_partial_copy_is_measured_in_the_texts_and_not_estimated(share: float, apart: bool) -> None:
    parts = found = 0
    for seed in range(5, 15):
        whole, cut = words(seed, 300), round(share * 160)
        part = [*whole[:cut], *words(seed + 50, 160 - cut)]
        shelf, stories = Shelf(), [Story(" ".join(whole), "kompas"), Story(" ".join(part), "kompas")]
        for number, some in enumerate([[story] for story in stories] if apart else [stories]):
            last = shelf.add(cleaned_rows(some, f"batch{number}"))
        jaccard, contained = overlap(shingles(" ".join(whole)), shingles(" ".join(part)))
        parts += contained >= PARTIAL_CONTAINMENT
        for link in last.links.to_pylist():
            found += 1
            assert link["kind"] == "partial"
            assert link["jaccard"] == pytest.approx(jaccard, abs=1e-4)
            assert link["containment"] == pytest.approx(contained, abs=1e-4)
    assert parts - 2 <= found <= parts  # a pair may share no band


def test_a_bridge_between_two_clusters_is_linked_to_both() -> None:
    half, other = words(8, 200), words(12, 200)
    shelf = Shelf()
    decision = shelf.add(
        cleaned_rows(
            [
                Story(" ".join(half), "satu"),
                Story(" ".join(other), "dua"),
                Story(" ".join(half + other[:190]), "tiga"),
            ],
            "batch",
        )
    )
    assert decision.articles.num_rows == 2
    assert sorted(decision.links.column("other").to_pylist()) == sorted([row_id("batch", 0), row_id("batch", 1)])
    assert decision.duplicates.column("duplicate_of").to_pylist() == [decision.copies[0].of]


def test_texts_are_asked_for_only_where_numbers_or_parts_decide() -> None:
    shelf = Shelf()
    shelf.add(cleaned_rows([A], "a"))
    shelf.add(cleaned_rows([Story(edited(1, 10), "detik")], "b"))
    assert shelf.asked == 0
    shelf.add(cleaned_rows([Story(edited(1, 12), "kompas")], "c"))
    assert shelf.asked == 1


def test_rows_of_another_scheme_are_counted_and_not_compared() -> None:
    shelf = Shelf()
    first = shelf.add(cleaned_rows([A, Story(text(2), "kompas")], "a"))
    at = first.articles.schema.get_field_index("minhash_scheme")
    old = first.articles.set_column(at, first.articles.schema.field(at), pa.array(["w5-old/0"] * 2))
    shelf.tables = [("articles", old)]
    decision = shelf.add(cleaned_rows([Story(edited(1, 10), "detik"), Story(text(2), "detik")], "b"))
    assert decision.other_scheme == 2
    assert decision.duplicates.column("duplicate_kind").to_pylist() == ["exact"]
    assert SCHEME not in old.column("minhash_scheme").to_pylist()


def test_a_file_that_comes_again_under_another_name_changes_nothing() -> None:
    shelf = Shelf()
    shelf.add(cleaned_rows([A], "a"))
    batch = cleaned_rows([Story(edited(1, 10), "detik")], "b")
    index = Index(batch)
    for name in ("articles/1", "articles/c-1"):
        for known in shelf.known():
            index.probe(replace(known, file=name))
    assert index.decide(shelf.texts).links.num_rows == 1


def test_an_empty_batch_is_decided() -> None:
    shelf = Shelf()
    shelf.add(cleaned_rows([A], "a"))
    decision = shelf.add(cleaned_rows([], "b"))
    assert (decision.articles.num_rows, decision.duplicates.num_rows, decision.links.num_rows) == (0, 0, 0)


@st.composite
def feeds(draw: st.DrawFn) -> list[Story]:
    """Draw a feed in which everything happens: copies of copies, updates, bridges, templates, reused addresses."""
    stories: list[Story] = []
    for _ in range(draw(st.integers(2, 24))):
        seed, changed = draw(st.integers(1, 4)), draw(st.sampled_from([0, 0, 8, 20, 45, 90]))
        count = draw(st.sampled_from([200, 200, 120, 40]))
        body = edited(seed, min(changed, count - 1), count)
        if draw(st.booleans()):
            price, tail = draw(st.sampled_from([1_500, 2_750, 9_900])), text(draw(st.integers(1, 3)), 60)
            body = f"{price} {body} {tail}"
        url = draw(st.sampled_from([None, "https://a.com/x", "https://a.com/y", "https://a.com"]))
        title = draw(st.sampled_from([None, "Satu", "Dua"]))
        stories.append(Story(body, draw(st.sampled_from([None, "satu", "dua", "tiga"])), url, title))
    return stories


@given(feeds(), st.lists(st.integers(0, 24), max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_many_runs_decide_like_one(stories: list[Story], cuts: list[int], shuffle: random.Random) -> None:
    whole = outcome([stories], shuffle)
    bounds = sorted({0, len(stories), *(cut for cut in cuts if cut < len(stories))})
    parts = [stories[a:b] for a, b in pairwise(bounds)]
    assert outcome(parts, shuffle) == whole


def outcome(parts: list[list[Story]], shuffle: random.Random) -> list[object]:
    """What was decided of each story; rows that are the same in all that decides count as one."""
    shelf, place, stories = Shelf(), {}, [story for part in parts for story in part]
    for number, part in enumerate(parts):
        place |= {row_id(f"batch{number}", p): len(place) + p for p in range(len(part))}
        shelf.add(cleaned_rows(part, f"batch{number}"), shuffle)
    rows = [row for _, part in shelf.tables for row in part.to_pylist()]
    by_id = {row["id"]: row for row in rows}
    found = [
        (
            place[row["id"]],
            place[row["cluster_id"]],
            row["duplicate_kind"],
            row["revision"],
            row["similarity"],
            row["flags"],
            row["duplicate_of"] and stories[place[row["duplicate_of"]]],
            row["duplicate_of"] and by_id[row["duplicate_of"]]["duplicate_of"] is None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one[0])


def test_every_pair_that_shares_a_band_is_found_once() -> None:
    random_bytes = np.random.Generator(np.random.PCG64(1))
    signatures = random_bytes.integers(0, 3, (60, 128), dtype=np.uint8)
    signatures[30:] = np.where(random_bytes.random((30, 128)) < 0.7, signatures[:30], signatures[30:])
    usable = random_bytes.random(60) < 0.9
    banded = signatures[:, :126].reshape(60, 42, 3)
    shared = (banded[:, None] == banded[None]).all(axis=3).any(axis=2)
    expected = {(i, j) for i in range(60) for j in range(i) if shared[i, j] and usable[i] and usable[j]}
    index = BandIndex(signatures, usable)
    within = [(i, j) for pairs in index.within() for i, j in zip(pairs.new.tolist(), pairs.other.tolist(), strict=True)]
    assert sorted(within) == sorted(expected)
    against = [
        (i, j)
        for pairs in index.against(signatures, usable)
        for i, j in zip(pairs.new.tolist(), pairs.other.tolist(), strict=True)
    ]
    assert len(against) == len(set(against))
    assert {(i, j) for i, j in against if j < i} == expected
    for pairs in index.within():
        assert (pairs.equal == (signatures[pairs.new] == signatures[pairs.other]).sum(axis=1)).all()
