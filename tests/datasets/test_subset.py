"""Stratified subsets: exact totals, quotas, original order, no example twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certvote.datasets import digits, subset
from certvote.datasets.subset import stratified_indices
from certvote.runtime.digests import array_digest
from certvote.types import Split


def a_split(labels, test_labels=(0,)):
    labels, test_labels = np.array(labels, dtype=np.int64), np.array(test_labels, dtype=np.int64)
    train, test = np.arange(len(labels), dtype=float)[:, None], np.arange(len(test_labels), dtype=float)[:, None]
    names = tuple(str(i) for i in range(max(labels.max(), test_labels.max()) + 1))
    return Split("own", train, labels, test, test_labels, names, array_digest(train, labels, test, test_labels), ("n",))


@given(st.data())
def test_every_label_gets_its_quota_rounded_and_the_total_is_exact(data):
    labels = np.array(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=60)))
    size = data.draw(st.integers(1, len(labels)))
    index = stratified_indices(labels, size, data.draw(st.integers(0, 5)))
    assert len(index) == size
    assert (np.diff(index) > 0).all()
    quotas = size * np.bincount(labels, minlength=6) / len(labels)
    assert (np.abs(np.bincount(labels[index], minlength=6) - quotas) < 1).all()


def test_what_is_left_goes_to_the_largest_remainder_and_then_the_smaller_label():
    labels = np.array([0] * 5 + [1] * 3 + [2] * 3)  # quotas for 4: 1.82, 1.09, 1.09
    assert np.bincount(labels[stratified_indices(labels, 4, 0)]).tolist() == [2, 1, 1]
    labels = np.array([2, 2, 1, 1, 0, 0])  # quotas for 2: 2/3 each
    assert sorted(labels[stratified_indices(labels, 2, 0)]) == [0, 1]


def test_subsets_keep_examples_with_their_labels_in_order():
    split = a_split(np.arange(40) % 4, np.arange(12) % 4)
    small = subset(split, n_train=20, n_test=8, seed=3)
    assert (np.diff(small.train[:, 0]) > 0).all()
    assert (small.train_labels == small.train[:, 0] % 4).all()
    assert (small.test_labels == small.test[:, 0] % 4).all()
    assert len(small.train) == 20
    assert len(small.test) == 8
    assert small.class_names == split.class_names
    assert small.notes == split.notes


def test_the_seed_decides_and_the_digest_follows_the_content():
    split = a_split(np.arange(40) % 4)
    one, again, other = (subset(split, n_train=12, seed=seed) for seed in (0, 0, 1))
    assert one.digest == again.digest
    assert len({one.digest, other.digest, split.digest}) == 3
    assert one.digest == array_digest(one.train, one.train_labels, one.test, one.test_labels)


def test_all_examples_are_the_split_itself():
    split = a_split([0, 1, 0])
    assert subset(split) is split
    assert subset(split, n_train=3).digest == split.digest


@pytest.mark.parametrize(
    ("option", "number"),
    [
        ("n_train", 4),
        ("n_train", 0),
        ("n_test", 2),
        ("n_test", -1),
        ("n_train", True),
        ("n_train", 1.5),
        ("n_test", "1"),
    ],
)
def test_numbers_out_of_range_name_the_option(option, number):
    with pytest.raises(ValueError, match=rf"dataset\.{option}: expected 1 to \d, got {number!r}"):
        subset(a_split([0, 1, 0]), **{option: number})


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
@pytest.mark.parametrize(
    "draw", [lambda seed: subset(a_split([0, 1, 0]), n_train=2, seed=seed), lambda s: digits(seed=s)]
)
def test_unusable_seeds_name_the_option(draw, seed):
    with pytest.raises(ValueError, match=rf"dataset\.seed: expected an integer of at least 0, got {seed!r}"):
        draw(seed)


def test_rows_say_where_examples_come_from():
    split = a_split(np.arange(40) % 4, np.arange(12) % 4)
    small = subset(split, n_train=20, n_test=8, seed=3)
    assert (split.train[small.train_rows] == small.train).all()
    assert (split.test[small.test_rows] == small.test).all()
    assert small.complete == (40, 12)
    assert subset(split).train_rows is None
    assert not small.holdout


@given(st.integers(1, 39), st.integers(0, 3))
def test_a_validation_part_is_taken_out_of_the_training_set(number, seed):
    split = a_split(np.arange(40) % 4, np.arange(12) % 4)
    held = subset(split, holdout=number, seed=seed)
    assert sorted([*held.train[:, 0], *held.test[:, 0]]) == list(range(40))
    assert len(held.test) == number
    assert (split.train[held.test_rows] == held.test).all()
    assert (split.train[held.train_rows] == held.train).all()
    assert (held.test_labels == held.test[:, 0] % 4).all()
    assert held.holdout
    assert "validation part" in held.notes[-1]


def test_subsets_of_a_validation_split_stay_apart():
    split = a_split(np.arange(40) % 4, np.arange(12) % 4)
    held = subset(split, holdout=16, n_train=12, n_test=8, seed=1)
    assert not set(held.train[:, 0]) & set(held.test[:, 0])
    assert (len(held.train), len(held.test)) == (12, 8)


@pytest.mark.parametrize("number", [0, 40, 41, -1, 1.5, True])
def test_a_validation_part_that_leaves_nothing_is_refused(number):
    with pytest.raises(ValueError, match=r"option dataset.holdout: expected 1 to 39"):
        subset(a_split(np.arange(40) % 4), holdout=number)
