"""Which examples a voter gets depends on the seed (bagging), or on each example alone (DPA, FA)."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from certvote.algorithms.subsets import bootstrap, hash_partition, hash_spread


def images(n, *, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 3, 2, 1)).astype(np.uint8), rng.integers(0, 4, n)


def sets(subsets):
    return [sorted(members.tolist()) for members in subsets]


def test_bootstrap_is_its_seed_and_begins_with_the_smaller_ensemble():
    one, two, fewer = (bootstrap(50, members=v, size=7, seed=3) for v in (20, 20, 5))
    assert len(one) == 20
    assert {len(members) for members in one} == {7}
    assert 0 <= one.examples.min() < one.examples.max() < 50
    np.testing.assert_array_equal(one.examples, two.examples)
    np.testing.assert_array_equal(one.examples[: 5 * 7], fewer.examples)
    np.testing.assert_array_equal(one.seeds[:5], fewer.seeds)
    assert len(set(one.seeds.tolist())) == 20
    assert (one.examples != bootstrap(50, members=20, size=7, seed=4).examples).any()


def test_bootstrap_draws_every_example_equally_often_with_replacement():
    subsets = bootstrap(10, members=20_000, size=5, seed=0)
    counts = np.bincount(subsets.examples, minlength=10)
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(10_000)
    distinct = np.mean([len(set(members)) == 5 for members in sets(subsets)])
    assert abs(distinct - 10 * 9 * 8 * 7 * 6 / 10**5) < 0.02


def test_part_is_sha256_of_image_and_label():
    x, y = images(100)
    digests = [sha256(a.tobytes() + int(b).to_bytes(8, "little")).digest() for a, b in zip(x, y, strict=True)]
    parts = [int.from_bytes(digest, "big") % 7 for digest in digests]
    subsets = hash_partition(x, y, parts=7)
    for part, members in enumerate(subsets):
        expected = sorted((i for i in range(100) if parts[i] == part), key=lambda i: digests[i])
        assert members.tolist() == expected
    assert subsets.seeds.tolist() == list(range(7))


@pytest.mark.parametrize("d", [1, 2])
def test_parts_by_input_keep_an_example_whose_label_changes(d):
    x, y = images(100)
    digests = [int.from_bytes(sha256(a.tobytes()).digest(), "big") for a in x]
    one, buckets = hash_spread(x, y, parts=7, spread=d, by="input")
    if d == 1:
        assert sets(one) == [[i for i in range(100) if digests[i] % 7 == part] for part in range(7)]
    relabeled = y.copy()
    relabeled[31] = (y[31] + 1) % 4
    two, same = hash_spread(x, relabeled, parts=7, spread=d, by="input")
    np.testing.assert_array_equal(buckets, same)
    assert sets(one) == sets(two)
    touched = [j for j, members in enumerate(one) if 31 in members]
    assert len(touched) == d
    for j, (before, after) in enumerate(zip(one, two, strict=True)):
        if j not in touched:
            assert before.tolist() == after.tolist()  # in the same order as well
    with pytest.raises(ValueError, match="option partition_by: expected one of example, input, got 'label'"):
        hash_spread(x, y, parts=7, spread=d, by="label")


def test_equal_inputs_with_different_labels_are_in_one_part_in_an_order_of_their_own():
    x, y = images(50)
    x, y = np.concatenate((x, x)), np.concatenate((y, (y + 1) % 4))
    order = np.random.default_rng(2).permutation(100)
    one, two = hash_partition(x, y, parts=5, by="input"), hash_partition(x[order], y[order], parts=5, by="input")
    np.testing.assert_array_equal(one.examples, order[two.examples])
    for members in sets(one):
        assert [i + 50 for i in members if i < 50] == [i for i in members if i >= 50]


def test_vectors_are_hashed_by_value():
    x = np.array([[0.0, 1.0], [-0.0, 1.0], [2.0, 0.5]], np.float32)
    for other in (x.astype(np.float64), np.abs(x), x.astype(">f4")):
        np.testing.assert_array_equal(
            hash_partition(x, np.zeros(3, int), parts=3).offsets,
            hash_partition(other, np.zeros(3, np.uint8), parts=3).offsets,
        )


@pytest.mark.parametrize("d", [1, 3])
def test_order_of_the_training_set_is_irrelevant(d):
    x, y = images(300)
    order = np.random.default_rng(1).permutation(300)
    one, buckets = hash_spread(x, y, parts=5, spread=d)
    two, same = hash_spread(x[order], y[order], parts=5, spread=d)
    np.testing.assert_array_equal(buckets, same)
    np.testing.assert_array_equal(one.offsets, two.offsets)
    np.testing.assert_array_equal(one.examples, order[two.examples])


@pytest.mark.parametrize("d", [1, 3])
def test_an_example_changes_only_the_voters_of_its_bucket(d):
    x, y = images(300)
    subsets, _ = hash_spread(x, y, parts=5, spread=d)
    changed = x.copy()
    changed[17] = 255 - changed[17]
    after, _ = hash_spread(changed, y, parts=5, spread=d)
    touched = 0
    for one, two in zip(subsets, after, strict=True):
        assert [i for i in one if i != 17] == [i for i in two if i != 17]
        assert sum(np.sum(members == 17) for members in (one, two)) <= 2
        touched += 17 in one
    assert touched == d


def test_spread_one_is_the_partition():
    x, y = images(200)
    subsets, buckets = hash_spread(x, y, parts=9, spread=1)
    assert buckets.tolist() == [[j] for j in range(9)]
    np.testing.assert_array_equal(subsets.examples, hash_partition(x, y, parts=9).examples)


def test_every_voter_has_as_many_buckets_as_every_bucket_has_voters():
    x, y = images(500)
    subsets, buckets = hash_spread(x, y, parts=6, spread=4)
    assert buckets.shape == (24, 4)
    assert buckets.dtype == np.int32
    assert all(len(set(row)) == 4 for row in buckets.tolist())
    assert np.bincount(buckets.reshape(-1), minlength=24).tolist() == [4] * 24
    fine = [set(members) for members in sets(hash_partition(x, y, parts=24))]
    for members, row in zip(sets(subsets), buckets, strict=True):
        assert members == sorted(set().union(*(fine[b] for b in row)))
    other = hash_spread(*images(300, seed=9), parts=6, spread=4)[1]
    np.testing.assert_array_equal(buckets, other)  # a constant of the method


@pytest.mark.parametrize(
    ("option", "make"),
    [
        ("algo.voters: expected an integer >= 2, got 1", lambda x, y: bootstrap(9, members=1, size=3, seed=0)),
        ("algo.voters", lambda x, y: bootstrap(9, members=2.0, size=3, seed=0)),
        ("option subsample: expected an integer >= 1, got 0", lambda x, y: bootstrap(9, members=5, size=0, seed=0)),
        ("option subsample: expected at most .* 9, got 10", lambda x, y: bootstrap(9, members=5, size=10, seed=0)),
        ("algo.seed", lambda x, y: bootstrap(9, members=5, size=3, seed=-1)),
        ("option parts: expected an integer >= 2, got 1", lambda x, y: hash_partition(x, y, parts=1)),
        ("option parts: expected at most .* 9, got 10", lambda x, y: hash_partition(x, y, parts=10)),
        ("algo.spread: expected an integer >= 1, got 0", lambda x, y: hash_spread(x, y, parts=2, spread=0)),
        (
            r"option parts · algo.spread: expected at most .* 9, got 10",
            lambda x, y: hash_spread(x, y, parts=2, spread=5),
        ),
        ("labels", lambda x, y: hash_partition(x, y[:5], parts=2)),
        ("examples", lambda x, y: hash_partition(y, y, parts=2)),
    ],
)
def test_nonsense_is_refused_by_name(option, make):
    with pytest.raises(ValueError, match=option):
        make(*images(9))
