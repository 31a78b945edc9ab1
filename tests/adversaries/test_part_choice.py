"""Choice of parts: within the budget, one action in a part, and close to the best choice of all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from certvote.adversaries.part_choice import Effects, choose_actions


def draw(seed: int, both: bool) -> Effects:
    rng = np.random.default_rng(seed)
    adds = rng.integers(0, 2, 12).astype(bool)
    return Effects(
        reduction=csr_array(rng.choice([-1, 0, 0, 1, 2], (12, 15)).astype(np.float32)),
        part=rng.integers(0, 6, 12),
        removes=np.ones(12, bool) if both else ~adds,
        adds=np.ones(12, bool) if both else adds,
        margin=rng.integers(1, 4, 15),
        gain=rng.choice([1.0, 1.0, 1.0, -1.0], 15),
    )


def allowed(effects: Effects, chosen: tuple[int, ...] | np.ndarray, removals: int, additions: int) -> bool:
    rows = np.array(chosen, dtype=np.int64)
    one_each = len(set(effects.part[rows].tolist())) == len(rows)
    return one_each and effects.removes[rows].sum() <= removals and effects.adds[rows].sum() <= additions


@pytest.mark.parametrize(("removals", "additions", "both"), [(2, 2, False), (0, 3, False), (3, 0, False), (2, 2, True)])
def test_a_choice_is_allowed_and_close_to_the_best(removals, additions, both):
    reached = best = 0.0
    for seed in range(12):
        effects = draw(seed, both)
        chosen = choose_actions(effects, removals, additions)
        assert allowed(effects, chosen, removals, additions)
        reached += effects.value(chosen)
        sets = (rows for size in range(removals + additions + 1) for rows in combinations(range(12), size))
        values = [effects.value(np.array(x, np.int64)) for x in sets if allowed(effects, x, removals, additions)]
        assert effects.value(chosen) <= max(values)
        best += max(values)
    assert reached >= 0.85 * best > 0
