"""Costs of single pairs of a test example and a rival label: plain ones, and those of kNN with its moving border."""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit


@njit(cache=True)
@no_type_check
def plain_costs(least: np.ndarray, ρ: int, additions: np.ndarray, cost: np.ndarray) -> None:
    """Write ``max(least_i - A, 0)`` into ``cost[x, i]``, ``A = additions[x]``; ``ρ + 1`` stands for more."""
    for x in range(additions.size):
        for i in range(least.size):
            cost[x, i] = min(max(least[i] - additions[x], 0), ρ + 1)


@njit(cache=True)
@no_type_check
def _gap_path(
    gap: int,
    a: int,
    l: int,  # noqa: E741 (the paper's label)
    ranked: np.ndarray,
    inside: int,
    ρ: int,
    α: int,
    path: np.ndarray,
) -> tuple[int, int]:
    """Fill ``path[d - first]`` with the gap among the first ``k + d`` clean neighbors; return the first and last d."""
    first = -min(α, inside)
    last = min(ρ, ranked.size - inside)
    path[-first] = gap
    for d in range(last):
        label = ranked[inside + d]
        path[d + 1 - first] = path[d - first] + (label == a) - (label == l)
    for d in range(0, first, -1):
        label = ranked[inside + d - 1]
        path[d - 1 - first] = path[d - first] - (label == a) + (label == l)
    return first, last


@njit(cache=True)
@no_type_check
def least_gaps(gap: np.ndarray, labels: np.ndarray, ranked: np.ndarray, inside: int, ρ: int, α: int) -> np.ndarray:
    """``min_{-α ≤ d ≤ ρ}`` of the gap among the first ``k + d`` clean neighbors, for every example and rival.

    Gaps that cannot come down to ``ρ + α`` are left as they are.
    """
    m, c = gap.shape
    least = gap.copy()
    path = np.empty(ρ + α + 1, dtype=np.int64)
    for i in range(m):
        for l in range(c):  # noqa: E741
            if l != labels[i] and gap[i, l] <= ρ + α + max(ρ, α):  # a step changes the gap by at most 1
                first, last = _gap_path(gap[i, l], labels[i], l, ranked[i], inside, ρ, α, path)
                least[i, l] = path[: last - first + 1].min()
    return least


@njit(cache=True)
@no_type_check
def knn_costs(
    gap: np.ndarray,
    labels: np.ndarray,
    l: int,  # noqa: E741
    ranked: np.ndarray,
    inside: int,
    ρ: int,
    α: int,
    additions: np.ndarray,
    cost: np.ndarray,
) -> None:
    """Write into ``cost[x, i]`` what ``l`` costs at example ``i`` with at most ``A = additions[x]`` of its label.

    With ``g(d)`` the gap among the first ``k + d`` clean neighbors, it is the least ``r = max(g(d) - A, 0)`` over
    ``d ≤ ρ - A`` with ``r ≤ α + d`` (Lemmas 7 and 13). ``g(d) - d`` never grows with ``d``, so these ``d`` are an
    interval; as ``A`` grows both its ends move down, and a queue of minima follows it.
    """
    path = np.empty(ρ + α + 1, dtype=np.int64)
    queue = np.empty(ρ + α + 1, dtype=np.int64)
    for i in range(gap.size):
        first, last = _gap_path(gap[i], labels[i], l, ranked[i], inside, ρ, α, path)
        head, tail = 0, 0  # queue[head:tail]: d descending, g(d) ascending towards its tail is never better
        d = last + 1
        for x in range(additions.size):
            A = min(additions[x], ρ - first)  # more cannot be among the neighbors
            while d > first and max(path[d - 1 - first] - A, 0) <= α + d - 1:
                d -= 1
                while tail > head and path[queue[tail - 1] - first] >= path[d - first]:
                    tail -= 1
                queue[tail] = d
                tail += 1
            while head < tail and queue[head] > ρ - A:
                head += 1
            cost[x, i] = min(max(path[queue[head] - first] - A, 0), ρ + 1) if head < tail else ρ + 1
