"""Bagging's certificate (Jia, Cao and Gong, AAAI 2021): probabilistic, with one confidence for the whole test set.

Voters are trained on ``subsample`` examples each, drawn with replacement. What is certified is the label that most of
all voters there could be predict; the votes that were counted only bound its probability ``p_a`` from below, and that
of the runner-up ``p_b`` from above. An attack changes few of all samples: how many it takes is a matter of integers,
and is decided in integers wherever floats leave a doubt (docs/certificates.md, Theorem 9).
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
    share_certified,
)
from certvote.checks import LEAST_ALPHA, is_integer, is_real
from certvote.types import Curve, Votes

_MAX_TRAIN = 2**53
"""Beyond it a float does not hold every number of examples."""


def certified_sizes(
    counts: Integer[np.ndarray, "m c"],
    labels: Integer[np.ndarray, " m"],
    *,
    n_train: int,
    subsample: int,
    alpha: float,
    change: str = "any",
) -> Int64[np.ndarray, " m"]:
    """Largest poisoning size at which each test example keeps its correct label; -1 where it is wrong or abstained.

    All sizes hold at once, with :func:`confidence` over the voters' samples; so ``counts`` must have all test examples
    that the claim is about. A row counts the labels that the voters predict, each trained on
    ``subsample`` of ``n_train`` examples. With a single class nothing can go wrong, and the size is
    ``certvote.certificates.votes.UNLIMITED``.

    Raises:
        ValueError: counts whose rows do not sum to one number of voters ≥ 2, labels that do not fit them, an option
            out of range, or a subsample larger than the training set.
    """
    check_change(change)
    counts, labels = checked_counts(counts, labels)
    p_a, p_b = confidence_bounds(counts, n_train, subsample, alpha)
    size = sizes_of_bounds(p_a, p_b, n_train=n_train, subsample=subsample, change=change)
    return np.where(correct(counts, labels), UNLIMITED if counts.shape[1] == 1 else size, -1).astype(np.int64)


def abstains(
    counts: Integer[np.ndarray, "m c"], *, n_train: int, subsample: int, alpha: float
) -> Bool[np.ndarray, " m"]:
    """Test examples on whose label the votes do not decide, whatever the true one: not even size 0 is certified.

    Raises:
        ValueError: as :func:`certified_sizes`.
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
    """Share of test examples whose certified size is at least ``e``, for every ``e`` in ``sizes``.

    Raises:
        ValueError: votes of kNN (``votes.k`` given), sizes out of range, and as :func:`certified_sizes`.
    """
    sizes = checked_sizes(sizes)
    votes, labels = checked_votes(votes, labels)
    if votes.k is not None:
        raise ValueError(f"expected votes of bagging (k=None), got votes of kNN with k={votes.k}")
    certified = certified_sizes(votes.counts, labels, n_train=n_train, subsample=subsample, alpha=alpha, change=change)
    return share_certified(certified, sizes)


def confidence(alpha: float, num_classes: int) -> float:
    """The probability that everything is true that is certified with ``alpha``, at least (Theorem 10).

    Raises:
        ValueError: ``alpha`` out of range, or no class.
    """
    _check_alpha(alpha)
    if not (is_integer(num_classes) and num_classes >= 1):
        raise ValueError(f"expected num_classes as an integer >= 1, got {num_classes!r}")
    return 1.0 if num_classes == 1 else 1 - alpha if num_classes == 2 else max(0.0, 1 - (1 + 2 / num_classes) * alpha)


def _check_alpha(alpha: float) -> None:
    if not (is_real(alpha) and LEAST_ALPHA <= alpha < 1):
        raise ValueError(f"expected alpha from {LEAST_ALPHA:g} to below 1, got {alpha!r}")


def confidence_bounds(
    counts: Int32[np.ndarray, "m c"], n_train: int, subsample: int, alpha: float
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """``p_a`` and ``p_b``: one-sided Clopper–Pearson bounds at level ``alpha / m / c``, from checked counts."""
    m, c = counts.shape
    voters = int(counts[0].sum(dtype=np.int64))
    if (counts.sum(axis=1, dtype=np.int64) != voters).any() or voters < 2:
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
    p_a = betaincinv(first, voters - first + 1, level)  # some label has votes
    with np.errstate(all="ignore"):  # betainccinv of no missing vote is not needed
        p_b = np.where(second == voters, 1.0, betainccinv(second + 1, np.maximum(voters - second, 1), level))
    return p_a, np.minimum(p_b, 1 - p_a)


def sizes_of_bounds(
    p_a: Float64[np.ndarray, " m"], p_b: Float64[np.ndarray, " m"], *, n_train: int, subsample: int, change: str = "any"
) -> Int64[np.ndarray, " m"]:
    """Largest certified size if a label has at least the probability ``p_a``, all others at most ``p_b``; -1 if none.

    The bounds count as the rational numbers that their floats are, rounded to the next multiple of the probability of
    one sample, ``p_a`` down and ``p_b`` up.
    """
    n, ξ = int(n_train), int(subsample)
    Δ = np.maximum(p_a - p_b, 0.0)
    with np.errstate(divide="ignore"):
        # Where the real-valued condition holds with equality, and how steep that is in Δ, at most.
        if change == "any":
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
    """Whether Theorem 9 certifies a size, in integers: numbers of samples instead of probabilities."""
    samples = n**ξ
    margin = math.floor(Fraction(p_a) * samples) - math.ceil(Fraction(p_b) * samples)
    if change == "any":
        return lambda e: 2 * (samples - (n - e) ** ξ) < margin
    if change == "insert":
        return lambda e: (n + e) ** ξ - samples < margin
    return lambda e: samples - (n - e) ** ξ < margin


def _decide(certified: int, refuted: int, rule: Callable[[int], bool]) -> int:
    """The largest size that a rule certifies, between one that it does and a larger one that it does not."""
    while refuted - certified > 1:
        middle = (certified + refuted) // 2
        if rule(middle):
            certified = middle
        else:
            refuted = middle
    return certified
