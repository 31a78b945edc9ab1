"""Elections among models that are trained, against every poisoned training set: removals, additions, both."""

from __future__ import annotations

import numpy as np
import pytest

from certificates import trained
from certificates.claims_elections import PROGRAM, draw_trained, learned
from certificates.elections import plurality
from certvote.certificates import dpa, finite_aggregation


def drawing(seed):
    rng = np.random.default_rng(seed)
    return lambda low, high: int(rng.integers(low, high + 1))


@pytest.mark.parametrize(("seed", "problems", "most"), [(0, 200, 1), (1, 20, 2)])
def test_nothing_certified_can_be_broken(seed, problems, most):
    draw = drawing(seed)
    for _ in range(problems):
        learned(PROGRAM, draw_trained(draw, most))


@pytest.mark.parametrize("change", ["any", "insert", "delete", "relabel"])
def test_attacks_succeed_where_nothing_is_certified_and_much_is_certified(change):
    """Otherwise the test above says little."""
    draw = drawing(2)
    broken = certified = 0
    for _ in range(200):
        problem = trained.draw_problem(draw, draw(1, 2))._replace(by_input=change == "relabel")
        first = trained.clean_rankings(problem)[:, :, 0]
        outcome = finite_aggregation.elect(first, np.array(problem.buckets), num_classes=problem.c)
        certified += (dpa.election_sizes(outcome, outcome.winner, change=change) >= 1).sum()
        broken += sum(len(labels) > 1 for labels in trained.winners(problem, plurality, change, 1, hard=True))
    assert certified >= 40
    assert broken >= 10


def test_one_part_per_changed_label_would_be_unsound_for_parts_that_depend_on_it():
    """Why the program refuses changed labels there: they move examples to other parts, and two are poisoned."""
    draw, broken = drawing(4), 0
    for _ in range(150):
        problem = trained.draw_problem(draw, 1)._replace(by_input=False)
        first = trained.clean_rankings(problem)[:, :, 0]
        outcome = finite_aggregation.elect(first, np.array(problem.buckets), num_classes=problem.c)
        sizes = dpa.election_sizes(outcome, outcome.winner, change="relabel")
        reached = trained.winners(problem, plurality, "relabel", 1, hard=True)
        broken += sum(size >= 1 and len(labels) > 1 for size, labels in zip(sizes, reached, strict=True))
    assert broken > 0


def test_attacks_are_those_that_may_be_made():
    problem = trained.draw_problem(drawing(3), 1)._replace(train=((0, 0), (0, 0), (1, 1)), candidates=((5, 1), (6, 0)))
    sets = {change: [sorted(D) for D in trained.attacks(problem, change, 1)] for change in ("any", "insert", "delete")}
    assert len(sets["any"]) == 4 * 3  # nothing or one of three removed, nothing or one of two added
    relabeled = {tuple(sorted(D)) for D in trained.attacks(problem._replace(c=2), "relabel", 1)}
    assert relabeled == {((0, 0), (0, 0), (1, 1)), ((0, 0), (0, 1), (1, 1)), ((0, 0), (0, 0), (1, 0))}
    assert sets["insert"] == [[(0, 0), (0, 0), (1, 1)], [(0, 0), (0, 0), (1, 1), (5, 1)],
                              [(0, 0), (0, 0), (1, 1), (6, 0)]]  # fmt: skip
    assert sets["delete"] == [[(0, 0), (0, 0), (1, 1)], [(0, 0), (1, 1)], [(0, 0), (1, 1)], [(0, 0), (0, 0)]]
