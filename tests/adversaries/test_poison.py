"""A poison is applied as it is described, and read back as it was written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from certvote.adversaries.poison import Poison, pack_poisons, unpack_poisons
from certvote.algorithms.base import Inputs


@pytest.fixture
def inputs():
    train = np.arange(10, dtype=np.float32).reshape(5, 2)
    return Inputs(train, np.array([0, 1, 0, 1, 2]), train[:2], 3, train)


def poison(removed, added):
    return Poison(np.array(removed, np.int64), np.full((added, 2), 9, np.float32), np.full(added, 2))


def test_kept_examples_keep_their_order_and_added_ones_follow(inputs):
    poisoned = poison([3, 1], 1).apply(inputs, "any")
    assert poisoned.labels.tolist() == [0, 0, 2, 2]
    assert poisoned.train[:, 0].tolist() == [0, 4, 8, 9]
    assert poisoned.train.dtype == np.float32
    assert np.array_equal(poisoned.test, inputs.test)


@pytest.mark.parametrize(
    ("removed", "added", "change", "fits"),
    [
        (2, 3, "any", True),
        (2, 4, "any", False),
        (4, 0, "any", False),
        (0, 3, "insert", True),
        (1, 3, "insert", False),
        (3, 0, "delete", True),
        (3, 1, "delete", False),
        (3, 3, "relabel", True),
        (4, 4, "relabel", False),
        (3, 2, "relabel", False),
    ],
)
def test_what_an_attacker_of_size_3_can_do(removed, added, change, fits):
    assert poison(range(removed), added).fits(change, 3) is fits


def relabeled(inputs, rows, labels):
    return Poison(np.array(rows, np.int64), inputs.train[rows], np.array(labels))


def test_changed_labels_stay_in_their_places(inputs):
    poisoned = relabeled(inputs, [3, 1], [0, 2]).apply(inputs, "relabel")
    assert poisoned.labels.tolist() == [0, 2, 0, 0, 2]
    assert poisoned.train is inputs.train
    assert inputs.labels.tolist() == [0, 1, 0, 1, 2]
    assert Poison.none(inputs).apply(inputs, "relabel").labels.tolist() == [0, 1, 0, 1, 2]


def test_an_attacker_of_labels_can_change_nothing_else(inputs):
    legal = relabeled(inputs, [3, 1], [0, 2])
    assert legal.relabels(inputs)
    assert replace(legal, images=inputs.examples[[3, 1]]).relabels(inputs)
    moved = relabeled(inputs, [3], [0])
    moved.added[0, 0] += 1
    illegal = (
        relabeled(inputs, [3, 1], [0, 1]),  # 1 has this label
        relabeled(inputs, [3, 3], [0, 2]),
        Poison(np.array([3]), inputs.train[[3, 1]], np.array([0, 2])),
        moved,
        poison([3], 1),
        replace(legal, images=inputs.examples[[1, 3]]),
    )
    for one in illegal:
        assert not one.relabels(inputs)
        with pytest.raises(ValueError, match=r"changes labels alone \(attack\.change=relabel\)"):
            one.apply(inputs, "relabel")


def test_poisons_are_read_back(inputs):
    poisons = {10: poison([1], 2), 5: Poison.none(inputs)}
    read = unpack_poisons(pack_poisons(poisons))
    assert list(read) == [5, 10]
    for size, one in read.items():
        assert all(np.array_equal(array, poisons[size].pack()[name]) for name, array in one.pack().items())
