"""Real data: the learners on MNIST, with the paper's parameters for bagging."""

from __future__ import annotations

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote.algorithms.subsets import bootstrap, hash_partition
from certvote.options import settings
from certvote.runtime.paths import conf_dir

VOTERS = {"nearest": 1000, "logistic": 1000, "network": 64}
# share of right votes, of right majorities, and of test images with a lead of 70 % of the votes: measured, less 0.02
LEAST = {"nearest": (0.51, 0.87, 0.05), "logistic": (0.53, 0.87, 0.05), "network": (0.70, 0.94, 0.36)}


def chosen(learner):
    """Return the data set, the feature and a learner with the options of conf/."""
    settings.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return settings.load(compose("config", ["dataset=mnist", "feature=hog", f"learner={learner}"]))


@pytest.fixture(scope="module")
def mnist(data_root):
    options = chosen("nearest")
    split = options.dataset.split(data_root=data_root, download=False)
    return split, options.feature.extract(split)


def inputs(name, split, features):
    return (split.train, split.test) if name == "network" else (features.train, features.test)


@pytest.mark.slow
@pytest.mark.parametrize("name", VOTERS)
def test_bagged_voters_are_as_good_as_measured(mnist, name):
    split, features = mnist
    seen, asked = inputs(name, split, features)
    subsets = bootstrap(60_000, members=VOTERS[name], size=20, seed=0)
    counts = chosen(name).learner.train(seen, split.train_labels, subsets, num_classes=10).counts(asked[::4])
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
    learner = chosen(name).learner
    for rows in (np.arange(n), order):
        subsets = hash_partition(split.train[:n][rows], split.train_labels[:n][rows], parts=n // 24)
        ensemble = learner.train(seen[:n][rows], split.train_labels[:n][rows], subsets, num_classes=10)
        answers.append(ensemble.first_choices(asked[:500]))
    np.testing.assert_array_equal(*answers)
