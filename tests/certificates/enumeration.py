"""The bounds of ``docs/certificates.md`` evaluated literally: every allocation of removals and additions to labels."""

from __future__ import annotations

from itertools import product

import numpy as np

from certificates.brute_force import winner
from certvote.types import Votes

Paths = dict[int, dict[int, int]]
"""For every rival: the gap among the first ``k + d`` clean neighbors, by ``d``."""


BUDGETS = {"any": (1, 1), "insert": (0, 1), "delete": (1, 0), "relabel": (1, 1)}
"""Removals and additions per unit of the poisoning size."""


def removal_broken(votes: Votes, truth: np.ndarray, e: int, change: str = "any") -> int:
    """Most examples broken over all removals by the page's section 5, those wrong on clean data included."""
    right = _right(votes, truth)
    open_ = _right(votes, truth, change)
    added = BUDGETS[change][1] * e
    costs = [(a, max(min((path[0] for path in paths.values()), default=9**9) - added, 0)) for a, paths in open_]
    most = max(sum(cost <= R[a] for a, cost in costs) for R in _allocations(votes.counts.shape[1], e))
    return len(truth) - len(right) + most


def budget_broken(votes: Votes, truth: np.ndarray, e: int, bound: str, change: str = "any") -> int:
    """Most examples broken over all removals and additions by section 6, those wrong on clean data included.

    ``bound`` is ``"budget"`` (Lemma 6), or ``"sharp"`` (Lemma 7); with one kind of change, Lemma 13.
    """
    c = votes.counts.shape[1]
    rho, alpha = (share * e for share in BUDGETS[change])
    breaking = breaking_pairs(votes, truth, e, bound, change)
    both = [(R, A) for R in _allocations(c, rho) for A in _allocations(c, alpha)]
    if change == "relabel":  # an example leaves one label and gets another one
        shares = [shares for shares in product(range(e + 1), repeat=c) if sum(shares) <= e]
        both = [(R, A) for R in shares for A in shares if max(r + x for r, x in zip(R, A, strict=True)) <= e]
    most = max(
        sum(any((R[a], A[rival]) in pairs for rival, pairs in rivals.items()) for a, rivals in breaking)
        for R, A in both
    )
    return len(truth) - len(_right(votes, truth)) + most


def breaking_pairs(
    votes: Votes, truth: np.ndarray, e: int, bound: str, change: str = "any"
) -> list[tuple[int, dict[int, set[tuple[int, int]]]]]:
    """List the examples that may break: the predicted label, and by rival the pairs (removals, additions) that do it.

    Removals are of the predicted label, additions of the rival. ``bound`` as for ``budget_broken``.
    """
    rho, alpha = (share * e for share in BUDGETS[change])
    moves = votes.k is not None and change != "relabel"  # the border of the neighborhood
    return [
        (a, {rival: _breaking(path, rho, alpha, bound, moves) for rival, path in paths.items()})
        for a, paths in _right(votes, truth, change)
        if not moves or any(falls_alone(path, e, change) for path in paths.values())
    ]


def individual_broken(votes: Votes, truth: np.ndarray, e: int, change: str = "any") -> int:
    """Examples that the individual certificate does not certify, those wrong on clean data included."""
    right = _right(votes, truth)
    if votes.k is None or change == "relabel":
        per_unit, open_ = sum(BUDGETS[change]), _right(votes, truth, change)
        kept = sum(all(path[0] > per_unit * e for path in paths.values()) for _, paths in open_)
        kept += len(right) - len(open_)
    else:
        kept = sum(not any(falls_alone(path, e, change) for path in paths.values()) for _, paths in right)
    return len(truth) - kept


def falls_alone(path: dict[int, int], e: int, change: str) -> bool:
    """Whether kNN's individual certificate gives up at ``e``, from the gap among the first ``k + d`` neighbors."""
    if change == "any":
        return path[0] <= 2 * e
    if change == "insert":
        return any(-u in path and path[-u] <= u for u in range(e + 1))
    return any(path[min(v, max(path))] <= v for v in range(e + 1))


def _allocations(labels: int, e: int) -> list[tuple[int, ...]]:
    """All ways to give ``e`` to the labels; giving less never breaks more."""
    return [shares for shares in product(range(e + 1), repeat=labels) if sum(shares) == e]


def _breaking(path: dict[int, int], rho: int, alpha: int, bound: str, knn: bool) -> set[tuple[int, int]]:
    """The pairs (removals of the own label, additions of the rival's) that may break the example."""
    every = set(product(range(rho + 1), range(alpha + 1)))
    if not knn:
        return {(R, A) for R, A in every if path[0] <= R + A}
    near = {d: gap for d, gap in path.items() if -alpha <= d <= rho}
    if bound == "budget":
        return {(R, A) for R, A in every if min(near.values()) <= R + A}
    end = max(path)  # of the training set; or of the window, where the condition on r is void
    exact = {
        (r, x)
        for r, x in every
        if any(r + x >= gap and (r - alpha <= d or d == end) and d <= rho - x for d, gap in near.items())
    }
    return {(R, A) for R, A in every if any(r <= R and x <= A for r, x in exact)}


def _right(votes: Votes, truth: np.ndarray, change: str = "any") -> list[tuple[int, Paths]]:
    """Predicted label and gaps of every test example that is right on clean data, and that may have votes."""
    out = []
    for i, y in enumerate(truth):
        s = votes.counts[i].astype(int)
        a = winner(s)
        if a != y or (change == "relabel" and s.sum() == 0):
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
