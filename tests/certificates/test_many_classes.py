"""Threshold splitting on votes of many classes: order, monotonicity, and how close its sides are."""

from __future__ import annotations

import numpy as np
import pytest

from certificates.many_classes import FAMILIES, split_by_cluster, synthetic
from certvote import datasets, neighbors
from certvote.certificates import budget_curve, individual
from certvote.features.hog import Hog


@pytest.mark.parametrize("family", FAMILIES)
def test_curves_fall_between_their_neighbors_and_are_close(family):
    votes, labels = synthetic(2000, 60, 100, family)
    sizes = np.arange(0, 26, 5)
    curve = budget_curve.curve(votes, labels, sizes)
    assert curve.attained is not None
    assert curve.gap is not None
    alone = individual.curve(votes, labels, sizes).certified
    removal = budget_curve.removal_curve(votes, labels, sizes).certified
    assert (alone <= removal + 1e-12).all()
    assert (removal <= curve.certified + 1e-12).all()
    assert (curve.certified <= curve.attained + 1e-12).all()
    assert (np.diff(curve.certified) <= 0).all()
    assert curve.gap.max() <= 0.006
    assert curve.certified[2] > removal[2] + 0.01
    assert curve.certified_by is not None
    assert "threshold splitting" in curve.certified_by


def test_branch_and_bound_and_thresholds_enclose_the_same_number(monkeypatch):
    votes, labels = synthetic(1500, 8, 60, "clustered")
    sizes = np.array([2, 6, 12])
    exact = budget_curve.curve(votes, labels, sizes)
    np.testing.assert_array_equal(exact.certified, exact.attained)
    monkeypatch.setattr(budget_curve, "FEW_CLASSES", 1)
    split = budget_curve.curve(votes, labels, sizes)
    assert split.attained is not None
    assert (split.certified <= exact.certified + 1e-12).all()
    assert (exact.certified <= split.attained + 1e-12).all()
    assert (split.attained - split.certified).max() < 0.02


def test_clusters_split_classes_by_a_rule_of_clean_data_alone():
    rng = np.random.default_rng(1)
    vectors = np.concatenate([rng.normal(center, 0.1, (50, 3)) for center in range(6)])
    labels = np.repeat([0, 1, 0, 1, 0, 1], 50)
    relabel, new = split_by_cluster(vectors, labels, 3)
    np.testing.assert_array_equal(new // 3, labels)
    np.testing.assert_array_equal(relabel(vectors, labels), new)
    np.testing.assert_array_equal(split_by_cluster(vectors, labels, 3)[1], new)
    assert len(np.unique(new)) == 6


@pytest.mark.slow
def test_mnist_with_a_hundred_classes(data_root):
    split = datasets.mnist(data_root=data_root)
    found = Hog(orientations=9, pixels_per_cell=(8, 8), cells_per_block=(3, 3)).extract(split)
    relabel, train_labels = split_by_cluster(found.train, split.train_labels, 10)
    labels = relabel(found.test, split.test_labels)
    votes = neighbors.knn_votes(found.train, train_labels, found.test, k=500, window=125, num_classes=100)
    sizes = np.array([25, 50, 125])
    curve = budget_curve.curve(votes, labels, sizes)
    assert curve.gap is not None
    assert curve.gap.max() <= 0.005
    assert (individual.curve(votes, labels, sizes).certified <= curve.certified).all()
