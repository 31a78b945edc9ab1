"""Tiny random instances for brute force, and random vote tables, from any source of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from certificates.brute_force import Instance, votes_by_hand, winner
from certvote.types import Votes

Draw = Callable[[int, int], int]
"""``draw(low, high)``: an integer, both ends included."""


def draw_instance(draw: Draw, algo: str, most_train: int = 8, most_candidates: int = 12) -> Instance:
    """A tiny problem with many equal distances, duplicates and, mostly, correct test examples."""
    classes = draw(2, 3)
    dimensions = draw(1, 2)
    extent = 4 if dimensions == 1 else 2
    test = np.array([[draw(0, extent) for _ in range(dimensions)] for _ in range(draw(1, 5))])
    n = draw(1, most_train)
    # Labels follow the place, with exceptions: otherwise hardly anything is left to certify.
    usual = [draw(0, classes - 1) for _ in range((extent + 1) ** dimensions)]
    ranked_by_index = draw(0, 1) == 1

    def place() -> list[int]:
        if draw(0, 3):
            return test[draw(0, len(test) - 1)].tolist()
        return [draw(0, extent) for _ in range(dimensions)]

    def label(point: list[int]) -> int:
        return usual[sum(x * (extent + 1) ** j for j, x in enumerate(point))] if draw(0, 3) else draw(0, classes - 1)

    def rank(point: list[int], label: int, index: int | None) -> int:
        if not ranked_by_index:  # a fixed property of place and label, as a hash is
            return (sum(x * (extent + 1) ** j for j, x in enumerate(point)) * classes + label) * 7919 % 997
        return 2 * index if index is not None else 2 * draw(0, n) - 1  # between, below and above all clean ones

    points = [place() for _ in range(n)]
    labels = [label(point) for point in points]
    train = np.array([[*x, y, rank(x, y, index)] for index, (x, y) in enumerate(zip(points, labels, strict=True))])
    chosen = [(place(), draw(0, classes - 1)) for _ in range(draw(1, most_candidates))]
    candidates = np.unique(np.array([[*x, y, rank(x, y, None)] for x, y in chosen]), axis=0)
    k, r = (draw(1, n), None) if algo == "knn" else (None, draw(0, 3))
    blind = Instance(train, candidates, test, np.zeros(len(test), dtype=np.int64), classes, k, r)
    counts, _ = votes_by_hand(blind)
    predicted = [winner(row) for row in counts]
    truth = np.array([y if draw(0, 7) else draw(0, classes - 1) for y in predicted])
    return Instance(train, candidates, test, truth, classes, k, r)


def votes_of(instance: Instance, window: int) -> Votes:
    """The clean votes as the program's stages hand them on."""
    counts, ranked = votes_by_hand(instance)
    if instance.k is None:
        return Votes(counts=counts)
    k, n = instance.k, ranked.shape[1]
    return Votes(counts=counts, k=k, window=window, ranked=ranked[:, max(k - window, 0) : min(k + window, n)])


def draw_table(draw: Draw, largest: int, knn: bool, most_votes: int = 8) -> tuple[Votes, np.ndarray]:
    """Votes of any shape, not necessarily of any training set, and labels that are mostly right."""
    m, c = draw(1, 12), draw(1, 5)
    most = draw(0, most_votes)
    if not knn:
        counts = np.array([[draw(0, most) for _ in range(c)] for _ in range(m)], dtype=np.int32)
        votes = Votes(counts=counts)
    else:
        n = draw(1, most_votes * 3 // 2)
        k = draw(1, n)
        order = np.array([[draw(0, c - 1) for _ in range(n)] for _ in range(m)], dtype=np.uint8)
        counts = np.array([np.bincount(row[:k], minlength=c) for row in order], dtype=np.int32)
        votes = Votes(counts, k, largest, order[:, max(k - largest, 0) : min(k + largest, n)])
    predicted = [winner(row) for row in counts]
    return votes, np.array([y if draw(0, 5) else draw(0, c - 1) for y in predicted])


def draw_unanimous(draw: Draw, largest: int) -> tuple[Votes, np.ndarray]:
    """Votes of kNN where all neighbors have one label, and hardly any other stands in the window."""
    m, c, k, outside = draw(1, 12), draw(1, 5), draw(1, 6), draw(0, largest)
    labels = np.array([draw(0, c - 1) for _ in range(m)])
    ranked = np.repeat(labels[:, None], min(k, largest) + outside, axis=1).astype(np.uint8)
    if outside > 0 and draw(0, 1):
        ranked[:, -1] = [draw(0, c - 1) for _ in range(m)]
    return Votes(k * np.eye(c, dtype=np.int32)[labels], k, largest, ranked), labels


class Bounds(NamedTuple):
    """Bounds of bagging's two probabilities, the number of training examples and of those that a voter sees."""

    p_a: float
    p_b: float
    n: int
    subsample: int


def draw_bounds(draw: Draw) -> Bounds:
    """Many of them such that some size holds with equality, or nearly: probabilities of so many samples."""
    large = draw(0, 9) == 0
    n = 64 if large else draw(1, 14)
    subsample = 10 if large else draw(1, min(n, 6))
    samples = n**subsample
    p_a = draw(0, samples) / samples if draw(0, 2) else draw(0, 1000) / 1000
    if large or draw(0, 3) == 0:  # where additions or removals of so many examples leave nothing
        e = 2 * draw(0, 4) if large else draw(0, n)  # floats hold these large numbers of samples
        lost = draw(1, 2) * (samples - (n - e) ** subsample) if draw(0, 1) else (n + e) ** subsample - samples
        p_a = min(lost / samples, 1.0)
    p_b = min(draw(0, samples) / samples * draw(0, 1), 1 - p_a)
    return Bounds(p_a, p_b, n, subsample)


@st.composite
def instances(draw: st.DrawFn, algo: str, most_train: int = 8, most_candidates: int = 12) -> Instance:
    return draw_instance(lambda low, high: draw(st.integers(low, high)), algo, most_train, most_candidates)


@st.composite
def tables(draw: st.DrawFn, largest: int, knn: bool) -> tuple[Votes, np.ndarray]:
    return draw_table(lambda low, high: draw(st.integers(low, high)), largest, knn)
