"""Hostile input: each error names the argument and what came."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k: expected at least 1, got 0"),
        ({"k": -3}, "k: expected at least 1, got -3"),
        ({"k": 301}, "k: expected at most the number of training examples, 300, got 301"),
        ({"k": [5, 301]}, "k: .* got 301"),
        ({"k": 2.0}, "k: expected an integer, got 2.0"),
        ({"k": True}, "k: expected an integer, got True"),
        ({"k": "5"}, "k: expected one value or a sequence of values, got '5'"),
        ({"k": None}, "k: expected an integer, got None"),
        ({"k": []}, "k: expected at least one value, got none"),
        ({"k": np.zeros((2, 2), int)}, "k: expected one value or a sequence"),
        ({"k": [1, [2]]}, r"k: expected an integer, got \[2\]"),
        ({"k": {1, 2}}, "k: expected an integer, got {1, 2}"),
        ({"window": -1}, "window: expected at least 0, got -1"),
        ({"threads": 0}, "threads: expected at least 1, got 0"),
        ({"window": 1.5}, "window: expected an integer, got 1.5"),
        ({"num_classes": 0}, "num_classes: expected at least 1, got 0"),
        ({"num_classes": 2}, r"labels: expected 0 to 1 \(num_classes - 1\), got 0 to 2"),
        ({"num_classes": 10**5, "window": 1}, "num_classes: expected at most 65536 with a window, got 100000"),
        ({"ranking": "random"}, "ranking: expected one of index, hash, got 'random'"),
        ({"backend": "cuda"}, "backend: expected one of auto, dask, faiss, numba, reference, torch, got 'cuda'"),
        ({"labels": np.zeros(299, int)}, r"labels: expected one label for each of the 300 .* got shape \(299,\)"),
        ({"labels": np.zeros((300, 1), int)}, r"labels: .* got shape \(300, 1\)"),
        ({"labels": np.zeros(300)}, "labels: expected integers, got float64"),
        ({"labels": np.zeros(300, bool)}, "labels: expected integers, got bool"),
        ({"labels": np.full(300, -1)}, "labels: expected 0 to 2 .* got -1 to -1"),
        ({"train": np.zeros((0, 3)), "labels": np.zeros(0, int)}, "train: expected at least one training example"),
        ({"train": np.zeros((300, 0)), "queries": np.zeros((4, 0))}, "train: expected at least one feature"),
        ({"train": np.zeros(300)}, r"train: expected a matrix .* got shape \(300,\)"),
        ({"queries": np.zeros(3)}, r"queries: expected a matrix .* got shape \(3,\)"),
        (
            {"queries": np.zeros((4, 2, 3, 1))},
            r"queries: .* or an array \[m v d\] .* got shape \(4, 2, 3, 1\)",
        ),
        ({"queries": np.zeros((4, 0, 3))}, "queries: expected at least one view of each example, got none"),
        ({"queries": np.zeros((4, 3, 2))}, "queries: expected 3 features per row as in train, got 2"),
        ({"backend": 5}, "backend: expected one of auto, .* got 5"),
        ({"queries": np.zeros((4, 2))}, "queries: expected 3 features per row as in train, got 2"),
        ({"queries": np.zeros((4, 3), complex)}, "queries: expected integers or floats .* got complex128"),
        ({"queries": np.zeros((4, 3), object)}, "queries: expected integers or floats .* got object"),
        ({"queries": np.zeros((4, 3), bool)}, "queries: expected integers or floats .* got bool"),
        ({"queries": np.ma.zeros((4, 3))}, "queries: expected an array without a mask"),
        ({"queries": [[0, 0, 0], [0]]}, "queries: expected an array, got list"),
        ({"train": np.ma.zeros((300, 3))}, "train: expected an array without a mask"),
        ({"labels": np.ma.zeros(300, int)}, "labels: expected an array without a mask"),
        ({"queries": np.full((4, 3), "a")}, "queries: expected integers or floats .* got <U1"),
    ],
)
def test_knn(crowded, change, message):
    with pytest.raises(ValueError, match=message):
        knn_votes(**{**crowded, "k": 3, "num_classes": 3, **change})


@pytest.mark.parametrize(
    ("r", "message"),
    [
        (-0.5, "r: expected a finite number of at least 0, got -0.5"),
        (float("nan"), "r: expected a finite number of at least 0, got nan"),
        (float("inf"), "r: expected a finite number of at least 0, got inf"),
        ("4", "r: expected one value or a sequence of values, got '4'"),
        (1j, "r: expected a number, got 1j"),
        (None, "r: expected a number, got None"),
        (True, "r: expected a number, got True"),
        ([], "r: expected at least one value, got none"),
        ([1, -2], "r: .* got -2"),
        ([1, [2]], r"r: expected a number, got \[2\]"),
        (10**400, "r: expected a number that float64 holds"),
    ],
)
def test_rnn(crowded, r, message):
    with pytest.raises(ValueError, match=message):
        rnn_votes(**crowded, r=r, num_classes=3)


def test_nothing_asked_for(crowded):
    assert neighbor_votes(**crowded, num_classes=3) == ([], [])
