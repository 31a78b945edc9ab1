"""Nearest neighbors of every voter, exactly as a loop over voters, inputs and examples finds them."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.algorithms.subsets import bootstrap
from certvote.learners.nearest import Nearest


def by_hand(x, labels, subsets, queries, num_classes):
    """Labels in the order of their nearest example, the larger first where distances are equal; absent ones last."""
    rankings = np.empty((len(queries), len(subsets), num_classes), int)
    for i, query in enumerate(queries.astype(np.float64)):
        distances = np.abs(x.astype(np.float64) - query).sum(axis=1)
        for v, members in enumerate(subsets):
            nearest = {int(y): np.inf for y in range(num_classes)}
            for j in members:
                nearest[int(labels[j])] = min(nearest[int(labels[j])], distances[j])
            rankings[i, v] = sorted(nearest, key=lambda y: (nearest[y], -y))
    return rankings


@pytest.mark.parametrize("num_classes", [4, 5, 300])
def test_rankings_are_those_of_a_naive_loop(blobs, odd_subsets, num_classes):
    x, labels, queries = blobs
    ensemble = Nearest().train(x, labels, odd_subsets, num_classes=num_classes)
    expected = by_hand(x, labels, odd_subsets, queries, num_classes)
    rankings = ensemble.rankings(queries)
    assert rankings.dtype == (np.uint8 if num_classes <= 256 else np.uint16)
    np.testing.assert_array_equal(rankings, expected)
    np.testing.assert_array_equal(ensemble.first_choices(queries), expected[:, :, 0])


def test_ties_go_to_the_larger_label():
    rng = np.random.default_rng(0)
    x, queries = (rng.integers(0, 2, (n, 3)).astype(np.float32) for n in (200, 30))
    labels, subsets = rng.integers(0, 3, 200), bootstrap(200, members=40, size=12, seed=0)
    ensemble = Nearest().train(x, labels, subsets, num_classes=3)
    np.testing.assert_array_equal(ensemble.rankings(queries), by_hand(x, labels, subsets, queries, 3))


def test_keys_of_many_labels_do_not_overflow():
    """2**24 steps times 1,000 labels need 64 bits."""
    x = np.array([[0.0], [1.0]], np.float32)
    queries = np.array([[0.0], [1.0], [2.0**-24], [1 - 2.0**-24]], np.float32)
    subsets = bootstrap(2, members=50, size=2, seed=1)
    labels = np.array([1, 999])
    ensemble = Nearest().train(x, labels, subsets, num_classes=1000)
    np.testing.assert_array_equal(ensemble.first_choices(queries), by_hand(x, labels, subsets, queries, 1000)[:, :, 0])
