"""Embeddings of norm 1: every row divided by its own length, on the grid that this bound of distances allows."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float32, Float64

from certvote.features.grid import bits_for, snap


def unit_bits(dim: int) -> int:
    """The grid of vectors of ``dim`` values and norm 1: their L1 distance is at most ``2 * sqrt(dim)``."""
    return bits_for(dim, low=-1.0, high=1.0, max_l1=2 * math.sqrt(dim))


def unit_rows(x: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    """Every row divided by its Euclidean norm.

    The sum of squares is rounded once, so a row's result depends neither on the rows around it nor on the processor.
    Raises ``ValueError`` that names the row for a number that is not finite and for a row of zeros.
    """
    largest = np.abs(x).max(axis=1, initial=0).astype(np.float64)
    wrong = ~(np.isfinite(largest) & (largest > 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        got = "zeros only" if largest[row] == 0 else "NaN or infinity"
        raise ValueError(f"expected finite numbers that are not all 0 in every row, got {got} in row {row}")
    _, exponents = np.frexp(largest)
    scaled = np.ldexp(x.astype(np.float64), -exponents[:, None])  # exact; squares neither overflow nor vanish
    norms = np.array([math.sqrt(math.fsum(row)) for row in (scaled * scaled).tolist()])
    units: np.ndarray = np.clip(scaled / norms[:, None], -1.0, 1.0)  # a norm rounded down gives more than 1
    return units


def unit_features(x: Float[np.ndarray, "n d"]) -> Float32[np.ndarray, "n d"]:
    """Rows of norm 1 up to rounding to the grid; ``ValueError`` as in ``unit_rows``."""
    return snap(unit_rows(x), unit_bits(x.shape[1]), low=-1.0, high=1.0)
