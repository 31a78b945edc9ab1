"""Attack success rates, and sizes against single labels: every attack on tiny problems, and their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from certificates import claims_success as claims
from certificates import trained
from certificates.brute_force import most_reached
from certificates.elections import plurality
from certificates.instances import draw_instance, draw_table
from certvote.certificates import bagging, dpa, individual, success
from certvote.certificates.change import CHANGES
from certvote.certificates.votes import UNLIMITED, predicted_labels
from certvote.types import Votes


def drawing(seed):
    rng = np.random.default_rng(seed)
    return lambda low, high: int(rng.integers(low, high + 1))


@pytest.mark.parametrize("change", CHANGES)
def test_no_attack_reaches_more_than_the_bound(change):
    draw = drawing(1)
    for trial in range(300):
        instance = draw_instance(draw, ("knn", "rnn")[trial % 2])
        claims.sound(claims.PROGRAM, *claims.case(instance, 2, change))


@pytest.mark.parametrize("change", CHANGES)
def test_some_attacks_reach_all_that_the_bound_allows(change):
    """Otherwise the test above says little."""
    draw = drawing(2)
    reached = allowed = tight = 0
    for trial in range(150):
        _, votes, labels, most, change = claims.case(draw_instance(draw, ("knn", "rnn")[trial % 2]), 2, change)
        for t, rates in enumerate(most):
            if rates is not None:
                bound = success.success_rates(votes, labels, np.arange(3), targets=t, change=change).rates[0]
                bound = (bound * np.count_nonzero(labels != t)).round().astype(int)
                reached, allowed = reached + rates[2], allowed + bound[2]
                tight += rates[2] == bound[2] > rates[0]
    assert reached >= allowed / 3
    assert tight >= 20


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("knn", [False, True])
def test_rates_are_those_of_trying_every_allocation_of_removals(knn, change):
    draw = drawing(3)
    for _ in range(150):
        claims.exact(claims.PROGRAM, *draw_table(draw, 4, knn), 4, change)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_no_attack_of_a_certified_size_gives_a_test_example_that_label(algo, change):
    draw = drawing(4)
    certified = 0
    for _ in range(150):
        instance = draw_instance(draw, algo)
        instance = replace(instance, test=instance.test[:1], test_labels=instance.test_labels[:1])
        for window in (0, 3):
            votes = claims.votes_of(instance, window)
            against = individual.certified_sizes_against(votes, change=change)[0]
            for t in range(instance.classes):
                aimed = replace(instance, test_labels=np.array([(t + 1) % instance.classes]))
                reached = most_reached(aimed, 2, t, change)
                assert not reached[: against[t] + 1].any()
                certified += against[t] >= 1
    assert certified > 30


@pytest.mark.parametrize("change", CHANGES)
def test_the_smallest_size_against_any_rival_is_the_individual_certificate(change):
    draw = drawing(5)
    options = {"n_train": 40, "subsample": 3, "alpha": 0.3, "change": change}
    for trial in range(200):
        votes, _ = draw_table(draw, 4, trial % 2 == 0, most_votes=30)
        counts = votes.counts.copy()
        counts[:, 0] += counts.sum(axis=1).max() + 2 - counts.sum(axis=1)  # as many voters everywhere, two at least
        a, b = predicted_labels(votes.counts), predicted_labels(counts)
        for own, against, alone in (
            (
                a,
                individual.certified_sizes_against(votes, change=change),
                individual.votes_sizes(votes, a, change=change),
            ),
            (b, dpa.certified_sizes_against(counts, change=change), dpa.certified_sizes(counts, b, change=change)),
            (b, bagging.certified_sizes_against(counts, **options), bagging.certified_sizes(counts, b, **options)),
        ):
            assert (against[np.arange(len(own)), own] == -1).all()
            rivals = np.where(np.arange(against.shape[1]) == own[:, None], UNLIMITED, against)
            np.testing.assert_array_equal(rivals.min(axis=1), alone)


def test_ensembles_that_are_trained_never_say_a_label_within_its_size():
    draw, checked = drawing(6), 0
    for _ in range(40):
        problem = trained.draw_problem(draw, 1)._replace(by_input=True)
        first = trained.clean_rankings(problem)[:, :, 0]
        counts = np.array([np.bincount(row, minlength=problem.c) for row in first])
        for change in CHANGES:
            against = dpa.certified_sizes_against(counts, change=change)
            reached = trained.winners(problem, plurality, change, 1, hard=True)
            clean = predicted_labels(counts).tolist()
            for labels, sizes, a in zip(reached, against, clean, strict=True):
                assert all(sizes[label] < 1 for label in labels - {a})
                checked += sum(sizes >= 1)
    assert checked > 100


def test_a_table_by_hand():
    """Removals of label 0 serve both of its examples; one too few for the first leaves it."""
    votes = Votes(np.array([[9, 0, 2], [8, 0, 2], [0, 5, 2], [1, 0, 7]], np.int32))
    labels = np.array([0, 0, 1, 0])
    rates = success.success_rates(votes, labels, np.array([4, 0, 3]), targets=2)
    # gaps to 2: 7, 6, 3 and none; at e = 4 costs 3, 2, 0; at e = 3 costs 4, 3, 0
    np.testing.assert_allclose(rates.rates, [[1, 1 / 4, 3 / 4]])
    assert rates.worst.tolist() == rates.rates[0].tolist()


@pytest.mark.parametrize(
    ("labels", "targets", "message"),
    [
        ([0, 1], 2, "expected a target from 0 to 1, got 2"),
        ([0, 1], [0, -1], "expected a target from 0 to 1, got -1"),
        ([0, 1], 1.0, "expected targets as a label, several, or None, got 1.0"),
        ([0, 1], [], "expected at least one target"),
        ([1, 1], 1, "expected a test example with another label than the target 1"),
    ],
)
def test_targets_are_checked(labels, targets, message):
    votes = Votes(np.array([[3, 1], [1, 3]], np.int32))
    with pytest.raises(ValueError, match=message):
        success.success_rates(votes, np.array(labels), np.array([1]), targets=targets)


def test_a_window_that_is_too_small_is_refused():
    votes = Votes(np.array([[3, 0]], np.int32), k=3, window=1, ranked=np.array([[0, 1]], np.uint8))
    with pytest.raises(ValueError, match="expected kNN votes with window ≥ 2"):
        success.success_rates(votes, np.array([0]), np.array([2]))
    success.success_rates(votes, np.array([0]), np.array([2]), change="relabel")  # needs none
