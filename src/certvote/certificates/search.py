"""Branch and bound over the labels of additions: how many test examples can an attack of one size break?

Let ``H(A)`` be the optimum over removals when label ``l`` gets ``A_l`` additions. It grows with every ``A_l``, so it is
at most ``H(min(hi, lo + α - Σ lo))`` in a box ``lo ≤ A ≤ hi`` with ``Σ A ≤ α``. The box with the largest such bound is
split, until the largest is attained, or close to it. Whenever the search stops, the largest bound left is proven.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from certvote.certificates.costs import CostTable
from certvote.certificates.search_kernels import at_most, cheapest, credit

COARSE = 512
"""Removals are counted in steps inside first bounds of boxes, so that there are about so many of them."""

PATIENCE = 2000
"""Boxes that a search may split before it is content with its tolerance: easy ones end at the exact optimum."""


@dataclass(frozen=True)
class Found:
    """What a search has shown: at most ``upper`` examples break, and ``lower`` do at the additions ``best``."""

    upper: int
    lower: int
    best: np.ndarray
    nodes: int


class _Problem:
    """``H`` for one cost table, with its working memory."""

    def __init__(self, table: CostTable) -> None:
        self.table = table
        c = table.label_start.size - 1
        self._cost = np.empty(table.label_start[-1], dtype=np.int64)
        self._F = np.zeros((c, table.removals + 1), dtype=np.int32)
        self._partial = np.zeros((c, table.removals + 1), dtype=np.int32)
        self._R = np.zeros(c, dtype=np.int64)

    def __call__(self, x: np.ndarray, shift: int = 0) -> int:
        """``H`` at ``A = x * step``; costs and budget are rounded down to multiples of ``2**shift``, never too low."""
        t = self.table
        cheapest(t.cost, t.offset, t.example, t.pair_start, x, t.removals, self._cost)
        return int(at_most(self._cost, t.label_start, t.removals, shift, self._F, self._partial))

    def split(self, lo: np.ndarray, hi: np.ndarray) -> int:
        """Label to split a box at: the one whose upper half alone breaks most, at the best removals for ``hi``.

        To be called after ``H(hi)``. Any choice is sound.
        """
        t = self.table
        middle = (lo + hi) // 2
        alone = credit(
            t.cost, t.offset, t.example, t.pair_start, t.label_start, hi, middle, t.removals,
            self._F, self._partial, self._R,
        )  # fmt: skip
        width = hi - lo
        return int(np.lexsort((width, np.where(width > 0, alone, -1)))[-1])


def search(
    table: CostTable,
    *,
    upper: int,
    starts: Iterable[np.ndarray] = (),
    lower: int = 0,
    tolerance: float = 0.0,
    max_nodes: int | None = None,
    deadline: float | None = None,
) -> Found:
    """Largest number of examples that break over all of the table's removals and additions.

    ``upper`` and ``lower`` are bounds known before; ``starts`` are additions per label to try first. Stops when the two
    meet (after ``PATIENCE`` boxes: are at most ``tolerance`` examples apart), after ``max_nodes`` boxes, or at
    ``deadline`` (monotonic seconds); ``Found.upper`` is proven in every case.
    """
    α, step, rivals = table.additions, table.step, table.rivals
    c = table.label_start.size - 1
    best = np.zeros(c, dtype=np.int64)
    if rivals.size == 0:
        return Found(upper=0, lower=0, best=best, nodes=0)
    H = _Problem(table)
    shift = max(0, (table.removals // COARSE).bit_length())
    # Rounding every A_l up to a multiple of the step makes the sum larger by less than a step per label.
    budget = (α + rivals.size * (step - 1)) // step

    def attempt(x: np.ndarray) -> None:
        nonlocal lower, best
        if x.sum() * step <= α and H(x, shift) > lower:
            value = H(x)
            if value > lower:
                lower, best = value, x * step

    lo = np.zeros(c, dtype=np.int64)
    hi = np.zeros(c, dtype=np.int64)
    hi[rivals] = min(table.units, budget)
    upper = max(min(upper, H(hi)), lower)
    for corner in rivals:
        if lower < upper:
            attempt(np.bincount([corner], weights=[α // step], minlength=c).astype(np.int64))
    for start in starts:
        attempt(start // step)
    upper = max(upper, lower)

    nodes, count, pruned = 0, 0, lower
    heap = [(-upper, count, lo, hi)]
    while heap:
        bound, _, lo, hi = heapq.heappop(heap)
        bound = -bound
        slack_off = tolerance if nodes >= PATIENCE else 0
        out_of_time = deadline is not None and time.monotonic() >= deadline
        if bound <= lower + slack_off or nodes == max_nodes or out_of_time:
            pruned = max(pruned, bound)
            break
        nodes += 1
        bound = min(bound, H(hi))
        if bound <= lower + slack_off or (hi == lo).all():
            pruned = max(pruned, bound)
            if (hi == lo).all():
                attempt(lo)
            continue
        label = H.split(lo, hi)
        attempt(_spread(lo, hi, label, α // step))
        middle = (lo[label] + hi[label]) // 2
        for part in (0, 1):
            low, high = lo.copy(), hi.copy()
            if part == 0:
                high[label] = middle
            else:
                low[label] = middle + 1
            slack = budget - low.sum()
            if slack < 0:
                continue
            high = np.minimum(high, low + slack)
            value = min(bound, H(high, shift))
            if value <= lower + slack_off:
                pruned = max(pruned, value)
            else:
                count += 1
                heapq.heappush(heap, (-value, count, low, high))
    return Found(upper=max(pruned, lower), lower=lower, best=best, nodes=nodes)


def _spread(lo: np.ndarray, hi: np.ndarray, first: int, budget: int) -> np.ndarray:
    """A point of the box with as large a sum as the budget allows, ``first`` served first."""
    x = lo.copy()
    for label in (first, *np.argsort(lo - hi, kind="stable")):
        x[label] += max(0, min(hi[label] - x[label], budget - x.sum()))
    return x
