from itertools import product

import numpy as np
import pytest

from certvote.certificates.allocation import allocate, allocate_above, allocate_shifted, best_shares, relax


def tried(F, budget):
    labels = len(F)
    return max(
        sum(F[label, R[label]] for label in range(labels))
        for R in product(range(budget + 1), repeat=labels)
        if sum(R) <= budget
    )


@pytest.mark.parametrize("seed", range(60))
def test_allocation_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    c, budget = int(rng.integers(1, 5)), int(rng.integers(0, 6))
    F = np.cumsum(rng.integers(0, 3, size=(c, budget + 3)), axis=1).astype(np.int32)
    partial = np.full_like(F, -99)
    best = allocate(F, partial, budget)
    assert best == tried(F, budget)

    shares = np.zeros(c, dtype=np.int64)
    best_shares(F, partial, budget, shares)
    assert shares.sum() <= budget
    assert (shares >= 0).all()
    assert F[np.arange(c), shares].sum() == best


def test_shifted_functions():
    rng = np.random.default_rng(0)
    G = np.cumsum(rng.integers(0, 3, size=(3, 13)), axis=1).astype(np.int32)
    sizes = np.array([4, 0, 6, 6, 1])
    for budgets in (sizes, sizes[::-1]):
        expected = [tried(G[:, shift:], budget) for shift, budget in zip(sizes, budgets, strict=True)]
        assert allocate_shifted(G, sizes, budgets).tolist() == expected


def test_the_relaxation_encloses_the_maximum():
    rng = np.random.default_rng(4)
    gaps = []
    for _ in range(500):
        c, budget = int(rng.integers(1, 5)), int(rng.integers(0, 7))
        steps = rng.integers(0, 4, size=(c, budget + 1)) * (rng.random((c, budget + 1)) < 0.4)
        F = np.cumsum(steps, axis=1).astype(np.int32)
        best = tried(F, budget)
        shares, corners = np.full(c, -1), np.empty((c, budget + 2), np.int32)
        upper, lower, slope = relax(F, budget, corners, shares)
        assert lower <= best <= upper
        assert shares.min() >= 0
        assert shares.sum() <= budget
        assert F[np.arange(c), shares].sum() == lower
        assert slope > 0 or upper == lower
        # The linear relaxation, by trying slopes: they only change where two points of some F are in line.
        slopes = {0.0} | {(f[R] - f[Q]) / (R - Q) for f in F for R in range(budget + 1) for Q in range(R)}
        dual = min(s * budget + sum(max(f[R] - s * R for R in range(budget + 1)) for f in F) for s in slopes)
        assert upper == np.floor(dual + 1e-9)
        gaps.append(upper - lower)
        for enough in range(best + 3):
            partial = np.empty((max(c, 2), budget + 1), np.int32)
            found = allocate_above(F, partial, budget, enough, corners, shares)
            assert found == best if best > enough else best <= found <= enough
    assert 0 < np.mean(np.array(gaps) > 0) < 1
