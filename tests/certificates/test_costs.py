"""Cost tables against their definition, pair by pair."""

from itertools import product

import numpy as np
import pytest

from certificates.enumeration import BUDGETS, falls_alone
from certificates.instances import draw_table
from certvote.certificates.costs import Attackable, cost_table
from certvote.types import Votes


def path(votes, i, a, rival):
    """The gap among the first ``k + d`` neighbors, for every ``d`` in the window."""
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


def defined(gap, knn, rho, alpha, A, bound):
    """Least removals over every border ``d`` and every use ``x`` of the additions; ``rho + 1`` if it takes more."""
    near = {d: g for d, g in gap.items() if -alpha <= d <= rho}
    if bound == "plain" or not knn:
        return min(max(min(near.values()) - A, 0), rho + 1)
    ways = product(range(rho + 1), range(A + 1), near.items())
    return min(
        (r for r, x, (d, g) in ways if r + x >= g and (r - alpha <= d or d == max(gap)) and d <= rho - x),
        default=rho + 1,
    )


@pytest.mark.parametrize("max_bytes", [2**20, 8])
@pytest.mark.parametrize("bound", ["plain", "sharp"])
@pytest.mark.parametrize("knn", [False, True])
@pytest.mark.parametrize("change", ["any", "insert"])
def test_costs_are_what_their_definition_says(change, knn, bound, max_bytes):
    rng = np.random.default_rng(3)
    steps = set()
    for _ in range(60):
        votes, labels = draw_table(lambda low, high: int(rng.integers(low, high + 1)), 5, knn)
        e = int(rng.integers(1, 6))
        rho, alpha = (share * e for share in BUDGETS[change])
        attackable = Attackable.of(votes, labels, 5, change)
        table = cost_table(attackable, e, bound=bound, max_bytes=max_bytes)
        steps.add(table.step)
        c = votes.counts.shape[1]
        kept = np.flatnonzero([s == y for s, y in zip(_winners(votes), labels, strict=True)])
        kept = kept[np.argsort(labels[kept], kind="stable")]
        for rival in range(c):
            first, last = table.pair_start[rival : rival + 2]
            listed = table.example[first:last].tolist()
            for i, row in enumerate(kept):
                a = labels[row]
                never = rho + 1
                gaps = {b: path(votes, row, a, b) for b in range(c) if b != a}
                falls = any(falls_alone(gap, e, change) for gap in gaps.values()) if knn else True
                for x in range(table.units + 1):
                    A = min(x * table.step, alpha)
                    expected = never if rival == a else defined(gaps[rival], knn, rho, alpha, A, bound)
                    if not falls:
                        assert bound == "plain" or expected == never  # Lemma 7 implies Theorem 1, Lemma 6 does not
                        expected = never
                    if i not in listed:
                        assert expected == never
                        continue
                    found = table.cost[table.offset[rival] + x * len(listed) + listed.index(i)]
                    assert found == expected
    assert (max(steps) > 1) == (max_bytes == 8)


def _winners(votes):
    c = votes.counts.shape[1]
    return [max(range(c), key=lambda label: (s[label], label)) for s in votes.counts]


KNN = {"counts": np.array([[2, 1], [1, 2]], dtype=np.int32), "k": 3}


@pytest.mark.parametrize(
    ("window", "ranked", "counts", "named"),
    [
        (1, [[0, 0], [1, 1]], KNN["counts"], "window ≥ 2, the largest poisoning size, got window=1"),
        (2, None, KNN["counts"], "window ≥ 2, the largest poisoning size, got window=2 without ranked"),
        (2, [[0, 0, 1, 1], [1, 1, 0, 0]], KNN["counts"] * 2, "every row of counts to sum to k=3"),
        (2, [[0], [1]], KNN["counts"], r"ranked labels of shape \[2, 2 … 4\]"),
        (2, [[0, 0, 1, 1]], KNN["counts"], r"ranked labels of shape \[2, 2 … 4\]"),
        (2, [[0, 2, 1, 1], [1, 1, 0, 0]], KNN["counts"], "ranked labels from 0 to 1"),
        (2, [[1, 1, 1, 1], [1, 1, 0, 0]], KNN["counts"], "ranked labels that agree with counts"),
    ],
)
def test_windows_that_make_no_sense_are_refused(window, ranked, counts, named):
    ranked = None if ranked is None else np.array(ranked, dtype=np.uint8)
    with pytest.raises(ValueError, match=f"expected (kNN votes with )?{named}"):
        Attackable.of(Votes(counts, 3, window, ranked), np.array([0, 1]), 2)


def test_size_zero_needs_no_window():
    attackable = Attackable.of(Votes(**KNN), np.array([0, 1]), 0)
    assert cost_table(attackable, 0, bound="plain").rivals.size == 0
