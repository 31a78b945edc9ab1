"""Follow the gap to a rival as the border of kNN's neighborhood moves: all that the costs of kNN are made of.

``g(d)`` is the gap between the predicted label and a rival among the first ``k + d`` clean neighbors. Functions of it
that never grow give every cost at every poisoning size (docs/certificates.md, section 7):

    outward(q) = min { g(d) : 0 ≤ d ≤ q },    inward(u) = min { g(-v) : 0 ≤ v ≤ u },
    deep(p)    = min { g(-v) : v ≥ 0, g(-v) + v ≤ p }, unlimited where no v satisfies it.

A table of one of them has a column for every test example and a row for every ``step``-th argument: row ``j`` is for
the argument ``j * step``. The labels that the border passes have a row for every position: outward, row ``d`` is that
of neighbor ``k + d + 1``; inward, row ``v`` is that of neighbor ``k - v``.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def _pass(g: np.ndarray, passed: np.ndarray, labels: np.ndarray, l: int, outward: bool) -> None:  # noqa: E741
    """Update the gaps ``g`` to rival ``l`` as the border passes one neighbor of every example."""
    for i in range(g.size):
        change = np.int32(passed[i] == labels[i]) - np.int32(passed[i] == l)
        g[i] += change if outward else -change


@njit(nogil=True, cache=True)
@no_type_check
def running_minima(
    gap: np.ndarray,
    labels: np.ndarray,
    l: int,  # noqa: E741 (the paper's label)
    passed: np.ndarray,
    outward: bool,
    cap: int,
    step: int,
    table: np.ndarray,
) -> None:
    """Fill a table of ``outward`` or ``inward`` for rival ``l``, at most ``cap``; where neighbors end it stays."""
    g, least = gap.astype(np.int32), gap.astype(np.int32)
    position = 0
    for j in range(table.shape[0]):
        while position < min(j * step, passed.shape[0]):
            _pass(g, passed[position], labels, l, outward)
            position += 1
            for i in range(g.size):
                least[i] = g[i] if g[i] < least[i] else least[i]
        for i in range(g.size):
            table[j, i] = least[i] if least[i] < cap else cap


@njit(nogil=True, cache=True)
@no_type_check
def deep_minima(
    gap: np.ndarray,
    labels: np.ndarray,
    l: int,  # noqa: E741
    passed: np.ndarray,
    cap: int,
    step: int,
    table: np.ndarray,
) -> None:
    """Fill a table of ``deep`` for rival ``l``, at most ``cap``: ``g(-v) + v`` never falls as ``v`` grows."""
    g, least = gap.astype(np.int32), gap.astype(np.int32)
    table[:] = cap
    for v in range(passed.shape[0] + 1):
        if v > 0:
            _pass(g, passed[v - 1], labels, l, False)
        for i in range(g.size):
            least[i] = g[i] if g[i] < least[i] else least[i]
            row = -(-(g[i] + v) // step)
            if row < table.shape[0] and least[i] < cap:
                table[row, i] = least[i]
    for j in range(1, table.shape[0]):
        for i in range(g.size):
            table[j, i] = table[j - 1, i] if table[j - 1, i] < table[j, i] else table[j, i]


@njit(nogil=True, cache=True)
@no_type_check
def insertion_minima(
    gap: np.ndarray,
    labels: np.ndarray,
    l: int,  # noqa: E741
    passed: np.ndarray,
    cap: int,
    step: int,
    table: np.ndarray,
) -> None:
    """Fill a table of ``min { max(g(-v), 0) : 0 ≤ v ≤ u, g(-v) ≤ v }`` over ``u``, at most ``cap``.

    It is the least number of additions of rival ``l`` that break an example if nothing is removed and at most ``u``
    examples are added (Lemma 13, sharp).
    """
    g, least = gap.astype(np.int32), np.full(gap.size, cap, np.int32)
    v = 0
    for j in range(table.shape[0]):
        while v < min(j * step, passed.shape[0]):
            _pass(g, passed[v], labels, l, False)
            v += 1
            for i in range(g.size):
                if g[i] <= v:
                    least[i] = min(least[i], max(g[i], 0))
        for i in range(g.size):
            table[j, i] = least[i]
