"""The tests of elections can fail: every deliberate mistake in ``mutants_elections.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates import claims_elections as claims
from certificates.claims_elections import LARGE, SMALL, draw_case, draw_trained, truth
from certificates.counterexamples import Cases
from certificates.mutants_elections import MUTANTS
from certificates.mutation import import_copy


@pytest.fixture(scope="module")
def unchanged():
    return import_copy(None)


@pytest.fixture(scope="module")
def cases():
    """Cases of every claim: some hundred elections, with their truth or without, and trained ones."""
    rng = np.random.default_rng(7)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    elections = [draw_case(draw, *SMALL[j % len(SMALL)]) for j in range(600)]
    mixed = [(draw_case(draw, *(SMALL + LARGE)[j % 5]),) for j in range(1000)]
    return {
        "sound": Cases(claims.sound, ((case, truth(case)) for case in elections)),
        "exact": Cases(claims.exact, mixed),
        "partition": Cases(claims.partition, ((case,) for case in elections)),
        "learned": Cases(claims.learned, ((draw_trained(draw),) for _ in range(60))),
    }


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_has_a_counterexample_that_is_none_of_the_unchanged_copy(cases, unchanged, mutant):
    tried = cases[mutant.noticed_by]
    found = tried.counterexample(import_copy(mutant))
    assert found is not None
    tried.claim(unchanged, *found)
