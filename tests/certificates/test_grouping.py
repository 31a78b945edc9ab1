"""RD and ISLAND against the definition, written out one group at a time."""

import numpy as np
import pytest

from certificates.brute_force import winner
from certvote.certificates import grouping
from certvote.types import Votes


def cost(counts, label, e):
    s = counts.astype(int)
    a = winner(s)
    if a != label:
        return 0
    rest = [s[a] - s[b] + (a > b) for b in range(len(s)) if b != a]
    return max(min(rest, default=10**9) - e, 0)


def certified_in(costs, e):
    costs, total = sorted(costs), 0
    for place, value in enumerate(costs):
        total += value
        if total > e:
            return len(costs) - place
    return 0


def island(counts, labels, e):
    costs = [cost(s, y, e) for s, y in zip(counts, labels, strict=True)]
    certified = sum(value > e for value in costs)
    by_label = {}
    for s, value in zip(counts, costs, strict=True):
        if 0 < value <= e:
            by_label.setdefault(winner(s), []).append(value)
    columns = [sorted(values, reverse=True) for values in by_label.values()]
    for place in range(max(map(len, columns), default=0)):
        certified += certified_in([column[place] for column in columns if place < len(column)], e)
    return certified / len(labels)


def random_votes(seed):
    rng = np.random.default_rng(seed)
    m, c = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    counts = rng.integers(0, rng.integers(1, 30), size=(m, c)).astype(np.int32)
    labels = np.where(rng.random(m) < 0.8, [winner(s) for s in counts], rng.integers(0, c, m))
    return counts, labels.astype(np.int64)


@pytest.mark.parametrize("seed", range(100))
def test_island_is_what_its_definition_says(seed):
    counts, labels = random_votes(seed)
    sizes = np.random.default_rng(seed).permutation(25)
    curve = grouping.curve(Votes(counts=counts), labels, sizes, method="island")
    np.testing.assert_allclose(curve.certified, [island(counts, labels, e) for e in sizes])
    np.testing.assert_array_equal(curve.sizes, sizes)


@pytest.mark.parametrize("seed", range(30))
def test_rd_certifies_what_its_groups_certify(seed):
    counts, labels = random_votes(seed)
    sizes = np.arange(25)
    curve = grouping.curve(Votes(counts=counts), labels, sizes, method="rd", seed=seed)
    a = np.array([winner(s) for s in counts])
    group = grouping._random_groups(a, counts.shape[1], np.random.default_rng(seed))
    assert len({*zip(a.tolist(), group.tolist(), strict=True)}) == len(a), "a label twice in a group"
    assert set(group) == set(range(np.bincount(a).max())), "as few groups as the most frequent label needs"
    expected = [
        sum(
            certified_in([cost(counts[i], labels[i], e) for i in np.flatnonzero(group == g)], e)
            for g in range(group.max() + 1)
        )
        for e in sizes
    ]
    np.testing.assert_allclose(curve.certified, np.array(expected) / len(labels))


def test_rd_depends_on_its_seed_alone():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 50, size=(400, 5)).astype(np.int32)
    labels = np.array([winner(s) for s in counts])
    curves = [grouping.curve(Votes(counts=counts), labels, np.arange(30), seed=seed).certified for seed in (3, 3, 4)]
    np.testing.assert_array_equal(curves[0], curves[1])
    assert (curves[0] != curves[2]).any()


@pytest.mark.parametrize("rows", [[0, 1], [1, 0]])
@pytest.mark.parametrize("method", ["rd", "island"])
def test_the_tie_bit_decides_who_is_cheapest(rows, method):
    """Both examples lead by two votes; the smaller label loses ties and costs 1 at e = 1, the larger one 2.

    Sorted by the lead alone, the larger label's may come first, exceed the budget, and both would be certified.
    """
    counts = np.array([[2, 0], [0, 2]], dtype=np.int32)[rows]
    curve = grouping.curve(Votes(counts=counts), np.array([0, 1])[rows], np.array([1]), method=method)
    np.testing.assert_allclose(curve.certified, [0.5])


def test_knn_votes_are_refused():
    votes = Votes(counts=np.array([[2, 1]], dtype=np.int32), k=3)
    with pytest.raises(ValueError, match=r"expected votes of rNN \(k=None\).*k=3"):
        grouping.curve(votes, np.array([0]), np.array([0]))


@pytest.mark.parametrize("method", ["rd", "island"])
def test_insertions_share_no_removals(method):
    votes = Votes(counts=np.array([[2, 1]], dtype=np.int32))
    with pytest.raises(
        ValueError, match=f"expected change any, delete or relabel for grouping {method}.* got 'insert'"
    ):
        grouping.curve(votes, np.array([0]), np.array([0]), method=method, change="insert")
    with pytest.raises(ValueError, match="expected change as one of any, insert, delete, relabel, got None"):
        grouping.curve(votes, np.array([0]), np.array([0]), method=method, change=None)


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="expected method 'rd' or 'island', got 'best'"):
        grouping.curve(Votes(counts=np.array([[2, 1]], dtype=np.int32)), np.array([0]), np.array([0]), method="best")


@pytest.mark.parametrize("method", ["rd", "island"])
@pytest.mark.parametrize("seed", [-1, 1.5, None, True, "1"])
def test_unusable_seeds_are_refused(method, seed):
    votes = Votes(counts=np.array([[2, 1]], dtype=np.int32))
    with pytest.raises(ValueError, match=f"expected seed as an integer ≥ 0, got {seed!r}"):
        grouping.curve(votes, np.array([0]), np.array([0]), method=method, seed=seed)
