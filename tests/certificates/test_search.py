import numpy as np
import pytest

from certificates.enumeration import budget_broken
from certificates.instances import draw_table
from certvote.certificates import search as search_module
from certvote.certificates.coarse_to_fine import rounds
from certvote.certificates.costs import Attackable, CostTables
from certvote.certificates.search import Boxes, search
from certvote.types import Votes

HUGE = 10**6
SIZE = 8


def hard_tables(seed=0, m=60, c=4):
    """Spread-out votes: the optimum is not all additions with one label, and the search has to branch."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(40, rng.dirichlet(np.ones(c), size=m)).astype(np.int32)
    labels = np.array([max(range(c), key=lambda label: (s[label], label)) for s in counts])
    return CostTables.of(Attackable.of(Votes(counts=counts), labels, SIZE), SIZE, bound="plain")


def test_the_search_encloses_its_optimum_wherever_it_stops():
    tables = hard_tables()
    optimum = search(tables, SIZE, upper=HUGE)
    assert optimum.upper == optimum.lower
    assert optimum.nodes > 20, "the example is too easy to test anything"
    found = [search(tables, SIZE, upper=HUGE, max_nodes=nodes) for nodes in range(optimum.nodes + 2)]
    assert all(one.lower <= optimum.lower <= one.upper for one in found)
    assert all(one.nodes <= nodes for nodes, one in enumerate(found))
    uppers = [one.upper for one in found]
    assert uppers == sorted(uppers, reverse=True)
    assert uppers[0] > optimum.upper


def test_what_is_attained_is_attained():
    tables = hard_tables()
    found = search(tables, SIZE, upper=HUGE)
    assert found.best.sum() <= SIZE
    point = Boxes(found.best[None], found.best[None], np.array([HUGE]))
    assert search(tables, SIZE, upper=HUGE, starts=[found.best], boxes=point).upper == found.lower


def test_boxes_of_a_larger_size_serve_smaller_ones():
    handed_on = 0
    for seed in range(20):
        tables = hard_tables(seed)
        boxes = search(tables, SIZE, upper=HUGE).boxes
        for size in range(SIZE - 1, 0, -1):
            alone = search(tables, size, upper=HUGE)
            found = search(tables, size, upper=HUGE, boxes=boxes)
            assert (found.upper, found.lower) == (alone.upper, alone.lower)
            handed_on += found.nodes < alone.nodes
            boxes = found.boxes
    assert handed_on > 50


def test_too_many_boxes_are_not_handed_on(monkeypatch):
    monkeypatch.setattr(search_module, "MAX_BOXES_HANDED_ON", 3)
    boxes = search(hard_tables(), SIZE, upper=HUGE).boxes
    assert len(boxes.low) == 1
    assert (boxes.high == SIZE).all()


def test_a_known_bound_is_kept_and_ends_the_search():
    tables = hard_tables()
    optimum = search(tables, SIZE, upper=HUGE)
    found = search(tables, SIZE, upper=optimum.upper, starts=[optimum.best])
    assert (found.upper, found.lower, found.nodes) == (optimum.upper, optimum.upper, 0)


def test_a_search_that_is_told_to_stop_stops_at_once():
    found = search(hard_tables(), SIZE, upper=HUGE, stop=np.ones(1, np.int8))
    assert found.nodes == 0
    assert found.lower <= found.upper < HUGE


def test_tolerance_matters_once_patience_is_over(monkeypatch):
    tables = hard_tables(m=200)
    assert search(tables, SIZE, upper=HUGE, tolerance=20).upper == search(tables, SIZE, upper=HUGE).upper
    monkeypatch.setattr(search_module, "PATIENCE", 0)
    found = search(tables, SIZE, upper=HUGE, tolerance=20)
    assert 0 < found.upper - found.lower <= 20


@pytest.mark.parametrize("bound", ["plain", "sharp"])
@pytest.mark.parametrize("change", ["any", "insert"])
def test_tables_with_steps_are_sound(change, bound):
    rng = np.random.default_rng(2)
    coarser, loose = 0, 0
    for _ in range(150):
        votes, labels = draw_table(lambda low, high: int(rng.integers(low, high + 1)), 4, True)
        tables = CostTables.of(Attackable.of(votes, labels, 4, change), 4, bound=bound, max_bytes=40)
        coarser += tables.step > 1
        found = search(tables, 4, upper=HUGE)
        right = np.count_nonzero(
            np.array([max(range(s.size), key=lambda y: (s[y], y)) for s in votes.counts]) == labels
        )
        bound_ = "budget" if bound == "plain" else "sharp"
        broken = budget_broken(votes, labels, 4, bound_, change) - (len(labels) - right)
        assert found.lower <= broken <= found.upper
        assert found.best.sum() <= 4
        loose += found.lower < found.upper
    assert coarser > 10
    assert loose > 0 or bound == "plain"


def test_nothing_in_reach():
    votes = Votes(counts=np.array([[9, 0]], dtype=np.int32))
    tables = CostTables.of(Attackable.of(votes, np.array([0]), 2), 2, bound="plain")
    assert (search(tables, 2, upper=1).upper, search(tables, 2, upper=1).lower) == (0, 0)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 7, 64, 100])
def test_rounds_visit_every_size_once(number):
    visited = [j for round_ in rounds(number) for j in round_]
    assert sorted(visited) == list(range(number))
    assert visited[0] == number - 1
