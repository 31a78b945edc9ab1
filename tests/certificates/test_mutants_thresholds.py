"""The tests of threshold splitting can fail: every deliberate mistake in ``mutants_thresholds.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates import claims_thresholds as claims
from certificates.brute_force import worst_correct
from certificates.claims_thresholds import KINDS, draw_case, most_broken
from certificates.counterexamples import Cases
from certificates.instances import draw_instance
from certificates.mutants_thresholds import MUTANTS
from certificates.mutation import import_copy


@pytest.fixture(scope="module")
def unchanged():
    return import_copy(None)


@pytest.fixture(scope="module")
def cases():
    """Cases of every claim: many vote tables, as tie bits seldom decide, and problems with their truth."""
    rng = np.random.default_rng(17)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    def broken(case):
        return most_broken(case.votes, case.labels, case.size, case.bound, case.change)

    tables = [draw_case(draw, 3, *KINDS[j % len(KINDS)]) for j in range(600)]
    problems = [(draw_instance(draw, ("knn", "rnn")[j % 2]), ("any", "insert")[j % 3 == 2]) for j in range(300)]
    return {
        "sound": Cases(claims.sound, ((*problem, worst_correct(problem[0], 2, problem[1])) for problem in problems)),
        "enclosing": Cases(claims.enclosing, ((case, broken(case)) for case in tables)),
        "charged": Cases(claims.charged, ((case,) for case in tables)),
        "continued": Cases(claims.continued, ((case,) for case in tables)),
        "attained": Cases(claims.attained, ((case,) for case in tables)),
    }


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_has_a_counterexample_that_is_none_of_the_unchanged_copy(cases, unchanged, mutant):
    tried = cases[mutant.noticed_by]
    found = tried.counterexample(import_copy(mutant))
    assert found is not None
    tried.claim(unchanged, *found)
