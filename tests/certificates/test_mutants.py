"""The tests can fail: every deliberate mistake in ``mutants.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates.brute_force import worst_correct
from certificates.claims import bagged, bounded, exact, ordered, sound
from certificates.instances import draw_bounds, draw_instance, draw_table
from certificates.mutants import MUTANTS, package
from certvote.certificates.change import CHANGES

CLAIMS = {"sound": sound, "exact": exact, "ordered": ordered, "bagged": bagged, "bounded": bounded}


@pytest.fixture(scope="module")
def cases():
    """Arguments to check each claim with: some hundred problems with their truth, and vote tables."""
    rng = np.random.default_rng(7)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    problems = [draw_instance(draw, ("knn", "rnn")[j % 2]) for j in range(400)]
    tables = [(*draw_table(draw, 3, j % 2 == 0), 3) for j in range(60)]
    return {
        "sound": [(x, worst_correct(x, 2, change), change) for x in problems for change in CHANGES],
        "exact": [(*table, change) for table in tables for change in CHANGES],
        "ordered": [(*table, change) for table in tables for change in CHANGES],
        "bagged": [(draw_bounds(draw), change) for _ in range(300) for change in CHANGES],
        "bounded": [(np.array([[draw(0, 9) + 20, 2, 5, 3, draw(0, 9)] for _ in range(m)]),) for m in (1, 2, 4)],
    }


def check_all(copy, claim, cases):
    for arguments in cases[claim]:
        CLAIMS[claim](copy, *arguments)


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_unchanged_copy_passes(tmp_path, cases, claim):
    copy = package(tmp_path, f"unchanged_{claim}", None)
    check_all(copy, claim, {claim: cases[claim][:60]})


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_is_noticed(tmp_path, cases, mutant):
    copy = package(tmp_path, f"mutant_{MUTANTS.index(mutant)}", mutant)
    with pytest.raises(AssertionError):
        check_all(copy, mutant.noticed_by, cases)
