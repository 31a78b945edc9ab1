"""Threshold splitting and its attacks against trying every allocation, on vote tables of every shape."""

from itertools import product

import numpy as np
import pytest

from certificates import claims_thresholds as claims
from certificates.brute_force import winner, worst_correct
from certificates.enumeration import BUDGETS, budget_broken
from certificates.instances import draw_instance, draw_table, draw_unanimous
from certificates.mutation import import_copy
from certvote.certificates import budget_curve, individual
from certvote.certificates.attack import attack, best_removals, costs_with
from certvote.certificates.boxes import split_boxes
from certvote.certificates.costs import Attackable, CostTables
from certvote.certificates.rivals import Rivals, candidates
from certvote.certificates.search import search
from certvote.certificates.split_curve import split_curve
from certvote.certificates.thresholds import split
from certvote.types import Votes

NAMES = {"plain": "budget", "sharp": "sharp"}
CASES = [
    (knn, bound, change)
    for knn, bound, change in product([False, True], NAMES, ("any", "insert"))
    if knn or bound == "sharp"
] + [(False, "sharp", "relabel")]
LARGEST = 3


def drawing(seed):
    rng = np.random.default_rng(seed)
    return lambda low, high: int(rng.integers(low, high + 1))


def drawn(seed, number, knn, largest=LARGEST):
    draw = drawing(seed)
    for _ in range(number):
        yield draw_table(draw, largest, knn)


def wrong(votes, labels):
    return sum(winner(s) != y for s, y in zip(votes.counts, labels, strict=True))


@pytest.mark.parametrize(("knn", "bound", "change"), CASES)
def test_no_bound_is_below_what_breaks(knn, bound, change):
    tight, total = 0, 0
    for votes, labels in drawn(1, 250, knn):
        rivals = Rivals.of(votes, labels, LARGEST, bound=bound, change=change)
        broken = [budget_broken(votes, labels, e, NAMES[bound], change) for e in range(LARGEST + 1)]
        broken = np.array(broken) - wrong(votes, labels)
        game = None
        for e in range(LARGEST, -1, -1):
            reach = rivals.at(e)
            alone, _ = split(reach, rounds=1 + e)
            bounds, game = split(reach, rounds=2, before=game)  # goes on from a larger size
            assert (alone >= broken[: e + 1]).all()
            assert (bounds >= broken[: e + 1]).all()
            tight, total = tight + (bounds[e] == broken[e]), total + 1
            found = attack(reach, np.zeros((1, votes.counts.shape[1]), np.int64), game.removals, True)
            assert found.broken <= broken[e]
            assert found.additions.sum() <= reach.α
            assert found.removals.sum() <= reach.ρ
    assert tight > total / 2


@pytest.mark.parametrize("change", ["any", "insert"])
@pytest.mark.parametrize("algo", ["knn", "rnn"])
def test_no_bound_is_below_what_poisoning_breaks(algo, change):
    draw = drawing(14)
    for _ in range(200):
        instance = draw_instance(draw, algo)
        claims.sound(claims.PROGRAM, instance, change, worst_correct(instance, 2, change))


@pytest.mark.parametrize("kind", claims.KINDS)
@pytest.mark.parametrize("claim", [claims.charged, claims.continued, claims.attained])
def test_charges_games_and_attacks_are_those_of_the_theorem(claim, kind):
    draw = drawing(15)
    for size, most_votes, number in ((LARGEST, 8, 100), (16, 40, 5)):  # candidates leave gaps beyond 13
        for _ in range(number):
            claim(claims.PROGRAM, claims.draw_case(draw, size, *kind, most_votes))


@pytest.mark.parametrize("kind", claims.KINDS)
def test_curves_and_boxes_enclose_what_breaks(kind):
    draw = drawing(16)
    for _ in range(60):
        case = claims.draw_case(draw, LARGEST, *kind)
        broken = claims.most_broken(case.votes, case.labels, case.size, case.bound, case.change)
        claims.enclosing(claims.PROGRAM, case, broken)


@pytest.mark.parametrize(("knn", "bound", "change"), CASES)
def test_the_whole_curve_equals_trying_every_allocation(knn, bound, change, monkeypatch):
    """With as many rounds and boxes as the program takes, both sides meet on tables of this size."""
    monkeypatch.setattr(budget_curve, "FEW_CLASSES", 0)
    draw = drawing(18)
    for j in range(200):
        votes, labels = draw_unanimous(draw, LARGEST) if knn and j % 2 else draw_table(draw, LARGEST, knn)
        curve = budget_curve.curve(votes, labels, np.arange(LARGEST + 1), tolerance=0.0, bound=bound, change=change)
        broken = [budget_broken(votes, labels, e, NAMES[bound], change) for e in range(LARGEST + 1)]
        np.testing.assert_allclose(len(labels) * (1 - curve.certified), broken, atol=1e-9)
        np.testing.assert_allclose(len(labels) * (1 - curve.attained), broken, atol=1e-9)


@pytest.mark.parametrize(("knn", "bound", "change"), CASES)
def test_compiled_bounds_are_those_of_plain_python(knn, bound, change):
    """Plain Python refuses an index out of range, at which compiled code reads or writes foreign memory."""
    plain = import_copy(None)
    for votes, labels in drawn(9, 10, knn):
        how = {"bound": bound, "change": change}
        compiled, _ = split(Rivals.of(votes, labels, LARGEST, **how).at(LARGEST), rounds=3)
        bounds, _ = plain.thresholds.split(plain.rivals.Rivals.of(votes, labels, LARGEST, **how).at(LARGEST), rounds=3)
        np.testing.assert_array_equal(bounds, compiled)


def test_two_additions_break_unanimous_neighborhoods_of_all_labels():
    """Two of three neighbors are pushed out without a removal, though no rival has a vote in any window."""
    c = 14
    labels = np.arange(c)
    ranked = np.repeat(labels[:, None], 4, axis=1).astype(np.uint8)
    votes = Votes(3 * np.eye(c, dtype=np.int32), k=3, window=2, ranked=ranked)
    curve = budget_curve.curve(votes, labels, np.arange(3), tolerance=0.0)
    np.testing.assert_allclose(curve.certified, [1, 1, 1 / c])  # the label that is added is left
    np.testing.assert_allclose(curve.attained, curve.certified)


@pytest.mark.parametrize(("knn", "bound", "change"), CASES)
def test_costs_at_given_additions_are_those_of_the_tables(knn, bound, change):
    """Sparse pairs, rivals without votes and the moving border against the dense tables, through ``H(A)``."""
    rng = np.random.default_rng(2)
    compared = 0
    for votes, labels in drawn(3, 120, knn, 5):
        e, c = int(rng.integers(1, 6)), votes.counts.shape[1]
        reach = Rivals.of(votes, labels, 5, bound=bound, change=change).at(e)
        tables = CostTables.of(Attackable.of(votes, labels, 5, change), 5, bound=bound)
        A = np.bincount(rng.integers(0, c, reach.α), minlength=c)
        only = search(tables, e, upper=10**6, starts=[A], max_nodes=0)
        exact = best_removals(reach, A, A, 0)[0]
        assert exact <= only.lower
        if (only.best == A).all() and A.any():
            assert exact == only.lower
            compared += 1
        assert (costs_with(reach, A) <= reach.alone).all()
    assert compared > 20


def counts_of_many(seed, m=300, c=30, k=40):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(k, rng.dirichlet(np.full(c, 0.2), size=m)).astype(np.int32)
    return Votes(counts), np.array([winner(s) for s in counts])


def test_a_threshold_at_the_cost_of_removals_is_the_removal_budget():
    votes, labels = counts_of_many(0)
    for e in (1, 4, 9):
        upper, _ = split(Rivals.of(votes, labels, e, bound="sharp").at(e), rounds=40)
        removal = budget_curve.removal_curve(votes, labels, np.array([e])).certified[0]
        assert upper[e] <= round(len(labels) * (1 - removal))


def test_many_classes_have_close_sides():
    votes, labels = counts_of_many(4)
    sizes = np.arange(11)
    upper, lower = np.full(11, 300), np.zeros(11, np.int64)
    how = {"tolerance": 0.0, "deadline": np.inf, "threads": 2, "progress": lambda done: None}
    split_curve(Rivals.of(votes, labels, 10, bound="sharp"), sizes, upper, lower, **how)
    assert (lower <= upper).all()
    assert (upper - lower).max() <= 12
    assert (np.diff(upper) >= 0).all()
    assert (np.diff(lower) >= 0).all()
    again = np.full(11, 300), np.zeros(11, np.int64)
    split_curve(Rivals.of(votes, labels, 10, bound="sharp"), sizes, *again, **(how | {"threads": 1}))
    np.testing.assert_array_equal(upper, again[0])
    np.testing.assert_array_equal(lower, again[1])


def test_without_time_bounds_stay_what_they_were():
    votes, labels = counts_of_many(5)
    upper, lower = np.full(4, 300), np.zeros(4, np.int64)
    split_curve(
        Rivals.of(votes, labels, 3, bound="sharp"), np.arange(4), upper, lower,
        tolerance=0.0, deadline=-np.inf, threads=1, progress=lambda done: None,
    )  # fmt: skip
    assert (upper == 300).all()
    assert (lower == 0).all()


@pytest.mark.parametrize("rho", [0, 1, 5, 12, 13, 14, 200, 10_000])
def test_candidates_rise_from_nothing_to_never(rho):
    S = candidates(rho)
    assert S[0] == 0
    assert S[-1] == rho + 1
    assert (np.diff(S) > 0).all()
    assert S.size <= 14 + 4 * np.log(rho + 2)


@pytest.mark.parametrize("change", BUDGETS)
def test_what_is_certified_individually_is_out_of_reach(change):
    if change == "delete":
        return
    for votes, labels in drawn(6, 40, knn=True):
        safe = individual.votes_sizes(votes, labels, change=change)
        rivals = Rivals.of(votes, labels, LARGEST, bound="sharp", change=change)
        for e in range(LARGEST + 1):
            assert rivals.at(e).label.size == np.count_nonzero((safe >= 0) & (safe < e))


@pytest.mark.parametrize(("knn", "bound", "change"), CASES)
def test_boxes_enclose_what_breaks(knn, bound, change):
    exact, total, split_ = 0, 0, 0
    for votes, labels in drawn(8, 120, knn):
        broken = budget_broken(votes, labels, LARGEST, NAMES[bound], change) - wrong(votes, labels)
        reach = Rivals.of(votes, labels, LARGEST, bound=bound, change=change).at(LARGEST)
        bounds, game = split(reach, rounds=1)
        if reach.label.size == 0:
            continue
        for splits in (1, 3, 50):
            start = int(bounds[-1])
            upper, lower = split_boxes(reach, game, start, 0, splits=splits, tolerance=0.0, deadline=np.inf)
            assert lower <= broken <= upper <= start
            split_ += upper < start
        exact, total = exact + (upper == lower == broken), total + 1
    assert split_ > 0 or change == "insert"
    assert exact > 0.8 * total
