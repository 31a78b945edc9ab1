"""The tests of threshold splitting can fail: every deliberate mistake in ``mutants_thresholds.py`` is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from certificates.claims_thresholds import agreeing, enclosing, truth
from certificates.counterexamples import Cases
from certificates.instances import draw_table
from certificates.mutants_thresholds import MUTANTS
from certificates.mutation import import_copy


def quick_copy(mutant):
    """Import a copy that plays few rounds in boxes: it is plain Python."""
    copy = import_copy(mutant)
    copy.boxes.ROUNDS = 2
    return copy


@pytest.fixture(scope="module")
def unchanged():
    return quick_copy(None)


@pytest.fixture(scope="module")
def cases():
    """Many vote tables: tie bits seldom decide."""
    rng = np.random.default_rng(17)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    def drawn():
        for j in range(600):
            votes, labels = draw_table(draw, 3, j % 2 == 0)
            change, bound = ("any", "any", "insert")[j % 3], ("sharp", "plain")[j % 4 == 2]
            yield votes, labels, truth(votes, labels, 3, bound, change), bound, change

    tables = list(drawn())
    return {"enclosing": Cases(enclosing, tables), "agreeing": Cases(agreeing, tables)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mistake_has_a_counterexample_that_is_none_of_the_unchanged_copy(cases, unchanged, mutant):
    tried = cases[mutant.noticed_by]
    found = tried.counterexample(quick_copy(mutant))
    assert found is not None
    tried.claim(unchanged, *found)
