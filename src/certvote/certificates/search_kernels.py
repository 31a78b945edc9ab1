"""Compiled inner loops of the search: costs at given additions, their optimum over removals, and the boxes."""

from __future__ import annotations

import heapq
from typing import NamedTuple, no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.certificates.allocation import allocate_above


class SizedCosts(NamedTuple):
    """The cost tables at one poisoning size ``e``, as compiled functions take them.

    Attributes
    ----------
    outward, deep, fixed : int array, shape (c, rows, m)
        Tables of :class:`~certvote.certificates.costs.CostTables`, a row for every ``step``-th argument.
    step, e, ρ, α : int
        Step of the tables; poisoning size, with the most removals and additions that it allows.
    label : int64 array, shape (n,)
        Predicted labels of the examples that may break: they are the first ``n`` columns of the tables.
    shared : bool
        Whether removals and additions of one label are at most ``e`` together (relabeling).
    """

    outward: np.ndarray
    deep: np.ndarray
    fixed: np.ndarray
    step: int
    e: int
    ρ: int
    α: int
    label: np.ndarray
    shared: bool


class _Memory(NamedTuple):
    """Working memory of a search with ``n`` examples, ``c`` labels and ``ρ`` removals."""

    cost: np.ndarray  # [n]
    least: np.ndarray  # [n]
    afforded: np.ndarray  # [n]
    number: np.ndarray  # [n]
    F: np.ndarray  # [c, ρ + 1]
    partial: np.ndarray  # [≥ 2, ρ + 1]
    corners: np.ndarray  # [c, ρ + 2]
    R: np.ndarray  # [c]


@njit(nogil=True, cache=True)
@no_type_check
def rival_costs(t: SizedCosts, l: int, A: int, up: bool, cost: np.ndarray) -> None:  # noqa: E741 (the paper's label)
    """Write into ``cost`` what ``A`` additions of rival ``l`` leave to removals: 0 or less for none, above ``ρ`` never.

    With ``up``, arguments between two rows of the tables are rounded up, costs thereby down.
    """
    cast = cost.dtype.type  # arithmetic in 16 bits is several times as fast as what Numba promotes it to
    a = cast(A)
    fraction = t.step - 1 if up else 0
    if t.outward.shape[1] == 0:
        fixed = t.fixed[l, min((t.e + fraction) // t.step, t.fixed.shape[1] - 1)]
        for i in range(cost.size):
            cost[i] = cast(fixed[i] - a)
    else:
        outward = t.outward[l, (t.ρ - A + fraction) // t.step]
        deep = t.deep[l, (t.α + A + fraction) // t.step]
        for i in range(cost.size):
            base = outward[i] if outward[i] < deep[i] else deep[i]
            cost[i] = cast(base - a)


@njit(nogil=True, cache=True)
@no_type_check
def optimum(t: SizedCosts, A: np.ndarray, spent: np.ndarray, up: bool, enough: int, w: _Memory) -> int:
    """Compute ``H(A)`` where it exceeds ``enough``; else return a value between the two.

    With ``up`` it is a bound from above where the tables have steps, without a bound from below. ``w.R`` receives
    removals that break nearly as many. Where removals and additions of a label share its budget, ``spent`` of it are
    additions: ``A`` itself, or for a bound from above in a box the fewest.
    """
    least, F = w.least, w.F
    least[:] = t.ρ + 1
    for l in range(A.size):  # noqa: E741
        rival_costs(t, l, A[l], up, w.cost)
        for i in range(least.size):
            least[i] = w.cost[i] if w.cost[i] < least[i] else least[i]
    F[:] = 0
    for i in range(least.size):
        if least[i] <= (t.ρ - spent[t.label[i]] if t.shared else t.ρ):
            F[t.label[i], max(least[i], 0)] += 1
    for l in range(A.size):  # noqa: E741
        for R in range(t.ρ):
            F[l, R + 1] += F[l, R]
    return allocate_above(F, w.partial, t.ρ, enough, w.corners, w.R)


@njit(nogil=True, cache=True)
@no_type_check
def most_to_blame(t: SizedCosts, lo: np.ndarray, hi: np.ndarray, R: np.ndarray, w: _Memory) -> int:
    """Choose the label to split a box at: the one whose upper half alone breaks most, given ``R`` removals.

    An example counts for rival ``l`` if it breaks at ``hi`` through no other rival, and not at the middle of the box.
    Of equals the widest is chosen; any choice is sound.
    """
    number, cost, afforded = w.number, w.cost, w.afforded
    one, two = np.int8(1), np.int8(2)
    number[:] = 0
    for i in range(cost.size):
        afforded[i] = R[t.label[i]]
    for l in range(hi.size):  # noqa: E741
        rival_costs(t, l, hi[l], True, cost)
        for i in range(cost.size):
            more = one if number[i] == 0 else two
            number[i] = more if cost[i] <= afforded[i] else number[i]
    best, most, widest = 0, -1, 0
    for l in range(hi.size):  # noqa: E741
        width = hi[l] - lo[l]
        if width > 0:
            alone = 0
            rival_costs(t, l, hi[l], True, cost)
            for i in range(cost.size):
                alone += np.int32((number[i] == one) & (cost[i] <= afforded[i]))
            rival_costs(t, l, (lo[l] + hi[l]) // 2, True, cost)
            for i in range(cost.size):
                alone -= np.int32((number[i] == one) & (cost[i] <= afforded[i]))
            if alone > most or (alone == most and width > widest):
                best, most, widest = l, alone, width
    return best


@njit(nogil=True, cache=True)
@no_type_check
def spread(lo: np.ndarray, hi: np.ndarray, first: int, α: int) -> np.ndarray:
    """Return a point of the box with as large a sum as ``α`` allows: ``first`` is served first, then the widest."""
    x = lo.copy()
    l = first  # noqa: E741
    for _ in range(lo.size):
        x[l] += min(hi[l] - lo[l], α - x.sum())
        l = np.argmax(np.where(x < hi, hi - lo, -1))  # noqa: E741
    return x


@njit(nogil=True, cache=True)
@no_type_check
def branch_and_bound(
    t: SizedCosts,
    upper: int,
    lower: int,
    starts: np.ndarray,
    lows: np.ndarray,
    highs: np.ndarray,
    bounds: np.ndarray,
    tolerance: float,
    patience: int,
    max_nodes: int,
    stop: np.ndarray,
    best: np.ndarray,
) -> tuple[int, int, int, np.ndarray, np.ndarray, np.ndarray]:
    """Enclose the largest ``H(A)`` over ``Σ A ≤ α`` between two bounds.

    Parameters
    ----------
    t : SizedCosts
        Costs at this size.
    upper, lower : int
        Bounds known before.
    starts : int64 array, shape (number, c)
        Additions to try first.
    lows, highs : int64 array, shape (boxes, c)
        Corners of boxes that cover all additions.
    bounds : int64 array, shape (boxes,)
        A bound from above of ``H`` in each of them.
    tolerance : float
        After ``patience`` boxes the bounds need only be so close.
    max_nodes : int
        Largest number of boxes to split.
    stop : int array, shape (1,)
        Ends the search when another thread sets it to something else than 0.
    best : int64 array, shape (c,)
        Receives the additions that attain the lower bound, if they raise it.

    Returns
    -------
    upper, lower, nodes : int
        Both bounds and the number of boxes that were split.
    lows, highs, bounds
        Boxes that cover all additions, with their bounds, after the search.
    """
    n, c = t.label.size, t.fixed.shape[0]
    w = _Memory(
        np.empty(n, t.fixed.dtype),
        np.empty(n, t.fixed.dtype),
        np.empty(n, t.fixed.dtype),
        np.empty(n, np.int8),
        np.empty((c, t.ρ + 1), np.int32),
        np.empty((max(c, 2), t.ρ + 1), np.int32),
        np.empty((c, t.ρ + 2), np.int32),
        np.empty(c, np.int64),
    )
    for trial in range(starts.shape[0]):
        if lower < upper:
            value = optimum(t, starts[trial], starts[trial], False, lower, w)
            if value > lower:
                lower = value
                best[:] = starts[trial]

    boxes = lows.shape[0]
    lows, highs, bounds = lows.copy(), highs.copy(), bounds.copy()
    removals = np.zeros((boxes, c), np.int64)  # to judge by where a box is split
    heap = [(0, 0)]
    heap.clear()
    for box in range(boxes):
        slack = t.α - lows[box].sum()
        if slack < 0:
            bounds[box] = -1  # nothing is in it
        elif bounds[box] > lower:
            highs[box] = np.minimum(highs[box], lows[box] + slack)
            bounds[box] = min(bounds[box], optimum(t, highs[box], lows[box], True, lower, w))
            if bounds[box] > lower:
                removals[box] = w.R
                heapq.heappush(heap, (-bounds[box], box))

    nodes = 0
    while len(heap) > 0:
        near = lower + (tolerance if nodes >= patience else 0.0)
        if min(upper, -heap[0][0]) <= near or nodes == max_nodes or stop[0] != 0:
            break
        _, box = heapq.heappop(heap)
        nodes += 1
        lo, hi = lows[box].copy(), highs[box].copy()
        point = (hi == lo).all()
        l = 0 if point else most_to_blame(t, lo, hi, removals[box], w)  # noqa: E741
        x = spread(lo, hi, l, t.α)
        value = optimum(t, x, x, False, lower, w)
        if value > lower:
            lower = value
            best[:] = x
        if point:
            continue
        bound = bounds[box]
        bounds[box] = -1  # its halves take its place
        if boxes + 2 > lows.shape[0]:
            more = np.zeros((boxes + 2, c), np.int64)
            lows, highs = np.concatenate((lows, more)), np.concatenate((highs, more))
            removals, bounds = np.concatenate((removals, more)), np.concatenate((bounds, more[:, 0]))
        for half in range(2):
            low, high = lo.copy(), hi.copy()
            if half == 0:
                high[l] = (lo[l] + hi[l]) // 2
            else:
                low[l] = (lo[l] + hi[l]) // 2 + 1
            slack = t.α - low.sum()
            if slack >= 0:
                high = np.minimum(high, low + slack)
                value = min(bound, optimum(t, high, low, True, lower, w))
                lows[boxes], highs[boxes], removals[boxes], bounds[boxes] = low, high, w.R, value
                if value > near:
                    heapq.heappush(heap, (-value, boxes))
                boxes += 1
    left = np.flatnonzero(bounds[:boxes] >= 0)
    upper = max(min(upper, bounds[left].max()), lower)
    return upper, lower, nodes, lows[left], highs[left], bounds[left]
