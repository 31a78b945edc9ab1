"""Checks of the ranked labels that come with kNN votes."""

from __future__ import annotations

import numpy as np

from certvote.types import Votes


def check_window(votes: Votes, largest: int) -> None:
    """Raise ``ValueError`` unless the ranked labels reach ``largest`` positions to both sides of the ``k``-th neighbor.

    They reach less far only where the training set ends, and what they say must agree with the counts.
    """
    k, window, ranked, counts = votes.k, votes.window, votes.ranked, votes.counts
    assert k is not None
    if window < largest or ranked is None:
        raise ValueError(
            f"expected kNN votes with window ≥ {largest}, the largest poisoning size, got window={window}"
            + (" without ranked labels" if ranked is None else "")
        )
    inside = min(window, k)
    if not np.array_equal(counts.sum(axis=1), np.full(len(counts), k)):
        raise ValueError(f"expected every row of counts to sum to k={k}")
    if ranked.ndim != 2 or len(ranked) != len(counts) or not inside <= ranked.shape[1] <= inside + window:
        raise ValueError(
            f"expected ranked labels of shape [{len(counts)}, {inside} … {inside + window}], got {ranked.shape}"
        )
    if not np.issubdtype(ranked.dtype, np.integer) or (
        ranked.size and not 0 <= ranked.min() <= ranked.max() < counts.shape[1]
    ):
        raise ValueError(f"expected ranked labels from 0 to {counts.shape[1] - 1}, got {ranked.dtype} beyond them")
    for label in range(counts.shape[1]):
        if ((ranked[:, :inside] == label).sum(axis=1) > counts[:, label]).any():
            raise ValueError(f"expected ranked labels that agree with counts, got more of label {label} than votes")
