from dataclasses import replace

import numpy as np
import pytest

from certificates.brute_force import worst_correct
from certificates.instances import draw_instance, votes_of
from certvote.certificates import individual
from certvote.certificates.change import CHANGES
from certvote.certificates.votes import UNLIMITED
from certvote.types import Votes


def test_sizes_of_all_small_counts_by_trying_every_change():
    """Worst case of ``e`` poisoned examples: ``e`` votes leave the predicted label and ``e`` join a rival."""
    for a in range(8):
        for b in range(8):
            label = 1 if b >= a else 0
            size = individual.certified_sizes(np.array([[a, b]]), np.array([label]))[0]
            first, second = (a, b) if label == 0 else (b, a)
            for e in range(10):
                left, joined = max(first - e, 0), second + e
                wins = left > joined if label == 0 else left >= joined
                assert wins == (e <= size), (a, b, e)


def test_curve_is_the_share_of_examples_certified_at_each_size():
    counts = np.array([[0, 10], [6, 2], [5, 5], [1, 0]], dtype=np.int32)
    labels = np.array([1, 0, 0, 0])  # sizes 5, 1, -1, 0
    np.testing.assert_array_equal(individual.certified_sizes(counts, labels), [5, 1, -1, 0])
    curve = individual.curve(Votes(counts=counts), labels, np.array([7, 0, 1, 5, 1]))
    np.testing.assert_allclose(curve.certified, [0, 0.75, 0.5, 0.25, 0.5])
    assert curve.attained is None
    np.testing.assert_array_equal(curve.sizes, [7, 0, 1, 5, 1])


@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_size_is_exact_where_the_window_reaches(algo, change):
    """Every set that insertions next to the test example, or deletions, can make of the clean one."""
    rng = np.random.default_rng(3)
    checked, most = set(), 5
    for _ in range(400):
        instance = draw_instance(lambda low, high: int(rng.integers(low, high + 1)), algo)
        x, c, n = instance.test[0], instance.classes, len(instance.train)
        nearest = np.array([[*x, label, 10**6 + label] for label in range(c)])
        counts = votes_of(instance, 0).counts[:1]
        a = c - 1 - int(np.argmax(counts[0, ::-1]))
        instance = replace(instance, candidates=nearest, test=x[None], test_labels=np.array([a]))
        truth = int(worst_correct(instance, n if change == "delete" else most, change).sum()) - 1  # right up to it
        # Deletions never break a label that wins without votes, if there is no vote for another one.
        voters = counts[0] if instance.k is None else np.bincount(instance.train[:, -2], minlength=c)
        never = change == "delete" and a == c - 1 and voters[:a].sum() == 0
        votes = votes_of(instance, n + 1)
        size = int(individual.votes_sizes(votes, np.array([a]), change=change)[0])
        if instance.k is not None:
            by_counts = int(individual.certified_sizes(counts, np.array([a]))[0])
            found = [by_counts]
            for window in range(n + 2):
                found.append(int(individual.votes_sizes(votes_of(instance, window), np.array([a]), change=change)[0]))
                if window > size:
                    assert found[-1] == size
            assert found == sorted(found)
            assert found[-1] == size
        if change == "insert":
            size = min(size, most)
        assert size <= truth == n if never else size == truth
        checked.add(size)
    assert {0, 1, 2, 3} <= checked


def test_without_a_window_counts_alone_certify_knn():
    votes = Votes(counts=np.array([[0, 6], [4, 2]], dtype=np.int32), k=6)
    for change in CHANGES:
        assert individual.votes_sizes(votes, np.array([1, 0]), change=change).tolist() == [3, 0]
    assert individual.votes_sizes(Votes(votes.counts), np.array([1, 0]), change="insert").tolist() == [6, 1]


def test_additions_push_out_and_removals_pull_in():
    ranked = np.array([[1, 1, 0, 0, 0, 0, 1, 1]], dtype=np.uint8)  # k = 4; nearest first, all of the training set
    votes = Votes(np.array([[2, 2]], np.int32), 4, 4, ranked)
    assert individual.votes_sizes(votes, np.array([1]), change="insert").tolist() == [2]  # 0 0 1 1, a tie
    assert individual.votes_sizes(votes, np.array([1]), change="delete").tolist() == [0]  # 1 0 0 0


def test_a_single_class_is_certified_at_every_size():
    counts = np.array([[3], [0]], dtype=np.int32)
    assert (individual.certified_sizes(counts, np.zeros(2, int)) == UNLIMITED).all()
    assert individual.curve(Votes(counts=counts), np.zeros(2, int), np.array([0, 2**31 - 1])).certified.tolist() == [
        1,
        1,
    ]


def test_no_neighbors_and_the_largest_label():
    assert individual.certified_sizes(np.zeros((1, 3), int), np.array([2]))[0] == 0


def test_input_is_checked():
    one = Votes(counts=np.zeros((1, 2), np.int32))
    for call in (individual.certified_sizes, individual.votes_sizes):
        with pytest.raises(ValueError, match="expected change as one of any, insert, delete, relabel, got 'both'"):
            call(one if call is individual.votes_sizes else one.counts, np.array([1]), change="both")
    votes = Votes(np.array([[2, 0]], np.int32), 2, 1, np.array([[1, 1]], np.uint8))
    with pytest.raises(ValueError, match="expected ranked labels that agree with counts"):
        individual.votes_sizes(votes, np.array([0]), change="insert")
    with pytest.raises(ValueError, match="expected labels from 0 to 1"):
        individual.certified_sizes(np.zeros((1, 2), int), np.array([2]))
    with pytest.raises(ValueError, match="expected sizes"):
        individual.curve(Votes(counts=np.zeros((1, 2), np.int32)), np.array([1]), np.array([-1]))
