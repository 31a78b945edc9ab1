from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from certificates.brute_force import winner
from certificates.elections import choices, least_parts, plurality
from certvote.certificates import dpa, individual
from certvote.certificates.votes import UNLIMITED
from certvote.types import Election, Votes

CHANGES = ("any", "insert", "delete", "relabel")


def all_counts(voters, c):
    return [counts for counts in product(range(voters + 1), repeat=c) if sum(counts) == voters]


@pytest.mark.parametrize(("voters", "c"), [(1, 2), (4, 2), (7, 2), (1, 3), (5, 3), (6, 3), (3, 4), (5, 4)])
def test_certified_parts_are_exactly_those_that_no_change_of_votes_overcomes(voters, c):
    """All vote counts, all sets of poisoned parts, all votes their models may cast: sound, and not one too few."""
    for counts in all_counts(voters, c):
        ballots = [(label,) for label, count in enumerate(counts) for _ in range(count)]
        needed = least_parts(plurality, ballots, choices(c), np.arange(voters)[:, None], c)
        label = np.array([winner(np.array(counts))])
        assert dpa.certified_sizes(np.array([counts]), label, change="insert") == needed - 1
        assert dpa.certified_sizes(np.array([counts]), label, change="delete") == needed - 1
        assert dpa.certified_sizes(np.array([counts]), label, change="any") == (needed - 1) // 2  # 2 e < needed


def test_a_unit_is_a_removal_in_one_part_and_an_addition_in_another():
    counts, labels = np.array([[0, 2], [0, 4], [0, 5], [4, 0], [5, 0], [6, 0]]), np.array([1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(dpa.certified_sizes(counts, labels), [0, 1, 1, 0, 1, 1])
    np.testing.assert_array_equal(dpa.certified_sizes(counts, labels, change="insert"), [1, 2, 2, 1, 2, 2])


def test_one_part_per_unit_is_the_individual_certificate():
    counts = np.random.default_rng(0).integers(0, 200, size=(500, 6))
    labels = np.random.default_rng(1).integers(0, 6, size=500)
    sizes = {change: dpa.certified_sizes(counts, labels, change=change) for change in CHANGES}
    np.testing.assert_array_equal(sizes["insert"], individual.certified_sizes(counts, labels))
    np.testing.assert_array_equal(sizes["delete"], sizes["insert"])
    np.testing.assert_array_equal(sizes["any"], np.where(sizes["insert"] < 0, -1, sizes["insert"] // 2))


def test_curve_is_the_share_of_examples_certified_at_each_size():
    votes = Votes(counts=np.array([[0, 20], [9, 0], [5, 5], [1, 0]], dtype=np.int32))
    labels = np.array([1, 0, 0, 0])  # sizes 5, 2, -1, 0 (one part per unit: 10, 4, -1, 0)
    sizes = np.array([7, 0, 2, 5, 3])
    np.testing.assert_allclose(dpa.curve(votes, labels, sizes).certified, [0, 0.75, 0.5, 0.25, 0.25])
    for change in ("insert", "delete"):
        curve = dpa.curve(votes, labels, sizes, change=change)
        np.testing.assert_allclose(curve.certified, [0.25, 0.75, 0.5, 0.25, 0.5])
        np.testing.assert_array_equal(curve.sizes, sizes)
        assert curve.attained is None


def election(parts, winner=(0, 1, 1)):
    return Election(np.zeros((3, 2), np.int32), np.array(winner), np.array(parts))


def test_sizes_of_elections():
    labels = np.array([0, 1, 0])
    np.testing.assert_array_equal(dpa.election_sizes(election([1, 2, 9]), labels), [0, 0, -1])
    np.testing.assert_array_equal(dpa.election_sizes(election([3, 6, 9]), labels), [1, 2, -1])
    for change in ("insert", "delete"):
        np.testing.assert_array_equal(dpa.election_sizes(election([1, 6, 9]), labels, change=change), [0, 5, -1])
    curve = dpa.election_curve(election([3, 6, 9]), labels, np.array([0, 1, 2, 3]))
    np.testing.assert_allclose(curve.certified, [2 / 3, 2 / 3, 1 / 3, 0])
    curve = dpa.election_curve(election([3, 6, 9]), labels, np.array([2, 5, 6]), change="delete")
    np.testing.assert_allclose(curve.certified, [2 / 3, 1 / 3, 0])


@pytest.mark.parametrize("change", CHANGES)
def test_a_single_class_is_certified_at_every_size(change):
    assert (dpa.certified_sizes(np.array([[3], [0]]), np.zeros(2, int), change=change) == UNLIMITED).all()
    sole = Election(np.array([[3]], np.int32), np.array([0]), np.array([UNLIMITED]))
    assert dpa.election_sizes(sole, np.array([0]), change=change) == UNLIMITED
    assert dpa.election_curve(sole, np.array([0]), np.array([2**31 - 1]), change=change).certified == 1


LABELS = np.array([0, 1, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dpa.certified_sizes(np.zeros((1, 2), int), np.array([2])), "expected labels from 0 to 1, got 2"),
        (
            lambda: dpa.certified_sizes(np.zeros((1, 2), int), np.array([0]), change="both"),
            "any, insert, delete, relabel, got",
        ),
        (lambda: dpa.curve(Votes(np.zeros((1, 2), np.int32)), np.array([0]), np.array([-1])), "expected sizes"),
        (lambda: dpa.curve(Votes(np.array([[3, 0]]), k=3), np.array([0]), np.array([1])), "votes of kNN with k=3"),
        (lambda: dpa.election_curve(election([1, 1, 1]), LABELS, np.array([1.5])), "expected sizes"),
        (lambda: dpa.election_sizes(Votes(np.zeros((3, 2), np.int32)), LABELS), "expected election as .*, got Votes"),
        (lambda: dpa.election_sizes(election([1, 1]), LABELS), "expected parts as 3 integers"),
        (lambda: dpa.election_sizes(election([1, 1, 0]), LABELS), "expected parts from 1"),
        (lambda: dpa.election_sizes(election([1, 1, 1], [0, 1, 2]), LABELS), "expected winner from 0 to 1, got 0 … 2"),
        (lambda: dpa.election_sizes(election([1, 1, 1], [0.0, 1, 1]), LABELS), "expected winner as 3 integers"),
        (lambda: dpa.election_sizes(election([1, 1, 1]), LABELS, change=None), "expected change as one of"),
    ],
)
def test_input_is_checked(call, message):
    with pytest.raises(ValueError, match=message):
        call()
