"""Certify Deep Partition Aggregation (DPA): votes among base classifiers that are trained on disjoint parts.

A hash puts every training example into one part, and a member depends on its part alone. How many parts must be
poisoned before the winner changes is a property of the votes; how many parts one unit of the poisoning size may touch
depends on what the attacker may do: a removal and an addition may fall into different parts (docs/ensembles.md).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64, Integer

from certvote.certificates.change import check_change
from certvote.certificates.votes import (
    UNLIMITED,
    checked_counts,
    checked_sizes,
    checked_table,
    checked_votes,
    correct,
    gaps,
    share_certified,
    smallest_gap,
)
from certvote.checks import plain_array
from certvote.types import Curve, Election, Votes

PARTS_TOUCHED = {"any": 2, "insert": 1, "delete": 1, "relabel": 1}
"""Most parts that one unit of the poisoning size touches, by what the attacker may do (docs/ensembles.md, Lemma 1).

That a changed label touches one part is true of parts that are chosen by the input alone."""


def certified_sizes(
    counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"], *, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Compute the largest poisoning size at which each test example keeps its correct label.

    A poisoned part takes at most 2 off the gap, so it takes ``ceil(gap_b / 2)`` of them to change a label. The size is
    ``ceil(gap_b / 2) - 1``, or with ``change="any"`` ``ceil(gap_b / 4) - 1``.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label.
    labels : int array, shape (m,)
        True labels.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set; ``"relabel"`` needs parts that are chosen by the input alone.

    Returns
    -------
    int64 array, shape (m,)
        Certified sizes in training examples; -1 where the prediction is wrong on clean data.
        With a single class nothing can go wrong, and sizes are ``certvote.certificates.votes.UNLIMITED``.

    Raises
    ------
    ValueError
        If counts are not a nonempty table of nonnegative integers, labels do not fit them, or the change is unknown.

    References
    ----------
    docs/ensembles.md, Theorem 1; Levine and Feizi (2021), "Deep partition aggregation: provable defenses against
    general poisoning attacks", ICLR.
    """
    counts, labels = checked_counts(counts, labels)
    gap = smallest_gap(counts)
    parts = np.where(gap == UNLIMITED, UNLIMITED, (gap + 1) // 2)
    return _sizes(parts, correct(counts, labels), change)


def certified_sizes_against(counts: Integer[np.ndarray, "m c"], *, change: str = "any") -> Int64[np.ndarray, "m c"]:
    """Compute the size up to which each test example is not given each label: :func:`certified_sizes` rival by rival.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label.
    change
        As in :func:`certified_sizes`.

    Returns
    -------
    int64 array, shape (m, c)
        Certified sizes in training examples; -1 at the label that is predicted on clean data.

    Raises
    ------
    ValueError
        If counts are not a nonempty table of nonnegative integers, or the change is unknown.

    References
    ----------
    docs/certificates.md, Theorem 21.
    """
    counts = checked_table(counts)
    gap = gaps(counts)
    return _sizes((gap + 1) // 2, gap != UNLIMITED, change)


def curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Compute the share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Parameters
    ----------
    votes : Votes
        Votes of the base classifiers.
    labels, change
        As in :func:`certified_sizes`.
    sizes : int array, shape (s,)
        Poisoning sizes, in any order.

    Returns
    -------
    Curve
        Certified accuracy at every size.

    Raises
    ------
    ValueError
        If votes are those of kNN (``votes.k`` given), or votes, labels, sizes or change are out of range.
    """
    sizes = checked_sizes(sizes)
    votes, labels = checked_votes(votes, labels)
    if votes.k is not None:
        raise ValueError(f"expected votes of models trained on parts (k=None), got votes of kNN with k={votes.k}")
    return share_certified(certified_sizes(votes.counts, labels, change=change), sizes)


def election_sizes(
    election: Election, labels: Integer[np.ndarray, " m"], *, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Compute the largest poisoning size at which each election keeps its correct winner.

    Fewer than ``parts`` poisoned parts do not change the winner. The size is ``parts - 1``, or with ``change="any"``
    ``floor((parts - 1) / 2)``.

    Parameters
    ----------
    election : Election
        Outcome of an election, with the number of parts that its winner withstands.
    labels, change
        As in :func:`certified_sizes`.

    Returns
    -------
    int64 array, shape (m,)
        Certified sizes in training examples; -1 where the winner is wrong on clean data.
        With a single class nothing can go wrong, and sizes are ``certvote.certificates.votes.UNLIMITED``.

    Raises
    ------
    ValueError
        If arrays of the election do not fit together or are out of range, labels do not fit them, or the change is
        unknown.

    References
    ----------
    docs/ensembles.md, (2) and Theorems 2 to 4.
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
    """Compute the share of elections whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Parameters
    ----------
    election, labels, change
        As in :func:`election_sizes`.
    sizes : int array, shape (s,)
        Poisoning sizes, in any order.

    Returns
    -------
    Curve
        Certified accuracy at every size.

    Raises
    ------
    ValueError
        If election, labels, sizes or change are out of range.
    """
    sizes = checked_sizes(sizes)
    return share_certified(election_sizes(election, labels, change=change), sizes)


def _sizes(parts: Int64[np.ndarray, "*any"], right: Bool[np.ndarray, "*any"], change: str) -> Int64[np.ndarray, "*any"]:
    """Compute certified sizes from the least numbers of poisoned parts that may change the winner."""
    check_change(change)
    size = np.where(parts == UNLIMITED, UNLIMITED, (parts - 1) // PARTS_TOUCHED[change])
    return np.where(right, size, -1).astype(np.int64)
