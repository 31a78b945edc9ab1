"""Ready feature vectors, put onto the exact grid."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from certvote.features.grid import bits_for, checked_matrix, snap


def vectors_bits(dim: int, *, low: float = -1.0, high: float = 1.0) -> int:
    """The grid of vectors of ``dim`` values in [``low``, ``high``]."""
    return bits_for(dim, low=low, high=high)


def vectors(x: Float[np.ndarray, "n d"], *, low: float = -1.0, high: float = 1.0) -> Float32[np.ndarray, "n d"]:
    """The vectors, every value rounded to the grid of the range that the user declares.

    The range must be known without the training data, as its examples may be an attacker's; hence no default that
    fits all, and a ``ValueError`` for values outside, and for what is no matrix of numbers.
    """
    x = checked_matrix("x", x)
    return snap(x, vectors_bits(x.shape[1], low=low, high=high), low=low, high=high)
