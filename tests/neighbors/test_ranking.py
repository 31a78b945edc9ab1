"""Ranks are a property of the example alone."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from certvote.neighbors.ranking import precedence


def test_index_ranks_the_last_example_highest():
    assert precedence(np.zeros((4, 1)), np.zeros(4, np.int64), "index").tolist() == [3, 2, 1, 0]


def test_hash_is_sha256_of_values_and_label():
    rng = np.random.default_rng(0)
    train, labels = rng.integers(0, 9, (50, 4)).astype(np.float32), rng.integers(0, 3, 50)
    digests = [
        sha256(row.astype("<f8").tobytes() + int(label).to_bytes(8, "little")).digest()
        for row, label in zip(train, labels, strict=True)
    ]
    expected = sorted(range(50), key=lambda i: digests[i], reverse=True)
    assert np.argsort(precedence(train, labels, "hash")).tolist() == expected


def test_hash_depends_on_the_label_and_not_on_the_sign_of_zero():
    train = np.array([[0.0], [-0.0], [0.0]])
    places = precedence(train, np.array([0, 0, 1]), "hash")
    assert sorted(places.tolist()) == [0, 1, 2]
    assert abs(places[0] - places[1]) == 1  # equal digests stand side by side
    assert places[2] in (0, 2)
