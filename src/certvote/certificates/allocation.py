"""Maximize a sum of step functions under a shared budget: the inner problem of the budget certificates.

Every label ``l`` has a nondecreasing function ``F_l(R)``, for instance the number of test examples that ``R`` removals
of that label break. How many fall to ``e`` removals in all, ``max { Σ_l F_l(R_l) : Σ_l R_l ≤ e }``, is a
multiple-choice knapsack. Its exact solution is the last value of the max-plus convolution of the ``F_l`` (``O(c e²)``);
a quick upper bound (``O(c e)``) replaces every ``F_l`` by its least concave majorant and serves the steepest pieces
first.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def allocate(F: np.ndarray, partial: np.ndarray, budget: int) -> int:
    """Maximize ``Σ_l F[l, R_l]`` over ``Σ_l R_l ≤ budget``.

    Parameters
    ----------
    F : int array, shape (c, > budget)
        Step functions, nondecreasing along the rows.
    partial : int array, shape (c, > budget)
        Receives in ``partial[l, b]`` the maximum over the labels ``0 … l`` with budget ``b``, for ``l < c - 1``.
    budget : int
        What the labels share.

    Returns
    -------
    int
        The maximum.
    """
    c = F.shape[0]
    for b in range(budget + 1):
        partial[0, b] = F[0, b]
    for l in range(1, c - 1):  # noqa: E741 (the paper's label)
        _convolve(partial[l - 1], F[l], budget, partial[l])
    if c == 1:
        return F[0, budget]
    best = 0
    for R in range(budget + 1):
        best = max(best, partial[c - 2, budget - R] + F[c - 1, R])
    return best


@njit(nogil=True, cache=True)
@no_type_check
def _convolve(before: np.ndarray, f: np.ndarray, budget: int, after: np.ndarray) -> None:
    """Write ``max_R before[b - R] + f[R]`` into ``after[b]``, for every ``b ≤ budget``."""
    for b in range(budget + 1):
        after[b] = before[b] + f[0]
    for R in range(1, budget + 1):
        if f[R] > f[R - 1]:  # elsewhere R - 1 removals are as good
            for b in range(budget + 1 - R):
                after[R + b] = max(after[R + b], before[b] + f[R])


@njit(nogil=True, cache=True)
@no_type_check
def allocate_rows(F: np.ndarray) -> np.ndarray:
    """Return the maximum of ``Σ_l F[l, R_l]`` for every budget that the step functions cover."""
    budget = F.shape[1] - 1
    before, after = F[0].copy(), F[0].copy()
    for l in range(1, F.shape[0]):  # noqa: E741
        _convolve(before, F[l], budget, after)
        before, after = after, before
    return before


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
@no_type_check
def allocate_shifted(G: np.ndarray, shifts: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Maximize ``Σ_l G[l, shift + R_l]`` for every shift with its budget; ``G`` is ``[c, > shift + budget]``."""
    partial = np.empty((G.shape[0], budgets.max() + 1), dtype=np.int32)
    best = np.empty(budgets.size, dtype=np.int64)
    for j in range(budgets.size):
        best[j] = allocate(G[:, shifts[j] :], partial, budgets[j])
    return best


@njit(nogil=True, cache=True)
@no_type_check
def relax(F: np.ndarray, budget: int, corners: np.ndarray, shares: np.ndarray) -> tuple[int, int, float]:
    """Bound the maximum of :func:`allocate` from above by concave majorants, and from below by what they suggest.

    The steepest pieces of all majorants are served first; only the last one may be served in part. With its slope
    ``λ``, the upper bound is ``min_λ λ budget + Σ_l max_R (F_l(R) - λ R)``, the linear relaxation.

    Parameters
    ----------
    F : int array, shape (c, > budget)
        Step functions, nondecreasing along the rows.
    budget : int
        What the labels share.
    corners : int array, shape (c, > budget + 1)
        Receives the corners ``R`` of every majorant, and their number in column ``budget + 1``.
    shares : int array, shape (c,)
        Receives an allocation within the budget whose value is the lower bound.

    Returns
    -------
    upper, lower : int
        Bounds of the maximum.
    slope : float
        The slope ``λ`` of the piece that was cut; 0 if the budget serves all pieces, and then both bounds are equal.
    """
    c = F.shape[0]
    served = np.zeros(c, dtype=np.int64)  # the corner that each label has reached
    value = 0
    for l in range(c):  # noqa: E741
        corners[l, budget + 1] = _majorant(F[l], budget, corners[l])
        shares[l] = 0
        value += F[l, 0]
    left = budget
    while True:
        best, rise, run = -1, 0, 1
        for l in range(c):  # noqa: E741
            if served[l] + 1 < corners[l, budget + 1]:
                at, to = corners[l, served[l]], corners[l, served[l] + 1]
                if best < 0 or (F[l, to] - F[l, at]) * run > rise * (to - at):
                    best, rise, run = l, F[l, to] - F[l, at], to - at
        if best < 0:
            return value, value, 0.0
        if run > left:
            break
        served[best] += 1
        shares[best] = corners[best, served[best]]
        value += rise
        left -= run
    upper = value + rise * left // run
    # The cut piece may still hold a step that fits; what is left goes to the others in turn.
    first = best
    for j in range(c):
        l = (first + j) % c  # noqa: E741
        before = F[l, shares[l]]
        reach = shares[l] + left
        if F[l, reach] > before:
            while F[l, reach - 1] == F[l, reach]:
                reach -= 1
            value += F[l, reach] - before
            left -= reach - shares[l]
            shares[l] = reach
    return upper, value, rise / run


@njit(nogil=True, cache=True)
@no_type_check
def _majorant(f: np.ndarray, budget: int, corners: np.ndarray) -> int:
    """Write the corners ``R`` of the least concave majorant of ``f[0 … budget]``, rising ones only; return how many."""
    number = 1
    corners[0] = 0
    for R in range(1, budget + 1):
        if f[R] > f[R - 1]:
            while number > 1:
                p, q = corners[number - 2], corners[number - 1]
                if (f[q] - f[p]) * (R - q) > (f[R] - f[q]) * (q - p):
                    break
                number -= 1
            corners[number] = R
            number += 1
    return number


@njit(nogil=True, cache=True)
@no_type_check
def allocate_above(
    F: np.ndarray, partial: np.ndarray, budget: int, enough: int, corners: np.ndarray, shares: np.ndarray
) -> int:
    """Maximize as :func:`allocate` does, if the maximum exceeds ``enough``; else return a value between the two.

    Shares that lose too much against the relaxation cannot be part of an allocation above ``enough``: for a total of
    ``enough + 1`` all losses ``max_R' (F_l(R') - λ R') - (F_l(R) - λ R)`` together are at most the bound less that.

    Parameters
    ----------
    F, partial, budget, corners, shares
        As for :func:`allocate` and :func:`relax`; ``shares`` is working memory.
    enough : int
        Maxima up to this value need not be told apart.

    Returns
    -------
    int
        The maximum where it is larger than ``enough``, otherwise at least the maximum and at most ``enough``.
    """
    c = F.shape[0]
    upper, lower, slope = relax(F, budget, corners, shares)
    if upper <= enough or upper == lower:
        return upper
    bound = slope * budget
    top = np.zeros(c)
    for l in range(c):  # noqa: E741
        for corner in corners[l, : corners[l, budget + 1]]:
            top[l] = max(top[l], F[l, corner] - slope * corner)
        bound += top[l]
    # A little more room than real numbers need: rounding may keep a useless share, and never loses one of use.
    room = bound - max(enough + 1, lower) + 1e-6
    before = partial[0]
    before[: budget + 1] = 0
    for l in range(c):  # noqa: E741
        f, after = F[l], partial[(l + 1) % 2]
        after[: budget + 1] = before[: budget + 1] + f[0]
        for R in range(1, budget + 1):
            if f[R] > f[R - 1] and f[R] - slope * R >= top[l] - room:
                for b in range(budget + 1 - R):
                    value = before[b] + f[R]
                    after[R + b] = value if value > after[R + b] else after[R + b]
        before = after
    return max(lower, enough, before[budget])
