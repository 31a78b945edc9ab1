"""Bounds of order statistics from counts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from certvote.neighbors.distance_bounds import DistanceBounds, row_groups, sample_edges


def test_edges_from_a_sample_are_each_querys_own():
    rng = np.random.default_rng(0)
    sample = np.sort(rng.integers(0, 2**20, (40, 500)).astype(np.int32), axis=1)
    targets = np.array([0, 3, 900, 2000])
    whole = sample_edges(sample, targets, n=2000)
    parts = [sample_edges(sample[row : row + 1], targets, n=2000) for row in range(40)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert whole.shape == (40, 15 * len(targets))
    assert -1 <= whole.min() <= whole.max() <= sample.max()


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1, 4, 1000]), st.integers(2, 9))
def test_bounds_hold_after_every_count_and_close(seed, n, values, parts):
    rng = np.random.default_rng(seed)
    distances = np.sort(rng.integers(0, values, (3, n)), axis=1)
    targets = np.unique(rng.integers(0, n + 1, 4))
    bounds = DistanceBounds.trivial(3, targets, max_distance=values - 1, n=n)
    rows = np.arange(3)
    for _ in range(40):
        edges = bounds.dividing_edges(rows, parts)
        within = (distances[:, None, :] <= edges[:, :, None]).sum(axis=2)
        bounds = bounds.tightened(rows, edges, within)
        for t, target in enumerate(targets.tolist()):
            for row in range(3):
                assert bounds.count_low[row, t] == (distances[row] <= bounds.low[row, t]).sum()
                assert bounds.count_high[row, t] == (distances[row] <= bounds.high[row, t]).sum()
                assert bounds.count_low[row, t] < target <= bounds.count_high[row, t] or target == 0
    assert ((bounds.high - bounds.low == 1) | (targets == 0)).all()


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 40))
def test_groups_of_rows_are_all_rows_and_as_large_as_allowed(sizes, most):
    sizes = np.array(sizes, np.int64)
    groups = list(row_groups(sizes, most))
    assert np.concatenate([np.empty(0, int), *groups]).tolist() == list(range(len(sizes)))
    for group, following in pairwise(groups):
        assert sizes[group].sum() <= most or len(group) == 1
        assert sizes[group].sum() + sizes[following[0]] > most
