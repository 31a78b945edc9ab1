from itertools import product

import numpy as np
import pytest

from certvote.certificates.allocation import allocate, allocate_shifted, best_shares


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
