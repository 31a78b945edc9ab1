"""Real data: the learners on MNIST, with the paper's parameters for bagging."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from certvote.learners import bootstrap, partition, train

VOTERS = {"nearest": 1000, "logistic": 1000, "network": 64}
# share of right votes, of right majorities, and of test images with a lead of 70 % of the votes: measured, less 0.02
LEAST = {"nearest": (0.51, 0.87, 0.05), "logistic": (0.53, 0.87, 0.05), "network": (0.70, 0.94, 0.36)}


@pytest.fixture(scope="module")
def mnist(data_root):
    from certvote import datasets, features

    split = datasets.load(name="mnist", data_root=data_root)
    return split, features.extract(split, name="hog")


def learner(name):
    options = yaml.safe_load((Path(__file__).parents[2] / "conf" / "learner" / f"{name}.yaml").read_text())
    return {key: value for key, value in options.items() if key not in ("defaults", "name")}


def inputs(name, split, features):
    return (split.train, split.test) if name == "network" else (features.train, features.test)


@pytest.mark.slow
@pytest.mark.parametrize("name", VOTERS)
def test_bagged_voters_are_as_good_as_measured(mnist, name):
    split, features = mnist
    seen, asked = inputs(name, split, features)
    subsets = bootstrap(60_000, voters=VOTERS[name], size=20, seed=0)
    counts = train(name, seen, split.train_labels, subsets, num_classes=10, **learner(name)).counts(asked[::4])
    shares, labels = counts / VOTERS[name], split.test_labels[::4]
    second, first = np.sort(shares, axis=1)[:, -2:].T
    right = counts.argmax(axis=1) == labels
    measured = shares[np.arange(2500), labels].mean(), right.mean(), np.mean(right & (first - second > 0.7))
    assert all(value >= least for value, least in zip(measured, LEAST[name], strict=True)), measured


@pytest.mark.slow
@pytest.mark.parametrize("name", VOTERS)
def test_order_of_the_training_set_is_irrelevant(mnist, name):
    split, features = mnist
    seen, asked = inputs(name, split, features)
    n = 60_000 if name != "network" else 500
    order, answers = np.random.default_rng(0).permutation(n), []
    for chosen in (np.arange(n), order):
        subsets = partition(split.train[:n][chosen], split.train_labels[:n][chosen], parts=n // 24)
        ensemble = train(
            name, seen[:n][chosen], split.train_labels[:n][chosen], subsets, num_classes=10, **learner(name)
        )
        answers.append(ensemble.first_choices(asked[:500]))
    np.testing.assert_array_equal(*answers)
