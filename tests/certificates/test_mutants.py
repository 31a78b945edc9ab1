"""The tests can fail: every deliberate mistake in ``mutants.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates import claims, claims_success
from certificates.brute_force import worst_correct
from certificates.counterexamples import Cases
from certificates.instances import draw_bounds, draw_instance, draw_table
from certificates.mutants import MUTANTS
from certificates.mutation import import_copy
from certvote.certificates.change import CHANGES


def quick_copy(mutant):
    """Import a copy that plays few rounds: where a search is stopped, thresholds are split, and slowly in Python."""
    copy = import_copy(mutant)
    copy.split_curve.ROUNDS_ALONE = copy.split_curve.BOXES = 1
    return copy


@pytest.fixture(scope="module")
def unchanged():
    return quick_copy(None)


@pytest.fixture(scope="module")
def cases():
    """Cases of every claim: problems with their truth, vote tables, and bounds of bagging, under every change."""
    rng = np.random.default_rng(7)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    problems = [draw_instance(draw, ("knn", "rnn")[j % 2]) for j in range(400)]
    truths = ((problem, worst_correct(problem, 2, change), change) for problem in problems for change in CHANGES)
    tables = [(*draw_table(draw, 3, j % 2 == 0), 3, change) for j in range(60) for change in CHANGES]
    neighbors = [(*draw_table(draw, 3, True), 3, ("any", "insert")[j % 2]) for j in range(600)]
    steps = [(np.cumsum([[draw(0, 3) * draw(0, 1) for _ in range(6)] for _ in range(3)], axis=1),) for _ in range(200)]
    reached = (claims_success.case(problem, 2, CHANGES[j % 4]) for j, problem in enumerate(problems))
    bounds = [(draw_bounds(draw), change) for _ in range(300) for change in CHANGES]
    counts = [(np.array([[draw(0, 9) + 20, 2, 5, 3, draw(0, 9)] for _ in range(m)]),) for m in (1, 2, 4)]
    return {
        "sound": Cases(claims.sound, truths),
        "exact": Cases(claims.exact, tables),
        "ordered": Cases(claims.ordered, tables),
        "priced": Cases(claims.priced, neighbors),
        "reached": Cases(claims_success.sound, reached),
        "rated": Cases(claims_success.exact, tables),
        "allocated": Cases(claims.allocated, steps),
        "bagged": Cases(claims.bagged, bounds),
        "bounded": Cases(claims.bounded, counts),
    }


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_has_a_counterexample_that_is_none_of_the_unchanged_copy(cases, unchanged, mutant):
    tried = cases[mutant.noticed_by]
    found = tried.counterexample(quick_copy(mutant))
    assert found is not None
    tried.claim(unchanged, *found)
