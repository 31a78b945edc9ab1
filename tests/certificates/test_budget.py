import time

import numpy as np
import pytest

from certificates.brute_force import winner
from certificates.instances import draw_table
from certvote.certificates import budget_curve, coarse_to_fine, costs, individual, search
from certvote.types import Votes


def spread_votes(m=60, c=4, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(40, rng.dirichlet(np.ones(c), size=m)).astype(np.int32)
    return Votes(counts=counts), np.array([winner(s) for s in counts])


def test_sizes_in_any_order_and_repeated():
    votes, labels = spread_votes()
    sizes = np.array([5, 0, 9, 5, 2])
    curve, straight = budget_curve.curve(votes, labels, sizes), budget_curve.curve(votes, labels, np.unique(sizes))
    np.testing.assert_array_equal(curve.sizes, sizes)
    np.testing.assert_array_equal(curve.certified, straight.certified[[2, 0, 3, 2, 1]])
    np.testing.assert_array_equal(curve.attained, straight.attained[[2, 0, 3, 2, 1]])
    removal = budget_curve.removal_curve(votes, labels, sizes).certified
    np.testing.assert_array_equal(
        removal, budget_curve.removal_curve(votes, labels, np.unique(sizes)).certified[[2, 0, 3, 2, 1]]
    )


def test_a_curve_is_what_its_sizes_are_alone():
    votes, labels = spread_votes()
    curve = budget_curve.curve(votes, labels, np.arange(15))
    alone = [budget_curve.curve(votes, labels, np.array([e])) for e in range(15)]
    np.testing.assert_array_equal(curve.certified, np.concatenate([one.certified for one in alone]))
    np.testing.assert_array_equal(curve.attained, curve.certified)


def test_results_do_not_depend_on_the_clock():
    votes, labels = spread_votes(m=100)
    first, second = (budget_curve.curve(votes, labels, np.arange(12), max_nodes=10, seconds=s) for s in (60, 6000))
    np.testing.assert_array_equal(first.certified, second.certified)
    np.testing.assert_array_equal(first.attained, second.attained)


def test_without_time_what_is_known_in_closed_form_is_left():
    votes, labels = spread_votes()
    sizes = np.arange(10)
    curve = budget_curve.curve(votes, labels, sizes, seconds=0)
    np.testing.assert_array_equal(curve.certified, budget_curve.removal_curve(votes, labels, sizes).certified)
    assert (curve.attained >= curve.certified).all()

    knn = Votes(counts=np.array([[1, 4], [5, 0], [3, 2]], np.int32), k=5, window=3, ranked=np.ones((3, 3), np.uint8))
    knn = Votes(knn.counts, 5, 3, np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], np.uint8))
    labels = np.array([1, 0, 1])
    curve = budget_curve.curve(knn, labels, np.arange(4), seconds=0)
    np.testing.assert_array_equal(curve.certified, individual.curve(knn, labels, np.arange(4)).certified)


def test_progress_ends_at_the_number_of_sizes():
    seen = []
    votes, labels = spread_votes()
    budget_curve.curve(votes, labels, np.arange(20), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (20, 20)
    assert len(seen) > 5


@pytest.mark.parametrize("c", [8, 40])
def test_an_interrupt_ends_the_search(c):
    def interrupted(done, total):
        raise KeyboardInterrupt

    votes, labels = spread_votes(m=2000, c=c)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        budget_curve.curve(votes, labels, np.arange(12), tolerance=0, max_nodes=10**9, progress=interrupted)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("k", [None, 3])
def test_a_single_class_and_a_single_example(k):
    counts = np.array([[3]], dtype=np.int32)
    votes = Votes(counts) if k is None else Votes(counts, k, 4, np.zeros((1, 7), np.uint8))
    curve = budget_curve.curve(votes, np.array([0]), np.arange(5))
    assert curve.certified.tolist() == curve.attained.tolist() == [1.0] * 5
    if k is None:
        assert budget_curve.removal_curve(votes, np.array([0]), np.arange(5)).certified.tolist() == [1.0] * 5


def test_everything_wrong_on_clean_data():
    votes = Votes(counts=np.array([[3, 0], [5, 1]], dtype=np.int32))
    curve = budget_curve.curve(votes, np.array([1, 1]), np.arange(3))
    assert curve.certified.tolist() == curve.attained.tolist() == [0.0] * 3


def test_sizes_far_beyond_all_votes():
    votes = Votes(counts=np.array([[3, 0], [0, 2]], dtype=np.int32))
    sizes = np.array([0, 10_000])
    assert budget_curve.curve(votes, np.array([0, 1]), sizes).certified.tolist() == [1, 0]
    assert budget_curve.removal_curve(votes, np.array([0, 1]), np.array([0, 2**31 - 1])).certified.tolist() == [1, 0]


@pytest.mark.parametrize("change", ["any", "insert"])
def test_beyond_the_largest_gap_everything_breaks_and_nothing_is_searched(monkeypatch, change):
    searched = []

    def watched(tables, size, **options):
        searched.append(size)
        return search.search(tables, size, **options)

    monkeypatch.setattr(coarse_to_fine, "search", watched)
    votes, labels = spread_votes()
    largest = (int(votes.counts.max()) + 1) * (1 if change == "any" else 2)
    sizes = np.array([3, largest - 1, largest, largest + 1, 2**31 - 1])
    curve = budget_curve.curve(votes, labels, sizes, change=change)
    assert 0 < max(searched) < largest
    assert curve.certified[2:].tolist() == [0] * 3
    assert (curve.attained >= curve.certified).all()
    assert curve.attained[-1] == 0
    np.testing.assert_array_equal(curve.sizes, sizes)
    # the search agrees
    tables = costs.CostTables.of(costs.Attackable.of(votes, labels, largest, change), largest, bound="plain")
    assert search.search(tables, largest, upper=len(labels)).lower == len(labels)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tolerance", -1.0),
        ("tolerance", float("nan")),
        ("tolerance", "1"),
        ("tolerance", None),
        ("tolerance", True),
        ("seconds", None),
        ("seconds", float("nan")),
        ("max_nodes", 1.5),
        ("max_nodes", None),
        ("seconds", -1.0),
        ("max_nodes", -1),
        ("bound", "x"),
        ("change", "x"),
        ("change", None),
    ],
)
def test_options_out_of_range_are_refused(option, value):
    votes, labels = spread_votes()
    with pytest.raises(ValueError, match=f"expected {option} .*, got {value!r}"):
        budget_curve.curve(votes, labels, np.arange(3), **{option: value})


def test_relabeling_one_label_both_ways_takes_twice_as_many():
    """The label that most examples are changed to has no budget left for its own removals."""
    votes, labels = Votes(7 * np.eye(6, dtype=np.int32)), np.arange(6)
    sizes = np.array([8, 16])
    both = budget_curve.curve(votes, labels, sizes, tolerance=0.0)
    np.testing.assert_allclose(both.certified, [0, 0])
    relabeled = budget_curve.curve(votes, labels, sizes, tolerance=0.0, change="relabel")
    np.testing.assert_allclose(relabeled.certified, [1 / 6, 0])
    np.testing.assert_allclose(relabeled.attained, relabeled.certified)


def test_kept_inputs_need_no_window():
    counts = np.array([[2, 4], [5, 1]], np.int32)
    of = [
        budget_curve.curve(votes, np.array([1, 0]), np.arange(4), change="relabel").certified
        for votes in (Votes(counts), Votes(counts, k=6))
    ]
    np.testing.assert_array_equal(*of)


def test_insertions_have_no_removal_budget():
    votes, labels = spread_votes()
    with pytest.raises(
        ValueError, match=r"expected change any, delete or relabel for the removal-budget .* got 'insert'"
    ):
        budget_curve.removal_curve(votes, labels, np.arange(3), change="insert")
    with pytest.raises(ValueError, match="expected change as one of any, insert, delete, relabel, got 'x'"):
        budget_curve.removal_curve(votes, labels, np.arange(3), change="x")


def test_deletions_of_rnn_are_the_removal_budget_at_every_size(monkeypatch):
    monkeypatch.delattr(budget_curve, "search_curve")
    votes, labels = spread_votes()
    sizes = np.arange(150)
    curve = budget_curve.curve(votes, labels, sizes, change="delete")
    np.testing.assert_array_equal(
        curve.certified, budget_curve.removal_curve(votes, labels, sizes, change="delete").certified
    )
    np.testing.assert_array_equal(curve.certified, curve.attained)
    assert curve.certified[0] == 1
    assert curve.certified[-1] == 0
    far = np.array([0, 2**31 - 1])
    assert budget_curve.removal_curve(votes, labels, far, change="delete").certified.tolist() == [1, 0]


@pytest.mark.parametrize("bound", ["plain", "sharp"])
def test_deletions_of_knn_are_not_searched(monkeypatch, bound):
    monkeypatch.delattr(budget_curve, "search_curve")
    rng = np.random.default_rng(1)
    seen, found = [], set()
    for _ in range(50):
        votes, labels = draw_table(lambda low, high: int(rng.integers(low, high + 1)), 6, True)
        sizes, options = np.array([4, 0, 6, 4]), {"change": "delete", "bound": bound}
        curve = budget_curve.curve(votes, labels, sizes, **options, progress=lambda *done: seen.append(done))
        np.testing.assert_array_equal(curve.certified, curve.attained)
        straight = budget_curve.curve(votes, labels, np.arange(7), **options).certified
        np.testing.assert_array_equal(curve.certified, straight[sizes])
        found |= set(straight.tolist())
    assert set(seen) == {(4, 4)}
    assert len(found) > 10
    assert (
        budget_curve.curve(Votes(votes.counts, votes.k), labels, np.array([0]), change="delete").certified
        == straight[0]
    )
    with pytest.raises(ValueError, match="window ≥ 1"):
        budget_curve.curve(Votes(votes.counts, votes.k), labels, np.array([1]), change="delete")


def test_knn_without_window_is_refused():
    votes = Votes(counts=np.array([[2, 1]], dtype=np.int32), k=3)
    with pytest.raises(ValueError, match="window ≥ 2"):
        budget_curve.curve(votes, np.array([0]), np.arange(3))
    with pytest.raises(ValueError, match=r"expected votes of rNN .* k=3"):
        budget_curve.removal_curve(votes, np.array([0]), np.arange(3))
