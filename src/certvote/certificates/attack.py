"""Find removals and additions that break many examples: the attained side of threshold splitting.

Given the additions, the best removals are a knapsack. Given the removals, additions are chosen greedily: the label, and
how many, that break the most further examples per addition. The two take turns from several starts, and the best
additions are improved by leaving one label out and spending what it had anew.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.certificates.allocation import allocate_above
from certvote.certificates.rivals import Reach, follow_border, moving_cost
from certvote.certificates.threshold_kernels import additions_needed

TURNS = 4
LABELS_LEFT_OUT = 8


class Attack(NamedTuple):
    """How many examples break, and the additions and removals per label that break them."""

    broken: int
    additions: np.ndarray
    removals: np.ndarray


@njit(nogil=True, cache=True)
@no_type_check
def attack(t: Reach, starts: np.ndarray, removals: np.ndarray, thorough: bool) -> Attack:
    """Search for an attack that breaks as many examples as possible.

    Parameters
    ----------
    t : Reach
        What an attack of this size can reach.
    starts, removals : int64 array, shape (number, c)
        Additions to start from, and removals to choose additions for.
    thorough : bool
        Also leave out labels one by one.

    Returns
    -------
    Attack
        The best that was found; what it breaks is exact.
    """
    order, first = _by_rival(t)
    best = Attack(0, np.zeros(t.classes, np.int64), np.zeros(t.classes, np.int64))
    if t.label.size == 0:
        return best
    none = np.zeros(t.classes, np.int64)
    for j in range(starts.shape[0] + removals.shape[0]):
        A = starts[j] if j < starts.shape[0] else refill(t, removals[j - starts.shape[0]], none, order, first)
        last = -1
        for _ in range(TURNS):
            broken, R = best_removals(t, A, A, best.broken)
            if broken > best.broken:
                best = Attack(broken, A, R)
            if broken <= last:
                break
            last = broken
            A = refill(t, R, none, order, first)
    if thorough:
        for l in np.argsort(-best.additions)[:LABELS_LEFT_OUT]:  # noqa: E741 (the paper's label)
            if best.additions[l] > 0:
                A = best.additions.copy()
                A[l] = 0
                A = refill(t, best.removals, A, order, first)
                broken, R = best_removals(t, A, A, best.broken)
                if broken > best.broken:
                    best = Attack(broken, A, R)
    return best


@njit(nogil=True, cache=True)
@no_type_check
def best_removals(t: Reach, A: np.ndarray, spent: np.ndarray, enough: int) -> tuple[int, np.ndarray]:
    """Return ``H(A)`` where it exceeds ``enough``, else a lower value, and removals that break nearly as many.

    Where removals and additions of a label share its budget, ``spent`` of it are additions: ``A`` itself, or for a
    bound from above in a box the fewest.
    """
    c = t.classes
    F, R = np.zeros((c, t.ρ + 1), np.int32), np.zeros(c, np.int64)
    cost = costs_with(t, A)
    for i in range(cost.size):
        if cost[i] <= (t.ρ - spent[t.label[i]] if t.shared else t.ρ):
            F[t.label[i], cost[i]] += 1
    for l in range(c):  # noqa: E741
        for x in range(t.ρ):
            F[l, x + 1] += F[l, x]
    partial, corners = np.empty((2, t.ρ + 1), np.int32), np.empty((c, t.ρ + 2), np.int32)
    broken = allocate_above(F, partial, t.ρ, enough, corners, R)
    if broken <= enough:
        broken = 0
        for l in range(c):  # noqa: E741
            broken += F[l, R[l]]
    return broken, R


@njit(nogil=True, cache=True)
@no_type_check
def costs_with(t: Reach, A: np.ndarray) -> np.ndarray:
    """Return the removals that break every example, given additions; ``ρ + 1`` stands for never.

    The additions are at least those of the lower corner of the box.
    """
    moving, knn = t.absent_τ.shape[0] > 0, t.pulled.shape[0] > 0
    cost = t.alone.copy()
    chosen = np.flatnonzero(A > 0)
    listed = np.full(t.classes, -1)
    outward, inward, need = np.empty(t.ρ + 1, np.int64), np.empty(t.α + 1, np.int64), np.empty(t.α + 1, np.int64)
    for i in range(cost.size):
        a, last = t.label[i], t.start[i + 1]
        for j in range(t.start[i], last):
            l = t.rival[j]  # noqa: E741
            listed[l] = i
            if A[l] > 0:
                if moving and t.τ[j, t.candidates.size - 1] <= A[l]:
                    follow_border(t.gap[j], a, l, t.pulled[i], t.pushed[i], outward, inward, need)
                    cost[i] = min(cost[i], moving_cost(outward, inward, need, 0, A[l])[0])
                elif not moving:
                    cost[i] = min(cost[i], max(t.gap[j] - A[l], 0))
        for l in chosen:  # noqa: E741
            bit = 1 if l < a else 0
            if l != a and listed[l] != i and t.absent_gap[i, bit] - A[l] - (t.ρ + t.α if knn else 0) < cost[i]:
                if moving:
                    follow_border(t.absent_gap[i, bit], a, -1, t.pulled[i], t.pushed[i], outward, inward, need)
                    cost[i] = min(cost[i], moving_cost(outward, inward, need, 0, A[l])[0])
                else:
                    cost[i] = min(cost[i], max(t.absent_gap[i, bit] - A[l], 0))
    return cost


@njit(nogil=True, cache=True)
@no_type_check
def _by_rival(t: Reach) -> tuple[np.ndarray, np.ndarray]:
    """Order the pairs by rival: those of ``l`` are ``order[first[l] : first[l + 1]]``, as examples and pairs."""
    first = np.zeros(t.classes + 2, np.int64)
    for j in range(t.rival.size):
        first[t.rival[j] + 2] += 1
    first = np.cumsum(first)
    order = np.empty((t.rival.size, 2), np.int32)
    for i in range(t.label.size):
        for j in range(t.start[i], t.start[i + 1]):
            l = t.rival[j]  # noqa: E741
            order[first[l + 1], 0], order[first[l + 1], 1] = i, j
            first[l + 1] += 1
    return order, first


@njit(nogil=True, cache=True)
@no_type_check
def refill(t: Reach, R: np.ndarray, A: np.ndarray, order: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Spend the additions that ``A`` leaves, greedily: always those that break most further examples each.

    Rivals without votes are left out of account, and where the border moves ``τ`` is taken at the next candidate.
    """
    A = A.copy()
    cost = costs_with(t, A)
    candidate = np.empty(t.classes, np.int64)
    for l in range(t.classes):  # noqa: E741
        candidate[l] = np.searchsorted(t.candidates, R[l] + 1, side="right") - 1
    # newly[l, x]: examples that break first with x additions of l.
    newly = np.zeros((t.classes, t.α + 1), np.int64)
    broken = np.zeros(cost.size, np.bool_)
    for i in range(cost.size):
        a = t.label[i]
        broken[i] = cost[i] <= R[a]
        if not broken[i]:
            for j in range(t.start[i], t.start[i + 1]):
                x = additions_needed(t, j, candidate[a], R[a] + 1)
                if x <= t.α:
                    newly[t.rival[j], x] += 1
    left = t.α - A.sum()
    while left > 0:
        best, much, most = -1, 0, 0
        for l in range(t.classes):  # noqa: E741
            number = 0
            for x in range(A[l] + 1, A[l] + left + 1):
                number += newly[l, x]
                if newly[l, x] > 0 and (best < 0 or number * much > most * (x - A[l])):
                    best, much, most = l, x - A[l], number
        if best < 0:
            break
        A[best] += much
        left -= much
        for p in range(first[best], first[best + 1]):
            i, pair = order[p]
            a = t.label[i]
            if not broken[i] and additions_needed(t, pair, candidate[a], R[a] + 1) <= A[best]:
                broken[i] = True
                for j in range(t.start[i], t.start[i + 1]):
                    x = additions_needed(t, j, candidate[a], R[a] + 1)
                    if x <= t.α:
                        newly[t.rival[j], x] -= 1
    return A
