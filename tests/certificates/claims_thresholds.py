"""What must hold of threshold splitting on any vote table: checks that take the package, so that copies are checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from certificates import enumeration
from certificates.brute_force import winner
from certvote.types import Votes

NAMES = {"plain": "budget", "sharp": "sharp"}


def truth(votes: Votes, labels: np.ndarray, largest: int, bound: str, change: str) -> list[int]:
    """Return the most examples that break at every size, from trying every allocation."""
    wrong = sum(winner(s) != y for s, y in zip(votes.counts, labels, strict=True))
    sizes = range(largest + 1)
    return [enumeration.budget_broken(votes, labels, e, NAMES[bound], change) - wrong for e in sizes]


def enclosing(package: Any, votes: Votes, labels: np.ndarray, broken: list[int], bound: str, change: str) -> None:
    """No bound of a game, or of its boxes, is below what breaks, and no attack breaks more."""
    c, largest = votes.counts.shape[1], len(broken) - 1
    rivals = package.rivals.Rivals.of(votes, labels, largest, bound=bound, change=change)
    game = None
    for e in (largest, largest - 1):
        reach = rivals.at(e)
        bounds, game = package.thresholds.split(reach, rounds=2, before=game)
        assert (bounds >= broken[: e + 1]).all(), f"bound at {e}"
        if reach.label.size == 0:
            continue
        alone = reach.α * np.eye(c, dtype=np.int64)
        found = package.attack.attack(reach, np.concatenate((game.additions, alone)), game.removals, False)
        assert found.broken <= broken[e], f"attack at {e}"
        A = found.additions
        costs = package.attack.costs_with(reach, A)
        point = reach._replace(low=A, high=A, alone=costs, helped=costs)
        assert package.thresholds.split(point, rounds=1, before=game)[0][-1] >= found.broken, f"box at {e}"
        upper, lower = package.boxes.split_boxes(
            reach, game, int(bounds[-1]), 0, splits=4, tolerance=0.0, deadline=np.inf
        )
        assert lower <= broken[e] <= upper, f"boxes at {e}"


def agreeing(package: Any, votes: Votes, labels: np.ndarray, broken: list[int], bound: str, change: str) -> None:
    """Sparse pairs give the same costs at given additions as the tables of all pairs do."""
    c, largest = votes.counts.shape[1], len(broken) - 1
    attackable = package.costs.Attackable.of(votes, labels, largest, change)
    tables = package.costs.CostTables.of(attackable, largest, bound=bound)
    rivals = package.rivals.Rivals.of(votes, labels, largest, bound=bound, change=change)
    for e in range(1, largest + 1):
        reach = rivals.at(e)
        rows = tables.outward, tables.deep, tables.fixed
        sized = package.search_kernels.SizedCosts(*rows, tables.step, e, reach.ρ, reach.α, reach.label)
        np.testing.assert_array_equal(reach.label, tables.label[: reach.label.size])
        for j, given in enumerate(([0] * c, *(reach.α * np.eye(c, dtype=np.int64)))):
            least, cost = np.full(reach.label.size, reach.ρ + 1), np.empty(reach.label.size, tables.fixed.dtype)
            for l in range(c):  # noqa: E741 (the paper's label)
                package.search_kernels.rival_costs(sized, l, int(given[l]), True, cost)
                least = np.minimum(least, np.maximum(cost, 0))
            found = package.attack.costs_with(reach, np.array(given, dtype=np.int64))
            np.testing.assert_array_equal(found, least, f"{bound} at {e}, additions {j}")
