"""Put features on the exact grid, multiples of a power of two, so that float32 holds every L1 distance exactly.

float32 holds every integer up to and including 2**24. If all values are multiples of 2**-b and no distance exceeds
2**24 such multiples, all partial sums of a distance are exact, whatever their order (certificates, section 7).
The grid is chosen from the feature's range and dimension alone: were it chosen from data, one training example
could move the features of all others and the certificates would not hold.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Float32, Integer

from certvote.checks import is_integer, is_real, plain_array

_LARGEST = 1 << 24
_ROWS = 4096  # rows at a time, to keep the float64 copies small
_MOST_BITS = 64  # beyond, results would lie where float32 loses its small numbers or a device flushes them to zero


def bits_for(dim: int, *, low: float = 0.0, high: float = 1.0, max_l1: float | None = None) -> int:
    """Compute the largest b such that vectors on multiples of 2^-b have exact L1 distances.

    For values in [0, 1] that is ``24 - ceil(log2(dim))``: the largest distance is ``dim * 2**b <= 2**24``
    multiples (equal where ``dim`` is a power of two, and still exact). With ``max_l1``, a bound of the distance that is
    known otherwise (``2 * sqrt(dim)`` for vectors of norm 1), ``max_l1 * 2**b + dim <= 2**24`` is enough: rounding adds
    at most half a multiple per value and vector. A negative ``b`` is a grid coarser than 1.

    Parameters
    ----------
    dim : int
        Number of values per vector.
    low, high : float
        Range of the values, known without looking at data.
    max_l1 : float or None
        Upper bound of all distances, where one is known beside that of the range.

    Raises
    ------
    ValueError
        If the range has no usable grid, or an argument is out of range.

    References
    ----------
    docs/certificates.md, Section 7.
    """
    if not (is_integer(dim) and dim >= 1):
        raise ValueError(f"expected dim as an integer of at least 1, got {dim!r}")
    _check_range(low, high)
    if max_l1 is not None and not (math.isfinite(max_l1) and max_l1 > 0):
        raise ValueError(f"expected a finite max_l1 > 0, got {max_l1}")
    for bits in range(_MOST_BITS, -_MOST_BITS - 1, -1):
        scale = Fraction(2) ** bits
        first, last = _multiples(low, bits), _multiples(high, bits)
        if not (_holds(low, bits) and _holds(high, bits)):
            continue  # a value itself would not be exact
        reach = Fraction(dim * (last - first))
        if max_l1 is not None:
            reach = min(reach, Fraction(max_l1) * scale + dim)
        if reach <= _LARGEST:
            if first == last:
                break
            return bits
    raise ValueError(
        f"options feature.low, feature.high: expected a range on which {dim} float32 values have exact distances, "
        f"got [{low}, {high}]; shift and scale the features by constants"
    )


def snap(
    x: Float[np.ndarray, "n d"] | Integer[np.ndarray, "n d"], bits: int, *, low: float = 0.0, high: float = 1.0
) -> Float32[np.ndarray, "n d"]:
    """Round values to the nearest multiples of 2^-bits, half to even.

    -0.0 becomes 0.0, so equal values are equal bytes. A value that equals a bound in its own type counts as inside (0.1
    as float32 is above 0.1, yet within ``high=0.1``).

    Parameters
    ----------
    x : array of real numbers, shape (n, d)
        Vectors.
    bits : int
        Exponent of the grid.
    low, high : float
        Range of the values.

    Returns
    -------
    float32 array, shape (n, d)
        The vectors on the grid.

    Raises
    ------
    ValueError
        If ``x`` is no matrix of numbers, a value is NaN or outside the range, or ``bits`` is so large that float32 does
        not hold every multiple in this range.
    """
    x = checked_matrix("x", x)
    _check_range(low, high)
    if not (is_integer(bits) and abs(bits) <= _MOST_BITS and _holds(low, bits) and _holds(high, bits)):
        raise ValueError(
            f"bits: expected an integer, at least {-_MOST_BITS}, such that float32 holds every multiple of 2**-bits in "
            f"[{low}, {high}], got {bits!r}; certvote.features.grid.bits_for gives the largest for exact distances"
        )
    snapped = np.empty(x.shape, dtype=np.float32)
    for start in range(0, len(x), _ROWS):
        part = x[start : start + _ROWS]
        inside = (part >= low) & (part <= high)  # False for NaN
        if not inside.all():
            row, column = np.argwhere(~inside)[0]
            raise ValueError(
                f"options feature.low, feature.high: expected feature values in [{low}, {high}], got "
                f"{part[row, column]} at [{start + row}, {column}]"
            )
        multiples = np.rint(np.ldexp(np.clip(part.astype(np.float64), low, high), bits)) + 0.0
        snapped[start : start + _ROWS] = np.ldexp(multiples, -bits)
    return snapped


def checked_matrix(name: str, x: Float[np.ndarray, "n d"] | Integer[np.ndarray, "n d"]) -> np.ndarray:
    """Return an array-like as an array with two axes of real numbers.

    Raises
    ------
    ValueError
        If it is none; the message starts with ``name``.
    """
    x = plain_array(name, x)
    if x.ndim != 2 or x.dtype.kind not in "iuf":
        raise ValueError(f"{name}: expected real numbers [n d], one row per example, got {x.dtype} {list(x.shape)}")
    return x


def _check_range(low: float, high: float) -> None:
    if not (is_real(low) and is_real(high) and -math.inf < low < high < math.inf):
        raise ValueError(f"options feature.low, feature.high: expected finite low < high, got {low!r}, {high!r}")


def _multiples(bound: float, bits: int) -> int:
    """Return a bound in multiples of 2^-bits, rounded half to even as :func:`snap` does."""
    return round(Fraction(bound if isinstance(bound, int) else float(bound)) * Fraction(2) ** bits)


def _holds(bound: float, bits: int) -> bool:
    """Return whether float32 holds every multiple of 2^-bits from 0 to the rounded bound."""
    return abs(_multiples(bound, bits)) <= _LARGEST
