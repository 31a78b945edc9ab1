"""kNN where the border of its neighborhood can only move one way: what follows from the labels that it moves past."""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit


@njit(cache=True)
@no_type_check
def border_sizes(gap: np.ndarray, labels: np.ndarray, passed: np.ndarray, outward: bool, ended: bool) -> np.ndarray:
    """Largest size below the first ``u`` with ``g_l(±u) ≤ u`` for some rival ``l`` (docs/certificates.md, Theorem 11).

    ``passed[i]`` are the labels that the border of example ``i`` moves past, in this order: ``outward`` as neighbors
    are removed, else inward as examples are added. Beyond them ``g_l(±u) - u`` falls by at most 2 per step, or by 1
    where the training set has ``ended``.
    """
    size = np.empty(labels.size, dtype=np.int64)
    last = passed.shape[1]
    for i in range(labels.size):
        g = gap[i].copy()
        size[i] = -1
        for u in range(last):
            label = passed[i, u]
            if label != labels[i]:
                g[label] += -1 if outward else 1
            else:
                g += 1 if outward else -1
            if g.min() <= u + 1:
                size[i] = u
                break
        if size[i] < 0:
            size[i] = last + (g.min() - last - 1) // (1 if ended else 2)
    return size


@njit(cache=True)
@no_type_check
def border_sizes_against(
    gap: np.ndarray, labels: np.ndarray, passed: np.ndarray, outward: bool, ended: bool
) -> np.ndarray:
    """Largest size below the first ``u`` with ``g_l(±u) ≤ u``, for every rival ``l`` by itself (Theorem 21).

    Parameters are those of :func:`border_sizes`; the result has the shape of ``gap``.
    """
    size = np.full(gap.shape, -1)
    last = passed.shape[1]
    for i in range(labels.size):
        g = gap[i].copy()
        for u in range(last):
            label = passed[i, u]
            if label != labels[i]:
                g[label] += -1 if outward else 1
            else:
                g += 1 if outward else -1
            for l in range(g.size):  # noqa: E741 (the paper's label)
                if size[i, l] < 0 and g[l] <= u + 1:
                    size[i, l] = u
        for l in range(g.size):  # noqa: E741
            if size[i, l] < 0:
                size[i, l] = last + (g[l] - last - 1) // (1 if ended else 2)
    return size


@njit(cache=True)
@no_type_check
def outward_gaps(gap: np.ndarray, labels: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """``min_l g_l(d)``, the gap to the runner-up among the first ``k + d`` clean neighbors, for every example and d."""
    least = np.empty((labels.size, passed.shape[1] + 1), dtype=np.int32)
    for i in range(labels.size):
        g = gap[i].copy()
        least[i, 0] = g.min()
        for d in range(passed.shape[1]):
            label = passed[i, d]
            if label != labels[i]:
                g[label] -= 1
            else:
                g += 1
            least[i, d + 1] = g.min()
    return least
