from functools import partial

import numpy as np
import pytest

from certvote.certificates import budget_curve, grouping, individual
from certvote.certificates.votes import (
    UNLIMITED,
    checked_counts,
    checked_sizes,
    checked_votes,
    correct,
    gaps,
    predicted_labels,
    smallest_gap,
)
from certvote.types import Votes

COUNTS = np.array([[3, 3, 1], [0, 0, 0], [5, 4, 5], [2, 0, 0]], dtype=np.int32)


def test_the_larger_label_wins_ties():
    np.testing.assert_array_equal(predicted_labels(COUNTS), [1, 2, 2, 0])
    np.testing.assert_array_equal(correct(COUNTS, np.array([1, 0, 2, 1])), [True, False, True, False])


def test_gaps_count_the_tie_bit():
    np.testing.assert_array_equal(
        gaps(COUNTS), [[1, UNLIMITED, 2], [1, 1, UNLIMITED], [1, 2, UNLIMITED], [UNLIMITED, 2, 2]]
    )
    np.testing.assert_array_equal(smallest_gap(COUNTS), [1, 1, 1, 2])


def test_gaps_of_unsigned_counts_do_not_wrap_around():
    np.testing.assert_array_equal(gaps(COUNTS.astype(np.uint8)), gaps(COUNTS))


def test_a_single_class_has_no_rival():
    np.testing.assert_array_equal(smallest_gap(np.array([[0], [7]])), [UNLIMITED, UNLIMITED])


@pytest.mark.parametrize(
    ("counts", "labels", "named"),
    [
        (np.zeros(3, int), np.zeros(3, int), "counts of shape"),
        (np.zeros((0, 3), int), np.zeros(0, int), "counts of shape"),
        (np.zeros((3, 0), int), np.zeros(3, int), "counts of shape"),
        (np.full((1, 2), np.nan), np.zeros(1, int), "counts of an integer type"),
        (np.array([[True, False]]), np.zeros(1, int), "counts of an integer type"),
        (np.array([[1, -1]]), np.zeros(1, int), "counts from 0"),
        (np.array([[1, 2**40]]), np.zeros(1, int), "counts from 0"),
        (np.zeros((2, 2), int), np.zeros(3, int), "labels of shape"),
        (np.zeros((2, 2), int), np.zeros((2, 1), int), "labels of shape"),
        (np.zeros((2, 2), int), np.zeros(2), "labels of an integer type"),
        (np.zeros((2, 2), int), np.array([0, 2]), "labels from 0 to 1"),
        (np.zeros((2, 2), int), np.array([0, -1]), "labels from 0 to 1"),
    ],
)
def test_votes_that_make_no_sense_are_refused(counts, labels, named):
    with pytest.raises(ValueError, match=f"expected {named}"):
        checked_counts(counts, labels)


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        (np.zeros(0, int), "sizes of shape"),
        (np.zeros((1, 1), int), "sizes of shape"),
        (np.array([0.5]), "sizes of an integer type"),
        (np.array([3, -1]), "sizes from 0"),
        ([2**63], "sizes from 0"),
        ([0, 2**64], "sizes of an integer type, got object"),
        (3, "sizes of shape"),
        (None, "sizes of shape"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(sizes, named):
    with pytest.raises(ValueError, match=f"expected {named}"):
        checked_sizes(sizes)


@pytest.mark.parametrize(
    ("votes", "labels", "message"),
    [
        (COUNTS, [0, 0, 0, 0], "expected votes as a certvote.types.Votes, got ndarray"),
        (None, [0, 0, 0, 0], "expected votes as a certvote.types.Votes, got NoneType"),
        (Votes(COUNTS, k=3.0), [0, 0, 0, 0], "expected votes.k as an integer ≥ 1, or None for rNN, got 3.0"),
        (Votes(COUNTS, k=True), [0, 0, 0, 0], "expected votes.k as an integer"),
        (Votes(COUNTS, k=0), [0, 0, 0, 0], "expected votes.k as an integer ≥ 1"),
        (Votes(COUNTS, k=3, window=2.0), [0, 0, 0, 0], "expected votes.window as an integer ≥ 0, got 2.0"),
        (Votes(COUNTS, k=3, window=-1), [0, 0, 0, 0], "expected votes.window as an integer ≥ 0, got -1"),
        (Votes(COUNTS, k=3, window=1, ranked=[[0], [0, 1]]), [0, 0, 0, 0], "ranked: expected an array, got list"),
        (Votes(None), [0], "expected counts of shape"),
        (Votes([[1], [1, 2]]), [0, 0], "counts: expected an array, got list"),
        (Votes(COUNTS), [[0], [0, 1]], "labels: expected an array, got list"),
        (Votes(COUNTS), np.ma.array([0, 0, 0, 0], mask=[0, 1, 0, 0]), "labels: expected an array without a mask"),
        (Votes(np.ma.array(COUNTS)), [0, 0, 0, 0], "counts: expected an array without a mask"),
    ],
)
def test_what_is_no_votes_is_refused(votes, labels, message):
    with pytest.raises(ValueError, match=message):
        checked_votes(votes, labels)


RANKED = [[1, 1, 0], [0, 0, 1], [1, 0, 0]]
KNN = np.array([[1, 4], [5, 0], [2, 3]])
CERTIFICATES = {
    "individual": individual.curve,
    "rd": grouping.curve,
    "island": partial(grouping.curve, method="island"),
    "removal": budget_curve.removal_curve,
    "budget": budget_curve.curve,
}


@pytest.mark.parametrize("name", [*CERTIFICATES, "budget of kNN"])
@pytest.mark.parametrize("form", [list, tuple, np.asarray, lambda x: np.asarray(x, dtype=np.uint8)])
def test_every_certificate_takes_array_likes(name, form):
    counts, labels, certificate = KNN.tolist(), [1, 0, 1], CERTIFICATES[name.split(" of ")[0]]
    more = {"k": 5, "window": 2, "ranked": form(RANKED)} if "kNN" in name else {}
    expected = certificate(Votes(KNN.astype(np.int32), **more | {"ranked": np.array(RANKED, np.uint8)} if more else {}),
                           np.array(labels), np.arange(3))  # fmt: skip
    curve = certificate(Votes(form(counts), **more), form(labels), range(3))
    np.testing.assert_array_equal(curve.certified, expected.certified)
    assert curve.sizes.dtype == np.int64
    assert individual.certified_sizes(form(counts), form(labels)).tolist() == [1, 2, 0]


@pytest.mark.parametrize("name", CERTIFICATES)
def test_counts_that_fill_their_type(name):
    """One vote more than 255 or 2**31 - 1 does not fit: sums must not wrap around."""
    for largest, dtype in ((255, np.uint8), (2**31 - 1, np.int32)):
        counts = np.array([[largest, 0], [0, largest]], dtype=dtype)
        curve = CERTIFICATES[name](Votes(counts), np.array([0, 1]), np.array([0, 1]))
        assert curve.certified.tolist() == [1, 1]
    assert CERTIFICATES[name](Votes(counts // 2**24), [0, 1], [128]).certified.tolist() == [0]
