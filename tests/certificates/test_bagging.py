from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from certificates.bagging_oracle import certified, largest_certified, poisoned, probabilities, tail
from certvote.certificates import bagging
from certvote.certificates.change import CHANGES
from certvote.certificates.votes import UNLIMITED
from certvote.types import Votes

PAPER = {"n_train": 60_000, "subsample": 20, "alpha": 0.001}


def of_bounds(p_a, p_b, n, subsample, change):
    p_a, p_b = np.array([p_a]), np.array([p_b])
    return int(bagging.sizes_of_bounds(p_a, p_b, n_train=n, subsample=subsample, change=change)[0])


# The bounds


@pytest.mark.parametrize("voters", [2, 7, 200])
@pytest.mark.parametrize("level", [0.3, 1e-3, 1e-8])
def test_bounds_are_where_a_binomial_tail_has_the_level(voters, level):
    """By definition: the probability of a label with which so many votes or more, or so few or less, are so rare."""
    for votes in {1, 2, voters // 3 + 1, voters // 2, voters - 1, voters}:
        counts = np.array([[votes, voters - votes]] if 2 * votes >= voters else [[voters - votes, votes]], np.int32)
        p_a, p_b = bagging.confidence_bounds(counts, 9, 3, 2 * level)
        first, second = int(counts.max()), int(counts.min())
        otherwise = 1 - Fraction(float(p_b[0]))
        for number, p in ((first, Fraction(float(p_a[0]))), (voters - second, otherwise)):
            off = p / 2**40 + Fraction(1, 2**50)
            assert tail(number, voters, p - off) < Fraction(level) < tail(number, voters, p + off)


@pytest.mark.parametrize("c", [3, 10])
def test_the_level_is_shared_by_all_test_examples_and_classes(c):
    rng = np.random.default_rng(c)
    counts = rng.multinomial(1000, rng.dirichlet(np.full(c, 0.5), size=50)).astype(np.int32)
    p_a, p_b = bagging.confidence_bounds(counts, 60_000, 20, 0.001)
    second, first = np.sort(counts, axis=1)[:, -2:].T
    np.testing.assert_allclose(binom.sf(first - 1, 1000, p_a), 0.001 / 50 / c, rtol=1e-8)
    np.testing.assert_allclose(binom.cdf(second, 1000, p_b), 0.001 / 50 / c, rtol=1e-8)
    assert (p_a <= first / 1000).all()
    assert (p_b >= second / 1000).all()
    assert (p_a + p_b <= 1).all()


@pytest.mark.parametrize("c", [2, 3, 4])
@pytest.mark.parametrize(("alpha", "voters"), [(0.3, 10), (0.05, 22), (0.5, 16)])
def test_a_label_is_certified_by_mistake_as_rarely_as_promised(c, alpha, voters):
    """All outcomes of the votes, exactly, at many true probabilities: false if the margin claimed is above the true."""
    outcomes = np.array([x for x in product(range(voters + 1), repeat=c) if sum(x) == voters], np.int32)
    # one test example: the level must not be shared by the rows that stand for outcomes
    bounds = [bagging.confidence_bounds(row[None], 9, 3, alpha) for row in outcomes]
    claimed = np.array([float(p_a[0] - p_b[0]) for p_a, p_b in bounds])
    label = c - 1 - np.argmax(outcomes[:, ::-1], axis=1)
    log_factorial = np.cumsum(np.log(np.maximum(np.arange(voters + 1), 1)))
    ways = np.exp(log_factorial[voters] - log_factorial[outcomes].sum(axis=1))
    worst = 0.0
    for shares in product(range(13), repeat=c):
        if sum(shares) != 12:
            continue
        p = np.array(shares) / 12
        rivals = np.where(np.eye(c, dtype=bool), -1, p).max(axis=1)
        false = (claimed > 0) & (claimed > (p - rivals)[label] + 1e-12)
        worst = max(worst, float((ways * np.prod(p**outcomes, axis=1))[false].sum()))
    assert 0 < worst <= alpha


# The size, given bounds


@pytest.mark.parametrize("change", CHANGES)
def test_sizes_are_those_of_trying_every_size_of_the_poisoned_set(change):
    """A closed form and a few integers, against the published condition at every ``n'`` and every ``e``."""
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(400):
        n = int(rng.integers(1, 15))
        subsample = int(rng.integers(1, min(n, 6) + 1))
        p_a = float(rng.choice([rng.random(), 1 - rng.random() * 0.1, rng.integers(0, n + 1) / n, 1.0, 0.5]))
        p_b = min(float(rng.choice([rng.random() * (1 - p_a), 0.0, p_a, rng.integers(0, n + 1) / n])), 1 - p_a)
        size = of_bounds(p_a, p_b, n, subsample, change)
        assert size == largest_certified(Fraction(p_a), Fraction(p_b), n, subsample, change), (n, subsample, p_a, p_b)
        seen.add(size)
    assert {-1, 0, 1, 2, 3} <= seen


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("n", "subsample"), [(60_000, 20), (50_000, 300), (2_000, 2_000), (300, 1), (5_000, 2)])
def test_sizes_of_large_training_sets(change, n, subsample):
    rng = np.random.default_rng(subsample)
    for p_a, rest in zip(rng.random(6), rng.random(6), strict=True):
        p_b = float((1 - p_a) * rest)
        size = of_bounds(p_a, p_b, n, subsample, change)
        exact = partial(certified, p_a=Fraction(float(p_a)), p_b=Fraction(p_b), n=n, subsample=subsample, change=change)
        assert size < 0 or exact(size)
        assert not exact(size + 1)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("n", "subsample"), [(60_000, 20), (1_000, 7), (64, 3), (2**14, 2)])
def test_boundaries_are_decided_exactly(change, n, subsample):
    """Bounds at which a size holds with equality, and the nearest floats on both sides: no float decides these."""
    samples = n**subsample
    for e in {1, 2, n // 1000 + 1, n // 100 + 3}:
        lost = (n + e) ** subsample - samples if change == "insert" else samples - (n - e) ** subsample
        margin = Fraction(lost * (2 if change in ("any", "relabel") else 1), samples)
        if margin >= 1:
            continue
        p_b = 0.0
        for p_a in (float(margin), np.nextafter(float(margin), 0), np.nextafter(float(margin), 1)):
            size = of_bounds(p_a, p_b, n, subsample, change)
            assert e - 2 <= size <= e
            for near in (e - 1, e):
                assert (near <= size) == certified(near, Fraction(p_a), Fraction(p_b), n, subsample, change)


def test_bounds_at_the_ends_of_their_range():
    assert [of_bounds(1.0, 0.0, 10, 3, change) for change in CHANGES] == [
        2,
        2,
        9,
        2,
    ]  # 1.3³ > 2 > 1.2³; any: .8³ > .5 > .7³
    assert [of_bounds(1.0, 0.0, 60_000, 5_000, change) for change in CHANGES] == [8, 8, 59_999, 8]
    assert [of_bounds(0.0, 1.0, 10, 3, change) for change in CHANGES] == [-1] * 4
    assert [of_bounds(0.5, 0.5, 10, 3, change) for change in CHANGES] == [-1] * 4
    assert [of_bounds(1.0, 0.0, 1, 1, change) for change in CHANGES] == [0] * 4
    # apart by less than the probability of one sample: rounding leaves nothing
    assert [of_bounds(0.61, 0.39, 2, 1, change) for change in CHANGES] == [-1] * 4


@pytest.mark.parametrize("subsample", [300, 5000, 50_000])
def test_large_subsamples_neither_overflow_nor_lose_digits(subsample):
    p_a = np.linspace(0.5, 1, 41)[1:]
    size = {
        change: bagging.sizes_of_bounds(p_a, 1 - p_a, n_train=50_000, subsample=subsample, change=change)
        for change in CHANGES
    }
    for change in CHANGES:
        assert (np.diff(size[change]) >= 0).all()
        assert (size[change] >= 0).all()
        assert (size["any"] <= size[change]).all()
    # twice the margin, and the Taylor series of what a removal takes off
    np.testing.assert_allclose(size["any"][0] + 0.5, 50_000 * 0.025 / 2 / subsample, atol=1)


# The theorem


def a_learner(rng, n, new, subsample, classes):
    """Any function of the sample: a table, with a preferred label so that something is certified."""
    usual = int(rng.integers(classes))
    often = rng.choice([0.5, 0.8, 0.95, 1.0])
    table = {
        sample: usual if rng.random() < often else int(rng.integers(classes))
        for sample in product(range(2 * n + new), repeat=subsample)  # n more: the examples with other labels
    }
    return table.__getitem__


def worst_learner(rng, n, new, subsample, e, label, rival, change):
    """One that loses as much as the proof admits: its label stands on samples with the examples to be removed."""
    gone = set() if change == "insert" else set(range(e))
    samples = list(product(range(n), repeat=subsample))
    rng.shuffle(samples)
    samples = sorted((tuple(int(x) for x in s) for s in samples), key=lambda s: not gone & set(s))
    many = int(rng.integers(len(samples) // 2, len(samples) + 1))
    table = {sample: label if j < many else rival for j, sample in enumerate(samples)}
    return lambda sample: table.get(sample, rival)


@pytest.mark.parametrize("change", CHANGES)
def test_no_poisoned_set_changes_a_certified_label(change):
    rng = np.random.default_rng(5)
    decided, reached = 0, 0
    for trial in range(150):
        n, subsample = [(3, 2), (4, 2), (2, 2), (4, 1), (5, 1), (3, 3), (4, 3)][trial % 7]
        classes, new, most = int(rng.integers(2, 4)), 2, 2
        label, rival = rng.permutation(classes)[:2].tolist()
        learner = (
            a_learner(rng, n, new, subsample, classes)
            if trial % 2
            else worst_learner(rng, n, new, subsample, int(rng.integers(0, 3)), label, rival, change)
        )
        clean = probabilities(tuple(range(n)), learner, subsample, classes)
        a = max(range(classes), key=lambda j: (clean[j], j))
        others = max(clean[:a] + clean[a + 1 :])
        size = of_bounds(float(clean[a]), float(others), n, subsample, change)
        decided += size >= 1
        for e in range(min(size, most) + 1):
            for after in poisoned(n, new, e, change):
                p = probabilities(after, learner, subsample, classes)
                assert max(range(classes), key=lambda j: (p[j], j)) == a, (n, subsample, e, after)
        reached += size >= most
    assert decided > 20
    assert reached > 2


@pytest.mark.parametrize("change", CHANGES)
def test_no_more_could_be_certified(change):
    """One size further some learner with these probabilities loses its label, or a tie (Theorem 9, tightness)."""
    for n, subsample in [(4, 2), (8, 2), (4, 3), (2, 2), (16, 1)]:  # powers of two: floats hold the probabilities
        for many in range(n**subsample // 2 + 1, n**subsample + 1, 3):
            p_a = many / n**subsample
            size = of_bounds(p_a, 1 - p_a, n, subsample, change)
            e = size + 1
            gone = 0 if change == "insert" else e
            samples = sorted(product(range(n), repeat=subsample), key=lambda s: min(s) >= gone)
            table = {sample: 0 if j < many else 1 for j, sample in enumerate(samples)}
            after = tuple(range(gone, n)) + tuple(range(n, n + (0 if change == "delete" else e)))
            if not after:
                assert (change, e) == ("delete", n)
                continue
            p = probabilities(after, lambda sample, table=table: table.get(sample, 1), subsample, 2)
            assert p[1] >= p[0]


# The functions


def test_votes_of_the_paper():
    counts = np.zeros((10_000, 10), np.int32)
    counts[:, 3], counts[:, 7] = 1000, 0
    size = bagging.certified_sizes(counts, np.full(10_000, 3), **PAPER)
    p_a = (0.001 / 10_000 / 10) ** (1 / 1000)
    assert (size == np.ceil(60_000 * (1 - (1.5 - p_a) ** (1 / 20))) - 1).all()  # p_b = 1 - p_a
    assert size[0] == 1939  # the published code stops at 1500
    counts[0] = [500, 500, *[0] * 8]
    size = bagging.certified_sizes(counts, np.array([1, 4, *[3] * 9_998]), **PAPER)
    assert size[:2].tolist() == [-1, -1]
    abstained = bagging.abstains(counts, **PAPER)
    assert abstained[:2].tolist() == [True, False]
    assert abstained.sum() == 1


@pytest.mark.parametrize("change", CHANGES)
def test_curve_is_the_share_of_examples_certified_at_each_size(change):
    rng = np.random.default_rng(0)
    counts = rng.multinomial(200, rng.dirichlet(np.full(4, 0.3), size=40)).astype(np.int32)
    labels = np.array([int(s.argmax()) if rng.random() < 0.8 else 0 for s in counts])
    options = {"n_train": 1_000, "subsample": 9, "alpha": 0.05, "change": change}
    size = bagging.certified_sizes(counts, labels, **options)
    sizes = np.array([40, 0, 3, 2**31 - 1])
    curve = bagging.curve(Votes(counts), labels, sizes, **options)
    np.testing.assert_array_equal(curve.certified, [(size >= e).mean() for e in sizes])
    assert curve.attained is None
    assert 0 < curve.certified[0] < curve.certified[1] < 1
    if change != "any":
        assert (size >= bagging.certified_sizes(counts, labels, **(options | {"change": "any"}))).all()


def test_a_tie_of_votes_abstains():
    options = {"n_train": 100, "subsample": 2, "alpha": 0.9}
    assert bagging.abstains(np.array([[5, 5], [0, 10], [5, 5]]), **options).tolist() == [True, False, True]
    assert bagging.certified_sizes(np.array([[5, 5]]), np.array([1]), **options) == -1


@pytest.mark.parametrize("change", CHANGES)
def test_a_single_class_is_certified_at_every_size(change):
    options = {"n_train": 10, "subsample": 2, "alpha": 0.1}
    assert bagging.certified_sizes(np.array([[3], [3]]), np.zeros(2, int), **options, change=change)[0] == UNLIMITED
    assert not bagging.abstains(np.array([[3], [3]]), **options).any()


def test_sizes_grow_with_votes_and_confidence_is_paid_for():
    counts = np.array([[1000 - b, b] for b in range(0, 500, 7)])
    labels = np.zeros(len(counts), int)
    size = bagging.certified_sizes(counts, labels, **PAPER)
    assert (np.diff(size) <= 0).all()
    assert (bagging.certified_sizes(counts, labels, **(PAPER | {"alpha": 0.1})) >= size).all()
    assert (bagging.certified_sizes(counts[:5], labels[:5], **PAPER) > size[:5]).all()  # fewer examples share alpha


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_order_of_rows_and_of_losing_labels_does_not_matter(data):
    m, voters = data.draw(st.integers(1, 6)), data.draw(st.integers(2, 30))
    cuts = [sorted(data.draw(st.integers(0, voters)) for _ in range(2)) for _ in range(m)]
    counts = np.array([[a, b - a, voters - b] for a, b in cuts])
    options = {"n_train": 50, "subsample": 3, "alpha": 0.7}
    labels = np.array([2 - int(np.argmax(s[::-1])) for s in counts])
    size = bagging.certified_sizes(counts, labels, **options)
    np.testing.assert_array_equal(bagging.certified_sizes(counts[::-1], labels[::-1], **options), size[::-1])
    np.testing.assert_array_equal(bagging.abstains(counts, **options), size < 0)
    swapped = counts.copy()
    for row, label in zip(swapped, labels, strict=True):
        first, second = [j for j in range(3) if j != label]
        if row[first] < row[label] and row[second] < row[label]:
            row[[first, second]] = row[[second, first]]
    np.testing.assert_array_equal(bagging.certified_sizes(swapped, labels, **options), size)


GOOD = {"n_train": 10, "subsample": 2, "alpha": 0.1}


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ([[1, 0]], {}, "number of voters ≥ 2, got rows that sum to 1 … 1"),
        ([[0, 0]], {}, "number of voters ≥ 2, got rows that sum to 0"),
        ([[3, 0], [2, 2]], {}, "number of voters ≥ 2, got rows that sum to 3 … 4"),
        ([[3.0, 0]], {}, "expected counts of an integer type"),
        ([3, 0], {}, "expected counts of shape"),
        ([[3, 0]], {"subsample": 11}, "expected subsample from 1 to n_train=10, got 11"),
        ([[3, 0]], {"subsample": 0}, "expected subsample from 1"),
        ([[3, 0]], {"subsample": 2.0}, "expected subsample from 1"),
        ([[3, 0]], {"n_train": 0}, "expected n_train as an integer from 1"),
        ([[3, 0]], {"n_train": None}, "expected n_train as an integer from 1"),
        ([[3, 0]], {"n_train": 2**53 + 1}, "expected n_train as an integer from 1"),
        ([[3, 0]], {"alpha": 0}, "expected alpha from 1e-100 to below 1, got 0"),
        ([[3, 0]], {"alpha": 1.0}, "expected alpha from 1e-100 to below 1, got 1"),
        ([[3, 0]], {"alpha": float("nan")}, "expected alpha from 1e-100 to below 1"),
        ([[3, 0]], {"alpha": 1e-300}, "expected alpha from 1e-100 to below 1, got 1e-300"),
        ([[3, 0]], {"alpha": "0.1"}, "expected alpha from 1e-100 to below 1"),
    ],
)
def test_input_is_checked(counts, options, message):
    labels = np.zeros(len(counts), int)
    with pytest.raises(ValueError, match=message):
        bagging.certified_sizes(np.array(counts), labels, **(GOOD | options))
    with pytest.raises(ValueError, match=message):
        bagging.abstains(np.array(counts), **(GOOD | options))


def test_votes_labels_and_change_are_checked():
    votes = Votes(np.array([[3, 0]], np.int32))
    with pytest.raises(ValueError, match="expected change as one of any, insert, delete, relabel, got 'both'"):
        bagging.certified_sizes(votes.counts, np.array([0]), **GOOD, change="both")
    with pytest.raises(ValueError, match="expected labels from 0 to 1"):
        bagging.curve(votes, np.array([2]), np.array([0]), **GOOD)
    with pytest.raises(ValueError, match="expected sizes"):
        bagging.curve(votes, np.array([0]), np.array([-1]), **GOOD)
    with pytest.raises(ValueError, match="votes of kNN with k=3"):
        bagging.curve(Votes(votes.counts, k=3), np.array([0]), np.array([0]), **GOOD)


def test_numbers_of_numpy_are_numbers():
    counts = np.array([[90, 10]])
    options = {"n_train": np.int32(60_000), "subsample": np.int32(20), "alpha": np.float32(0.5)}
    plain = {"n_train": 60_000, "subsample": 20, "alpha": 0.5}
    assert bagging.certified_sizes(counts, [0], **options) == bagging.certified_sizes(counts, [0], **plain) > 0


def test_the_smallest_alpha_leaves_numbers():
    counts = np.array([[10**6, 0, 0], [900_000, 100_000, 0], [500_001, 499_999, 0]])
    p_a, p_b = bagging.confidence_bounds(counts.astype(np.int32), 60_000, 20, 1e-100)
    assert np.isfinite([p_a, p_b]).all()
    assert (p_a[:2] > p_b[:2]).all()
    assert p_a[2] < p_b[2]


@pytest.mark.parametrize(("classes", "expected"), [(1, 1), (2, 0.99), (4, 0.985), (10, 0.988), (1000, 0.98998)])
def test_confidence_is_that_of_the_theorem(classes, expected):
    assert bagging.confidence(0.01, classes) == pytest.approx(expected, abs=1e-15)


def test_confidence_is_no_negative_number():
    assert bagging.confidence(0.9, 3) == 0


@pytest.mark.parametrize("classes", [0, -1, 2.0, None])
def test_confidence_needs_classes(classes):
    with pytest.raises(ValueError, match="num_classes"):
        bagging.confidence(0.1, classes)
