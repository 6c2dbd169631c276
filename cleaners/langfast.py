"""Compute what langdetect answers with seed 0, bit for bit, in a third of its time.

The library spends its time in Python loops over characters and over 55 languages. Here the n-grams of a word are looked
up once and remembered, the seven random trials multiply whole rows, and the stream of the fixed seed (every call begins
it anew) is computed once. Everything keeps the library's order of operations, so sums and products round the same.
Tests compare the answers with the library's; should they ever differ on the probes below (another Python, another
langdetect), the library itself is asked.
"""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from langdetect.utils.ngram import NGram

__all__ = ["library_probabilities", "probabilities"]

SEED = 0
UPDATES_BETWEEN_CHECKS = 5  # Detector._detect_block: `i % 5 == 0`
MAX_CHARACTERS = 10_000  # Detector.max_text_length
TRIALS = 7  # Detector.n_trial

_BLOCKS_AT_ONCE = 10  # most trials converge within them
_STREAM_LENGTHS = (2_048, 32_768)  # what most texts need; more than 7 trials of 1,001 updates can need
_NOT_LEADING = 2e-5  # of all: while a language has more, no other can have more than CONV_THRESHOLD, 0.99999
_WORDS_REMEMBERED = 50_000  # 20 MB; news in one language repeats itself
_LONG_WORD = 40  # a run of Chinese or Thai is no word that comes again
_NOT_LATIN = re.compile("[\u0300-\u1dff\u1f00-\U0010ffff]")  # as Detector.cleaning_text counts them
_LATIN = re.compile("[A-z]")
_SPACES = re.compile("  +")
_PROBES = (
    "Pemerintah kota membuka jembatan baru pada Senin pagi, dan warga menyambutnya.",
    "The council opened a new bridge; ein neuer Tag: 12 % más (info@example.com) \u4eca\u65e5\u306f.",
    "ABC",
)

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.intc]
Answer = list[tuple[str, float]]


def probabilities(text: str) -> Answer:
    """Give langdetect's languages (its own codes) with their probabilities, most probable first, as with seed 0.

    Only those above 0.1, as the library; an empty list where it finds nothing to go by. Reads 10,000 characters.
    """
    return _probabilities(text) if _agrees_with_library() else library_probabilities(text)


def library_probabilities(text: str) -> Answer:
    """Ask langdetect itself, seed 0 and profiles in alphabetical order: slow, and the truth for `probabilities`."""
    detector = Detector(_profiles().factory)
    detector.append(text)
    try:
        return [(found.lang, found.prob) for found in detector.get_probabilities()]
    except LangDetectException:  # no n-gram that it knows
        return []


class _Profiles(NamedTuple):
    """The library's profiles: languages, and the row of their probabilities for each n-gram."""

    languages: list[str]
    rows: dict[str, int]
    table: _Floats
    factory: DetectorFactory


@dataclass(frozen=True, slots=True)
class _RowsAsLists:
    """What the library reads as its map from n-grams to lists, without 88,000 lists in memory."""

    rows: dict[str, int]
    table: _Floats

    def __contains__(self, ngram: str) -> bool:
        return ngram in self.rows

    def __getitem__(self, ngram: str) -> list[float]:
        row: list[float] = self.table[self.rows[ngram]].tolist()
        return row


@cache
def _profiles() -> _Profiles:
    """Load the profiles in alphabetical order; the library takes, and sums, them in the order of the folder."""
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(SEED)
    order = np.argsort(factory.langlist)
    table = np.array(list(factory.word_lang_prob_map.values()))[:, order]
    rows = {ngram: row for row, ngram in enumerate(factory.word_lang_prob_map)}
    factory.langlist = sorted(factory.langlist)
    factory.word_lang_prob_map = _RowsAsLists(rows, table)
    return _Profiles(factory.langlist, rows, table, factory)


@cache
def _agrees_with_library() -> bool:
    return all(_probabilities(probe) == library_probabilities(probe) for probe in _PROBES)


def _probabilities(text: str) -> Answer:
    ngrams = _ngrams(_prepared(text))
    if not len(ngrams):
        return []
    shares = _average_of_trials(ngrams).tolist()
    found = [pair for pair in zip(_profiles().languages, shares, strict=True) if pair[1] > Detector.PROB_THRESHOLD]
    return sorted(found, key=lambda pair: pair[1], reverse=True)


def _prepared(text: str) -> str:
    """Do what Detector.append and Detector.cleaning_text do."""
    if "://" in text:
        text = Detector.URL_RE.sub(" ", text)
    if "@" in text:
        text = Detector.MAIL_RE.sub(" ", text)
    if not text.isascii():
        text = NGram.normalize_vi(text)
    text = _SPACES.sub(" ", text[:MAX_CHARACTERS])
    others = 0 if text.isascii() else len(_NOT_LATIN.findall(text))
    if others and len(_LATIN.findall(text)) * 2 < others:
        text = _LATIN.sub("", text)
    return text


class _Normalized(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = character = str(NGram.normalize(chr(code)))
        return character


_NORMALIZED = _Normalized()  # grows by the characters that news uses


def _ngrams(text: str) -> _Ints:
    """Give the rows of all n-grams of a text, in the library's order."""
    *words, last = text.translate(_NORMALIZED).split(" ")
    if len(text) > _LONG_WORD * (len(words) + 1):  # a script without spaces: nothing to remember
        rows = [_ngrams_of_word.__wrapped__(word) for word in words]
    else:
        rows = [_ngrams_of_word(word) for word in words]
    rows.append(_ngrams_of_word.__wrapped__(last, ""))
    return np.frombuffer(b"".join(rows), np.intc)


@lru_cache(maxsize=_WORDS_REMEMBERED)
def _ngrams_of_word(word: str, space: str = " ") -> bytes:
    """Do what NGram.add_char and Detector._extract_ngrams do, for one word and the space after it, if there is one."""
    rows = _profiles().rows
    result = array("i")
    grams, capital_word, last = " ", False, " "
    for character in word + space if word else "":
        grams = (grams[-2:] if last != " " else " ") + character
        capital_word = character.isupper() and (capital_word or last.isupper())
        last = character
        if not capital_word:
            result.extend(rows[gram] for n in range(1, len(grams) + 1) if (gram := grams[-n:]) != " " and gram in rows)
    return result.tobytes()


def _average_of_trials(ngrams: _Ints) -> _Floats:
    for length in _STREAM_LENGTHS[:-1]:
        try:
            return _run_trials(ngrams, length)
        except IndexError:  # trials that did not converge used it up
            continue
    return _run_trials(ngrams, _STREAM_LENGTHS[-1])


def _run_trials(ngrams: _Ints, stream_length: int) -> _Floats:
    """Do what Detector._detect_block does: the mean of seven trials, each with its own smoothing."""
    stream = _stream(stream_length)
    draws = stream >> np.uint32(32 - len(ngrams).bit_length())  # Random._randbelow: tries until it is small enough
    usable = np.flatnonzero(draws < len(ngrams))
    chosen = ngrams[draws[usable]]
    average = np.zeros(len(_profiles().languages))
    position, spare = 0, None
    for _ in range(TRIALS):
        if spare is None:
            deviate, spare = _gauss(stream, position)
            position += 4
        else:
            deviate, spare = spare, None
        start = int(np.searchsorted(usable, position))
        probability, used = _trial(chosen[start:], Detector.ALPHA_DEFAULT + deviate * Detector.ALPHA_WIDTH)
        position = int(usable[start + used - 1]) + 1
        average += probability / TRIALS
    return average


def _trial(chosen: _Ints, alpha: float) -> tuple[_Floats, int]:
    """Multiply by the rows of n-grams chosen at random until one language is sure; with the number of rows used.

    Raises IndexError if that takes more than `chosen` holds.
    """
    table, weight = _profiles().table, alpha / Detector.BASE_FREQ
    probability = np.full(table.shape[1], 1.0 / table.shape[1]) * (weight + table[chosen[0]])
    probability /= sum(probability.tolist())  # one n-gram never convinces: the smoothing leaves the others too much
    used, leader, step = 1, 0, UPDATES_BETWEEN_CHECKS
    while True:
        for block in _blocks(chosen[used : used + step * _BLOCKS_AT_ONCE], weight):
            block[0] = probability
            probability = np.multiply.reduce(block)  # along the first axis: row after row, as the library does
            values = probability.tolist()
            total = sum(values)
            probability /= total
            used += step
            if values[leader] < _NOT_LEADING * total:
                leader = values.index(max(values))
            if values[leader] / total > Detector.CONV_THRESHOLD or used > Detector.ITERATION_LIMIT:
                return probability, used


def _blocks(rows: _Ints, weight: float) -> _Floats:
    """Give blocks of five rows of factors, each with a first row to be filled with what they multiply."""
    table, step = _profiles().table, UPDATES_BETWEEN_CHECKS
    count = len(rows) // step
    if not count:
        raise IndexError("the random stream is used up")
    blocks = np.empty((count, step + 1, table.shape[1]))
    np.add(table[rows[: count * step]].reshape(count, step, -1), weight, out=blocks[:, 1:])
    return blocks


@cache
def _stream(length: int) -> npt.NDArray[np.uint32]:
    random = Random(SEED)
    return np.array([random.getrandbits(32) for _ in range(length)], dtype=np.uint32)


def _gauss(stream: npt.NDArray[np.uint32], position: int) -> tuple[float, float]:
    """Do what Random.gauss(0, 1) does from here: the deviate it returns and the one it keeps for its next call."""
    a, b, c, d = (int(stream[position + word]) for word in range(4))  # IndexError: the stream is used up
    first = ((a >> 5) * 67108864.0 + (b >> 6)) * (1.0 / 9007199254740992.0)
    second = ((c >> 5) * 67108864.0 + (d >> 6)) * (1.0 / 9007199254740992.0)
    angle, radius = first * math.tau, math.sqrt(-2.0 * math.log(1.0 - second))
    return math.cos(angle) * radius, math.sin(angle) * radius
