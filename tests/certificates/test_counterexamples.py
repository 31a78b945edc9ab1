"""The search for counterexamples tries every case, and those that it found before first."""

from __future__ import annotations

from types import SimpleNamespace

from certificates.counterexamples import Cases


def below(package, number):
    assert number < package.bound


def test_the_first_counterexample_is_found_and_tried_first_the_next_time():
    drawn = iter(range(10))
    cases = Cases(below, ((number,) for number in drawn))
    assert cases.counterexample(SimpleNamespace(bound=4)) == (4,)
    assert next(drawn) == 5  # nothing is drawn in advance
    assert cases.counterexample(SimpleNamespace(bound=2)) == (4,)


def test_all_cases_are_tried_before_a_claim_is_said_to_hold():
    cases = Cases(below, [(1,), (5,), (3,), (9,)])
    assert cases.counterexample(SimpleNamespace(bound=4)) == (5,)
    assert cases.counterexample(SimpleNamespace(bound=10)) is None
    assert cases.counterexample(SimpleNamespace(bound=6)) == (9,)
    assert cases.counterexample(SimpleNamespace(bound=2)) == (9,)
    assert cases.counterexample(SimpleNamespace(bound=10)) is None
