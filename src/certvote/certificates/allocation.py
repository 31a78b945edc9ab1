"""Maximize a sum of step functions under a shared budget: the inner problem of both budget certificates.

Every label ``l`` has a nondecreasing function ``F_l(R)``, the number of test examples that ``R`` removals of that label
break. How many fall to ``e`` removals in all, ``max { Σ_l F_l(R_l) : Σ_l R_l ≤ e }``, is the last value of the max-plus
convolution of the ``F_l``: exact, ``O(c e²)``.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit


@njit(cache=True)
@no_type_check
def allocate(F: np.ndarray, partial: np.ndarray, budget: int) -> int:
    """Largest ``Σ_l F[l, R_l]`` with ``Σ_l R_l ≤ budget``; ``F`` is ``[c, > budget]``, nondecreasing along its rows.

    Leaves in ``partial[l, b]`` the optimum of the labels ``0 … l`` with budget ``b``, for ``l < c - 1``.
    """
    c = F.shape[0]
    for b in range(budget + 1):
        partial[0, b] = F[0, b]
    for l in range(1, c - 1):  # noqa: E741 (the paper's label)
        f, before, after = F[l], partial[l - 1], partial[l]
        for b in range(budget + 1):
            after[b] = before[b] + f[0]
        for R in range(1, budget + 1):
            if f[R] > f[R - 1]:  # elsewhere R - 1 removals are as good
                for b in range(budget + 1 - R):
                    after[R + b] = max(after[R + b], before[b] + f[R])
    if c == 1:
        return F[0, budget]
    best = 0
    for R in range(budget + 1):
        best = max(best, partial[c - 2, budget - R] + F[c - 1, R])
    return best


@njit(cache=True)
@no_type_check
def best_shares(F: np.ndarray, partial: np.ndarray, budget: int, shares: np.ndarray) -> None:
    """Write a maximizing ``R`` into ``shares``, after :func:`allocate` has filled ``partial``."""
    left = budget
    for l in range(F.shape[0] - 1, 0, -1):  # noqa: E741
        best, at = -1, 0
        for R in range(left + 1):
            value = partial[l - 1, left - R] + F[l, R]
            if value > best:
                best, at = value, R
        shares[l] = at
        left -= at
    shares[0] = left


@njit(cache=True)
@no_type_check
def allocate_shifted(G: np.ndarray, shifts: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Optimum of ``F_l(R) = G[l, shift + R]``, for every shift with its budget; ``G`` is ``[c, > shift + budget]``."""
    partial = np.empty((G.shape[0], budgets.max() + 1), dtype=np.int32)
    best = np.empty(budgets.size, dtype=np.int64)
    for j in range(budgets.size):
        best[j] = allocate(G[:, shifts[j] :], partial, budgets[j])
    return best
