"""Certify rNN jointly by grouping test examples: RD and ISLAND, the certificates that the paper proposes.

In a group of test examples whose predicted labels are pairwise different, one removed training example hurts at most
one of them. At size ``e`` breaking example ``i`` takes ``cost_i(e) = max(gap_{i,b} - α, 0)`` removals of its label,
where ``α`` is the number of additions allowed: ``e``, or none. So an attacker breaks at most ``j`` examples of a group,
where ``j`` is the largest number of its smallest costs whose sum is at most ``e`` (docs/certificates.md, Theorems 2 and
14). Costs are computed from gaps, not from differences of counts: those ignore the tie bit and can certify one too
many.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from jaxtyping import Int64, Integer
from numba import njit

from certvote.certificates.change import allowed, check_change
from certvote.certificates.votes import checked_sizes, checked_votes, correct, predicted_labels, smallest_gap
from certvote.checks import is_integer
from certvote.types import Curve, Votes


def curve(
    votes: Votes,
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    method: str = "rd",
    seed: int = 0,
    change: str = "any",
) -> Curve:
    """Compute the certified accuracy of rNN at every poisoning size, test examples grouped by a method.

    ``rd`` shuffles the examples of every predicted label with ``seed``; group ``j`` takes the ``j``-th of every label.
    ``island`` does the same for each size anew, with the examples sorted by cost, and leaves out those that are
    certified individually or not at all; it does not use the seed. As the groups change with the size, ISLAND's curve
    may rise here and there; every point of it holds by itself.

    Parameters
    ----------
    votes : Votes
        Votes of rNN.
    labels : int array, shape (m,)
        True labels.
    sizes : int array, shape (s,)
        Poisoning sizes, in any order.
    method : {"rd", "island"}
        How test examples are grouped.
    seed : int
        Seed of the division into random groups.
    change : {"any", "delete", "relabel"}
        What the attacker may do to the training set.

    Returns
    -------
    Curve
        Certified accuracy at every size.

    Raises
    ------
    ValueError
        If votes are those of kNN (``votes.k`` given), ``change="insert"`` (a group shares removals, and there are
        none), the method is unknown, or anything is out of range.

    References
    ----------
    docs/certificates.md, Theorems 2, 14 and 19; Jia, Liu, Cao and Gong (2022), "Certified robustness of nearest
    neighbors against data poisoning and backdoor attacks", AAAI, Theorem 2.
    """
    votes, labels = checked_votes(votes, labels)
    e = checked_sizes(sizes)
    if votes.k is not None:
        raise ValueError(
            f"expected votes of rNN (k=None) for grouping {method}, got votes of kNN with k={votes.k}; "
            "kNN is certified jointly by the budget certificate"
        )
    check_change(change)
    if change == "insert":
        raise ValueError(
            f"expected change any, delete or relabel for grouping {method}, which shares removals, got 'insert'"
        )
    if method not in ("rd", "island"):
        raise ValueError(f"expected method 'rd' or 'island', got {method!r}")
    if not (is_integer(seed) and seed >= 0):
        raise ValueError(f"expected seed as an integer ≥ 0, got {seed!r}")

    _, α = allowed(change, e)
    m, c = votes.counts.shape
    a = predicted_labels(votes.counts)
    gap = np.where(
        correct(votes.counts, labels), smallest_gap(votes.counts, change=change), 0
    )  # gap 0 costs 0 at every size
    if method == "rd":
        group = _random_groups(a, c, np.random.default_rng(seed))
        order = np.lexsort((gap, group))
        starts = np.searchsorted(group[order], np.arange(group.max() + 2))
        broken = _broken_rd(gap[order], starts, e, α)
    else:
        order = np.lexsort((gap, a))
        starts = np.searchsorted(a[order], np.arange(c + 1))
        broken = _broken_island(gap[order], starts, e, α)
    return Curve(sizes=e, certified=(m - broken) / m)


def _random_groups(a: Int64[np.ndarray, " m"], c: int, rng: np.random.Generator) -> Int64[np.ndarray, " m"]:
    """Assign every example to a group: its place among the shuffled examples of its predicted label."""
    group = np.empty(a.size, dtype=np.int64)
    for label in range(c):
        members = np.flatnonzero(a == label)
        group[members] = rng.permutation(members.size)
    return group


@njit(cache=True)
@no_type_check
def _prefix(costs: np.ndarray, budget: int) -> int:
    """Return the length of the longest prefix of ascending costs whose sum is at most the budget."""
    total = 0
    for j in range(costs.size):
        total += costs[j]
        if total > budget:
            return j
    return costs.size


@njit(cache=True)
@no_type_check
def _broken_rd(gap: np.ndarray, starts: np.ndarray, budgets: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """Count the examples not certified at each size; ``gap`` is sorted in each group ``starts[g] : starts[g + 1]``."""
    broken = np.zeros(budgets.size, dtype=np.int64)
    for g in range(starts.size - 1):
        members = gap[starts[g] : starts[g + 1]]
        for j in range(budgets.size):
            # The order by cost is the order by gap, whatever the size.
            broken[j] += _prefix(np.maximum(members - additions[j], 0), budgets[j])
    return broken


@njit(cache=True)
@no_type_check
def _broken_island(gap: np.ndarray, starts: np.ndarray, budgets: np.ndarray, additions: np.ndarray) -> np.ndarray:
    """Count the examples not certified at each size; ``gap`` is sorted within each predicted label's part."""
    c = starts.size - 1
    broken = np.zeros(budgets.size, dtype=np.int64)
    first = np.empty(c, dtype=np.int64)
    last = np.empty(c, dtype=np.int64)
    costs = np.empty(c, dtype=np.int64)
    for j in range(budgets.size):
        α = additions[j]
        longest = 0
        for label in range(c):
            part = gap[starts[label] : starts[label + 1]]
            first[label] = starts[label] + np.searchsorted(part, α, side="right")  # before it: cost 0
            # from it on: cost > budget
            last[label] = starts[label] + np.searchsorted(part, α + budgets[j], side="right")
            broken[j] += first[label] - starts[label]
            longest = max(longest, last[label] - first[label])
        for place in range(longest):
            size = 0
            for label in range(c):
                i = last[label] - 1 - place
                if i >= first[label]:
                    costs[size] = gap[i] - α
                    size += 1
            broken[j] += _prefix(np.sort(costs[:size]), budgets[j])
    return broken
