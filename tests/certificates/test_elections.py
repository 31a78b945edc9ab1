"""Finite Aggregation and the run-off against brute force: all poisoned parts, all ballots that voters may cast then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import elections
from certificates.claims_elections import LARGE, PROGRAM, SMALL, draw_case, exact, sound, truth

MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def cases(draw):
    return draw_case(lambda low, high: draw(st.integers(low, high)), *draw(st.sampled_from(SMALL)))


@MANY
@given(cases())
def test_fewer_parts_never_change_the_winner(case):
    sound(PROGRAM, case, truth(case))


def test_fewer_parts_never_change_the_winner_in_hundreds_of_elections():
    rng = np.random.default_rng(5)
    for trial in range(900):
        case = draw_case(lambda low, high: int(rng.integers(low, high + 1)), *SMALL[trial % len(SMALL)])
        sound(PROGRAM, case, truth(case))


@MANY
@given(cases())
def test_results_are_those_of_the_formulas(case):
    exact(PROGRAM, case)


def test_results_are_those_of_the_formulas_for_more_voters_and_classes():
    rng = np.random.default_rng(6)
    for trial in range(400):
        exact(PROGRAM, draw_case(lambda low, high: int(rng.integers(low, high + 1)), *LARGE[trial % len(LARGE)]))


@pytest.mark.parametrize("seed", range(3))
def test_brute_force_agrees_with_writing_out_every_ballot(seed):
    rng = np.random.default_rng(seed)

    def draw(low, high):
        return int(rng.integers(low, high + 1))

    for _ in range(30):
        c, v = draw(2, 3), draw(1, 4)
        ballots, buckets = elections.draw_ballots(draw, v, c), elections.draw_buckets(draw, v, 2)
        for rule, cast, possible in (
            (elections.runoff, ballots, elections.rankings(c)),
            (elections.runoff, [ballot[:1] for ballot in ballots], elections.choices(c)),
            (elections.plurality, [ballot[:1] for ballot in ballots], elections.choices(c)),
        ):
            arguments = rule, cast, possible, buckets, c
            assert elections.least_parts(*arguments) == elections.least_parts_by_hand(*arguments)
