"""What holds for every learner on features: a voter's answers are a function of its own examples and the input."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.algorithms.subsets import Subsets, bootstrap, hash_partition
from certvote.learners.logistic import Logistic
from certvote.learners.nearest import Nearest
from certvote.options.choices import find

from .conftest import as_subsets


@pytest.fixture
def trained(blobs, feature_learner):
    """Trains on some of the examples and ranks the test inputs."""
    x, labels, queries = blobs

    def rankings(subsets, order=None, *, x=x, labels=labels, **how):
        order = np.arange(len(x)) if order is None else order
        return feature_learner.train(x[order], labels[order], subsets, num_classes=5, **how).rankings(queries)

    return rankings


def test_permuting_the_training_set_changes_nothing(blobs, trained):
    x, labels, _ = blobs
    expected = trained(hash_partition(x, labels, parts=20))
    order = np.random.default_rng(3).permutation(len(x))
    np.testing.assert_array_equal(trained(hash_partition(x[order], labels[order], parts=20), order), expected)


def test_other_parts_do_not_matter(blobs, trained):
    x, labels, _ = blobs
    subsets = hash_partition(x, labels, parts=20)
    expected = trained(subsets)
    kept, parts = [0, 7, 19], [members.tolist() for members in subsets]
    for others in ([], [5], list(range(200))):
        changed = as_subsets([part if j in kept else others for j, part in enumerate(parts)])
        np.testing.assert_array_equal(trained(changed)[:, kept], expected[:, kept])
    wild, flipped = x.copy(), labels.copy()
    outside = np.setdiff1d(np.arange(len(x)), np.concatenate([parts[j] for j in kept]))
    wild[outside], flipped[outside] = np.random.default_rng(0).integers(0, 9, wild[outside].shape) / 8, 3
    np.testing.assert_array_equal(trained(subsets, x=wild, labels=flipped)[:, kept], expected[:, kept])


def test_threads_do_not_matter(odd_subsets, trained):
    expected = trained(odd_subsets, threads=1)
    for threads in (2, 5, None):
        np.testing.assert_array_equal(trained(odd_subsets, threads=threads), expected)


def test_inputs_together_and_alone(blobs, odd_subsets, feature_learner):
    x, labels, queries = blobs
    ensemble = feature_learner.train(x, labels, odd_subsets, num_classes=4)
    rankings = ensemble.rankings(queries)
    for i in (0, 33, 149):
        np.testing.assert_array_equal(ensemble.rankings(queries[i : i + 1])[0], rankings[i])
    np.testing.assert_array_equal(ensemble.first_choices(queries), rankings[:, :, 0])
    counts = ensemble.counts(queries)
    assert counts.dtype == np.int32
    np.testing.assert_array_equal(counts, (rankings[:, :, :1] == np.arange(4)).sum(axis=1))
    assert ensemble.counts(queries[:0]).shape == (0, 4)


def test_labels_without_examples_come_last(blobs, odd_subsets, trained):
    rankings = trained(odd_subsets)
    assert (rankings[:, 0] == [4, 3, 2, 1, 0]).all()  # the empty part
    assert (rankings[:, 1, 0] == blobs[1][7]).all()
    assert (rankings[:, 2] == [2, 4, 3, 1, 0]).all()
    for v, members in enumerate(odd_subsets):
        absent = [y for y in range(4, -1, -1) if y not in blobs[1][members]]
        assert (rankings[:, v, 5 - len(absent) :] == absent).all()
        assert (np.sort(rankings[:, v], axis=1) == np.arange(5)).all()


def test_order_of_a_subsample_and_repetition_are_the_learners_own(blobs, trained):
    """A bagging voter is a function of the draws; here also of nothing but which draws."""
    subsets = bootstrap(400, members=8, size=15, seed=2)
    np.testing.assert_array_equal(trained(subsets), trained(bootstrap(400, members=8, size=15, seed=2)))


def test_progress_ends_at_the_total(blobs, feature_learner):
    x, labels, queries = blobs
    subsets, seen = bootstrap(400, members=40, size=9, seed=0), []
    ensemble = feature_learner.train(x, labels, subsets, num_classes=4, progress=lambda *at: seen.append(at))
    assert seen[-1] == (40, 40)
    seen.clear()
    ensemble.counts(queries, progress=lambda *at: seen.append(at))
    assert seen == sorted(seen)
    assert seen[-1] == (150, 150)


def test_voters_learn(blobs, feature_learner):
    x, labels, _ = blobs
    ensemble = feature_learner.train(x, labels, bootstrap(400, members=50, size=20, seed=0), num_classes=4)
    counts = ensemble.counts(x)
    assert np.mean(counts.argmax(axis=1) == labels) > 0.9
    assert counts[np.arange(400), labels].mean() / 50 > 0.6


GOOD = {"l2": 0.01, "root": True, "steps": 300}


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("option learner.l2: expected a finite number from 1e-09 to 1e\\+09, got 0", {"l2": 0}),
        ("option learner.l2", {"l2": np.inf}),
        ("option learner.l2", {"l2": np.nan}),
        ("option learner.l2", {"l2": 1e-320}),
        ("option learner.l2: expected a number, got '1'", {"l2": "1"}),
        ("option learner.root: expected true or false, got 1", {"root": 1}),
        ("option learner.steps: expected an integer from 1 to 1e\\+06, got 0", {"steps": 0}),
        ("option learner.steps: expected an integer from 1 to 1e\\+06, got 0", {"steps": np.int64(0)}),
        ("option learner.steps: expected an integer, got True", {"steps": True}),
        ("option learner.steps: expected an integer, got 2.0", {"steps": 2.0}),
    ],
)
def test_options_out_of_range_are_refused_by_name(message, change):
    with pytest.raises(ValueError, match=message):
        Logistic(**{**GOOD, **change})


def test_unknown_learners_and_options_are_refused():
    assert find("learner", "forest") is None
    with pytest.raises(TypeError, match="l2"):
        Nearest(l2=0.01)


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("num_classes", {"num_classes": 0}),
        ("labels: expected 0 to 2", {"num_classes": 3}),
        ("threads", {"threads": 0}),
    ],
)
def test_nonsense_is_refused_by_name(blobs, message, change):
    x, labels, _ = blobs
    with pytest.raises(ValueError, match=message):
        Logistic(**GOOD).train(x, labels, bootstrap(400, members=3, size=5, seed=0), **{"num_classes": 4, **change})


def test_what_no_learner_can_take_is_refused(blobs):
    x, labels, _ = blobs
    subsets = bootstrap(400, members=3, size=5, seed=0)
    with pytest.raises(ValueError, match="features, float32"):
        Nearest().train(x.astype(np.float64), labels, subsets, num_classes=4)
    with pytest.raises(ValueError, match="subsets: expected examples 0 to 99"):
        Nearest().train(x[:100], labels[:100], Subsets(subsets.examples, subsets.offsets, subsets.seeds), num_classes=4)
    ensemble = Nearest().train(x, labels, subsets, num_classes=4)
    with pytest.raises(ValueError, match="as in training"):
        ensemble.counts(x[:, :5])
