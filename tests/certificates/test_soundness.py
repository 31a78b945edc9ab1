"""Every certificate against brute force: all poisoned sets of tiny problems, real kNN and rNN."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from certificates import brute_force
from certificates.claims import PROGRAM, sound
from certificates.instances import draw_instance, instances, votes_of
from certvote import neighbors
from certvote.certificates.change import CHANGES

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken(algo, change):
    @MANY
    @given(instances(algo))
    def check(instance):
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 2, change), change)

    check()


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_certified_can_be_broken_in_thousands_of_problems(change):
    rng = np.random.default_rng(11)
    for trial in range(2000):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), ("knn", "rnn")[trial % 2])
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 2, change), change)


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken_by_deleting_everything(algo):
    rng = np.random.default_rng(12)
    for _ in range(500):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), algo)
        worst = brute_force.worst_correct(instance, len(instance.train), "delete")
        sound(PROGRAM, instance, worst, "delete")


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken_by_inserting_many(algo):
    rng = np.random.default_rng(13)
    for _ in range(300):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), algo, most_candidates=6)
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 5, "insert"), "insert")


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken_by_relabeling_many(algo):
    rng = np.random.default_rng(14)
    for _ in range(200):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), algo)
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 4, "relabel"), "relabel")


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_relabelings_are_those_of_the_program_that_ranks_by_index(algo):
    """The program's own votes over vectors with changed labels: what brute force takes for the truth is their worst."""
    rng = np.random.default_rng(15)
    for _ in range(15):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), algo, most_train=6)
        train = instance.train[np.argsort(instance.train[:, -1], kind="stable")]
        x, y, queries = train[:, :-2].astype(np.float32), train[:, -2], instance.test.astype(np.float32)
        count = partial(neighbors.knn_votes, k=instance.k) if instance.k else partial(neighbors.rnn_votes, r=instance.r)
        worst = [len(instance.test)] * 3
        for labels in product(range(instance.classes), repeat=len(y)):
            size = np.count_nonzero(np.array(labels) != y)
            if size <= 2:
                votes = count(x, np.array(labels), queries, num_classes=instance.classes)
                predicted = np.array([brute_force.winner(s) for s in votes.counts])
                worst[size] = min(worst[size], np.count_nonzero(predicted == instance.test_labels))
        expected = brute_force.worst_correct(instance, 2, "relabel")
        np.testing.assert_array_equal(np.minimum.accumulate(worst), expected)


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken_by_three(algo):
    @FEW
    @given(instances(algo, most_train=7, most_candidates=7))
    def check(instance):
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 3))

    check()


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_brute_force_agrees_with_a_classifier_run_on_each_poisoned_set(algo):
    @settings(max_examples=50, deadline=None)
    @given(instances(algo, most_train=5, most_candidates=4))
    def check(instance):
        for change in CHANGES:
            expected = brute_force.worst_correct_by_hand(instance, change)
            assert brute_force.worst_correct(instance, 1, change).tolist() == expected

    check()


def test_the_program_counts_the_same_clean_votes():
    rng = np.random.default_rng(0)
    for trial in range(100):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), ("knn", "rnn")[trial % 2])
        expected = votes_of(instance, 2)
        train = instance.train[np.argsort(instance.train[:, -1], kind="stable")]  # the larger index is the larger rank
        given_ = train[:, :-2].astype(np.float32), train[:, -2].astype(np.int64), instance.test.astype(np.float32)
        if instance.k is None:
            votes = neighbors.rnn_votes(*given_, r=float(instance.r), num_classes=instance.classes)
        else:
            votes = neighbors.knn_votes(*given_, k=instance.k, window=2, num_classes=instance.classes)
            np.testing.assert_array_equal(votes.ranked, expected.ranked)
        np.testing.assert_array_equal(votes.counts, expected.counts)
