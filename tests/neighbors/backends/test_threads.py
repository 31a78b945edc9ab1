"""The number of threads changes nothing but time."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.neighbors import knn_votes


@pytest.mark.parametrize("backend", ["numba", "faiss"])
def test_the_number_of_threads_changes_nothing_but_time(backend):
    rng = np.random.default_rng(5)
    train, queries = rng.integers(0, 4, (300, 6)).astype(np.float32), rng.integers(0, 4, (90, 6)).astype(np.float32)
    labels = rng.integers(0, 3, 300)
    how = {"k": 40, "num_classes": 3, "window": 5, "backend": backend}
    one = knn_votes(train, labels, queries, threads=1, **how)
    many = knn_votes(train, labels, queries, threads=3, **how)
    np.testing.assert_array_equal(one.counts, many.counts)
    np.testing.assert_array_equal(one.ranked, many.ranked)
