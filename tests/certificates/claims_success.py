"""What must hold of attack success rates on any input: checks that take the package, to check broken copies as well.

Each raises ``AssertionError`` where a claim fails.
"""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from certificates.brute_force import Instance, most_reached, winner
from certificates.costs_by_definition import defined, path
from certificates.enumeration import BUDGETS
from certificates.instances import votes_of
from certvote.certificates import individual, success
from certvote.types import Votes

PROGRAM: Any = SimpleNamespace(individual=individual, success=success)
SLACK = 1e-9

Case = tuple[Instance, Votes, np.ndarray, list[Any], str]


def case(instance: Instance, largest: int, change: str) -> Case:
    """Return a problem with its truth: the most test examples that each target reaches, ``None`` without victims."""
    labels = instance.test_labels
    most = [
        most_reached(instance, largest, t, change) if (labels != t).any() else None for t in range(instance.classes)
    ]
    return instance, votes_of(instance, largest), labels, most, change


def sound(package: Any, instance: Instance, votes: Votes, labels: np.ndarray, most: list[Any], change: str) -> None:
    """No attack reaches more than the joint bound allows, and that is never above the individual one."""
    against = package.individual.certified_sizes_against(votes, change=change)
    for t, reached in enumerate(most):
        if reached is not None:
            sizes, victims = np.arange(len(reached)), np.count_nonzero(labels != t)
            joint = package.success.success_rates(votes, labels, sizes, targets=t, change=change).rates[0]
            alone = package.success.individual_success_rates(against, labels, sizes, targets=t).rates[0]
            assert (joint >= reached / victims - SLACK).all(), f"target {t} is reached more often"
            assert (alone >= joint - SLACK).all(), f"target {t}: the joint bound is above the individual one"
            assert (np.diff(joint) >= -SLACK).all()


def exact(package: Any, votes: Votes, labels: np.ndarray, largest: int, change: str) -> None:
    """Rates are those of the best of all allocations of removals, with costs as they are defined."""
    c = votes.counts.shape[1]
    moves = votes.k is not None and change != "relabel"
    for t in range(c):
        victims = np.flatnonzero(labels != t)
        if victims.size == 0:
            continue
        rates = package.success.success_rates(votes, labels, np.arange(largest + 1), targets=t, change=change).rates[0]
        for e in range(largest + 1):
            rho, alpha = (share * e for share in BUDGETS[change])
            already, costs = 0, []
            for i in victims.tolist():
                a = winner(votes.counts[i])
                if a == t:
                    already += 1
                elif change != "relabel" or votes.counts[i].sum() > 0:
                    gap = path(votes, i, a, t)
                    gap = gap if moves else {0: gap[0]}
                    costs.append((a, defined(gap, moves, rho, alpha, alpha, "sharp")))
            shares = (R for R in product(range(rho + 1), repeat=c) if sum(R) == rho)
            most = max(sum(cost <= R[a] for a, cost in costs) for R in shares)
            assert round(rates[e] * victims.size) == already + most, f"target {t} at {e}"
