"""Certificates hold for distances over views of the test example: all poisoned sets of tiny problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import brute_force
from certificates.brute_force import Instance, votes_by_hand, winner
from certificates.claims import PROGRAM, sound
from certificates.instances import draw_instance, votes_of
from certvote import neighbors
from certvote.certificates.change import CHANGES


@st.composite
def instances_with_views(draw: st.DrawFn, algo: str) -> Instance:
    """Two or three views of each test example, mostly predicted correctly."""

    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    instance = draw_instance(number, algo, most_train=7, most_candidates=8)
    more = [[[number(0, 4) for _ in point] for _ in range(2)] for point in instance.test.tolist()]
    test = np.concatenate([instance.test[:, None], np.array(more)[:, : number(1, 2)]], axis=1)
    viewed = replace(instance, test=test)
    predicted = [winner(row) for row in votes_by_hand(viewed)[0]]
    return replace(viewed, test_labels=np.array([y if number(0, 7) else 0 for y in predicted]))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_nothing_certified_can_be_broken(algo, change):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(instances_with_views(algo))
    def check(instance):
        sound(PROGRAM, instance, brute_force.worst_correct(instance, 2, change), change)

    check()


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_brute_force_agrees_with_a_classifier_run_on_each_poisoned_set(algo):
    @settings(max_examples=20, deadline=None)
    @given(instances_with_views(algo))
    def check(instance):
        for change in CHANGES:
            expected = brute_force.worst_correct_by_hand(instance, change)
            assert brute_force.worst_correct(instance, 1, change).tolist() == expected

    check()


@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_the_program_counts_the_same_clean_votes(algo):
    @settings(max_examples=50, deadline=None)
    @given(instances_with_views(algo))
    def check(instance):
        expected = votes_of(instance, 2)
        train = instance.train[np.argsort(instance.train[:, -1], kind="stable")]  # the larger index, the larger rank
        data = train[:, :-2].astype(np.float32), train[:, -2].astype(np.int64), instance.test.astype(np.float32)
        if instance.k is None:
            votes = neighbors.rnn_votes(*data, r=float(instance.r), num_classes=instance.classes)
        else:
            votes = neighbors.knn_votes(*data, k=instance.k, window=2, num_classes=instance.classes)
            np.testing.assert_array_equal(votes.ranked, expected.ranked)
        np.testing.assert_array_equal(votes.counts, expected.counts)

    check()
