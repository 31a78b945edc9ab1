"""Budget certificates: joint certification without groups.

An attack of size ``e`` removes at most ``e`` training examples and adds at most ``e``. Every one of them has a label:
what is spent on one label is not there for another. The removal-budget certificate uses this for the removals of rNN
and has a closed form (docs/certificates.md, Theorem 3); the budget certificate uses it for removals and additions, of
rNN and of kNN, and is searched (Theorems 5 and 8). An attacker who can only insert or only delete has a budget for the
one, and nothing for the other (Theorem 14). One who can only relabel does not move the border of kNN's neighborhood,
and its removals and additions of one label share a budget (Theorem 19).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer

from certvote.certificates import individual
from certvote.certificates.allocation import allocate_shifted
from certvote.certificates.change import allowed, check_change
from certvote.certificates.coarse_to_fine import search_curve
from certvote.certificates.costs import Attackable, CostTables
from certvote.certificates.deletions import knn_broken
from certvote.certificates.rivals import Rivals
from certvote.certificates.split_curve import split_curve
from certvote.certificates.votes import (
    as_certified,
    checked_sizes,
    checked_votes,
    correct,
    predicted_labels,
    smallest_gap,
)
from certvote.checks import is_integer, is_real
from certvote.runtime.threads import workers
from certvote.types import Curve, Votes

FEW_CLASSES = 12
"""With more classes, boxes of additions are too many, and thresholds are split instead."""

_LONGEST = 1e7  # seconds; waiting for a thread takes no larger number


def removal_curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Compute the removal-budget certificate of rNN (Theorem 3): no grouping certifies more.

    Parameters
    ----------
    votes : Votes
        Votes of rNN.
    labels : int array, shape (m,)
        True labels.
    sizes : int array, shape (s,)
        Poisoning sizes in training examples, in any order.
    change : {"any", "delete", "relabel"}
        What the attacker may do to the training set.

    Raises
    ------
    ValueError
        If the votes are of kNN (``votes.k`` given), the change is ``"insert"`` (there is no removal to budget), or
        anything is out of range.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    e = checked_sizes(sizes)
    if votes.k is not None:
        raise ValueError(
            f"expected votes of rNN (k=None) for the removal-budget certificate, got votes of kNN with k={votes.k}; "
            "the budget certificate is there for both"
        )
    if change == "insert":
        raise ValueError("expected change any, delete or relabel for the removal-budget certificate, got 'insert'")
    m = len(labels)
    broken = np.count_nonzero(~correct(votes.counts, labels)) + _removal_broken(votes, labels, e, change)
    return Curve(sizes=e, certified=(m - broken) / m)


def curve(
    votes: Votes,
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    tolerance: float = 1e-3,
    seconds: float = 300.0,
    max_nodes: int = 20_000,
    bound: str = "sharp",
    change: str = "any",
    progress: Callable[[int, int], None] | None = None,
) -> Curve:
    """Compute the budget certificate of rNN (Theorem 5) or kNN (Theorem 8), with what its own search attained.

    Every size is searched until certified and attained accuracy are equal, or, once the search has turned out to be
    hard (``certvote.certificates.search.PATIENCE``), at most ``tolerance`` apart. With ``change="delete"`` there is
    nothing to search. Results do not depend on the machine unless ``seconds`` ends the search; they are sound in every
    case.

    Parameters
    ----------
    votes : Votes
        Votes of rNN (``votes.k`` is None), or of kNN with a ``window`` of at least the largest size.
    labels : int array, shape (m,)
        True labels.
    sizes : int array, shape (s,)
        Poisoning sizes in training examples, in any order.
    tolerance : float
        In accuracy: 0.001 is a test example in 1,000.
    seconds : float
        Time for the whole curve. The first search of a process includes loading or compiling its code.
    max_nodes : int
        Largest number of boxes that the search splits at one size.
    bound : {"sharp", "plain"}
        For kNN. ``"plain"`` takes the worst border of the neighborhood within ``e`` positions of the ``k``-th neighbor
        (Lemma 6). ``"sharp"`` lets the border move only as far as the removals and additions that break an example
        leave room for (Lemma 7): it certifies at least as much.
    change : {"any", "insert", "delete", "relabel"}
        What the attacker may do to the training set; ``"relabel"`` needs an order of neighbors that does not look at
        labels, and no window.
    progress : callable, optional
        Called with the number of sizes that are done, and of all.

    Returns
    -------
    Curve
        Certified and attained accuracy at every size, and which bound gave each.

    Raises
    ------
    ValueError
        If the window of kNN votes is too small, or anything is out of range; the message names it.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    e = checked_sizes(sizes)
    _check_options(tolerance, seconds, max_nodes, bound)
    votes = as_certified(votes, change)
    if change == "delete":
        return _deletion_curve(votes, labels, e, bound, progress)
    bounds = _closed_bounds(votes, labels, np.unique(e), change)
    open_ = np.flatnonzero(bounds.upper > bounds.lower)
    if open_.size:
        _search(
            bounds.up_to(int(open_[-1])),
            votes,
            labels,
            bound=bound,
            change=change,
            tolerance=tolerance * len(labels),
            max_nodes=max_nodes,
            deadline=time.monotonic() + min(seconds, _LONGEST),
            progress=lambda share: None if progress is None else progress(int(share * e.size), e.size),
        )
    if progress is not None:
        progress(e.size, e.size)
    right, at = np.count_nonzero(correct(votes.counts, labels)), np.searchsorted(bounds.sizes, e)
    return Curve(
        sizes=e,
        certified=(right - bounds.upper[at]) / len(labels),
        attained=(right - bounds.lower[at]) / len(labels),
        certified_by=tuple(bounds.upper_by[at].tolist()),
        attained_by=tuple(bounds.lower_by[at].tolist()),
    )


@dataclass
class _Bounds:
    """Bounds of the number of examples that break at every size, each with the name of what gave it."""

    sizes: np.ndarray  # i64[s], ascending
    upper: np.ndarray  # i64[s]
    lower: np.ndarray  # i64[s]
    upper_by: np.ndarray  # object[s]
    lower_by: np.ndarray  # object[s]

    def up_to(self, last: int) -> _Bounds:
        """Return a view of the sizes up to number ``last``."""
        return _Bounds(*(values[: last + 1] for values in vars(self).values()))

    @contextmanager
    def credited_to(self, name: str) -> Iterator[None]:
        """Give the name to every bound that the block improves."""
        upper, lower = self.upper.copy(), self.lower.copy()
        yield
        self.upper_by[self.upper < upper] = name
        self.lower_by[self.lower > lower] = name


def _closed_bounds(votes: Votes, labels: np.ndarray, sizes: np.ndarray, change: str) -> _Bounds:
    """Bound what breaks at every size without a search."""
    if votes.k is not None or change == "insert":
        name, upper = "individual", _individually_broken(votes, labels, sizes, change)
    else:
        name, upper = "removal budget", _removal_broken(votes, labels, sizes, change)
    lower = np.zeros_like(upper)
    if votes.k is None:
        # No search, and no table of that size, for what is known: all break if all additions get one label and all
        # removals are of it; half of each where the two share a budget; and without removals, if two labels get half
        # of the additions each.
        all_break = sizes >= {"any": 1, "insert": 2, "relabel": 2}[change] * _largest_gap(votes)
        lower[all_break] = upper[all_break]
    return _Bounds(sizes, upper, lower, *(np.full(sizes.size, name, dtype=object) for _ in range(2)))


def _search(
    bounds: _Bounds,
    votes: Votes,
    labels: np.ndarray,
    *,
    bound: str,
    change: str,
    tolerance: float,
    max_nodes: int,
    deadline: float,
    progress: Callable[[float], None],
) -> None:
    """Tighten the bounds: branch and bound with few classes, threshold splitting with many, or where that is hard."""
    largest, classes, threads = int(bounds.sizes[-1]), votes.counts.shape[1], workers(None)
    sides = bounds.sizes, bounds.upper, bounds.lower
    common: dict[str, Any] = {"tolerance": tolerance, "deadline": deadline, "threads": threads}
    if classes <= FEW_CLASSES:
        attackable = Attackable.of(votes, labels, largest, change)
        tables = CostTables.of(attackable, largest, bound=bound, threads=threads)
        with bounds.credited_to("branch and bound"):
            search_curve(
                tables, *sides, max_nodes=max_nodes, progress=lambda done: progress(done / bounds.sizes.size), **common
            )
    if (bounds.upper > bounds.lower).any() and time.monotonic() < deadline:
        rivals = Rivals.of(votes, labels, largest, bound=bound, change=change)
        with bounds.credited_to("threshold splitting"):
            split_curve(rivals, *sides, progress=lambda done: progress(done / bounds.sizes.size), **common)


def _deletion_curve(
    votes: Votes, labels: np.ndarray, sizes: np.ndarray, bound: str, progress: Callable[[int, int], None] | None
) -> Curve:
    if votes.k is None:
        broken = _removal_broken(votes, labels, sizes, "delete")
    else:
        broken = knn_broken(votes, labels, sizes, bound)
    if progress is not None:
        progress(sizes.size, sizes.size)
    certified = (np.count_nonzero(correct(votes.counts, labels)) - broken) / len(labels)
    by = ("removal budget" if votes.k is None else "deletions",) * sizes.size
    return Curve(sizes=sizes, certified=certified, attained=certified, certified_by=by, attained_by=by)


def _removal_broken(votes: Votes, labels: np.ndarray, sizes: np.ndarray, change: str) -> np.ndarray:
    """Count the examples, right on clean data, that Theorem 3 lets break at each size."""
    right = correct(votes.counts, labels)
    gap = smallest_gap(votes.counts, change=change)[right]
    c = votes.counts.shape[1]
    # With that many nothing is left to break: removals of every label, unless additions help all examples at once.
    removals, additions = allowed(change, np.minimum(sizes, _largest_gap(votes) * (c if change == "delete" else 1)))
    G = np.zeros((c, (removals + additions).max() + 1), dtype=np.int32)
    counted = gap < G.shape[1]
    np.add.at(G, (predicted_labels(votes.counts)[right][counted], gap[counted]), 1)
    return np.asarray(allocate_shifted(np.cumsum(G, axis=1, dtype=np.int32), additions, removals))


def _largest_gap(votes: Votes) -> int:
    """Return a size from which on an attack breaks every example of rNN with a rival: no gap to a rival is larger."""
    return int(votes.counts.max()) + 1


def _individually_broken(votes: Votes, labels: np.ndarray, sizes: np.ndarray, change: str) -> np.ndarray:
    """Count the examples, right on clean data, whose certified size is below each size."""
    certified = individual.votes_sizes(votes, labels, change=change)
    return np.asarray(np.searchsorted(np.sort(certified[certified >= 0]), sizes, side="left"))


def _check_options(tolerance: float, seconds: float, max_nodes: int, bound: str) -> None:
    if not (is_real(tolerance) and 0 <= tolerance < math.inf):
        raise ValueError(f"expected tolerance as a finite number ≥ 0, got {tolerance!r}")
    if not (is_real(seconds) and seconds >= 0):
        raise ValueError(f"expected seconds as a number ≥ 0, got {seconds!r}")
    if not (is_integer(max_nodes) and max_nodes >= 0):
        raise ValueError(f"expected max_nodes as an integer ≥ 0, got {max_nodes!r}")
    if bound not in ("sharp", "plain"):
        raise ValueError(f"expected bound 'sharp' or 'plain', got {bound!r}")
