import numpy as np
import pytest

from certvote.certificates.votes import (
    UNLIMITED,
    check_sizes,
    check_votes,
    correct,
    gaps,
    predicted_labels,
    smallest_gap,
)

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
        check_votes(counts, labels)


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        (np.zeros(0, int), "sizes of shape"),
        (np.zeros((1, 1), int), "sizes of shape"),
        (np.array([0.5]), "sizes of an integer type"),
        (np.array([3, -1]), "sizes from 0"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(sizes, named):
    with pytest.raises(ValueError, match=f"expected {named}"):
        check_sizes(sizes)
