"""Certify bagging (Jia, Cao and Gong, AAAI 2021): probabilistic, with one confidence for the whole test set.

Members are trained on ``ξ`` examples each, drawn with replacement. What is certified is the label that most of all
members that could be drawn predict; the votes of ``N`` members bound its probability ``p_a`` from below, and that of
the runner-up ``p_b`` from above. An attack of size ``e`` changes few of all samples; how many is an integer, and is
compared in integers wherever floats leave a doubt (docs/certificates.md, Theorem 9).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, Integer
from scipy.special import betainccinv, betaincinv

from certvote.certificates.change import check_change
from certvote.certificates.votes import (
    UNLIMITED,
    checked_counts,
    checked_sizes,
    checked_table,
    checked_votes,
    correct,
    predicted_labels,
    share_certified,
)
from certvote.checks import LEAST_ALPHA, is_integer, is_real
from certvote.types import Curve, Votes

_MAX_TRAIN = 2**53  # above it a float does not hold every number of examples


def certified_sizes(
    counts: Integer[np.ndarray, "m c"],
    labels: Integer[np.ndarray, " m"],
    *,
    n_train: int,
    subsample: int,
    alpha: float,
    change: str = "any",
) -> Int64[np.ndarray, " m"]:
    """Compute the largest poisoning size at which each test example keeps its correct label.

    All sizes hold at once, with probability :func:`confidence` over the members' samples. So ``counts`` must have all
    test examples that the claim is about.

    Parameters
    ----------
    counts : int array, shape (m, c)
        Votes per test example and label, of members that were trained on samples of the training set. All rows sum to
        the number of members, at least 2.
    labels : int array, shape (m,)
        True labels.
    n_train : int
        Number of training examples.
    subsample : int
        Training examples per member, from 1 to ``n_train``.
    alpha : float
        Probability of error that is shared among all bounds, below 1.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set.

    Returns
    -------
    int64 array, shape (m,)
        Certified sizes in training examples; -1 where the prediction is wrong or abstained.
        With a single class nothing can go wrong, and sizes are ``certvote.certificates.votes.UNLIMITED``.

    Raises
    ------
    ValueError
        If rows of counts do not sum to one number of members ≥ 2, labels do not fit them, an option is out of range, or
        a sample is larger than the training set.

    References
    ----------
    docs/certificates.md, Theorems 9 and 10; Jia, Cao and Gong (2021), "Intrinsic certified robustness of bagging
    against data poisoning attacks", AAAI.
    """
    check_change(change)
    counts, labels = checked_counts(counts, labels)
    p_a, p_b = confidence_bounds(counts, n_train, subsample, alpha)
    size = sizes_of_bounds(p_a, p_b, n_train=n_train, subsample=subsample, change=change)
    return np.where(correct(counts, labels), UNLIMITED if counts.shape[1] == 1 else size, -1).astype(np.int64)


def certified_sizes_against(
    counts: Integer[np.ndarray, "m c"], *, n_train: int, subsample: int, alpha: float, change: str = "any"
) -> Int64[np.ndarray, "m c"]:
    """Compute the size up to which each test example is not given each label, all at once with confidence 1 - 2 alpha.

    Parameters and errors are those of :func:`certified_sizes`.

    Returns
    -------
    int64 array, shape (m, c)
        Certified sizes in training examples; -1 at the label with the most votes, and where nothing is certified.

    References
    ----------
    docs/certificates.md, Theorem 21.
    """
    check_change(change)
    counts = checked_table(counts)
    m, c = counts.shape
    p_a, _ = confidence_bounds(counts, n_train, subsample, alpha)
    rows, rivals = np.nonzero(predicted_labels(counts)[:, None] != np.arange(c))
    votes, N = counts[rows, rivals].astype(np.int64), int(counts[0].sum(dtype=np.int64))
    p_l = np.minimum(_upper_bounds(votes, N, alpha / m / c), 1 - p_a[rows])
    against = np.full((m, c), -1, dtype=np.int64)
    against[rows, rivals] = sizes_of_bounds(p_a[rows], p_l, n_train=n_train, subsample=subsample, change=change)
    return against


def abstains(
    counts: Integer[np.ndarray, "m c"], *, n_train: int, subsample: int, alpha: float
) -> Bool[np.ndarray, " m"]:
    """Return which test examples the vote decides nothing about: not even size 0 is certified, whatever the true label.

    Parameters and errors are those of :func:`certified_sizes`.

    Returns
    -------
    bool array, shape (m,)
    """
    counts = checked_table(counts)
    p_a, p_b = confidence_bounds(counts, n_train, subsample, alpha)
    size = sizes_of_bounds(p_a, p_b, n_train=n_train, subsample=subsample)
    return np.asarray((size < 0) & (counts.shape[1] > 1), dtype=np.bool_)


def curve(
    votes: Votes,
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    n_train: int,
    subsample: int,
    alpha: float,
    change: str = "any",
) -> Curve:
    """Compute the share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Parameters
    ----------
    votes : Votes
        Votes of the members.
    labels, n_train, subsample, alpha, change
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
        If votes are those of kNN (``votes.k`` given), sizes are out of range, or as in :func:`certified_sizes`.
    """
    sizes = checked_sizes(sizes)
    votes, labels = checked_votes(votes, labels)
    if votes.k is not None:
        raise ValueError(f"expected votes of bagging (k=None), got votes of kNN with k={votes.k}")
    certified = certified_sizes(votes.counts, labels, n_train=n_train, subsample=subsample, alpha=alpha, change=change)
    return share_certified(certified, sizes)


def confidence(alpha: float, num_classes: int) -> float:
    """Compute a lower bound of the probability that everything is true that is certified with ``alpha``.

    Parameters
    ----------
    alpha : float
        Probability of error that is shared among all bounds.
    num_classes : int
        Number of labels.

    Raises
    ------
    ValueError
        If ``alpha`` is out of range, or there is no class.

    References
    ----------
    docs/certificates.md, Theorem 10.
    """
    _check_alpha(alpha)
    if not (is_integer(num_classes) and num_classes >= 1):
        raise ValueError(f"expected num_classes as an integer >= 1, got {num_classes!r}")
    return 1.0 if num_classes == 1 else 1 - alpha if num_classes == 2 else max(0.0, 1 - (1 + 2 / num_classes) * alpha)


def _check_alpha(alpha: float) -> None:
    """Raise ``ValueError`` unless a probability of error is in the range in which floats share it out."""
    if not (is_real(alpha) and LEAST_ALPHA <= alpha < 1):
        raise ValueError(f"expected alpha from {LEAST_ALPHA:g} to below 1, got {alpha!r}")


def confidence_bounds(
    counts: Int32[np.ndarray, "m c"], n_train: int, subsample: int, alpha: float
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Compute the bounds ``p_a`` and ``p_b`` of the probabilities of the two labels with the most votes.

    They are one-sided Clopper–Pearson bounds at level ``alpha / m / c``, from counts that have been checked.

    Parameters
    ----------
    counts, n_train, subsample, alpha
        As in :func:`certified_sizes`.

    Returns
    -------
    float64 array, shape (m,), twice
        Lower bounds ``p_a`` for the label with the most votes, upper bounds ``p_b`` for each of the others.

    Raises
    ------
    ValueError
        As in :func:`certified_sizes`.
    """
    m, c = counts.shape
    N = int(counts[0].sum(dtype=np.int64))
    if (counts.sum(axis=1, dtype=np.int64) != N).any() or N < 2:
        raise ValueError(
            f"expected every row of counts to sum to the same number of voters ≥ 2, got rows that sum to "
            f"{counts.sum(axis=1, dtype=np.int64).min()} … {counts.sum(axis=1, dtype=np.int64).max()}"
        )
    if not (is_integer(n_train) and 1 <= n_train <= _MAX_TRAIN):
        raise ValueError(f"expected n_train as an integer from 1 to 2**53, got {n_train!r}")
    if not (is_integer(subsample) and 1 <= subsample <= n_train):
        raise ValueError(f"expected subsample from 1 to n_train={n_train}, got {subsample!r}")
    _check_alpha(alpha)

    two = np.sort(np.append(counts, np.zeros((m, 1), np.int32), axis=1), axis=1)[:, -2:].astype(np.int64)
    first, second = two[:, 1], two[:, 0]
    level = alpha / m / c
    p_a = betaincinv(first, N - first + 1, level)  # some label has votes
    return p_a, np.minimum(_upper_bounds(second, N, level), 1 - p_a)


def _upper_bounds(votes: Int64[np.ndarray, " m"], N: int, level: float) -> Float64[np.ndarray, " m"]:
    """Compute one-sided upper Clopper–Pearson bounds of the probabilities of labels with these votes among ``N``."""
    with np.errstate(all="ignore"):  # betainccinv of no missing vote is not needed
        return np.where(votes == N, 1.0, betainccinv(votes + 1, np.maximum(N - votes, 1), level))


def sizes_of_bounds(
    p_a: Float64[np.ndarray, " m"], p_b: Float64[np.ndarray, " m"], *, n_train: int, subsample: int, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Compute the largest certified size if a label has at least the probability ``p_a``, all others at most ``p_b``.

    The bounds count as the rational numbers that their floats are, rounded to the next multiple of the probability of
    one sample, ``p_a`` down and ``p_b`` up.

    Parameters
    ----------
    p_a, p_b : float64 array, shape (m,)
        Bounds of probabilities.
    n_train, subsample, change
        As in :func:`certified_sizes`.

    Returns
    -------
    int64 array, shape (m,)
        Certified sizes; -1 where not even 0 is certified.

    References
    ----------
    docs/certificates.md, Theorem 9.
    """
    n, ξ = int(n_train), int(subsample)
    Δ = np.maximum(p_a - p_b, 0.0)
    with np.errstate(divide="ignore"):
        # Where the real-valued condition holds with equality, and how steep that is in Δ, at most.
        if change in ("any", "relabel"):
            x, slope = -n * np.expm1(np.log1p(-Δ / 2) / ξ), n / ξ
        elif change == "insert":
            x, slope = n * np.expm1(np.log1p(Δ) / ξ), n / ξ
        else:
            x, slope = -n * np.expm1(np.log1p(-Δ) / ξ), n / ξ / (1 - Δ)
        # Errors of these floats, some units in the last place, and what the rounding of p_a and p_b takes off.
        doubt = slope * (2.0**-50 + 2 * float(n) ** -ξ) + x * 2.0**-48
    certain = np.maximum(np.ceil(x - doubt) - 1, -1).astype(np.int64)
    refuted = np.where(p_a > p_b, np.minimum(np.ceil(x + doubt), n), 0).astype(np.int64)  # n are always too many
    size = certain.copy()
    decided: dict[tuple[float, float], int] = {}
    for i in np.flatnonzero(refuted - certain > 1):
        bounds = float(p_a[i]), float(p_b[i])
        if bounds not in decided:
            decided[bounds] = _decide(int(certain[i]), int(refuted[i]), _rule(*bounds, n, ξ, change))
        size[i] = decided[bounds]
    return np.asarray(size)


def _rule(p_a: float, p_b: float, n: int, ξ: int, change: str) -> Callable[[int], bool]:
    """Return the condition of Theorem 9 for a size, in integers: numbers of samples instead of probabilities."""
    samples = n**ξ
    margin = math.floor(Fraction(p_a) * samples) - math.ceil(Fraction(p_b) * samples)
    if change in ("any", "relabel"):
        return lambda e: 2 * (samples - (n - e) ** ξ) < margin
    if change == "insert":
        return lambda e: (n + e) ** ξ - samples < margin
    return lambda e: samples - (n - e) ** ξ < margin


def _decide(certified: int, refuted: int, rule: Callable[[int], bool]) -> int:
    """Search for the largest size that a rule certifies, between one that it does and a larger one that it does not."""
    while refuted - certified > 1:
        middle = (certified + refuted) // 2
        if rule(middle):
            certified = middle
        else:
            refuted = middle
    return certified
