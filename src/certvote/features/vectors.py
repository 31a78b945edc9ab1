"""Round ready feature vectors to the exact grid."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float32

from certvote.features.base import Feature
from certvote.features.grid import bits_for, checked_matrix, snap
from certvote.options import Label, choice, option


@choice("feature", "vectors")
class Vectors(Feature):
    """The feature vectors that the data set brings, rounded to the grid of a range that the user states."""

    low: float = option("smallest value that a feature may have, known without the training data")
    high: float = option("largest value that a feature may have, known without the training data")

    label = Label("ready-made")
    takes = "vectors"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds(self.low, self.high)

    def bits(self, shape: tuple[int, ...]) -> int:
        return vectors_bits(shape[0], low=self.low, high=self.high)

    def compute(self, examples: np.ndarray, *, n_jobs: int | None, progress: bool) -> Float32[np.ndarray, "n d"]:
        return vectors(examples, low=self.low, high=self.high)

    def nearest_vectors(self, vectors: np.ndarray, shape: tuple[int, ...]) -> Float32[np.ndarray, "n d"]:
        return snap(np.clip(vectors, self.low, self.high), self.bits(shape), low=self.low, high=self.high)


def check_bounds(low: float, high: float) -> None:
    """Check that the range of features is finite and not empty.

    Raises
    ------
    ValueError
        If it is not; the message names the options.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"options feature.low, feature.high: expected finite low < high, got {low}, {high}")


def vectors_bits(dim: int, *, low: float = -1.0, high: float = 1.0) -> int:
    """Return the exponent of the grid of vectors of ``dim`` values in [``low``, ``high``]."""
    return bits_for(dim, low=low, high=high)


def vectors(x: Float[np.ndarray, "n d"], *, low: float = -1.0, high: float = 1.0) -> Float32[np.ndarray, "n d"]:
    """Round vectors to the grid of the range that the user states.

    The range must be known without the training data, as its examples may be an attacker's; hence no default that
    fits all.

    Parameters
    ----------
    x : array of real numbers, shape (n, d)
        Vectors.
    low, high : float
        Range of all values.

    Returns
    -------
    float32 array, shape (n, d)
        Multiples of 2^-b, with b from :func:`vectors_bits`.

    Raises
    ------
    ValueError
        If ``x`` is no matrix of numbers, a value lies outside the range, or the range has no usable grid.
    """
    x = checked_matrix("x", x)
    return snap(x, vectors_bits(x.shape[1], low=low, high=high), low=low, high=high)
