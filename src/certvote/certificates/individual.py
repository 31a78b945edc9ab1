"""Certify each test example on its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, Integer

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.certificates.change import allowed, check_change, keeps_inputs
from certvote.certificates.votes import (
    UNLIMITED,
    as_certified,
    checked_counts,
    checked_sizes,
    checked_votes,
    correct,
    gaps,
    predicted_labels,
    share_certified,
    smallest_gap,
)
from certvote.certificates.window import check_window
from certvote.options import Label, choice
from certvote.types import Curve, Votes


@choice("certificate", "individual")
class Individual(Certificate):
    """Each test example on its own, by the algorithm's own theorem."""

    label = Label("individual", order=0, dashes=(1.4, 2.2), width=1.5)
    meaning = (
        "Each test example on its own: the attacker may spend all e examples on every single one, as if there were one "
        "attack for each of them."
    )
    votes_of = frozenset(VotesOf)
    joint = False
    old_names = ("none",)

    def curve(self, problem: Problem, alone: Int64[np.ndarray, " m"], progress: object) -> Curve:
        return share_certified(alone, problem.sizes)


def certified_sizes(
    counts: Integer[np.ndarray, "m c"], labels: Integer[np.ndarray, " m"], *, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Compute the largest poisoning size at which each test example keeps its correct label, from counts alone.

    A poisoned example changes at most one vote of each of two labels: the size is ``ceil(gap_b / 2) - 1``. For rNN it
    is ``gap_b - 1`` if the attacker can only insert, or only delete; kNN has :func:`votes_sizes` for that. An attacker
    who can only relabel never gets votes where there are none.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label.
    labels : int array, shape (m,)
        True labels.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set; ``"relabel"`` needs an order of neighbors that does not look at
        labels.

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
    docs/certificates.md, Theorems 1, 11 and 18; Jia, Liu, Cao and Gong (2022), "Certified robustness of nearest
    neighbors against data poisoning and backdoor attacks", AAAI, Theorem 1.
    """
    check_change(change)
    counts, labels = checked_counts(counts, labels)
    gap = smallest_gap(counts, change=change)
    size = np.where(gap == UNLIMITED, UNLIMITED, (gap - 1) // sum(allowed(change, 1)))
    return np.where(correct(counts, labels), size, -1).astype(np.int64)


def votes_sizes(votes: Votes, labels: Integer[np.ndarray, " m"], *, change: str = "any") -> Int64[np.ndarray, " m"]:
    """Compute the largest poisoning size at which each test example keeps its correct label, from votes with a window.

    Votes of kNN with a window say more than their counts. Additions push neighbors out of the neighborhood, removals
    pull others in: which ones is known within the window, and there the size is exact for an attacker that can only
    insert or only delete. Beyond the window, and without one, it is at least what counts alone certify.

    Parameters
    ----------
    votes : Votes
        Votes of rNN or kNN.
    labels, change
        As in :func:`certified_sizes`.

    Returns
    -------
    int64 array, shape (m,)
        Certified sizes in training examples; -1 where the prediction is wrong on clean data.
        With a single class nothing can go wrong, and sizes are ``certvote.certificates.votes.UNLIMITED``.

    Raises
    ------
    ValueError
        If votes, labels or change are out of range.

    References
    ----------
    docs/certificates.md, Theorems 11 and 18.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    votes = as_certified(votes, change)
    counts = votes.counts
    if votes.k is None or change == "any" or votes.window == 0 or counts.shape[1] == 1:
        return certified_sizes(counts, labels, change=change if votes.k is None else "any")
    from certvote.certificates.border import border_sizes

    check_window(votes, votes.window)
    size = border_sizes(gaps(counts), predicted_labels(counts), *_passed(votes, change))
    return np.where(correct(counts, labels), size, -1).astype(np.int64)


def certified_sizes_against(votes: Votes, *, change: str = "any") -> Int64[np.ndarray, "m c"]:
    """Compute how many poisoned examples each label needs at least to win at each test example, less one.

    Up to this size no attack makes the test example a ``l``: "how many poisoned examples would it take to make this
    one a *cat*?" More than ``sizes[i, cat]``. The smallest size of a row is that up to which the prediction stays.

    Parameters
    ----------
    votes : Votes
        Votes of rNN or kNN; of kNN with a window where the attacker can only insert or only delete, for better sizes.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set; ``"relabel"`` needs an order of neighbors that does not look at
        labels.

    Returns
    -------
    int64 array, shape (m, c)
        Certified sizes in training examples; -1 at the label that is predicted on clean data.

    Raises
    ------
    ValueError
        If votes or change are out of range.

    References
    ----------
    docs/certificates.md, Theorem 21.
    """
    check_change(change)
    votes, _ = checked_votes(votes, np.zeros(len(votes.counts), dtype=np.int64))
    votes = as_certified(votes, change)
    counts, gap, a = votes.counts, gaps(votes.counts), predicted_labels(votes.counts)
    if votes.k is None or change == "any" or votes.window == 0:
        size = (gap - 1) // (sum(allowed(change, 1)) if votes.k is None else 2)
    else:
        from certvote.certificates.border import border_sizes_against

        check_window(votes, votes.window)
        passed, outward, ended = _passed(votes, change)
        size = border_sizes_against(gap, a, passed, outward, ended)
    if keeps_inputs(change):
        size[counts.sum(axis=1, dtype=np.int64) == 0] = UNLIMITED
    size[np.arange(len(a)), a] = -1
    return np.asarray(size, dtype=np.int64)


def _passed(votes: Votes, change: str) -> tuple[np.ndarray, bool, bool]:
    """Return the labels that the border moves past, whether outward, and whether the training set ends there."""
    assert votes.k is not None
    assert votes.ranked is not None
    inside = min(votes.window, votes.k)
    if change == "delete":
        passed = votes.ranked[:, inside:]
        return passed, True, passed.shape[1] < votes.window
    return votes.ranked[:, :inside][:, ::-1], False, False


def curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Compute the share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Parameters
    ----------
    votes, labels, change
        As in :func:`votes_sizes`.
    sizes : int array, shape (s,)
        Poisoning sizes, in any order.

    Returns
    -------
    Curve
        Certified accuracy at every size.

    Raises
    ------
    ValueError
        If votes, labels, sizes or change are out of range.
    """
    sizes = checked_sizes(sizes)
    return share_certified(votes_sizes(votes, labels, change=change), sizes)
