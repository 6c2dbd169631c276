"""Copies look alike in their fingerprints; templates differ in their numbers. Sentences are invented."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners import fingerprint as module
from cleaners.fingerprint import (
    MIN_WORDS,
    SCHEME,
    bands,
    containment,
    content_hash,
    fingerprint,
    jaccard,
    numbers_agree,
    text_hash,
)

WORDS = [f"kata{i}" for i in range(5_000)]


def story(seed: int, length: int = 300) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def signature(words: list[str]) -> bytes:
    found = fingerprint(" ".join(words)).signature
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        # Digits count: a price list of another day is another text.
        ("Harga emas Rp 950.000 per gram", "Harga emas Rp 960.000 per gram", False),
        ("Skor 1-23", "Skor 12-3", False),
        ("Warga senang.", "Warga tenang.", False),
        ("Warga   menyambut\njembatan, itu.", "WARGA menyambut jembatan itu", True),
        ("“Ya,” katanya", '"Ya" katanya', True),
    ],
)
def test_the_content_hash_follows_the_words_alone(text: str, other: str, same: bool) -> None:
    assert (content_hash(text) == content_hash(other)) is same


def test_hashes_are_32_lower_case_hex_digits_and_stay_what_they_are() -> None:
    assert text_hash("Jembatan") == "267f7f489b2222fda5ad1e295f699e18"
    assert content_hash("Jembatan baru!") == "1ca5c7a39c5033a09a7f769eedf7fce9"
    kept = fingerprint(" ".join(f"kata{i}" for i in range(60))).signature
    assert kept is not None
    assert kept.hex().startswith("7d4f03dbf48dd01a6e554bc89b7e13e3"), "other values need another SCHEME"
    assert text_hash("a") != text_hash("A")
    assert len(text_hash("\ud800")) == 32


def test_a_short_text_has_no_signature() -> None:
    assert fingerprint(" ".join(story(1, MIN_WORDS - 1))).signature is None
    found = fingerprint(" ".join(story(1, MIN_WORDS)))
    assert found.signature is not None
    assert (len(found.signature), found.shingle_count, found.scheme) == (128, MIN_WORDS - 2, SCHEME)


@pytest.mark.parametrize("kept", [300, 270, 200, 120, 0])
def test_the_estimate_is_near_the_jaccard_index(kept: int) -> None:
    errors = []
    for seed in range(40):
        a = story(seed)
        b = a[:kept] + story(1_000 + seed, 300 - kept)
        shared = max(0, kept - 2)
        true = shared / (2 * 298 - shared)
        errors.append(jaccard(signature(a), signature(b)) - true)
    assert abs(float(np.mean(errors))) < 0.03
    assert max(map(abs, errors)) < 0.16


def test_a_truncated_copy_is_contained() -> None:
    whole, part = fingerprint(" ".join(story(3, 400))), fingerprint(" ".join(story(3, 400)[:150]))
    assert whole.signature is not None
    assert part.signature is not None
    share = containment(jaccard(whole.signature, part.signature), whole.shingle_count, part.shingle_count)
    assert share > 0.75
    assert containment(0.0, 0, 0) == 0.0


def test_each_three_bytes_of_a_signature_are_a_band() -> None:
    found = signature(story(5))
    expected = [int.from_bytes(found[at : at + 3], "little") for at in range(0, 126, 3)]
    assert bands(found).tolist() == expected
    assert bands(found).dtype == np.int32


@pytest.mark.parametrize(
    ("text", "other", "agree"),
    [
        ("Emas Rp 950.000, perak Rp 8.100", "Emas Rp 960.000, perak Rp 8.200", False),
        ("Subuh 04:31, zuhur 11:52", "Subuh 04:33, zuhur 11:54", False),
        ("Gempa 5,2 pada 07:30", "Pada 07:30 gempa berkekuatan 5,2 dan 3 rumah rusak", True),
        ("Tanpa angka", "Juga tanpa", True),
        ("Tanpa angka", "Ada 1", False),
    ],
)
def test_numbers_tell_a_copy_from_a_template(text: str, other: str, agree: bool) -> None:
    assert numbers_agree(text, other) is agree
    assert numbers_agree(other, text) is agree


@given(st.text())
def test_any_text_has_a_fingerprint(text: str) -> None:
    found = fingerprint(text)
    assert found.content_hash == content_hash(text)
    assert fingerprint(text) == found


def test_long_texts_take_no_more_memory_per_step() -> None:
    words = story(7, 20_000)
    found = fingerprint(" ".join(words))
    assert found.signature is not None
    assert found.shingle_count > 15_000
    assert fingerprint(" ".join(words) + " ").signature == found.signature


@pytest.mark.parametrize(
    "text",
    ["Kota_Baru, 12 Mei: naik 2,5%.", "“Naik,” kata—ujar—dia… pada ’98", "Kafé STRASSE\x1csatu\x85dua", "Straße İstanbul ſatu", "lepas \ud800 sendiri", "", " \n"],
    ids=["ascii", "plain signs", "accents", "letters that fold to two", "a lone surrogate", "nothing", "blanks"],
)  # fmt: skip
def test_words_taken_as_bytes_are_those_of_the_pattern(text: str) -> None:
    words = re.findall(r"\w+", text.casefold())
    assert module._words(text) == [word.encode("utf-8", "surrogatepass") for word in words]
