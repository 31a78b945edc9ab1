"""What must hold of threshold splitting on any votes: checks that take the package, so that copies can be checked.

Each raises ``AssertionError`` where a claim fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from certificates.brute_force import Instance, winner
from certificates.enumeration import BUDGETS, breaking_pairs, budget_broken
from certificates.instances import draw_table, votes_of
from certvote.certificates import attack, boxes, rivals, split_curve, threshold_kernels, thresholds
from certvote.types import Votes

PROGRAM: Any = SimpleNamespace(
    attack=attack,
    boxes=boxes,
    rivals=rivals,
    split_curve=split_curve,
    threshold_kernels=threshold_kernels,
    thresholds=thresholds,
)

KINDS = [
    (knn, bound, change)
    for knn, bound in ((False, "sharp"), (True, "plain"), (True, "sharp"))
    for change in ("any", "insert")
]
"""Algorithm, bound and change: all that threshold splitting is there for."""

FEW = {"FIRST_ROUNDS": 2, "FURTHER_ROUNDS": 1, "BOXES_ON_LONG_CURVES": 2, "LEAST_BOXES": 1}
"""Rounds and boxes of a curve that is bounded quickly in plain Python."""


class Case(NamedTuple):
    """Vote tables, an attacker, and what the definitions say, computed once for all copies of the package."""

    votes: Votes
    labels: np.ndarray
    size: int
    bound: str
    change: str
    costs: list[tuple[int, dict[int, list[int]]]]
    """Of every example that may break: predicted label, and by rival the least removals at every number of additions;
    ``ρ + 1`` stands for never."""
    plays: list[tuple[np.ndarray, np.ndarray]]
    """Some removals and additions within their budgets."""

    @property
    def budgets(self) -> tuple[int, int]:
        """Return ``ρ`` and ``α``."""
        ρ, α = BUDGETS[self.change]
        return ρ * self.size, α * self.size

    def reach(self, package: Any) -> Any:
        listed = package.rivals.Rivals.of(self.votes, self.labels, self.size, bound=self.bound, change=self.change)
        return listed.at(self.size)


def draw_case(
    draw: Callable[[int, int], int], size: int, knn: bool, bound: str, change: str, most_votes: int = 8
) -> Case:
    votes, labels = draw_table(draw, size, knn, most_votes)
    ρ, α = (share * size for share in BUDGETS[change])
    pairs = breaking_pairs(votes, labels, size, {"plain": "budget", "sharp": "sharp"}[bound], change)
    costs = [
        (a, {rival: [min((R for R, x in some if x == A), default=ρ + 1) for A in range(α + 1)]
             for rival, some in by_rival.items()})
        for a, by_rival in pairs
    ]  # fmt: skip
    c = votes.counts.shape[1]
    spent = [[np.bincount([draw(0, c - 1) for _ in range(b)], minlength=c) for b in (ρ, α)] for _ in range(3)]
    return Case(votes, labels, size, bound, change, costs, [(R, A) for R, A in spent])


def most_broken(votes: Votes, labels: np.ndarray, largest: int, bound: str, change: str) -> np.ndarray:
    """Count the right examples that break at every size, by enumeration."""
    name = {"plain": "budget", "sharp": "sharp"}[bound]
    wrong = sum(winner(s) != y for s, y in zip(votes.counts, labels, strict=True))
    return np.array([budget_broken(votes, labels, e, name, change) for e in range(largest + 1)]) - wrong


def sound(package: Any, instance: Instance, change: str, worst: np.ndarray) -> None:
    """No bound is below what breaks of the real classifier."""
    votes, labels = votes_of(instance, len(worst) - 1), instance.test_labels
    right = sum(winner(s) == y for s, y in zip(votes.counts, labels, strict=True))
    for bound in ("plain", "sharp"):
        listed = package.rivals.Rivals.of(votes, labels, len(worst) - 1, bound=bound, change=change)
        for name, upper in _bounds(package, listed, len(worst) - 1, len(labels)):
            assert (right - upper <= worst[: upper.size]).all(), f"{name}, {bound}, is unsound"


def enclosing(package: Any, case: Case, broken: np.ndarray) -> None:
    """No bound is below what the definition lets break, and nothing more is attained."""
    listed = package.rivals.Rivals.of(case.votes, case.labels, case.size, bound=case.bound, change=case.change)
    for name, upper in _bounds(package, listed, case.size, len(case.labels)):
        assert (upper >= broken[: upper.size]).all(), f"{name} is too low"
    upper, lower = _curve(package, listed, case.size, len(case.labels))
    assert (lower <= broken).all(), "more is attained than breaks"
    assert (np.diff(upper) >= 0).all()
    assert (np.diff(lower) >= 0).all()


def charged(package: Any, case: Case) -> None:
    """Charges are those of Theorem 16, at any thresholds and at the best ones, and the bound is made of them."""
    ρ, α = case.budgets
    c, reach = case.votes.counts.shape[1], case.reach(package)
    nothing = np.zeros((1, α + 2), np.float32), np.zeros(c, np.int64)
    for s in reach.candidates.tolist():
        # The attacker removes with certainty what reaches any threshold but s: it is taken wherever it is one to take.
        removed = np.ones((c, ρ + 2), np.float32)
        removed[:, s] = 0
        found = _defend(package, reach, removed, *nothing)
        least = [(_least(costs, -1, ρ), _least(costs, 0, ρ)) for _, costs in case.costs]
        chosen = [s if helped <= s <= alone else helped for helped, alone in least]
        for got, expected in zip(found, _literal(case, chosen), strict=True):
            np.testing.assert_array_equal(got, expected, f"charges at threshold {s}")

    R, A = (np.array(plays) for plays in zip(*case.plays, strict=True))
    removed, added = ((spent[:, :, None] >= np.arange(most + 2)).mean(axis=0) for spent, most in ((R, ρ), (A, α)))
    slot = np.where(A.any(axis=0), np.arange(c) + 1, 0)  # labels that are never played share slot 0
    shares = np.concatenate((np.eye(1, α + 2), added)).astype(np.float32)
    Φ, Ψ = _defend(package, reach, removed.astype(np.float32), shares, slot)
    paid = sum(
        (np.diff(F, axis=1, prepend=0) * share[:, : F.shape[1]]).sum() for F, share in ((Φ, removed), (Ψ, added))
    )
    least = sum(
        min(
            removed[a, s] + sum(added[rival, _needed(cost, s)] for rival, cost in costs.items())
            for s in {*reach.candidates.tolist(), _least(costs, -1, ρ)}
        )
        for a, costs in case.costs
    )
    assert abs(paid - least) < 1e-3, "the thresholds are not the best reply"


def continued(package: Any, case: Case) -> None:
    """A game goes on with as many charges as before, and its bound is the theorem's value of what it has charged."""
    listed = package.rivals.Rivals.of(case.votes, case.labels, case.size, bound=case.bound, change=case.change)
    _, game = package.thresholds.split(listed.at(case.size), rounds=2)
    old = game.counted[0]
    if old == 0:
        return  # nothing may break
    for e in range(case.size + 1):
        reach = listed.at(e)
        further = package.threshold_kernels.go_on(game, reach.ρ, reach.α, 3)
        for before, after in ((game.Φ, further.Φ), (game.Ψ, further.Ψ)):
            given_away = old * after - further.counted[0] * before[:, : after.shape[1]]
            assert (given_away >= 0).all(), "charges are lost"
            assert (given_away < old).all(), "charges are made up"
        if reach.label.size:
            upper, game_on = package.thresholds.split(reach, rounds=1, before=game)
            removals, additions = _most(game_on.Φ), _most(game_on.Ψ)
            for b in range(e + 1):
                total = removals[min(b, reach.ρ)] + additions[min(b, reach.α)]
                assert upper[b] == min(total // game_on.counted[0], reach.label.size), f"bound of {b} at {e}"


def attained(package: Any, case: Case) -> None:
    """Costs at given additions are those of the definition, and an attack breaks what it says within its budgets."""
    (ρ, α), reach = case.budgets, case.reach(package)
    for _, A in case.plays:
        cost = package.attack.costs_with(reach, A)
        given = [(a, _removals(case, costs, A)) for a, costs in case.costs]
        found = zip(reach.label.tolist(), cost.tolist(), strict=True)
        assert Counter(pair for pair in found if pair[1] <= ρ) == Counter(pair for pair in given if pair[1] <= ρ)
        broken, R = package.attack.best_removals(reach, A, A, 0)
        assert broken == _attained(case, A)
        assert R.sum() <= ρ
    R, A = (np.array(plays) for plays in zip(*case.plays, strict=True))
    best = package.attack.attack(reach, A, R, True)
    assert best.additions.sum() <= α
    assert best.removals.sum() <= ρ
    assert best.broken == _attained(case, best.additions) >= max(_attained(case, play) for play in A)


def _bounds(package: Any, listed: Any, largest: int, m: int) -> list[tuple[str, np.ndarray]]:
    """Bound what breaks at sizes from 0 on in every way: alone, going on from a larger size, in boxes, as a curve."""
    found, game = [], None
    for e in range(largest, -1, -1):
        reach = listed.at(e)
        alone, fresh = package.thresholds.split(reach, rounds=3)
        bounds, game = package.thresholds.split(reach, rounds=2, before=game)
        found += [(f"the game of {e}", alone), (f"the game of {e} that goes on", bounds)]
        if reach.label.size:
            with mock.patch.object(package.boxes, "ROUNDS", 1):
                least, _ = package.boxes.split_boxes(
                    reach, fresh, int(alone[-1]), 0, splits=3, tolerance=0.0, deadline=np.inf
                )
            found.append((f"boxes of {e}", np.array([*alone[:-1], least])))
    return [*found, ("the curve", _curve(package, listed, largest, m)[0])]


def _curve(package: Any, listed: Any, largest: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides of a curve that is worked on in one stretch."""
    upper, lower = np.full(largest + 1, m), np.zeros(largest + 1, np.int64)
    how = {"tolerance": 0.0, "deadline": np.inf, "threads": 1, "progress": lambda done: None}
    with mock.patch.multiple(package.split_curve, CHAINS=1, **FEW), mock.patch.object(package.boxes, "ROUNDS", 1):
        package.split_curve.split_curve(listed, np.arange(largest + 1), upper, lower, **how)
    return upper, lower


def _defend(package: Any, reach: Any, removed: np.ndarray, added: np.ndarray, slot: np.ndarray) -> list[np.ndarray]:
    """Return what the best thresholds charge, without noise and with weight 3, as numbers of examples."""
    Φ, Ψ = np.zeros((reach.classes, reach.ρ + 1), np.int64), np.zeros((reach.classes, reach.α + 1), np.int64)
    package.threshold_kernels.defend(reach, removed, added, slot, 0.0, 1, Φ, Ψ, 3)
    assert not (Φ % 3).any()
    assert not (Ψ % 3).any()
    return [Φ // 3, Ψ // 3]


def _literal(case: Case, thresholds: list[int]) -> list[np.ndarray]:
    """Evaluate ``Φ`` and ``Ψ`` of one threshold for every example as Theorem 16 defines them."""
    (ρ, α), c = case.budgets, case.votes.counts.shape[1]
    Φ, Ψ = np.zeros((c, ρ + 1), np.int64), np.zeros((c, α + 1), np.int64)
    for (a, costs), s in zip(case.costs, thresholds, strict=True):
        Φ[a, s:] += 1
        for rival, cost in costs.items():
            Ψ[rival, _needed(cost, s) :] += 1
    return [Φ, Ψ]


def _needed(cost: list[int], s: int) -> int:
    """Return ``τ(s)``, the fewest additions with which at most ``s - 1`` removals break an example."""
    return next((A for A, removals in enumerate(cost) if removals < s), len(cost))


def _least(costs: dict[int, list[int]], A: int, ρ: int) -> int:
    """Return the least removals that break an example through any rival with ``A`` additions (-1: with all)."""
    return min((cost[A] for cost in costs.values()), default=ρ + 1)


def _removals(case: Case, costs: dict[int, list[int]], A: np.ndarray) -> int:
    """Return the least removals that break an example with these additions."""
    return min((cost[A[rival]] for rival, cost in costs.items()), default=case.budgets[0] + 1)


def _most(F: np.ndarray) -> list[int]:
    """Return the largest sum of one value from every row, for every budget that the columns cover."""
    most = [0] * F.shape[1]
    for f in F.tolist():
        most = [max(most[b - x] + f[x] for x in range(b + 1)) for b in range(len(most))]
    return most


def _attained(case: Case, A: np.ndarray) -> int:
    """Return ``H(A)``: the most examples that break with these additions, over all removals."""
    F = np.zeros((case.votes.counts.shape[1], case.budgets[0] + 1), np.int64)
    for a, costs in case.costs:
        F[a, _removals(case, costs, A) :] += 1
    return _most(F)[-1]
