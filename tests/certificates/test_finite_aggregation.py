from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.certificates import dpa, finite_aggregation
from certvote.certificates.votes import UNLIMITED


def elect(first, buckets, num_classes=None, **options):
    c = int(np.max(first)) + 1 if num_classes is None else num_classes
    return finite_aggregation.elect(np.array(first), np.array(buckets), num_classes=c, **options)


def ring(voters, spread, seed=0):
    """Every bucket goes to ``spread`` voters, at the same distances from it."""
    shifts = np.random.default_rng(seed).choice(voters, spread, replace=False)
    return ((np.arange(voters)[:, None] - shifts) % voters).astype(np.int32)


def draw_first(seed, m=40, voters=60, c=5):
    rng = np.random.default_rng(seed)
    usual = rng.integers(0, c, size=(m, 1))
    return np.where(rng.random((m, voters)) < 0.5, usual, rng.integers(0, c, size=(m, voters))).astype(np.uint8)


def test_a_spread_by_hand():
    """Four voters for label 0, one for label 1; two voters share bucket 7, the others have one of their own."""
    first = [[0, 0, 0, 0, 1]]
    outcome = elect(first, [[7], [7], [1], [2], [3]])
    np.testing.assert_array_equal(outcome.counts, [[4, 1]])
    assert (outcome.winner[0], outcome.parts[0]) == (0, 1)  # bucket 7 takes 4 off a gap of 3
    assert elect(first, [[7], [5], [1], [2], [3]]).parts[0] == 2
    assert elect([[1, 1, 1, 1, 0]], [[7], [7], [1], [2], [3]]).parts[0] == 1  # a gap of 4: the larger label wins ties
    assert elect([[1, 1, 1, 1, 0]], [[7], [5], [1], [2], [3]]).parts[0] == 2


def test_the_cheapest_rival_need_not_be_the_runner_up():
    """Bucket 0, one voter for label 0 and both for label 1, takes 2 off the gap of 3 to 1, but 4 off that of 4 to 2."""
    buckets = [[0], [1], [2], [3], [4], [0], [0], [5]]
    assert elect([[0, 0, 0, 0, 0, 1, 1, 2]], buckets).parts[0] == 1
    assert elect([[0, 0, 0, 0, 0, 1, 1, 1]], buckets).parts[0] == 1  # gap 2
    assert elect([[0, 0, 0, 0, 0, 1, 1]], buckets[:7], 2).parts[0] == 2  # nobody else


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_bucket_per_voter_is_dpa(data):
    c, voters, m = (data.draw(st.integers(1, most)) for most in (6, 12, 4))
    first = np.array(data.draw(st.lists(st.lists(st.integers(0, c - 1), min_size=voters, max_size=voters),
                                        min_size=m, max_size=m)))  # fmt: skip
    ids = data.draw(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=voters, max_size=voters, unique=True))
    outcome = elect(first, np.array(ids)[:, None], c)
    for change in ("any", "insert", "delete"):
        for label in range(c):
            labels = np.full(m, label)
            np.testing.assert_array_equal(
                dpa.election_sizes(outcome, labels, change=change),
                dpa.certified_sizes(outcome.counts, labels, change=change),
            )


def test_one_bucket_per_voter_is_dpa_with_many_voters():
    first = draw_first(0, m=300, voters=2500, c=10)
    outcome = elect(first, np.arange(2500)[:, None])
    np.testing.assert_array_equal(outcome.counts, [np.bincount(row, minlength=10) for row in first])
    np.testing.assert_array_equal(
        dpa.election_sizes(outcome, outcome.winner), dpa.certified_sizes(outcome.counts, outcome.winner)
    )


def same(x, y):
    for name in ("counts", "winner", "parts"):
        np.testing.assert_array_equal(getattr(x, name), getattr(y, name))


@pytest.mark.parametrize("spread", [1, 3, 16])
def test_order_names_repetitions_threads_and_batches_change_nothing(spread):
    first, buckets = draw_first(1), ring(60, spread)
    expected = elect(first, buckets)
    order = np.random.default_rng(0).permutation(60)
    same(elect(first[:, order], buckets[order]), expected)
    same(elect(first, order[buckets] * 1000 - 7), expected)
    same(elect(first, np.concatenate((buckets[:, ::-1], buckets), axis=1)), expected)
    same(elect(first.astype(np.int64), buckets.astype(np.int64)), expected)
    for threads in (1, 3):
        same(elect(first, buckets, threads=threads), expected)
    one_by_one = [elect(row[None], buckets, 5) for row in first]
    np.testing.assert_array_equal([outcome.parts[0] for outcome in one_by_one], expected.parts)
    np.testing.assert_array_equal([outcome.winner[0] for outcome in one_by_one], expected.winner)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_a_bucket_with_one_more_voter_is_never_harder_to_break(seed, spread):
    rng = np.random.default_rng(seed)
    first, buckets = draw_first(seed, m=5, voters=12, c=3), rng.integers(0, 12, size=(12, spread))
    more = np.concatenate((buckets, buckets[:, :1]), axis=1)
    more[rng.integers(0, 12), spread] = rng.integers(0, 12)
    assert (elect(first, more, 3).parts <= elect(first, buckets, 3).parts).all()


def test_a_bucket_takes_at_most_as_much_as_all_its_voters_and_at_least_as_much_as_one():
    """Of DPA's parts ``d`` do what one bucket of ``d`` voters does."""
    first = draw_first(2, voters=80)
    single = elect(first, np.arange(80)[:, None]).parts
    for spread in (2, 8):
        parts = elect(first, ring(80, spread)).parts
        assert (parts <= single).all()
        assert (parts >= -(-single // spread)).all()


def test_one_class_one_voter_and_many_classes():
    sole = elect(np.zeros((2, 3), np.uint8), ring(3, 2), 1)
    np.testing.assert_array_equal(sole.parts, [UNLIMITED, UNLIMITED])
    np.testing.assert_array_equal(sole.winner, [0, 0])
    np.testing.assert_array_equal(elect([[0], [1], [2]], [[0]]).parts, [1, 1, 1])
    many = elect(np.full((1, 5), 299), ring(5, 1))
    assert many.counts.shape == (1, 300)
    assert (many.winner[0], many.parts[0]) == (299, 3)


GOOD = {"first": np.zeros((2, 3), np.uint8), "buckets": np.arange(3)[:, None], "num_classes": 2}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"first": np.zeros((2, 3))}, "expected first of an integer type, got float64"),
        ({"first": np.zeros((2, 3, 2), int)}, r"expected first of shape \[test examples, voters\]"),
        ({"first": np.zeros((0, 3), int)}, "not empty"),
        ({"first": np.full((2, 3), 2)}, "expected first from 0 to 1, got 2 … 2"),
        ({"first": np.full((2, 3), -1)}, "expected first from 0 to 1, got -1 … -1"),
        ({"buckets": np.arange(4)[:, None]}, r"expected buckets of shape \[3, buckets per voter\], got \(4, 1\)"),
        ({"buckets": np.arange(3)}, "expected buckets of shape"),
        ({"buckets": np.zeros((3, 0), int)}, "expected buckets of shape"),
        ({"buckets": np.zeros((3, 1))}, "expected buckets of an integer type"),
        ({"num_classes": 0}, "expected num_classes as an integer from 1"),
        ({"num_classes": 2.0}, "expected num_classes as an integer"),
        ({"threads": 0}, "expected threads"),
    ],
)
def test_input_is_checked(wrong, message):
    options = {**GOOD, **wrong}
    with pytest.raises(ValueError, match=message):
        finite_aggregation.elect(options.pop("first"), options.pop("buckets"), **options)
