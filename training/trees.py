"""Grow the trees that `cleaners/headline_model.py` reads: boosted, the loss is the softmax over a headline's places."""

from __future__ import annotations

import lightgbm
import numpy as np

TREES, LEAVES, DEPTH, RATE, MIN_PLACES_A_LEAF = 200, 24, 6, 0.08, 40


def softmax(scores, lengths):
    """Chances that sum to 1 within each headline."""
    firsts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    e = np.exp(scores - np.repeat(np.maximum.reduceat(scores, firsts), lengths))
    return e / np.repeat(np.add.reduceat(e, firsts), lengths)


def grow(x, y, lengths, weights, trees=TREES, leaves=LEAVES, depth=DEPTH, rate=RATE, seed=0):
    """x: places x features; y: 1 at the true place; lengths and weights: places and weight of each headline."""
    of_place = np.repeat(weights, lengths)

    def loss(scores, _):
        p = softmax(scores, lengths)
        return of_place * (p - y), of_place * np.maximum(p * (1 - p), 1e-4)

    options = {
        "objective": loss,
        "num_leaves": leaves,
        "max_depth": depth,
        "learning_rate": rate,
        "min_data_in_leaf": MIN_PLACES_A_LEAF,
        "feature_fraction": 0.5,
        "lambda_l2": 1.0,
        "min_sum_hessian_in_leaf": 1.0,
        "max_bin": 63,
        "num_threads": 1,
        "verbose": -1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
    }
    return lightgbm.train(options, lightgbm.Dataset(x, y, params={"max_bin": 63, "verbose": -1}), trees)


def arrays(booster):
    """The trees as one table of nodes, breadth first, a right child after its left sibling; 0 marks a leaf."""
    feature, number, offset, roots, deepest = [], [], [], [], 0
    for tree in booster.dump_model()["tree_info"]:
        roots.append(len(feature))
        row = [(tree["tree_structure"], 0)]
        base, i = len(feature), 0
        while i < len(row):
            node, level = row[i]
            deepest = max(deepest, level)
            if "leaf_value" in node:
                feature.append(0)
                number.append(node["leaf_value"])
                offset.append(0)
            else:
                feature.append(node["split_feature"])
                number.append(np.nextafter(np.float32(node["threshold"]), np.float32(np.inf)))
                if np.float32(node["threshold"]) >= node["threshold"]:
                    number[-1] = np.float32(node["threshold"])
                offset.append(len(row) - i)
                row += [(node["left_child"], level + 1), (node["right_child"], level + 1)]
            i += 1
        assert len(feature) - base == len(row)
    return {
        "roots": np.array(roots, np.uint16),
        "feature": np.array(feature, np.uint8),
        "number": np.array(number, np.float32),
        "left_offset": np.array(offset, np.uint8),
        "depth": np.array([deepest], np.uint8),
    }
