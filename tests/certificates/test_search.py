import time

import numpy as np
import pytest

from certificates.enumeration import budget_broken
from certificates.instances import draw_table
from certvote.certificates import search as search_module
from certvote.certificates.costs import Attackable, cost_table
from certvote.certificates.search import search
from certvote.certificates.search_kernels import at_most
from certvote.types import Votes

HUGE = 10**6


def hard_table(seed=0, m=60, c=4, e=8):
    """Spread-out votes: the optimum is not all additions with one label, and the search has to branch."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(40, rng.dirichlet(np.ones(c), size=m)).astype(np.int32)
    labels = np.array([max(range(c), key=lambda label: (s[label], label)) for s in counts])
    return cost_table(Attackable.of(Votes(counts=counts), labels, e), e, bound="plain")


def test_the_search_encloses_its_optimum_wherever_it_stops():
    table = hard_table()
    optimum = search(table, upper=HUGE)
    assert optimum.upper == optimum.lower
    assert optimum.nodes > 20, "the example is too easy to test anything"
    bounds = [search(table, upper=HUGE, max_nodes=nodes) for nodes in range(optimum.nodes + 2)]
    assert all(found.lower <= optimum.lower <= found.upper for found in bounds)
    assert all(found.nodes <= nodes for nodes, found in enumerate(bounds))
    uppers = [found.upper for found in bounds]
    assert uppers == sorted(uppers, reverse=True)
    assert uppers[0] > optimum.upper


def test_what_is_attained_is_attained():
    table = hard_table()
    found = search(table, upper=HUGE)
    assert found.best.sum() <= table.additions
    H = search_module._Problem(table)
    assert H(found.best) == found.lower


def test_rounded_costs_bound_the_optimum_from_above():
    H = search_module._Problem(hard_table(e=12))
    for seed in range(50):
        x = np.random.default_rng(seed).integers(0, 13, 4)
        values = [H(x, shift) for shift in range(5)]
        assert values == sorted(values)


def test_rounding_does_not_make_the_impossible_possible():
    """A cost of e + 1 stands for never; rounded down to a multiple of 2 it would be e."""
    least = np.array([5, 4])
    F, partial = np.zeros((1, 5), np.int32), np.zeros((1, 5), np.int32)
    assert at_most(least, np.array([0, 2]), 4, 1, F, partial) == 1


def test_a_known_bound_is_kept_and_ends_the_search():
    table = hard_table()
    optimum = search(table, upper=HUGE)
    found = search(table, upper=optimum.upper, starts=[optimum.best])
    assert (found.upper, found.lower, found.nodes) == (optimum.upper, optimum.upper, 0)


def test_a_deadline_in_the_past_stops_at_once():
    found = search(hard_table(), upper=HUGE, deadline=time.monotonic() - 1)
    assert found.nodes == 0
    assert found.lower <= found.upper < HUGE


def test_tolerance_matters_once_patience_is_over(monkeypatch):
    table = hard_table(m=200)
    assert search(table, upper=HUGE, tolerance=20).upper == search(table, upper=HUGE).upper
    monkeypatch.setattr(search_module, "PATIENCE", 0)
    found = search(table, upper=HUGE, tolerance=20)
    assert 0 < found.upper - found.lower <= 20


@pytest.mark.parametrize("knn", [False, True])
def test_additions_counted_in_steps_are_sound(knn):
    rng = np.random.default_rng(2)
    coarser = 0
    for _ in range(80):
        votes, labels = draw_table(lambda low, high: int(rng.integers(low, high + 1)), 4, knn)
        attackable = Attackable.of(votes, labels, 4)
        table = cost_table(attackable, 4, bound="plain", max_bytes=16)
        coarser += table.step > 1
        found = search(table, upper=HUGE)
        broken = budget_broken(votes, labels, 4, "budget") - (len(labels) - len(attackable.label))
        assert found.lower <= broken <= found.upper
        assert found.best.sum() <= 4
    assert coarser > 10


def test_nothing_in_reach():
    votes = Votes(counts=np.array([[9, 0]], dtype=np.int32))
    table = cost_table(Attackable.of(votes, np.array([0]), 2), 2, bound="plain")
    assert (search(table, upper=1).upper, search(table, upper=1).lower) == (0, 0)
