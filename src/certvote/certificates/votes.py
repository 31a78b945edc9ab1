"""Compute predictions and gaps from vote counts, and check the input of every certificate.

The **larger** label wins a tie. Example ``i`` with counts ``s_i`` has the predicted label ``a = argmax_l (s_{i,l}, l)``
and, for every rival ``l ≠ a``, the gap ``gap_{i,l} = s_{i,a} - s_{i,l} + [a > l]``: ``l`` overtakes ``a`` exactly when
the attack brings ``gap_{i,l}`` to 0 or below.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int32, Int64, Integer

from certvote.certificates.change import keeps_inputs
from certvote.checks import is_integer, plain_array
from certvote.types import Curve, Votes

UNLIMITED = 2**62
"""Gap to a label that cannot win, and certified size where there is a single class: above every poisoning size."""

_MAX_COUNT = 2**31 - 1


def predicted_labels(counts: Integer[np.ndarray, "m c"]) -> Int64[np.ndarray, " m"]:
    """Return the label with the most votes, of equal ones the larger; without any vote the largest label.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label.

    Returns
    -------
    int64 array, shape (m,)
    """
    c = counts.shape[1]
    return np.asarray(c - 1 - np.argmax(counts[:, ::-1], axis=1), dtype=np.int64)


def gaps(counts: Integer[np.ndarray, "m c"]) -> Int64[np.ndarray, "m c"]:
    """Compute ``gap_{i,l}`` between the predicted label and every rival.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label.

    Returns
    -------
    int64 array, shape (m, c)
        Gaps, at least 1; ``UNLIMITED`` at the predicted label.
    """
    m, c = counts.shape
    s = counts.astype(np.int64)
    a = predicted_labels(counts)
    rows = np.arange(m)
    gap = s[rows, a][:, None] - s + (a[:, None] > np.arange(c))
    gap[rows, a] = UNLIMITED
    return np.asarray(gap, dtype=np.int64)


def smallest_gap(counts: Integer[np.ndarray, "m c"], *, change: str = "any") -> Int64[np.ndarray, " m"]:
    """Compute the gap to the runner-up, ``gap_{i,b} = min_l gap_{i,l}``.

    It is ``UNLIMITED`` with a single class, and where nobody votes and nobody can be made to, as only labels change.
    """
    rows = max(1, 2**22 // counts.shape[1])  # gaps of all rows at once would take several times the memory of counts
    blocks = [gaps(counts[start : start + rows]).min(axis=1) for start in range(0, len(counts), rows)]
    gap = np.concatenate(blocks)
    if keeps_inputs(change):
        gap[counts.sum(axis=1, dtype=np.int64) == 0] = UNLIMITED
    return gap


def as_certified(votes: Votes, change: str) -> Votes:
    """Return checked votes as the certificates need them: counts alone, if the border of kNN's neighborhood stays."""
    return Votes(counts=votes.counts) if keeps_inputs(change) else votes


def correct(counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"]) -> Bool[np.ndarray, " m"]:
    """Return which test examples are classified correctly on clean data."""
    return np.asarray(predicted_labels(counts) == labels, dtype=np.bool_)


def share_certified(certified: Int64[np.ndarray, " m"], sizes: Int64[np.ndarray, " s"]) -> Curve:
    """Compute the share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Parameters
    ----------
    certified : int64 array, shape (m,)
        Certified size of each test example.
    sizes : int64 array, shape (s,)
        Poisoning sizes.
    """
    certified = np.sort(certified)
    at_least = certified.size - np.searchsorted(certified, sizes, side="left")
    return Curve(sizes=sizes, certified=at_least / certified.size)


def checked_votes(votes: Votes, labels: Integer[np.ndarray, " m"]) -> tuple[Votes, Int64[np.ndarray, " m"]]:
    """Convert votes and true labels to arrays; raise ``ValueError`` unless they fit together.

    The message names the argument that does not fit.
    """
    if not isinstance(votes, Votes):
        raise ValueError(f"expected votes as a certvote.types.Votes, got {type(votes).__name__}")
    if votes.k is not None and not (is_integer(votes.k) and votes.k >= 1):
        raise ValueError(f"expected votes.k as an integer ≥ 1, or None for rNN, got {votes.k!r}")
    if not (is_integer(votes.window) and votes.window >= 0):
        raise ValueError(f"expected votes.window as an integer ≥ 0, got {votes.window!r}")
    counts, labels = checked_counts(votes.counts, labels)
    ranked = None if votes.ranked is None else plain_array("ranked", votes.ranked)
    return replace(votes, counts=counts, ranked=ranked), labels


def checked_counts(
    counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"]
) -> tuple[Int32[np.ndarray, "m c"], Int64[np.ndarray, " m"]]:
    """Convert counts and true labels to arrays; raise ``ValueError`` unless they fit together."""
    counts, labels = checked_table(counts), plain_array("labels", labels)
    if labels.shape != (counts.shape[0],):
        raise ValueError(f"expected labels of shape [{counts.shape[0]}], one per row of counts, got {labels.shape}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"expected labels of an integer type, got {labels.dtype}")
    if labels.min() < 0 or labels.max() >= counts.shape[1]:
        raise ValueError(f"expected labels from 0 to {counts.shape[1] - 1}, got {labels.min()} … {labels.max()}")
    return counts, labels.astype(np.int64)


def checked_table(counts: Integer[np.ndarray, "m c"]) -> Int32[np.ndarray, "m c"]:
    """Convert counts to an array; raise ``ValueError`` unless they are a nonempty table of nonnegative integers."""
    counts = plain_array("counts", counts)
    if counts.ndim != 2 or counts.shape[0] < 1 or counts.shape[1] < 1:
        raise ValueError(f"expected counts of shape [test examples, classes], none of them empty, got {counts.shape}")
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(f"expected counts of an integer type, got {counts.dtype}")
    if counts.min() < 0 or counts.max() > _MAX_COUNT:
        raise ValueError(f"expected counts from 0 to {_MAX_COUNT}, got {counts.min()} … {counts.max()}")
    return counts.astype(np.int32)


def checked_sizes(sizes: Integer[np.ndarray, " s"]) -> Int64[np.ndarray, " s"]:
    """Convert poisoning sizes, in any order, to an array; raise ``ValueError`` unless they are nonnegative integers."""
    sizes = plain_array("sizes", sizes)
    if sizes.ndim != 1 or sizes.size < 1:
        raise ValueError(f"expected sizes of shape [number of poisoning sizes], not empty, got {sizes.shape}")
    if not np.issubdtype(sizes.dtype, np.integer):
        raise ValueError(f"expected sizes of an integer type, got {sizes.dtype}")
    if sizes.min() < 0 or sizes.max() > _MAX_COUNT:
        raise ValueError(f"expected sizes from 0 to {_MAX_COUNT}, got {sizes.min()} … {sizes.max()}")
    return sizes.astype(np.int64)
