"""Cost tables against their definition, pair by pair."""

from itertools import product

import numpy as np
import pytest

from certificates.costs_by_definition import defined, path
from certificates.enumeration import BUDGETS, falls_alone
from certificates.instances import draw_table
from certvote.certificates import individual
from certvote.certificates.costs import Attackable, CostTables
from certvote.certificates.search_kernels import SizedCosts, rival_costs
from certvote.types import Votes


def tables_of(votes, labels, largest, bound, change, max_bytes=2**20):
    attackable = Attackable.of(votes, labels, largest, change)
    return attackable, CostTables.of(attackable, largest, bound=bound, max_bytes=max_bytes)


@pytest.mark.parametrize("max_bytes", [2**20, 60])
@pytest.mark.parametrize("bound", ["plain", "sharp"])
@pytest.mark.parametrize("knn", [False, True])
@pytest.mark.parametrize("change", ["any", "insert"])
def test_costs_are_what_their_definition_says(change, knn, bound, max_bytes):
    rng = np.random.default_rng(3)
    steps, coarse = set(), 0
    for _ in range(80):
        votes, labels = draw_table(lambda low, high: int(rng.integers(low, high + 1)), 5, knn)
        attackable, tables = tables_of(votes, labels, 5, bound, change, max_bytes)
        steps.add(tables.step)
        c = votes.counts.shape[1]
        right = np.flatnonzero(_winners(votes) == labels)
        kept = [row for row in right if individual.votes_sizes(votes, labels, change=change)[row] < 5]
        kept.sort(key=lambda row: individual.votes_sizes(votes, labels, change=change)[row])
        np.testing.assert_array_equal(attackable.label, labels[kept])
        for e in range(6):
            rho, alpha = (share * e for share in BUDGETS[change])
            fall = [row for row in kept if not knn or any(falls_alone(path(votes, row, labels[row], b), e, change)
                    for b in range(c) if b != labels[row])]  # fmt: skip
            if knn:
                assert tables.attackable(e) == len(fall)
            n = tables.attackable(e)
            rows = tables.outward, tables.deep, tables.fixed
            sized = SizedCosts(*rows, tables.step, e, rho, alpha, tables.label[:n], False)
            for rival, A in product(range(c), range(alpha + 1)):
                down, up = np.empty(n, tables.fixed.dtype), np.empty(n, tables.fixed.dtype)
                rival_costs(sized, rival, A, False, down)
                rival_costs(sized, rival, A, True, up)
                for i in range(n):
                    a, never = labels[kept[i]], rho + 1
                    gap = path(votes, kept[i], a, rival)
                    expected = never if rival == a else defined(gap, knn, rho, alpha, A, bound)
                    low, high = (min(max(int(cost[i]), 0), never) for cost in (up, down))
                    assert low <= expected <= high
                    coarse += low < high
                    assert low == high or tables.step > 1
    assert (max(steps) > 1) == (max_bytes == 60 and knn)
    assert (coarse > 0) == (max(steps) > 1)


def _winners(votes):
    c = votes.counts.shape[1]
    return np.array([max(range(c), key=lambda label: (s[label], label)) for s in votes.counts])


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
    _, tables = tables_of(Votes(**KNN), np.array([0, 1]), 0, "sharp", "any")
    assert tables.attackable(0) == 0
