"""Put examples on the exact grid by bounds that do not come from the data, and notice what was fitted to it."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from certvote.checks import is_real, items

_FEWEST = 10  # examples; fewer may be standardized by chance
_EXACT = 1e-6  # distance from mean 0 and deviation 1 that only a scaler reaches in every column


class CertificateWarning(UserWarning):
    """Warn that an assumption of the certificates seems not to hold."""


def grid_vectors(x: Float64[np.ndarray, "n d"], bounds: Any, unit_norm: bool) -> Float32[np.ndarray, "n d"]:
    """Round examples to the exact grid, each on its own.

    Parameters
    ----------
    x : float64 array, shape (n, d)
        Examples.
    bounds : pair of float
        Range of the features. Values beyond are clipped, with a warning that counts them.
    unit_norm : bool
        Whether each example is divided by its Euclidean norm instead, which needs no bounds.

    Returns
    -------
    float32 array, shape (n, d)
        The vectors that distances are computed of.

    Raises
    ------
    ValueError
        If bounds are no range with a usable grid, or an example that is to be divided by its norm is zero.
    """
    from certvote.features.norm import unit_features
    from certvote.features.vectors import vectors

    if not isinstance(unit_norm, bool | np.bool_):
        raise ValueError(f"unit_norm: expected True or False, got {unit_norm!r}")
    if unit_norm:
        return unit_features(x)
    low, high = checked_bounds(bounds)
    outside = int(np.count_nonzero((x < low) | (x > high)))
    if outside:
        warnings.warn(
            f"clipped {outside:,} of {x.size:,} values of X to bounds=({low:g}, {high:g})", UserWarning, stacklevel=3
        )
    return vectors(np.clip(x, low, high), low=low, high=high)


def checked_bounds(bounds: Any) -> tuple[float, float]:
    """Return bounds as two floats.

    Raises
    ------
    ValueError
        If they are not two finite numbers, the smaller one first.
    """
    pair = items(bounds)
    if pair is not None and len(pair) == 2:
        low, high = pair
        if is_real(low) and is_real(high) and -math.inf < low < high < math.inf:
            return float(low), float(high)
    raise ValueError(f"bounds: expected two finite numbers, the smaller one first, got {bounds!r}")


def warn_if_standardized(x: Float64[np.ndarray, "n d"]) -> None:
    """Warn if all columns that vary have mean 0 and standard deviation 1: a scaler was fitted to this training set."""
    deviations = x.std(axis=0)
    varies: Bool[np.ndarray, " d"] = deviations > 0
    if len(x) < _FEWEST or not varies.any():
        return
    means, deviations = x.mean(axis=0)[varies], deviations[varies]
    if (np.abs(means) < _EXACT).all() and (np.abs(deviations - 1) < _EXACT).all():
        warnings.warn(
            "X has mean 0 and standard deviation 1 in every column, as a scaler leaves it that was fitted to this "
            "training set; then one poisoned example moves the features of all others, and nothing is certified",
            CertificateWarning,
            stacklevel=3,
        )
