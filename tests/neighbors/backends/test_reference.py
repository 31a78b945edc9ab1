"""The oracle itself, on instances that can be checked by eye."""

from __future__ import annotations

import numpy as np

from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes


def column(*values):
    return np.array(values, np.float32)[:, None]


TRAIN, LABELS = column(0, 1, 1, 2, 4), np.array([0, 1, 2, 1, 0])


def test_equally_near_neighbors_come_in_descending_order_of_their_index():
    by_k = knn_votes(
        TRAIN, LABELS, column(1), k=[1, 2, 3, 4], window=9, num_classes=3, backend="reference"
    )  # distances 1 0 0 1 3: order 2, 1, 3, 0, 4
    assert [votes.counts[0].tolist() for votes in by_k] == [[0, 0, 1], [0, 1, 1], [0, 2, 1], [1, 2, 1]]
    assert by_k[0].ranked.tolist() == [[2, 1, 1, 0, 0]]


def test_the_window_is_cut_at_both_ends_of_the_training_set():
    votes = knn_votes(TRAIN, LABELS, column(1), k=2, window=1, num_classes=3, backend="reference")
    assert votes.ranked.tolist() == [[1, 1]]  # neighbors number 2 and 3
    votes = knn_votes(TRAIN, LABELS, column(1), k=4, window=2, num_classes=3, backend="reference")
    assert votes.ranked.tolist() == [[1, 0, 0]]  # number 3, 4 and 5, no number 6
    votes = knn_votes(TRAIN, LABELS, column(1), k=1, window=3, num_classes=3, backend="reference")
    assert votes.ranked.tolist() == [[2, 1, 1, 0]]  # no number -1 and 0


def test_the_radius_belongs_to_the_neighborhood():
    votes = rnn_votes(TRAIN, LABELS, column(1, 3), r=[0, 1, np.nextafter(1, 0), 9], num_classes=3, backend="reference")
    assert [v.counts.tolist() for v in votes] == [
        [[0, 1, 1], [0, 0, 0]],
        [[1, 2, 1], [1, 1, 0]],
        [[0, 1, 1], [0, 0, 0]],
        [[2, 2, 1], [2, 2, 1]],
    ]


def test_random_instances_against_plain_python():
    rng = np.random.default_rng(1)
    train, queries = rng.integers(0, 4, (30, 2)), rng.integers(0, 4, (10, 2))
    labels = rng.integers(0, 3, 30)
    by_k, by_r = neighbor_votes(train, labels, queries, ks=[7], rs=[2], num_classes=3, backend="reference")
    for i, query in enumerate(queries.tolist()):
        distances = [sum(abs(a - b) for a, b in zip(query, row, strict=True)) for row in train.tolist()]
        nearest = sorted(range(30), key=lambda j: (distances[j], -j))[:7]
        assert by_k[0].counts[i].tolist() == [[labels[j] for j in nearest].count(label) for label in range(3)]
        within = [labels[j] for j in range(30) if distances[j] <= 2]
        assert by_r[0].counts[i].tolist() == [within.count(label) for label in range(3)]
