"""Ready feature vectors, put onto the exact grid."""

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


def check_bounds(low: float, high: float) -> None:
    """Raise ``ValueError`` unless the range of features is finite and not empty."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"options feature.low, feature.high: expected finite low < high, got {low}, {high}")


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
