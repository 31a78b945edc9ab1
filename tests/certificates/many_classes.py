"""Votes with many classes: real data whose classes are split by cluster, and synthetic families of rivals."""

from __future__ import annotations

from typing import Any

import numpy as np

from certvote.types import Votes

FAMILIES = ("flat", "clustered", "tailed")
"""Which rivals share the other votes: all alike; a few of the same cluster; a head of labels that all lose to."""


def split_by_cluster(vectors: np.ndarray, labels: np.ndarray, parts: int, seed: int = 0) -> tuple[Any, np.ndarray]:
    """Split every class of clean data into parts, by ten rounds of k-means from seeded examples of the class.

    Parameters
    ----------
    vectors : float array, shape (n, d)
        Clean training examples.
    labels : int64 array, shape (n,)
        Their labels.
    parts : int
        Parts of each class.
    seed : int
        Of the first centers.

    Returns
    -------
    relabel : callable
        Gives the new labels of vectors with their old labels, ``label * parts + part``.
    labels : int64 array, shape (n,)
        New labels of the training examples.
    """
    rng = np.random.default_rng(seed)
    centers = {}
    for label in np.unique(labels).tolist():
        points = vectors[labels == label].astype(np.float32)
        center = points[rng.choice(len(points), parts, replace=False)]
        for _ in range(10):
            nearest = _nearest(points, center)
            for part in np.unique(nearest).tolist():
                center[part] = points[nearest == part].mean(axis=0)
        centers[label] = center

    def relabel(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
        new = np.empty(len(labels), dtype=np.int64)
        for label, center in centers.items():
            own = labels == label
            new[own] = label * parts + _nearest(vectors[own].astype(np.float32), center)
        return new

    return relabel, relabel(vectors, labels)


def _nearest(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    squared = (centers**2).sum(axis=1) - 2 * points @ centers.T
    return np.asarray(squared.argmin(axis=1))


def synthetic(m: int, c: int, k: int, family: str, seed: int = 0) -> tuple[Votes, np.ndarray]:
    """Draw ``k`` votes for each of ``m`` examples of ``c`` classes, and their labels.

    The own label has a Beta(2, 2) share of them; the rest is spread over rivals of a family with random weights.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, c, m)
    own = rng.beta(2.0, 2.0, m)
    weights = np.ones((c, c))
    if family == "clustered":
        cluster = np.arange(c) // 5
        weights = np.where(cluster[:, None] == cluster, 1.0, 0.02)
    elif family == "tailed":
        weights = np.tile((1 + np.arange(c)) ** -1.2, (c, 1))
    counts = np.zeros((m, c), np.int32)
    for start in range(0, m, 2000):
        rows = slice(start, start + 2000)
        y, share = labels[rows], own[rows]
        p = weights[y] * rng.gamma(0.5, 1, (len(y), c))
        p[np.arange(len(y)), y] = 0
        p *= ((1 - share) / p.sum(axis=1))[:, None]
        p[np.arange(len(y)), y] = share
        counts[rows] = rng.multinomial(k, p)
    return Votes(counts), labels
