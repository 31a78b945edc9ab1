"""The tests of elections can fail: every deliberate mistake in ``mutants_elections.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates.claims_elections import LARGE, SMALL, draw_case, draw_trained, exact, learned, partition, sound, truth
from certificates.mutants_elections import MUTANTS, package

CLAIMS = {"sound": sound, "exact": exact, "partition": partition, "learned": learned}


@pytest.fixture(scope="module")
def cases():
    """Arguments to check each claim with: some hundred elections with their truth, and trained ones."""
    rng = np.random.default_rng(7)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    elections = [draw_case(draw, *SMALL[j % len(SMALL)]) for j in range(600)]
    return {
        "sound": [(case, truth(case)) for case in elections],
        "exact": [(draw_case(draw, *(SMALL + LARGE)[j % 5]),) for j in range(1000)],
        "partition": [(case,) for case in elections],
        "learned": [(draw_trained(draw),) for _ in range(60)],
    }


def check_all(copy, claim, cases):
    for arguments in cases[claim]:
        CLAIMS[claim](copy, *arguments)


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_unchanged_copy_passes(tmp_path, cases, claim):
    check_all(package(tmp_path, f"unchanged_election_{claim}", None), claim, cases)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_is_noticed(tmp_path, cases, mutant):
    copy = package(tmp_path, f"mutant_election_{MUTANTS.index(mutant)}", mutant)
    with pytest.raises(AssertionError):
        check_all(copy, mutant.noticed_by, cases)
