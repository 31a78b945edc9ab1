"""Votes in any byte order and memory layout give the same curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import certvote

LAYOUTS = {
    "another byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "columns first": np.asfortranarray,
    "every second row of more": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}


@pytest.fixture(scope="module")
def knn():
    rng = np.random.default_rng(0)
    train, labels = rng.integers(0, 5, (60, 3)).astype(np.float32), rng.integers(0, 3, 60)
    queries = rng.integers(0, 5, (20, 3)).astype(np.float32)
    votes = certvote.knn_votes(train, labels, queries, k=9, window=9, num_classes=3)
    return votes, rng.integers(0, 3, 20)


@pytest.mark.parametrize("change", ["any", "insert", "delete"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_votes(knn, layout, change):
    votes, labels = knn
    lay = LAYOUTS[layout]
    ranked = votes.ranked.astype(np.uint16)  # a byte has no order
    laid = replace(votes, counts=lay(votes.counts), ranked=lay(ranked))
    sizes = np.arange(5)
    for curve in (certvote.budget_curve, certvote.individual_curve):
        expected = curve(votes, labels, sizes=sizes, change=change)
        np.testing.assert_array_equal(
            curve(laid, lay(labels), sizes=sizes, change=change).certified, expected.certified
        )
    np.testing.assert_array_equal(
        certvote.certified_sizes(laid, lay(labels), change=change),
        certvote.certified_sizes(votes, labels, change=change),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_features(layout):
    rng = np.random.default_rng(1)
    arrays = {
        "train": rng.integers(0, 5, (60, 3)).astype(np.float32),
        "labels": rng.integers(0, 3, 60),
        "queries": rng.integers(0, 5, (20, 3)).astype(np.float32),
    }
    how = {"k": 9, "window": 9, "num_classes": 3}
    expected = certvote.knn_votes(**arrays, **how, backend="reference")
    laid = {name: LAYOUTS[layout](array) for name, array in arrays.items()}
    for backend in ("reference", "numba", "faiss"):
        got = certvote.knn_votes(**laid, **how, backend=backend)
        np.testing.assert_array_equal(got.counts, expected.counts)
        np.testing.assert_array_equal(got.ranked, expected.ranked)
