"""Check the ranked labels that come with votes of kNN."""

from __future__ import annotations

import numpy as np

from certvote.types import Votes


def check_window(votes: Votes, largest: int) -> None:
    """Check that ranked labels reach far enough on both sides of the k-th neighbor, and agree with the counts.

    They may reach less far only where the training set ends.

    Parameters
    ----------
    votes : Votes
        Votes of kNN.
    largest : int
        The largest poisoning size.

    Raises
    ------
    ValueError
        If the window is smaller, or ranked labels have another shape, are no labels, or are more than counts say.
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
