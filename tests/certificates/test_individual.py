import numpy as np
import pytest

from certvote.certificates import individual
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
    with pytest.raises(ValueError, match="expected labels from 0 to 1"):
        individual.certified_sizes(np.zeros((1, 2), int), np.array([2]))
    with pytest.raises(ValueError, match="expected sizes"):
        individual.curve(Votes(counts=np.zeros((1, 2), np.int32)), np.array([1]), np.array([-1]))
