"""Load the trained parameters of `headline.py` and turn the numbers of every place into its chance to be the end.

`headline.npz` holds a vocabulary (statistics of ordinary Indonesian news text) and an ensemble of small regression
trees. `training/README.md` says how both were made and how well they do on outlets they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from cleaners.headline_words import COUNT, N_STATS, SCALE, Matrix, Vocabulary

UNKNOWN_COUNT = -6.0  # logarithm of how often an unknown word was seen, on the scale of the COUNT column
UNKNOWN_PAIR = (-2.0, -4.0)  # two words not seen together: less than by chance, and not at a start
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Trees:
    """An ensemble of regression trees in one table: a leaf is its own left child, its threshold infinite.

    The right child of a node follows its left child. `depth` is the number of steps that reaches every leaf.
    """

    roots: npt.NDArray[np.intp]
    feature: npt.NDArray[np.intp]
    threshold: Matrix
    left: npt.NDArray[np.intp]
    value: Matrix
    depth: int

    def scores(self, features: Matrix) -> Matrix:
        """Return the sum over all trees for every row of features."""
        flat = features.ravel()
        offset = (np.arange(len(features)) * features.shape[1])[:, None]
        node = np.repeat(self.roots[None], len(features), axis=0)
        for _ in range(self.depth):
            goes_right = flat.take(self.feature.take(node) + offset) > self.threshold.take(node)
            node = self.left.take(node) + goes_right
        total: Matrix = self.value.take(node).sum(axis=1)
        return total


@dataclass(frozen=True, slots=True)
class Model:
    """Vocabulary and trees, as trained together."""

    vocabulary: Vocabulary
    trees: Trees

    def chances(self, features: Matrix) -> Matrix:
        """Return for every place (row) the chance that the headline ends there; they sum to 1."""
        scores = self.trees.scores(features)
        chances = np.exp(scores - scores.max())
        return np.asarray(chances / chances.sum(), np.float32)


@cache
def load_model() -> Model:
    """Read the shipped parameters, once; what a missing or damaged file raises is not caught."""
    with files("cleaners").joinpath("headline.npz").open("rb") as file, np.load(file) as arrays:
        return unpack(dict(arrays))


def unpack(arrays: Arrays) -> Model:
    """Build the model from the arrays of `headline.npz`."""
    return Model(vocabulary_of(arrays), _trees(arrays))


def vocabulary_of(arrays: Arrays) -> Vocabulary:
    """Build the vocabulary: words one a line, statistics in sixteenths, the keys of pairs as gaps."""
    stats = np.zeros((len(arrays["word_stats"]) + 1, N_STATS), np.float32)
    stats[1:] = arrays["word_stats"] / np.float32(SCALE)
    stats[0, COUNT] = UNKNOWN_COUNT
    pair_stats = np.zeros((len(arrays["pair_stats"]) + 1, 2), np.float32)
    pair_stats[1:] = arrays["pair_stats"] / np.float32(SCALE)
    pair_stats[0] = UNKNOWN_PAIR
    words = arrays["words"].tobytes().decode("utf-8").split("\n")
    keys = np.cumsum(arrays["pair_gaps"].astype(np.int64)).tolist()
    rows = {word: row for row, word in enumerate(words, 1)}
    return Vocabulary(rows, stats, {key: row for row, key in enumerate(keys, 1)}, pair_stats)


def _trees(arrays: Arrays) -> Trees:
    offset = arrays["left_offset"].astype(np.intp)
    number = arrays["number"].astype(np.float32)
    leaf = offset == 0
    return Trees(
        roots=arrays["roots"].astype(np.intp),
        feature=arrays["feature"].astype(np.intp),
        threshold=np.where(leaf, np.float32(np.inf), number),
        left=np.arange(len(offset), dtype=np.intp) + offset,
        value=np.where(leaf, number, np.float32(0)),
        depth=int(arrays["depth"][0]),
    )
