"""The bounds of ``docs/certificates.md`` evaluated literally: every allocation of removals and additions to labels."""

from __future__ import annotations

from itertools import product

import numpy as np

from certificates.brute_force import winner
from certvote.types import Votes

Paths = dict[int, dict[int, int]]
"""For every rival: the gap among the first ``k + d`` clean neighbors, by ``d``."""


def removal_broken(votes: Votes, truth: np.ndarray, e: int) -> int:
    """Most examples broken over all removals by the page's section 5, those wrong on clean data included."""
    right = _right(votes, truth)
    costs = [(a, max(min((path[0] for path in paths.values()), default=9**9) - e, 0)) for a, paths in right]
    most = max(sum(cost <= R[a] for a, cost in costs) for R in _allocations(votes.counts.shape[1], e))
    return len(truth) - len(right) + most


def budget_broken(votes: Votes, truth: np.ndarray, e: int, bound: str) -> int:
    """Most examples broken over all removals and additions by section 6, those wrong on clean data included.

    ``bound`` is ``"budget"`` (Lemma 6), or ``"sharp"`` (Lemma 7).
    """
    c = votes.counts.shape[1]
    right = _right(votes, truth)
    breaking = [
        (a, {rival: _breaking(path, e, bound, votes.k is not None) for rival, path in paths.items()})
        for a, paths in right
        if votes.k is None or any(path[0] <= 2 * e for path in paths.values())  # not certified individually
    ]
    most = max(
        sum(any((R[a], A[rival]) in pairs for rival, pairs in rivals.items()) for a, rivals in breaking)
        for R in _allocations(c, e)
        for A in _allocations(c, e)
    )
    return len(truth) - len(right) + most


def _allocations(labels: int, e: int) -> list[tuple[int, ...]]:
    """All ways to give ``e`` to the labels; giving less never breaks more."""
    return [shares for shares in product(range(e + 1), repeat=labels) if sum(shares) == e]


def _breaking(path: dict[int, int], e: int, bound: str, knn: bool) -> set[tuple[int, int]]:
    """The pairs (removals of the own label, additions of the rival's) that may break the example."""
    every = set(product(range(e + 1), repeat=2))
    if not knn:
        return {(R, A) for R, A in every if path[0] <= R + A}
    near = {d: gap for d, gap in path.items() if abs(d) <= e}
    if bound == "budget":
        return {(R, A) for R, A in every if min(near.values()) <= R + A}
    exact = {(r, x) for r, x in every if any(r + x >= gap and r - e <= d <= e - x for d, gap in near.items())}
    return {(R, A) for R, A in every if any(r <= R and x <= A for r, x in exact)}


def _right(votes: Votes, truth: np.ndarray) -> list[tuple[int, Paths]]:
    """Predicted label and gaps of every test example that is right on clean data."""
    out = []
    for i, y in enumerate(truth):
        s = votes.counts[i].astype(int)
        a = winner(s)
        if a != y:
            continue
        counts = {0: s}
        if votes.k is not None and votes.ranked is not None:
            inside = min(votes.window, votes.k)
            labels = votes.ranked[i].astype(int)
            for d in range(len(labels) - inside):
                counts[d + 1] = counts[d] + np.eye(len(s), dtype=int)[labels[inside + d]]
            for d in range(inside):
                counts[-d - 1] = counts[-d] - np.eye(len(s), dtype=int)[labels[inside - 1 - d]]
        rivals = [rival for rival in range(len(s)) if rival != a]
        out.append((a, {b: {d: int(n[a] - n[b] + (a > b)) for d, n in counts.items()} for b in rivals}))
    return out
