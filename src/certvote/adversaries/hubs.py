"""Find a place in feature space from which added examples reach as many test examples as possible.

With ``k`` in the thousands the border of a neighborhood is far away, and one point lies inside most of them. It is
searched by subgradient steps on the smooth count ``Σ_i w_i σ((ρ_i - d(x_i, z)) / τ)`` while ``τ`` falls. The start
is the coordinatewise median of the test examples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

STEPS = 400
_WIDEST, _NARROWEST = 0.05, 0.003  # τ, as a share of the median radius
_TINY = 1e-6  # a median radius may be 0
_OUTSIDE = 1e-3  # keeps a pull of test examples that are far outside
_FIRST, _LAST = 0.5, 0.01  # length of a step per coordinate, as a share of the radius per coordinate


def find_hub(
    vectors: Float32[np.ndarray, "q v d"],
    radii: Float[np.ndarray, " q"],
    weights: Float[np.ndarray, " q"],
    *,
    legal: Callable[[Float64[np.ndarray, "n d"]], Float32[np.ndarray, "n d"]],
    start: Float[np.ndarray, " d"] | None = None,
    steps: int = STEPS,
) -> Float32[np.ndarray, " d"]:
    """Find a vector within the radius of test examples with as much weight as possible.

    Parameters
    ----------
    vectors : float32 array, shape (q, v, d)
        Test examples, v views each: the nearest one counts.
    radii : float array, shape (q,)
        Distances within which the vector must be.
    weights : float array, shape (q,)
        Weights, negative for test examples that are better not reached.
    legal : callable
        Moves vectors to the nearest ones that the feature may have.
    start : float array, shape (d,), or None
        Where to begin; ``None``: at the median of the test examples with positive weight.
    steps : int
        Number of steps.
    """
    wanted = vectors[weights > 0].reshape(-1, vectors.shape[-1])
    z = np.median(wanted, axis=0) if start is None else np.asarray(start, dtype=np.float64)
    scale = float(np.median(radii))
    best: np.ndarray = legal(z[None])[0]
    value = -np.inf
    for step in range(steps):
        point = legal(z[None])[0]
        nearest, distance = _nearest(vectors, point)
        reached = float(weights[distance <= radii].sum())
        if reached > value:
            best, value = point, reached
        part = step / steps
        τ = max(scale, _TINY) * _WIDEST * (_NARROWEST / _WIDEST) ** part
        share = 1 / (1 + np.exp(-np.clip((radii - distance) / τ, -30, 30)))
        pull = weights * (share * (1 - share) + _OUTSIDE * ((distance > radii) & (weights > 0)))
        gradient = (pull[:, None] * np.sign(nearest - point)).sum(axis=0)
        length = np.abs(gradient).mean()
        if length == 0:
            break
        z = z + gradient / length * (scale / len(z) * _FIRST * (_LAST / _FIRST) ** part)
    return np.asarray(best)


def reached_by(
    hub: Float32[np.ndarray, " d"], vectors: Float32[np.ndarray, "q v d"], radii: Float[np.ndarray, " q"]
) -> Bool[np.ndarray, " q"]:
    """Return which test examples have a vector within their radius."""
    _, distance = _nearest(vectors, hub)
    return np.asarray(distance <= radii)


def _nearest(vectors: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the view of each test example that is nearest to a point, and its distance."""
    distances = np.abs(vectors - point).sum(axis=2)
    view = distances.argmin(axis=1)
    rows = np.arange(len(vectors))
    return vectors[rows, view], distances[rows, view]
