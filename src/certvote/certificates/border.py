"""Certified sizes of kNN where the border of the neighborhood can only move one way, from the labels it moves past."""

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
