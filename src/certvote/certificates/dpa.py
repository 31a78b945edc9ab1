"""Deep Partition Aggregation (DPA): certified sizes of votes among models trained on disjoint parts.

A hash puts every training example into one part, and a voter depends on its part alone. How many parts must be
poisoned before the winner changes is a property of the votes; how many one unit of the poisoning size may touch
depends on what the attacker may do: a removal and an addition may meet in different parts (docs/ensembles.md).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64, Integer

from certvote.certificates.change import check_change
from certvote.certificates.votes import (
    UNLIMITED,
    checked_counts,
    checked_sizes,
    checked_votes,
    correct,
    share_certified,
    smallest_gap,
)
from certvote.checks import plain_array
from certvote.types import Curve, Election, Votes

PARTS_TOUCHED = {"any": 2, "insert": 1, "delete": 1}
"""Most parts that one unit of the poisoning size touches."""


def certified_sizes(
    counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"], *, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Largest poisoning size at which each test example keeps its correct label; -1 where it is wrong on clean data.

    A poisoned part takes at most 2 off the gap, so it takes ``ceil(gap_b / 2)`` of them to change a label. The size is
    ``ceil(gap_b / 2) - 1``, or with ``change="any"`` ``ceil(gap_b / 4) - 1`` (docs/ensembles.md, Theorem 1). With a
    single class nothing can go wrong, and the size is ``certvote.certificates.votes.UNLIMITED``.

    Raises:
        ValueError: counts that are not a nonempty table of nonnegative integers, labels that do not fit them, or an
            unknown change.
    """
    counts, labels = checked_counts(counts, labels)
    gap = smallest_gap(counts)
    parts = np.where(gap == UNLIMITED, UNLIMITED, (gap + 1) // 2)
    return _sizes(parts, correct(counts, labels), change)


def curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes`` (Theorem 1).

    Raises:
        ValueError: votes of kNN (``votes.k`` given), votes, labels or sizes out of range, or an unknown change.
    """
    sizes = checked_sizes(sizes)
    votes, labels = checked_votes(votes, labels)
    if votes.k is not None:
        raise ValueError(f"expected votes of models trained on parts (k=None), got votes of kNN with k={votes.k}")
    return share_certified(certified_sizes(votes.counts, labels, change=change), sizes)


def election_sizes(
    election: Election, labels: Integer[np.ndarray, " m"], *, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Largest poisoning size at which each election keeps its correct winner; -1 where it is wrong on clean data.

    ``parts - 1``, or with ``change="any"`` ``floor((parts - 1) / 2)``: less than ``parts`` parts do not change it.

    Raises:
        ValueError: an election whose arrays do not fit together or are out of range, labels that do not fit it, or an
            unknown change.
    """
    if not isinstance(election, Election):
        raise ValueError(f"expected election as a certvote.types.Election, got {type(election).__name__}")
    counts, labels = checked_counts(election.counts, labels)
    winner, parts = (plain_array(name, getattr(election, name)) for name in ("winner", "parts"))
    for name, values, least, most in (("winner", winner, 0, counts.shape[1] - 1), ("parts", parts, 1, UNLIMITED)):
        if values.shape != labels.shape or not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"expected {name} as {labels.size} integers, got {values.dtype} of shape {values.shape}")
        if values.min() < least or values.max() > most:
            raise ValueError(f"expected {name} from {least} to {most}, got {values.min()} … {values.max()}")
    return _sizes(parts.astype(np.int64), winner == labels, change)


def election_curve(
    election: Election, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Share of elections whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Raises:
        ValueError: election, labels or sizes out of range, or an unknown change.
    """
    sizes = checked_sizes(sizes)
    return share_certified(election_sizes(election, labels, change=change), sizes)


def _sizes(parts: Int64[np.ndarray, " m"], right: Bool[np.ndarray, " m"], change: str) -> Int64[np.ndarray, " m"]:
    """Certified size from the least number of poisoned parts that may change the winner."""
    check_change(change)
    size = np.where(parts == UNLIMITED, UNLIMITED, (parts - 1) // PARTS_TOUCHED[change])
    return np.where(right, size, -1).astype(np.int64)
