"""Normalize embeddings to Euclidean norm 1, on the exact grid that this bound of distances allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Float32, Float64

from certvote.features.grid import bits_for, snap


def unit_bits(dim: int) -> int:
    """Return the exponent of the grid of vectors of norm 1: their L1 distance is at most 2 √dim."""
    return bits_for(dim, low=-1.0, high=1.0, max_l1=2 * math.sqrt(dim))


def unit_rows(x: Float[np.ndarray, "n d"], *, first: int = 0) -> Float64[np.ndarray, "n d"]:
    """Divide each row by its Euclidean norm.

    The sum of squares is rounded once, so a row's result depends neither on the rows around it nor on the processor.

    Parameters
    ----------
    x : float array, shape (n, d)
        Vectors.
    first : int
        Number of the first row, for messages.

    Returns
    -------
    float64 array, shape (n, d)
        Vectors of norm 1 up to rounding, values in [-1, 1].

    Raises
    ------
    ValueError
        If a number is not finite, or a row holds zeros only; the message says which row.
    """
    largest = np.abs(x).max(axis=1, initial=0).astype(np.float64)
    wrong = ~(np.isfinite(largest) & (largest > 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        got = "zeros only" if largest[row] == 0 else "NaN or infinity"
        raise ValueError(f"expected finite numbers that are not all 0 in every row, got {got} in row {first + row}")
    _, exponents = np.frexp(largest)
    scaled = np.ldexp(x.astype(np.float64), -exponents[:, None])  # exact; squares neither overflow nor vanish
    norms = np.array([math.sqrt(math.fsum(row)) for row in (scaled * scaled).tolist()])
    units: np.ndarray = np.clip(scaled / norms[:, None], -1.0, 1.0)  # a norm rounded down gives more than 1
    return units


def root_rows(x: Float[np.ndarray, "n d"], *, first: int = 0) -> Float64[np.ndarray, "n d"]:
    """Divide each row by its sum and take square roots, which have Euclidean norm 1.

    L1 distances of the results weigh small numbers up, as the Hellinger distance does. Parameters as in
    :func:`unit_rows`.

    Returns
    -------
    float64 array, shape (n, d)
        Vectors of norm 1 up to rounding, values in [0, 1].

    Raises
    ------
    ValueError
        If a number is negative or not finite, or a row holds zeros only; the message says which row.
    """
    negative = (x < 0).any(axis=1)
    if negative.any():
        row = int(np.flatnonzero(negative)[0])
        raise ValueError(f"expected numbers of at least 0 in every row, got {x[row].min()} in row {first + row}")
    roots: np.ndarray = unit_rows(np.sqrt(x.astype(np.float64)), first=first)
    return roots


def unit_features(x: Float[np.ndarray, "n d"], first: int = 0) -> Float32[np.ndarray, "n d"]:
    """Compute :func:`unit_rows`, rounded to the grid of :func:`unit_bits`."""
    return snap(unit_rows(x, first=first), unit_bits(x.shape[1]), low=-1.0, high=1.0)


def root_features(x: Float[np.ndarray, "n d"], first: int = 0) -> Float32[np.ndarray, "n d"]:
    """Compute :func:`root_rows`, rounded to the grid of :func:`unit_bits`."""
    return snap(root_rows(x, first=first), unit_bits(x.shape[1]), low=-1.0, high=1.0)


TRANSFORMS: Mapping[str, Callable[[np.ndarray, int], np.ndarray]] = {"unit": unit_features, "root": root_features}
