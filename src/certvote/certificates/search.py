"""Bound how many test examples an attack of one size can break: branch and bound over the labels of additions.

Let ``H(A)`` be the optimum over removals when label ``l`` gets ``A_l`` additions. It grows with every ``A_l``, so it is
at most ``H(min(hi, lo + α - Σ lo))`` in a box ``lo ≤ A ≤ hi`` with ``Σ A ≤ α``. The box with the largest such bound is
split, until the largest is attained, or close to it. Whenever the search stops, the largest bound left is proven.
Where the removals of a label share their budget with its additions, at most ``α - lo_l`` of them fit into a box.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from certvote.certificates.change import allowed, keeps_inputs
from certvote.certificates.costs import CostTables
from certvote.certificates.search_kernels import SizedCosts, branch_and_bound

PATIENCE = 10_000
"""Boxes that a search may split before it is content with its tolerance: easy ones end at the exact optimum."""


MAX_BOXES_HANDED_ON = 2000
"""Boxes that the search at a smaller size takes over; where there are more it starts with a single one."""


@dataclass(frozen=True)
class Boxes:
    """Cover all additions of at most some size, each with a bound from above of what breaks in it."""

    low: np.ndarray  # i64[boxes, c]
    high: np.ndarray  # i64[boxes, c]
    bound: np.ndarray  # i64[boxes]

    @classmethod
    def single(cls, c: int, α: int) -> Boxes:
        """Return the box of all additions."""
        return cls(np.zeros((1, c), np.int64), np.full((1, c), α), np.full(1, 2**62))


@dataclass(frozen=True)
class Found:
    """What a search has shown: at most ``upper`` examples break, and ``lower`` do at the additions ``best``.

    ``boxes`` are the leaves of its tree: they cover the additions of every smaller size as well, and their bounds hold
    there.
    """

    upper: int
    lower: int
    best: np.ndarray
    nodes: int
    boxes: Boxes


def search(
    tables: CostTables,
    size: int,
    *,
    upper: int,
    lower: int = 0,
    starts: Iterable[np.ndarray] = (),
    boxes: Boxes | None = None,
    tolerance: float = 0.0,
    max_nodes: int | None = None,
    stop: np.ndarray | None = None,
) -> Found:
    """Enclose the largest number of examples that an attack of one size breaks between two bounds.

    The search ends when they meet (after ``PATIENCE`` boxes: are at most ``tolerance`` apart), after ``max_nodes``
    boxes, or when another thread sets ``stop``; ``Found.upper`` is proven in every case.

    Parameters
    ----------
    tables : CostTables
        Costs at this size, among others.
    size : int
        Poisoning size.
    upper, lower : int
        Bounds known before.
    starts : iterable of int arrays, shape (c,)
        Additions per label to try first; if there are none, all of each label in turn.
    boxes : Boxes, optional
        What the search at a larger size has left.
    tolerance : float
        In test examples.
    max_nodes : int, optional
        Largest number of boxes to split.
    stop : int array, shape (1,), optional
        Ends the search when its element is not 0.

    Returns
    -------
    Found
        Both bounds, the additions that attain the lower one, the number of boxes that were split, and those left.
    """
    ρ, α = allowed(tables.change, size)
    n, c = tables.attackable(size), tables.fixed.shape[0]
    best = np.zeros(c, dtype=np.int64)
    everything = Boxes.single(c, α)
    if n == 0:
        return Found(0, 0, best, 0, everything)
    first = boxes or everything
    upper, lower, nodes, *left = branch_and_bound(
        SizedCosts(
            tables.outward,
            tables.deep,
            tables.fixed,
            tables.step,
            size,
            ρ,
            α,
            tables.label[:n],
            keeps_inputs(tables.change),
        ),
        upper,
        lower,
        np.array(list(starts) or α * np.eye(c), dtype=np.int64),
        first.low,
        first.high,
        first.bound,
        float(tolerance),
        PATIENCE,
        2**62 if max_nodes is None else max_nodes,
        np.zeros(1, np.int8) if stop is None else stop,
        best,
    )
    return Found(upper, lower, best, nodes, Boxes(*left) if len(left[0]) <= MAX_BOXES_HANDED_ON else everything)
