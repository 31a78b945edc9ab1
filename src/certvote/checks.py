"""Check numbers, sequences and arrays at the boundary of public functions."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TypeGuard

import numpy as np

LEAST_ALPHA = 1e-100
"""Smallest probability of error that a probabilistic certificate accepts; its share of each bound is still a float."""


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether a value is a Python or NumPy integer (bool and float are not)."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_real(value: object) -> TypeGuard[float]:
    """Return whether a value is a Python or NumPy real number, NaN and infinity included (bool is not)."""
    return isinstance(value, Real) and not isinstance(value, bool)


def items(values: object) -> list[object] | None:
    """Return the items of a sequence or one-dimensional array; ``None`` for everything else, strings included."""
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim == 1 else None
    return list(values) if isinstance(values, Sequence) and not isinstance(values, (str, bytes)) else None


def plain_array(name: str, x: object) -> np.ndarray:
    """Convert an array-like to an array in the byte order of this machine, which compiled code needs.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    x : array-like
        What was given.

    Raises
    ------
    ValueError
        If it is a ragged list, or an array with a mask, which would be lost.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(f"{name}: expected an array without a mask, got a masked array; leave out what is masked")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: expected an array, got {type(x).__name__} that makes none: {error}") from error
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
