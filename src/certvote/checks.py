"""What the public functions of every stage take for a number, for a sequence and for an array."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TypeGuard

import numpy as np

LEAST_ALPHA = 1e-100
"""Smallest probability of error that a probabilistic certificate takes: floats work with it, shared out."""


def is_integer(value: object) -> TypeGuard[int]:
    """Whether it is an integer of Python or NumPy; ``True`` and ``2.0`` are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_real(value: object) -> TypeGuard[float]:
    """Whether it is a real number of Python or NumPy, NaN and infinity included; ``True`` is none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def items(values: object) -> list[object] | None:
    """The items of a sequence or of an array with one dimension; ``None`` for everything else, strings included."""
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim == 1 else None
    return list(values) if isinstance(values, Sequence) and not isinstance(values, (str, bytes)) else None


def plain_array(name: str, x: object) -> np.ndarray:
    """The array-like ``x`` as an array; ``ValueError``, naming it, for ragged lists and masks, which would be lost."""
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(f"{name}: expected an array without a mask, got a masked array; leave out what is masked")
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: expected an array, got {type(x).__name__} that makes none: {error}") from error
