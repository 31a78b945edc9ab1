"""The individual certificate of kNN and rNN: each test example on its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, Integer

from certvote.certificates.votes import (
    UNLIMITED,
    checked_counts,
    checked_sizes,
    checked_votes,
    correct,
    share_certified,
    smallest_gap,
)
from certvote.types import Curve, Votes


def certified_sizes(counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
    """Largest poisoning size at which each test example keeps its correct label; -1 where it is wrong on clean data.

    ``ceil(gap_b / 2) - 1``: a poisoned example changes at most one vote of each of two labels (docs/certificates.md,
    Theorem 1). With a single class nothing can go wrong, and the size is ``certvote.certificates.votes.UNLIMITED``.

    Raises:
        ValueError: counts that are not a nonempty table of nonnegative integers, or labels that do not fit them.
    """
    counts, labels = checked_counts(counts, labels)
    gap = smallest_gap(counts)
    size = np.where(gap == UNLIMITED, UNLIMITED, (gap + 1) // 2 - 1)
    return np.where(correct(counts, labels), size, -1).astype(np.int64)


def curve(votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"]) -> Curve:
    """Share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes`` (Theorem 1).

    Raises:
        ValueError: votes, labels or sizes out of range.
    """
    sizes = checked_sizes(sizes)
    votes, labels = checked_votes(votes, labels)
    return share_certified(certified_sizes(votes.counts, labels), sizes)
