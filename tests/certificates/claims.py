"""What must hold of the certificates on any input: checks that take the package, so that broken copies can be checked.

Each raises ``AssertionError`` where a claim fails.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from certificates import bagging_oracle, enumeration
from certificates.brute_force import Instance, winner
from certificates.costs_by_definition import defined, path
from certificates.instances import Bounds, votes_of
from certvote.certificates import bagging, budget_curve, grouping, individual
from certvote.certificates.change import CHANGES
from certvote.types import Curve, Votes

PROGRAM: Any = SimpleNamespace(individual=individual, grouping=grouping, budget_curve=budget_curve, bagging=bagging)
SLACK = 1e-9
STOPS = (0, 1, 2, 5, None)


def all_curves(
    package: Any, votes: Votes, labels: np.ndarray, sizes: np.ndarray, stops: tuple[int | None, ...], change: str
) -> dict[str, Curve]:
    """Every certificate there is for these votes, searches at their end and stopped after so many boxes."""
    search = partial(package.budget_curve.curve, change=change, bound="plain")
    curves = {"individual": package.individual.curve(votes, labels, sizes, change=change)}
    for stop in stops:
        limit = {} if stop is None else {"max_nodes": stop}
        curves[f"budget {stop}"] = search(votes, labels, sizes, tolerance=0.0, **limit)
    curves["budget late"] = search(votes, labels, sizes, seconds=0)
    if votes.k is None and change != "insert":
        curves["rd"] = package.grouping.curve(votes, labels, sizes, method="rd", seed=len(labels), change=change)
        curves["island"] = package.grouping.curve(votes, labels, sizes, method="island", change=change)
        curves["removal"] = package.budget_curve.removal_curve(votes, labels, sizes, change=change)
    if votes.k is not None:
        curves["sharp"] = search(votes, labels, sizes, tolerance=0.0, bound="sharp")
        curves["sharp 1"] = search(votes, labels, sizes, tolerance=0.0, bound="sharp", max_nodes=1)
    return curves


def sound(package: Any, instance: Instance, worst: np.ndarray, change: str = "any") -> None:
    """No certificate above the worst accuracy of the real classifier."""
    sizes = np.arange(len(worst))
    votes = votes_of(instance, len(worst) - 1)
    for name, curve in all_curves(package, votes, instance.test_labels, sizes, (1, None), change).items():
        assert (curve.certified <= worst / len(instance.test) + SLACK).all(), f"{name} is unsound"
    for window in range(len(worst) - 1):
        shorter = package.individual.curve(votes_of(instance, window), instance.test_labels, sizes, change=change)
        assert (shorter.certified <= worst / len(instance.test) + SLACK).all(), (
            f"individual, window {window}, is unsound"
        )


def ordered(package: Any, votes: Votes, labels: np.ndarray, largest: int, change: str = "any") -> None:
    """individual ≤ RD, ISLAND ≤ removal ≤ budget, and curves that fall, at every size."""
    sizes = np.arange(largest + 1)
    curves = {name: curve.certified for name, curve in all_curves(package, votes, labels, sizes, STOPS, change).items()}
    removal = curves.get("removal", curves["individual"])
    for name, certified in curves.items():
        assert (curves["individual"] <= certified + SLACK).all(), f"{name} is below the individual certificate"
        if name in ("rd", "island"):
            assert (certified <= removal + SLACK).all(), f"{name} is above the removal budget"
        if name.startswith("budget") or name.startswith("sharp"):
            assert (removal <= certified + SLACK).all(), f"{name} is below the removal budget"
            assert (certified <= curves["sharp" if "sharp" in curves else "budget None"] + SLACK).all(), name
        if name != "island":
            assert (np.diff(certified) <= SLACK).all(), f"{name} rises"


def nested(package: Any, votes: Votes, labels: np.ndarray, largest: int) -> None:
    """No certificate is worse where the attacker can only insert, only delete, or only relabel."""
    sizes = np.arange(largest + 1)
    alone = {change: package.individual.votes_sizes(votes, labels, change=change) for change in CHANGES}
    curves = {change: all_curves(package, votes, labels, sizes, (None,), change) for change in CHANGES}
    for change in ("insert", "delete", "relabel"):
        assert (alone["any"] <= alone[change]).all(), f"sizes with {change}"
        for name, curve in curves[change].items():
            if name != "sharp 1":  # where a search is stopped says nothing
                assert (curves["any"][name].certified <= curve.certified + SLACK).all(), f"{name} with {change}"


def exact(package: Any, votes: Votes, labels: np.ndarray, largest: int, change: str = "any") -> None:
    """Removal and budget certificates equal their bounds, tried out in full, and the search encloses them."""
    m, sizes = len(labels), np.arange(largest + 1)
    curves = all_curves(package, votes, labels, sizes, STOPS, change)
    for e in sizes.tolist():
        broken = enumeration.individual_broken(votes, labels, e, change)
        assert round(m * (1 - curves["individual"].certified[e])) == broken, f"individual at {e}"
        if "removal" in curves:
            broken = enumeration.removal_broken(votes, labels, e, change)
            assert round(m * (1 - curves["removal"].certified[e])) == broken, f"removal at {e}"
        for bound in ("budget", "sharp"):
            broken = enumeration.budget_broken(votes, labels, e, bound, change)
            for name, curve in curves.items():
                if not name.startswith(bound):
                    continue
                assert curve.attained is not None
                certified, attained = m * (1 - curve.certified[e]), m * (1 - curve.attained[e])
                assert certified >= broken - SLACK, f"{name} certified too much at {e}"
                assert attained <= broken + SLACK, f"{name} attained too little accuracy at {e}"
                if name in ("budget None", "sharp"):
                    assert round(certified) == round(attained) == broken, f"{name} at {e} is not exact"


def priced(package: Any, votes: Votes, labels: np.ndarray, largest: int, change: str) -> None:
    """Costs of all pairs, at every size and for all additions, are those of their definition, or enclose them.

    They enclose them where tables have steps.
    """
    right = [row for row, s in enumerate(votes.counts) if winner(s) == labels[row]]
    safe = individual.votes_sizes(votes, labels, change=change)
    kept = sorted((row for row in right if safe[row] < largest), key=lambda row: safe[row])
    c, knn = votes.counts.shape[1], votes.k is not None
    for bound, max_bytes in product(("plain", "sharp"), (2**20, 60)):
        attackable = package.costs.Attackable.of(votes, labels, largest, change)
        tables = package.costs.CostTables.of(attackable, largest, bound=bound, max_bytes=max_bytes)
        for e in range(1, largest + 1):
            rho, alpha = (share * e for share in enumeration.BUDGETS[change])
            n = sum(safe[row] < e for row in kept)
            rows = tables.outward, tables.deep, tables.fixed
            sized = package.search_kernels.SizedCosts(
                *rows, tables.step, e, rho, alpha, tables.label[:n], change == "relabel"
            )
            up, down = (np.empty(n, tables.fixed.dtype) for _ in range(2))
            for rival, A in product(range(c), range(alpha + 1)):
                package.search_kernels.rival_costs(sized, rival, A, True, up)
                package.search_kernels.rival_costs(sized, rival, A, False, down)
                for i in range(n):
                    if rival != labels[kept[i]]:
                        gap = path(votes, kept[i], labels[kept[i]], rival)
                        low, high = (min(max(int(cost[i]), 0), rho + 1) for cost in (up, down))
                        assert low <= defined(gap, knn, rho, alpha, A, bound) <= high
                        assert low == high or tables.step > 1


def allocated(package: Any, F: np.ndarray) -> None:
    """Shares of a budget: bounds enclose the maximum, and it is found where it exceeds what is enough."""
    c, budget = F.shape[0], F.shape[1] - 1
    shares = (R for R in product(range(budget + 1), repeat=c) if sum(R) <= budget)
    best = max(sum(F[l, R[l]] for l in range(c)) for R in shares)  # noqa: E741 (the paper's label)
    memory = np.empty((max(c, 2), budget + 1), np.int32), np.empty((c, budget + 2), np.int32), np.zeros(c, np.int64)
    upper, lower, _ = package.allocation.relax(F, budget, *memory[1:])
    assert lower <= best <= upper
    for enough in range(best + 2):
        found = package.allocation.allocate_above(F, memory[0], budget, enough, *memory[1:])
        assert found == best if best > enough else best <= found <= enough


def bagged(package: Any, bounds: Bounds, change: str) -> None:
    """Bagging's size is the largest at which the published condition holds, at every size of the poisoned set."""
    p_a, p_b, n, subsample = bounds
    of = package.bagging.sizes_of_bounds
    size = of(np.array([p_a]), np.array([p_b]), n_train=n, subsample=subsample, change=change)[0]
    assert size == bagging_oracle.largest_certified(Fraction(p_a), Fraction(p_b), n, subsample, change)


def bounded(package: Any, counts: np.ndarray) -> None:
    """As many votes as were counted, or more (for the runner-up: or fewer), are as rare as the level at the bounds."""
    counts[:, 0] += counts.sum(axis=1).max() - counts.sum(axis=1)
    voters, level = int(counts[0].sum()), Fraction(0.05) / len(counts) / counts.shape[1]
    for row, *p in zip(counts, *package.bagging.confidence_bounds(counts.astype(np.int32), 9, 3, 0.05), strict=True):
        p_a, p_b = (Fraction(float(x)) for x in p)
        *_, second, first = sorted(row.tolist())
        for number, probability in ((first, p_a), (voters - second, 1 - p_b)):
            off = Fraction(1, 10**12)
            assert bagging_oracle.tail(number, voters, probability - off) < level, "too large"
            assert bagging_oracle.tail(number, voters, probability + off) > level, "too small"
