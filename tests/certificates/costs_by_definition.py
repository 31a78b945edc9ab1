"""Costs of one pair of a test example and a rival, literally as ``docs/certificates.md`` defines them."""

from __future__ import annotations

from itertools import product

from certvote.types import Votes


def path(votes: Votes, i: int, a: int, rival: int) -> dict[int, int]:
    """Return the gap among the first ``k + d`` neighbors, for every ``d`` in the window."""
    s = votes.counts[i].astype(int)
    gap = {0: s[a] - s[rival] + (a > rival)}
    if votes.k is None:
        return gap
    inside = min(votes.window, votes.k)
    labels = votes.ranked[i]
    for d in range(len(labels) - inside):
        gap[d + 1] = gap[d] + int(labels[inside + d] == a) - int(labels[inside + d] == rival)
    for d in range(inside):
        gap[-d - 1] = gap[-d] - int(labels[inside - 1 - d] == a) + int(labels[inside - 1 - d] == rival)
    return gap


def defined(gap: dict[int, int], knn: bool, rho: int, alpha: int, A: int, bound: str) -> int:
    """Return the least removals over every border ``d`` and use ``x`` of additions; ``rho + 1`` if it takes more."""
    near = {d: g for d, g in gap.items() if -alpha <= d <= rho}
    if bound == "plain" or not knn:
        return min(max(min(near.values()) - A, 0), rho + 1)
    ways = product(range(rho + 1), range(A + 1), near.items())
    return min(
        (r for r, x, (d, g) in ways if r + x >= g and (r - alpha <= d or d == max(gap)) and d <= rho - x),
        default=rho + 1,
    )
