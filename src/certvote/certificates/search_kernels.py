"""Compiled inner loops of the search: costs at given additions, their optimum over removals, and who is to blame."""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.certificates.allocation import allocate, best_shares


@njit(cache=True)
@no_type_check
def cheapest(
    cost: np.ndarray,
    offset: np.ndarray,
    example: np.ndarray,
    pair_start: np.ndarray,
    x: np.ndarray,
    e: int,
    least: np.ndarray,
) -> None:
    """Write into ``least`` what each example costs, ``min_l cost_{i,l}(A_l)``; ``e + 1`` where nothing breaks it."""
    least[:] = e + 1
    for l in range(offset.size):  # noqa: E741 (the paper's label)
        first, pairs = pair_start[l], pair_start[l + 1] - pair_start[l]
        row = offset[l] + x[l] * pairs
        for j in range(pairs):
            i = example[first + j]
            least[i] = min(least[i], cost[row + j])


@njit(cache=True)
@no_type_check
def at_most(least: np.ndarray, label_start: np.ndarray, e: int, shift: int, F: np.ndarray, partial: np.ndarray) -> int:
    """Most examples that ``e`` removals break, at costs and budget rounded down to multiples of ``2**shift``.

    Fills ``F[l, R]``, the examples of label ``l`` with cost at most ``R``, and ``partial`` as ``allocate`` leaves it.
    """
    budget = e >> shift
    for l in range(F.shape[0]):  # noqa: E741
        F[l, : budget + 1] = 0
        for i in range(label_start[l], label_start[l + 1]):
            if least[i] <= e:  # before rounding: e + 1 may round down to e
                F[l, least[i] >> shift] += 1
        for R in range(budget):
            F[l, R + 1] += F[l, R]
    return allocate(F, partial, budget)


@njit(cache=True)
@no_type_check
def credit(
    cost: np.ndarray,
    offset: np.ndarray,
    example: np.ndarray,
    pair_start: np.ndarray,
    label_start: np.ndarray,
    hi: np.ndarray,
    middle: np.ndarray,
    e: int,
    F: np.ndarray,
    partial: np.ndarray,
    R: np.ndarray,
) -> np.ndarray:
    """Count for every rival the examples that break at ``hi`` but would not, were its additions cut to ``middle``.

    Removals are those that :func:`at_most` found best, without rounding, at ``hi``.
    """
    best_shares(F, partial, e, R)
    label = np.empty(label_start[-1], dtype=np.int64)
    for l in range(label_start.size - 1):  # noqa: E741
        label[label_start[l] : label_start[l + 1]] = l
    nobody, several = -1, -2
    rival = np.full(label.size, nobody)
    for l in range(offset.size):  # noqa: E741
        first, pairs = pair_start[l], pair_start[l + 1] - pair_start[l]
        for j in range(pairs):
            i = example[first + j]
            if cost[offset[l] + hi[l] * pairs + j] <= R[label[i]]:
                if rival[i] == nobody and cost[offset[l] + middle[l] * pairs + j] > R[label[i]]:
                    rival[i] = l
                else:
                    rival[i] = several
    alone = np.zeros(offset.size, dtype=np.int64)
    for i in range(rival.size):
        if rival[i] >= 0:
            alone[rival[i]] += 1
    return alone
