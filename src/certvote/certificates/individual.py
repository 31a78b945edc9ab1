"""Certify each test example on its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, Integer

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.certificates.change import check_change
from certvote.certificates.votes import (
    UNLIMITED,
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
    """Every test example on its own, by the algorithm's own theorem."""

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
    """Largest poisoning size at which each test example keeps its correct label; -1 where it is wrong on clean data.

    ``ceil(gap_b / 2) - 1``: a poisoned example changes at most one vote of each of two labels (docs/certificates.md,
    Theorem 1). For rNN it is ``gap_b - 1`` where the attacker can only insert, or only delete (Theorem 11); kNN has
    :func:`votes_sizes` for that. With a single class nothing can go wrong, and the size is
    ``certvote.certificates.votes.UNLIMITED``.

    Raises:
        ValueError: counts that are not a nonempty table of nonnegative integers, labels that do not fit them, or an
            unknown change.
    """
    check_change(change)
    counts, labels = checked_counts(counts, labels)
    gap = smallest_gap(counts)
    size = np.where(gap == UNLIMITED, UNLIMITED, (gap - 1) // (2 if change == "any" else 1))
    return np.where(correct(counts, labels), size, -1).astype(np.int64)


def votes_sizes(votes: Votes, labels: Integer[np.ndarray, " m"], *, change: str = "any") -> Int64[np.ndarray, " m"]:
    """:func:`certified_sizes` of votes, those of kNN included, which say more than their counts if they have a window.

    Additions push neighbors out of the neighborhood, removals pull others in: which ones is known within the window,
    and there the size is exact for an attacker that can only insert or only delete (Theorem 11). Beyond it, and
    without a window, it is at least what counts alone certify.

    Raises:
        ValueError: votes or labels out of range, or an unknown change.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    counts, ranked = votes.counts, votes.ranked
    if votes.k is None or change == "any" or votes.window == 0 or counts.shape[1] == 1:
        return certified_sizes(counts, labels, change=change if votes.k is None else "any")
    from certvote.certificates.border import border_sizes

    check_window(votes, votes.window)
    assert ranked is not None
    inside = min(votes.window, votes.k)
    passed = ranked[:, inside:] if change == "delete" else ranked[:, :inside][:, ::-1]
    size = border_sizes(
        gaps(counts),
        predicted_labels(counts),
        passed,
        change == "delete",
        change == "delete" and passed.shape[1] < votes.window,
    )
    return np.where(correct(counts, labels), size, -1).astype(np.int64)


def curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes`` (Theorems 1 and 11).

    Raises:
        ValueError: votes, labels or sizes out of range, or an unknown change.
    """
    sizes = checked_sizes(sizes)
    return share_certified(votes_sizes(votes, labels, change=change), sizes)
