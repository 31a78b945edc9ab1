"""Ready vectors as features: rounded to the grid of the range that the user states."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.features.vectors import Vectors, vectors


@pytest.mark.parametrize("x", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((2, 3), complex), [["a"]], None])
def test_vectors_are_a_matrix_of_numbers(x):
    with pytest.raises(ValueError, match=r"x: expected real numbers \[n d\], one row per example, got"):
        vectors(x)


def test_vectors_outside_the_declared_range():
    with pytest.raises(ValueError, match=r"feature\.low, feature\.high: expected feature values in \[-1\.0, 1\.0\]"):
        vectors(np.array([[0.0, 1.5]]))


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, -1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_ranges_that_hold_nothing(low, high):
    with pytest.raises(ValueError, match=r"feature\.low"):
        Vectors(low=low, high=high)
