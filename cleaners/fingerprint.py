"""Fingerprint a cleaned text, so that its copies can be recognised and copies of copies too.

Word 3-grams, digits kept: of rewritten wire copy 5-grams miss two thirds, and templates (gold prices, prayer times)
differ in nothing but digits. The signature is the low byte of 128 MinHashes, which verifies as well as 32 bits do; each
three bytes of it are a band. Change anything that changes a value here and SCHEME must change with it.
Figures: notes of the design, 38,000 real articles; hashing with crc32 and affine maps in uint32.
"""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_128_hexdigest

from cleaners.article import Fingerprint

__all__ = [
    "BANDS",
    "BAND_BYTES",
    "BAND_MASK",
    "MIN_WORDS",
    "SCHEME",
    "agree",
    "bands",
    "bands_of",
    "containment",
    "content_hash",
    "fingerprint",
    "jaccard",
    "jaccard_of",
    "numbers_agree",
    "numbers_contained",
    "numbers_of",
    "overlap",
    "shingles",
    "text_hash",
]

SCHEME = "w3-crc32-affine32-p128b8/1"
SHINGLE_WORDS = 3  # 5 misses two thirds of rewritten wire copy
HASHES = 128
BAND_BYTES = 3  # 4 find 56 % of pairs at a Jaccard index of 0.40, 3 find 94 %; chance pairs are cheap to verify away
BAND_MASK = np.uint32((1 << 8 * BAND_BYTES) - 1)
BANDS = HASHES // BAND_BYTES  # 42; the last two bytes are in no band, and in every comparison
MIN_WORDS = 50  # shorter texts share too much by chance: only their content hash is compared
NUMBERS_AGREE_JACCARD = 0.5  # below it two texts of one outlet are a template filled twice

_CHUNK_SHINGLES = 4096  # 2 MB of hashes at a time, whatever the length of the text
_WORD = re.compile(r"\w+")
# The usual signs beside ASCII: none belongs to a word, so a text that has only these is split as bytes, twice as fast.
_SIGNS = "“”‘’–—…"
_FOLD = bytes(ord(chr(code).lower()) if re.match(r"\w", chr(code), re.ASCII) else ord(" ") for code in range(256))
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_CHANCE = 1 / 256  # two different minima share their low byte this often

_RANDOM = np.random.Generator(np.random.PCG64(20_260_101))  # PCG64's raw stream is the same in every numpy
_FACTORS = (_RANDOM.bit_generator.random_raw(HASHES) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_SHIFTS = (_RANDOM.bit_generator.random_raw(HASHES) >> np.uint64(32)).astype(np.uint32)
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)  # odd, bits well spread


def fingerprint(text: str) -> Fingerprint:
    """Fingerprint a cleaned text: about 0.15 ms for an article, total on any string.

    `shingle_count` counts distinct shingles; the signature is None under `MIN_WORDS` words.
    """
    words = _words(text)
    joined = b" ".join(words)
    shingles = _shingles(words)
    signature = _signature(shingles) if len(words) >= MIN_WORDS else None
    return Fingerprint(xxh3_128_hexdigest(joined), signature, len(shingles), SCHEME)


def text_hash(text: str) -> str:
    """Hash a text exactly as it is: 32 lower-case hex digits of XXH3-128 over its UTF-8, lone surrogates included."""
    return xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


def content_hash(text: str) -> str:
    """Hash the words of a text alone, 32 hex digits: case, white space and punctuation do not count, digits do."""
    return xxh3_128_hexdigest(b" ".join(_words(text)))


def bands(signature: bytes) -> npt.NDArray[np.int32]:
    """Give the 42 bands of a signature, 24 bits each; two articles are candidates if one is equal at the same place."""
    found: npt.NDArray[np.int32] = (bands_of(np.frombuffer(signature, np.uint8)[None])[0] & BAND_MASK).astype(np.int32)
    return found


def bands_of(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """View many signatures (rows x 128 bytes) as rows x 42 words, whose lower 24 bits (`BAND_MASK`) are the bands."""
    whole = np.ascontiguousarray(signatures)
    words: npt.NDArray[np.uint32] = np.ndarray((len(whole), BANDS), "<u4", whole, strides=(HASHES, BAND_BYTES))
    return words


def jaccard(sig_a: bytes, sig_b: bytes) -> float:
    """Estimate the Jaccard index of two texts' shingles from their signatures, 0 to 1 (off by 0.04 at one sigma)."""
    return jaccard_of(int(np.count_nonzero(np.frombuffer(sig_a, np.uint8) == np.frombuffer(sig_b, np.uint8))))


def jaccard_of(equal_bytes: int) -> float:
    """Estimate the Jaccard index from the number of equal bytes, 0 to 128, less those that are equal by chance."""
    return max(0.0, (equal_bytes / HASHES - _CHANCE) / (1 - _CHANCE))


def containment(j: float, n1: int, n2: int) -> float:
    """Estimate how much of the shorter text stands in the longer, 0 to 1, from Jaccard index and shingle counts."""
    shorter = min(n1, n2)
    return min(1.0, j / (1 + j) * (n1 + n2) / shorter) if shorter > 0 else 0.0


def shingles(text: str) -> npt.NDArray[np.uint32]:
    """Give the distinct shingles of a text as sorted hashes, for `overlap`; 0.1 ms for an article."""
    return _shingles(_words(text))


def overlap(a: npt.NDArray[np.uint32], b: npt.NDArray[np.uint32]) -> tuple[float, float]:
    """Measure the Jaccard index of two texts' shingles, and how much of the fewer stands among the more, 0 to 1."""
    if not len(a) or not len(b):
        return 0.0, 0.0
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common), common / min(len(a), len(b))


def numbers_of(text: str) -> frozenset[str]:
    """Collect the numbers of a text as written (`1.250`, `07:30`, `18/6`)."""
    return frozenset(_NUMBER.findall(text))


def numbers_agree(text_a: str, text_b: str) -> bool:
    """Say whether two texts state the same numbers, at least half of all they state together; two without do.

    Tells a copy from a template filled twice. Known miss: templates that change words only (horoscopes).
    """
    return agree(numbers_of(text_a), numbers_of(text_b))


def agree(a: frozenset[str], b: frozenset[str]) -> bool:
    """Say of the numbers of two texts what `numbers_agree` says of the texts."""
    return len(a & b) >= NUMBERS_AGREE_JACCARD * len(a | b)


def numbers_contained(shorter: str, longer: str) -> bool:
    """Say whether at least half of the numbers of a shorter text stand in the longer one; without numbers they do."""
    part = numbers_of(shorter)
    return len(part & numbers_of(longer)) >= NUMBERS_AGREE_JACCARD * len(part)


def _words(text: str) -> list[bytes]:
    """The runs of `\\w`, case folded, in UTF-8."""
    if not text.isascii():
        plain = text
        for sign in _SIGNS:
            plain = plain.replace(sign, " ")
        if not plain.isascii():
            return " ".join(_WORD.findall(text.casefold())).encode("utf-8", "surrogatepass").split()
        text = plain
    return text.encode("ascii").translate(_FOLD).split()


def _shingles(words: list[bytes]) -> npt.NDArray[np.uint32]:
    """Give the distinct hashes of all runs of three words, sorted; a shorter text is one shingle."""
    if not words:
        return np.empty(0, np.uint32)
    hashes = np.zeros(max(len(words), SHINGLE_WORDS), np.uint64)
    hashes[: len(words)] = np.fromiter(map(crc32, words), np.uint64, len(words))
    count = len(hashes) - SHINGLE_WORDS + 1
    mixed = hashes[:count] * _MIX[0]
    for i in range(1, SHINGLE_WORDS):
        mixed += hashes[i : i + count] * _MIX[i]
    mixed ^= mixed >> np.uint64(31)
    mixed *= _MIX[0]
    found: npt.NDArray[np.uint32] = (mixed >> np.uint64(32)).astype(np.uint32)
    found.sort()  # sorting and comparing neighbours costs a third of np.unique
    first = np.concatenate(([True], found[1:] != found[:-1]))
    return found.compress(first)


def _signature(shingles: npt.NDArray[np.uint32]) -> bytes:
    minima = np.full(HASHES, 0xFFFFFFFF, np.uint32)
    for start in range(0, len(shingles), _CHUNK_SHINGLES):
        hashes = shingles[start : start + _CHUNK_SHINGLES] * _FACTORS[:, None]
        hashes += _SHIFTS[:, None]
        np.minimum(minima, hashes.min(axis=1), out=minima)
    minima ^= minima >> np.uint32(16)  # the low byte of an affine map depends on the low byte of the shingle alone
    minima *= np.uint32(0x85EBCA6B)
    minima ^= minima >> np.uint32(13)
    return minima.astype(np.uint8).tobytes()
