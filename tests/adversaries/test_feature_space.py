"""Attacks in feature space: never below the true minimum, close to it, and repeatable by anybody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from certificates.brute_force import Instance, worst_correct
from certvote.adversaries.base import Target
from certvote.adversaries.carry_out import measure
from certvote.adversaries.feature_space import FeatureSpace
from certvote.adversaries.poison import Poison
from certvote.algorithms.base import Algorithm, Inputs, Work
from certvote.algorithms.knn import Knn
from certvote.algorithms.rnn import Rnn
from certvote.certificates import budget_curve
from certvote.certificates.change import CHANGES
from certvote.features.base import Feature
from certvote.neighbors.backends.numba import Numba
from certvote.types import Votes

SIDE = 4  # points of the universe per axis


class Points(Feature):
    """Integer points of a small square."""

    def nearest_vectors(self, vectors, shape):
        return np.clip(np.rint(vectors), 0, SIDE - 1).astype(np.float32)


def target(algo: Algorithm, train, labels, test, test_labels, classes: int, change: str, tmp_path: Path) -> Target:
    inputs = Inputs(np.asarray(train, np.float32), labels, np.asarray(test, np.float32), classes, train)
    work = Work(Numba(), None, 1, tmp_path)  # type: ignore[arg-type]
    return Target(algo, inputs, test_labels, test, Points(), change, work)


def universe(classes: int) -> np.ndarray:
    """Every point of the square with every label, behind all training examples in rank."""
    points = [(x, y, label) for x in range(SIDE) for y in range(SIDE) for label in range(classes)]
    return np.array([(*point, 100 + rank) for rank, point in enumerate(points)])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("rule", ["knn", "rnn"])
def test_an_attack_is_between_the_true_minimum_and_the_certificate(rule, change, tmp_path):
    algo = Knn(k=3, ranking="index") if rule == "knn" else Rnn(r=2.0)
    attacked = total = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        train, labels = rng.integers(0, SIDE, (7, 2)), rng.integers(0, 2, 7)
        test, test_labels = rng.integers(0, SIDE, (6, 2)), rng.integers(0, 2, 6)
        instance = Instance(
            np.column_stack([train, labels, np.arange(7)]),
            universe(2),
            test,
            test_labels,
            2,
            k=3 if rule == "knn" else None,
            r=None if rule == "knn" else 2,
        )
        least = worst_correct(instance, 2, change) / 6
        goal = target(algo, train, labels, test, test_labels, 2, change, tmp_path)
        window = 2 if rule == "knn" else 0
        votes = algo.votes(goal.inputs, Work(Numba(), None, 1, tmp_path, window=window))
        assert isinstance(votes, Votes)
        certified = budget_curve.curve(votes, test_labels, np.arange(3), change=change).certified
        poisoner = FeatureSpace().poisoner(goal, 2)
        for e in (1, 2):
            poison = poisoner(e)
            assert poison.fits(change, e)
            left = measure(poison, goal)
            assert certified[e] - 1e-9 <= least[e] <= left + 1e-9
            attacked += round(6 * (least[0] - left))
            total += round(6 * (least[0] - least[e]))
    assert attacked >= 0.25 * total > 0  # one place reaches few of such small neighborhoods


def blobs(seed: int = 0, n: int = 300, m: int = 80):
    """Three overlapping clusters on the grid of eighths."""
    rng = np.random.default_rng(seed)
    labels, test_labels = rng.integers(0, 3, n), rng.integers(0, 3, m)
    centers = np.array([[2.0, 2, 2], [4, 2, 3], [3, 4, 2]])

    def draw(y):
        return np.clip(np.rint(8 * (centers[y] + rng.normal(0, 1, (len(y), 3)))) / 8, 0, 8).astype(np.float32)

    return draw(labels), labels, draw(test_labels), test_labels


class Eighths(Feature):
    """Multiples of an eighth from 0 to 8."""

    def nearest_vectors(self, vectors, shape):
        return (np.rint(8 * np.clip(vectors, 0, 8)) / 8).astype(np.float32)


@pytest.fixture
def cluster_target(tmp_path):
    train, labels, test, test_labels = blobs()
    inputs = Inputs(train, labels, test, 3, train)
    work = Work(Numba(), None, 1, tmp_path)  # type: ignore[arg-type]
    return Target(Knn(k=41, ranking="index"), inputs, test_labels, test, Eighths(), "any", work)


def test_somebody_else_finds_the_accuracy_that_a_poison_leaves(cluster_target):
    poison = FeatureSpace().poisoner(cluster_target, 20)(20)
    x, y = cluster_target.inputs.train, cluster_target.inputs.labels
    kept = np.setdiff1d(np.arange(len(y)), poison.removed)
    model = KNeighborsClassifier(n_neighbors=41, metric="manhattan", algorithm="brute")
    # The last example of equally distant ones comes first here, the first one there.
    model.fit(np.concatenate([x[kept], poison.added])[::-1], np.concatenate([y[kept], poison.added_labels])[::-1])
    neighbors = model.kneighbors(cluster_target.inputs.test, return_distance=False)
    votes = np.array([np.bincount(row, minlength=3) for row in model._y[neighbors]])
    predicted = 2 - votes[:, ::-1].argmax(axis=1)  # the larger label wins ties
    accuracy = float(np.mean(predicted == cluster_target.test_labels))
    clean = measure(Poison.none(cluster_target.inputs), cluster_target)
    assert accuracy == pytest.approx(measure(poison, cluster_target), abs=1 / 80 + 1e-9)  # ties at the border
    assert accuracy < clean - 0.05


@pytest.mark.parametrize("change", ["any", "relabel"])
def test_the_same_seed_makes_the_same_poison(cluster_target, change):
    goal = replace(cluster_target, change=change)
    first, second = (FeatureSpace(seed=3).poisoner(goal, 10)(10) for _ in range(2))
    for name, array in first.pack().items():
        assert np.array_equal(array, second.pack()[name])


def test_chosen_labels_break_more_than_labels_changed_at_random(cluster_target):
    goal = replace(cluster_target, change="relabel")
    poison = FeatureSpace().poisoner(goal, 20)(20)
    assert poison.relabels(goal.inputs)
    rng = np.random.default_rng(0)
    rows = rng.choice(300, 20, replace=False)
    other = (goal.inputs.labels[rows] + rng.integers(1, 3, 20)) % 3
    at_random = measure(Poison(rows, goal.inputs.train[rows], other), goal)
    clean = measure(Poison.none(goal.inputs), goal)
    assert measure(poison, goal) < clean - 0.1 < at_random


def test_vectors_are_those_that_the_feature_may_have(cluster_target):
    poison = FeatureSpace().poisoner(cluster_target, 10)(10)
    assert len(poison.added) == 10
    assert np.array_equal(poison.added, Eighths().nearest_vectors(poison.added, (3,)))
