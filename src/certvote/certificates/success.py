"""Bound the success rate of a backdoor attack: how many triggered test examples can be classified as its target.

To have example ``i`` classified as the target ``t``, the attacker must make ``t`` overtake the label ``a_i`` that is
predicted on clean data. All additions may get the label ``t``, as no other label needs any. What is left to share out
is removals among the labels ``a_i``: one convolution, no search (docs/certificates.md, Theorem 20).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from jaxtyping import Int64, Integer
from numba import njit

from certvote.certificates.allocation import allocate_above
from certvote.certificates.change import allowed, check_change, keeps_inputs
from certvote.certificates.individual import certified_sizes_against
from certvote.certificates.votes import UNLIMITED, as_certified, checked_sizes, checked_votes, gaps, predicted_labels
from certvote.certificates.window import check_window
from certvote.checks import is_integer
from certvote.types import SuccessRates, Votes


def success_rates(
    votes: Votes,
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    targets: int | Sequence[int] | None = None,
    change: str = "any",
    progress: Callable[[int, int], None] | None = None,
) -> SuccessRates:
    """Bound the success rate of a backdoor attack on kNN or rNN from above, all test examples together.

    The rate is the share of test examples of other classes that are classified as the target.

    Parameters
    ----------
    votes : Votes
        Votes about test examples with the trigger; of kNN with a ``window`` of at least the largest size, unless only
        labels change.
    labels : int array, shape (m,)
        True labels.
    sizes : int array, shape (s,)
        Poisoning sizes in training examples, in any order.
    targets : int, sequence of int, or None
        Labels that the attacker may aim at, one at a time; ``None``: every label.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set.
    progress : callable, optional
        Called with the number of targets that are done, and of all.

    Returns
    -------
    SuccessRates
        Upper bounds of the rate for every target and size.

    Raises
    ------
    ValueError
        If the window of kNN votes is too small, all test examples are of a target's class, or anything is out of
        range; the message names it.

    References
    ----------
    docs/certificates.md, Theorem 20.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    e = checked_sizes(sizes)
    votes = as_certified(votes, change)
    if votes.k is not None and e.max() > 0:
        check_window(votes, int(e.max()))
    chosen = checked_targets(targets, votes.counts.shape[1], labels)
    ascending, back = np.unique(e, return_inverse=True)
    rates = np.empty((chosen.size, e.size))
    for j, t in enumerate(chosen.tolist()):
        rates[j] = _reached(votes, labels != t, t, ascending, change)[back] / np.count_nonzero(labels != t)
        if progress is not None:
            progress(j + 1, chosen.size)
    return SuccessRates(sizes=e, targets=chosen, rates=rates)


def individual_success_rates(
    against: Integer[np.ndarray, "m c"],
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    targets: int | Sequence[int] | None = None,
) -> SuccessRates:
    """Bound the success rate of a backdoor attack from above, each test example on its own.

    Parameters
    ----------
    against : int array, shape (m, c)
        Size up to which each test example is not classified as each label, -1 where it is on clean data
        (:func:`certvote.certified_sizes_against`).
    labels, sizes, targets
        As in :func:`success_rates`.

    Returns
    -------
    SuccessRates
        Upper bounds of the rate for every target and size.

    Raises
    ------
    ValueError
        If all test examples are of a target's class, or a target is no label.

    References
    ----------
    docs/certificates.md, Theorem 21.
    """
    e = checked_sizes(sizes)
    chosen = checked_targets(targets, against.shape[1], labels)
    rates = np.empty((chosen.size, e.size))
    for j, t in enumerate(chosen.tolist()):
        size = np.sort(against[labels != t, t])
        rates[j] = np.searchsorted(size, e, side="left") / size.size
    return SuccessRates(sizes=e, targets=chosen, rates=rates)


def checked_targets(
    targets: int | Sequence[int] | None, num_classes: int, labels: Int64[np.ndarray, " m"]
) -> Int64[np.ndarray, " k"]:
    """Return the targets as an array; raise ``ValueError`` unless each is a label that not all test examples have."""
    some = [t for t in range(num_classes) if (labels != t).any()]
    given = some if targets is None else [targets] if is_integer(targets) else targets
    if not isinstance(given, Sequence | np.ndarray):
        raise ValueError(f"expected targets as a label, several, or None, got {targets!r}")
    wanted = list(given)
    for t in wanted:
        if not (is_integer(t) and 0 <= t < num_classes):
            raise ValueError(f"expected a target from 0 to {num_classes - 1}, got {t!r}")
        if t not in some:
            raise ValueError(f"expected a test example with another label than the target {t}, got none")
    if not wanted:
        raise ValueError("expected at least one target, got none")
    return np.array(wanted, dtype=np.int64)


def _reached(votes: Votes, victims: np.ndarray, t: int, sizes: np.ndarray, change: str) -> np.ndarray:
    """Count the victims that are predicted as ``t`` under the worst attack of each size, sizes ascending."""
    a = predicted_labels(votes.counts)
    others = np.flatnonzero(victims & (a != t))
    already, c = int(np.count_nonzero(victims & (a == t))), votes.counts.shape[1]
    reached = np.empty(sizes.size, dtype=np.int64)
    least = 0
    costs = _costs(votes, others, t, sizes, change)
    for j, (e, cost) in enumerate(zip(sizes.tolist(), costs, strict=True)):
        ρ, _ = allowed(change, e)
        open_ = cost <= ρ
        cells = a[others[open_]] * (ρ + 1) + np.maximum(cost[open_], 0)
        F = np.cumsum(np.bincount(cells, minlength=c * (ρ + 1)).reshape(c, ρ + 1), axis=1).astype(np.int32)
        partial, corners = np.empty((2, ρ + 1), np.int32), np.empty((c, ρ + 2), np.int32)
        # what is reached never falls with the size: fewer than before need not be told apart
        least = allocate_above(F, partial, ρ, least, corners, np.empty(c, np.int64))
        reached[j] = already + least
    return reached


def _costs(votes: Votes, rows: np.ndarray, t: int, sizes: np.ndarray, change: str) -> Iterator[np.ndarray]:
    """Yield for every size the removals that make ``t`` overtake the label predicted for each of some rows."""
    gap = gaps(votes.counts[rows])[:, t]
    if keeps_inputs(change):
        gap[votes.counts[rows].sum(axis=1) == 0] = UNLIMITED  # nobody votes, and nobody can be made to
    if votes.k is None or sizes[-1] == 0:
        yield from (gap - allowed(change, e)[1] for e in sizes.tolist())
        return
    assert votes.ranked is not None
    own, largest, inside = predicted_labels(votes.counts[rows]), int(sizes[-1]), min(votes.window, votes.k)
    if change == "insert":
        safe = certified_sizes_against(votes, change="insert")[rows, t]
        yield from (np.where(safe < e, 0, 1) for e in sizes.tolist())
        return
    if change == "delete":
        passed = votes.ranked[rows, inside : inside + largest]
    else:
        passed = votes.ranked[rows, max(inside - largest, 0) : inside][:, ::-1]
    passed = np.ascontiguousarray(passed)
    g, least, place = gap.copy(), np.full(gap.size, UNLIMITED), np.zeros(gap.size, np.int64)
    if change != "delete":
        least[:] = gap
    for e in sizes.tolist():
        if change == "delete":
            _outward_costs(passed, own, t, e, g, place, least)
            yield least
        else:
            _inward_gaps(passed, own, t, 2 * e, g, place, least)
            yield least - e


@njit(cache=True)
@no_type_check
def _inward_gaps(
    passed: np.ndarray, own: np.ndarray, t: int, most: int, g: np.ndarray, place: np.ndarray, least: np.ndarray
) -> None:
    """Move each border inward as long as ``g(-v) + v ≤ most``, and update the smallest gap to ``t`` on its way.

    ``g`` and ``place`` are where each border stands; the next label that it passes is ``passed[i, place[i]]``.
    """
    for i in range(g.size):
        while place[i] < passed.shape[1]:
            label = passed[i, place[i]]
            after = g[i] + np.int64(label == t) - np.int64(label == own[i])
            if after + place[i] + 1 > most:
                break
            g[i] = after
            place[i] += 1
            least[i] = min(least[i], after)


@njit(cache=True)
@no_type_check
def _outward_costs(
    passed: np.ndarray, own: np.ndarray, t: int, e: int, g: np.ndarray, place: np.ndarray, least: np.ndarray
) -> None:
    """Move each border outward by up to ``e`` places, and update the fewest removals that bring ``t`` in front.

    ``max(g(d), 0)`` removals are enough where they are at most ``d``, or where no neighbors are left.
    """
    last = passed.shape[1]
    for i in range(g.size):
        while True:
            d = place[i]
            if g[i] <= d or d == last:
                least[i] = min(least[i], max(g[i], 0))
            if d == min(e, last):
                break
            g[i] += np.int64(passed[i, d] == own[i]) - np.int64(passed[i, d] == t)
            place[i] += 1
