from __future__ import annotations

import numpy as np
import pytest

from certvote.certificates import dpa, finite_aggregation, runoff
from certvote.certificates.votes import UNLIMITED, gaps, predicted_labels


def draw_rankings(seed, m=40, voters=60, c=5, agree=1.5):
    rng = np.random.default_rng(seed)
    scores = rng.gumbel(size=(m, voters, c)) + agree * rng.normal(size=(m, 1, c))
    return np.argsort(-scores, axis=2).astype(np.uint8)


def ring(voters, spread, seed=0):
    """Every bucket goes to ``spread`` voters, at the same distances from it."""
    shifts = np.random.default_rng(seed).choice(voters, spread, replace=False)
    return ((np.arange(voters)[:, None] - shifts) % voters).astype(np.int32)


def same(x, y):
    for name in ("counts", "winner", "parts"):
        np.testing.assert_array_equal(getattr(x, name), getattr(y, name))


def test_round_two_can_turn_round_one_around():
    """Label 0 leads with 4 of 9, but the voters of label 2, who are out, all prefer label 1."""
    rankings = np.array([[[0, 1, 2]] * 4 + [[1, 0, 2]] * 3 + [[2, 1, 0]] * 2])
    outcome = runoff.elect(rankings, num_classes=3)
    np.testing.assert_array_equal(outcome.counts, [[4, 3, 2]])
    assert (outcome.winner[0], outcome.parts[0]) == (
        1,
        1,
    )  # 5 against 4: one voter more for label 0, or 2 into the final
    hard = runoff.elect_hard(rankings[:, :, 0], num_classes=3)
    assert (hard.winner[0], hard.parts[0]) == (0, 1)


def test_ties_in_both_rounds_go_to_the_larger_label():
    """Three labels, two votes each: 1 and 2 are in the final, 3 against 3 votes there."""
    rankings = np.array([[[0, 1, 2], [0, 2, 1], [1, 2, 0], [1, 2, 0], [2, 1, 0], [2, 1, 0]]])
    outcome = runoff.elect(rankings, num_classes=3)
    assert (outcome.winner[0], outcome.parts[0]) == (2, 1)


def closed_form(rankings):
    """Fewest changed voters, each a part of its own, without any sorting: what the theorem says of DPA."""
    _, v, c = rankings.shape
    place = np.argsort(rankings, axis=2)
    least = []
    for counts, at in zip((rankings[:, :, :1] == np.arange(c)).sum(axis=1), place, strict=True):
        leaders = sorted(range(c), key=lambda label: (counts[label], label))[-2:]

        def duel(x, y, at=at):
            return 2 * (at[:, x] < at[:, y]).sum() - v + (x > y)

        def gap(x, y, counts=counts):
            return counts[x] - counts[y] + (x > y)

        def half(number):
            return max(-(-number // 2), 0)

        a, b = leaders if duel(*leaders) > 0 else leaders[::-1]
        rivals = [label for label in range(c) if label != a]
        ways = [max(half(duel(a, x)), 0 if x == b else half(gap(b, x))) for x in rivals]
        ways += [
            max(half(gap(a, x)), half(gap(a, y)), -(-(gap(a, x) + gap(a, y)) // 3))
            for x in rivals
            for y in rivals
            if x < y
        ]
        least.append((a, min(ways)))
    return np.array(least)


@pytest.mark.parametrize(("voters", "c", "agree"), [(1, 3, 1), (2, 4, 1), (60, 5, 0.5), (61, 10, 2), (300, 3, 1)])
def test_parts_of_dpa_have_a_closed_form(voters, c, agree):
    rankings = draw_rankings(3, m=200, voters=voters, c=c, agree=agree)
    outcome = runoff.elect(rankings, num_classes=c)
    np.testing.assert_array_equal(np.stack((outcome.winner, outcome.parts), axis=1), closed_form(rankings))


def test_without_rankings_it_is_the_plurality():
    first = draw_rankings(4)[:, :, 0]
    buckets = ring(60, 4)
    same(runoff.elect_hard(first, num_classes=5, buckets=buckets),
         finite_aggregation.elect(first, buckets, num_classes=5))  # fmt: skip
    outcome = runoff.elect_hard(first, num_classes=5)
    np.testing.assert_array_equal(outcome.winner, predicted_labels(outcome.counts))
    np.testing.assert_array_equal(outcome.parts, (gaps(outcome.counts).min(axis=1) + 1) // 2)
    np.testing.assert_array_equal(
        dpa.election_sizes(outcome, outcome.winner), dpa.certified_sizes(outcome.counts, outcome.winner)
    )


@pytest.mark.parametrize("buckets", [None, ring(60, 3)])
def test_of_two_classes_the_plurality_wins(buckets):
    rankings = draw_rankings(5, c=2)
    own = np.arange(60)[:, None] if buckets is None else buckets
    same(runoff.elect(rankings, num_classes=2, buckets=buckets),
         finite_aggregation.elect(rankings[:, :, 0], own, num_classes=2))  # fmt: skip


@pytest.mark.parametrize("spread", [0, 1, 5])
def test_order_names_repetitions_threads_and_batches_change_nothing(spread):
    rankings, buckets = draw_rankings(1), np.arange(60)[:, None] if spread == 0 else ring(60, spread)

    def elect(rankings, buckets, **options):
        return runoff.elect(rankings, num_classes=5, buckets=buckets, **options)

    expected = elect(rankings, buckets)
    order = np.random.default_rng(0).permutation(60)
    same(elect(rankings[:, order], buckets[order]), expected)
    same(elect(rankings, order[buckets] * 1000 - 7), expected)
    same(elect(rankings, np.concatenate((buckets, buckets), axis=1)), expected)
    same(elect(np.asfortranarray(rankings.astype(np.int64)), buckets), expected)
    for threads in (1, 3):
        same(elect(rankings, buckets, threads=threads), expected)
    np.testing.assert_array_equal([elect(row[None], buckets).parts[0] for row in rankings], expected.parts)
    if spread < 2:
        same(elect(rankings, None), expected)


def test_a_bucket_with_one_more_voter_is_never_harder_to_break():
    rng = np.random.default_rng(2)
    for seed in range(50):
        rankings, buckets = draw_rankings(seed, m=5, voters=12, c=4), rng.integers(0, 12, size=(12, 2))
        more = np.concatenate((buckets, buckets[:, :1]), axis=1)
        more[rng.integers(0, 12), 2] = rng.integers(0, 12)
        less = runoff.elect(rankings, num_classes=4, buckets=more).parts
        assert (less <= runoff.elect(rankings, num_classes=4, buckets=buckets).parts).all()


def test_round_two_decides_between_two_labels_that_all_others_are_far_behind():
    rankings = np.array([[[0, 1, 2, 3]] * 20 + [[1, 0, 2, 3]] * 25 + [[2, 1, 0, 3]] * 3 + [[3, 1, 2, 0]] * 2])
    outcome = runoff.elect(rankings, num_classes=4)
    assert (outcome.winner[0], outcome.parts[0]) == (1, 6)  # 30 against 20, and the larger label
    assert runoff.elect_hard(rankings[:, :, 0], num_classes=4).parts[0] == 3  # 25 against 20


def test_one_class_one_voter_and_many_classes():
    sole = runoff.elect(np.zeros((2, 3, 1), np.uint8), num_classes=1)
    np.testing.assert_array_equal(sole.parts, [UNLIMITED, UNLIMITED])
    np.testing.assert_array_equal(sole.winner, [0, 0])
    np.testing.assert_array_equal(runoff.elect_hard(np.zeros((2, 3), int), num_classes=1).parts, [UNLIMITED] * 2)
    np.testing.assert_array_equal(runoff.elect(np.array([[[0, 1]], [[1, 0]]]), num_classes=2).parts, [1, 1])
    many = runoff.elect(np.broadcast_to(np.arange(300)[::-1], (1, 5, 300)), num_classes=300)
    assert (many.winner[0], many.parts[0]) == (299, 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rankings": np.array([[[0, 1], [0, 1]], [[0, 1], [1, 1]]])}, "all 2 labels, each once, .* test example 1"),
        ({"rankings": np.zeros((2, 2), int)}, r"expected rankings of shape \[test examples, voters, classes\]"),
        ({"rankings": np.zeros((2, 2, 1), int)}, "expected rankings of all 2 classes, got 1 of them"),
        ({"rankings": np.full((2, 2, 2), 2)}, "expected rankings from 0 to 1, got 2 … 2"),
        ({"rankings": np.zeros((2, 2, 2))}, "expected rankings of an integer type"),
        ({"buckets": np.arange(3)[:, None]}, r"expected buckets of shape \[2, buckets per voter\], got \(3, 1\)"),
        ({"num_classes": True}, "expected num_classes"),
        ({"threads": -1}, "expected threads"),
    ],
)
def test_input_is_checked(wrong, message):
    options = {"rankings": np.array([[[0, 1], [1, 0]]]), "num_classes": 2, "buckets": None, **wrong}
    with pytest.raises(ValueError, match=message):
        runoff.elect(options.pop("rankings"), **options)


def test_input_of_hard_votes_is_checked():
    with pytest.raises(ValueError, match="expected first from 0 to 1"):
        runoff.elect_hard(np.full((2, 2), 2), num_classes=2)
    with pytest.raises(ValueError, match="expected buckets"):
        runoff.elect_hard(np.zeros((2, 2), int), num_classes=2, buckets=np.zeros((3, 1), int))
