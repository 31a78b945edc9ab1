"""What counts as a number, a sequence and an array."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.checks import is_integer, is_real, items, plain_array


@pytest.mark.parametrize(
    ("value", "integer", "real"),
    [
        (3, True, True),
        (np.int8(3), True, True),
        (np.uint64(3), True, True),
        (3.0, False, True),
        (np.float32(3), False, True),
        (float("nan"), False, True),
        *[(value, False, False) for value in (True, np.True_, None, "3", 1j, [3], np.array([3]))],
    ],
)
def test_numbers(value, integer, real):
    assert (is_integer(value), is_real(value)) == (integer, real)


@pytest.mark.parametrize("values", [[1, 2], (1, 2), range(1, 3), np.array([1, 2])])
def test_sequences(values):
    assert items(values) == [1, 2]


@pytest.mark.parametrize("values", ["12", b"12", 1, None, {1, 2}, np.array(1), np.array([[1, 2]])])
def test_what_is_no_sequence(values):
    assert items(values) is None


def test_arrays():
    x = np.arange(3)
    assert plain_array("x", x) is x
    assert plain_array("x", range(3)).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="x: expected an array without a mask"):
        plain_array("x", np.ma.array(x))
    with pytest.raises(ValueError, match="x: expected an array, got list that makes none"):
        plain_array("x", [[1], [1, 2]])
