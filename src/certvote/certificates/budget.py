"""Budget certificates: joint certification without groups.

An attack of size ``e`` removes at most ``e`` training examples and adds at most ``e``. Every one of them has a label:
what is spent on one label is not there for another. The removal-budget certificate uses this for the removals of rNN
and has a closed form (docs/certificates.md, Theorem 3); the budget certificate uses it for removals and additions, of
rNN and of kNN, and is searched (Theorems 5 and 8). An attacker who can only insert or only delete has a budget for the
one, and nothing for the other (Theorem 14).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Int64, Integer

from certvote.certificates import individual
from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.certificates.change import allowed, check_change
from certvote.certificates.stride import default_stride
from certvote.certificates.votes import checked_sizes, checked_votes, correct, predicted_labels, smallest_gap
from certvote.checks import is_integer, is_real
from certvote.options import Label, choice, option
from certvote.types import Curve, Votes


@choice("certificate", "budget")
class Budget(Certificate):
    """Joint over removals and additions, without groups (kNN and rNN)."""

    bound: str = option(
        "kNN: plain, or sharp, which certifies a little more (docs/certificates.md, Lemma 7); rNN: the same",
        one_of=("plain", "sharp"),
    )
    tolerance: float = option("the search at a size stops when certified and attained are this close", least=0)
    seconds: float = option("or when the whole curve has taken so long; the result is valid whenever it stops", least=0)
    stride: int | None = option("the search runs at multiples of it; null: 1, on long curves a 20th of them", least=1)

    label = Label("budget", order=4, width=2.6)
    meaning = (
        "Joint: removals and additions both have one label each and at most e of each are shared out. A search by "
        "branch and bound stops at a tolerance or time limit; what it has proven until then is certified, and how far "
        "the other side of the search was away is stated beside it."
    )
    votes_of = frozenset({VotesOf.RADIUS, VotesOf.RANK})
    never_below = ("removal",)

    def window(self, sizes: Int64[np.ndarray, " s"]) -> int:
        return int(sizes.max())

    def curve(self, problem: Problem, alone: object, progress: Callable[[int, int], None]) -> Curve:
        return curve(
            problem.counted_votes,
            problem.labels,
            problem.sizes,
            bound=self.bound,
            tolerance=self.tolerance,
            seconds=self.seconds,
            stride=self.stride,
            change=problem.change,
            progress=progress,
        )


def removal_curve(
    votes: Votes, labels: Integer[np.ndarray, " m"], sizes: Integer[np.ndarray, " s"], *, change: str = "any"
) -> Curve:
    """Removal-budget certificate of rNN at every poisoning size (Theorem 3): no grouping certifies more.

    Raises:
        ValueError: votes of kNN (``votes.k`` given), ``change="insert"`` (there is no removal to budget), or anything
            out of range.
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
        raise ValueError("expected change 'any' or 'delete' for the removal-budget certificate, got 'insert'")
    m = len(labels)
    broken = np.count_nonzero(~correct(votes.counts, labels)) + _removal_broken(votes, labels, e, change)
    return Curve(sizes=e, certified=(m - broken) / m)


def curve(
    votes: Votes,
    labels: Integer[np.ndarray, " m"],
    sizes: Integer[np.ndarray, " s"],
    *,
    tolerance: float = 1e-3,
    seconds: float = 60.0,
    stride: int | None = None,
    max_nodes: int = 10_000,
    bound: str = "plain",
    change: str = "any",
    progress: Callable[[int, int], None] | None = None,
) -> Curve:
    """Budget certificate of rNN (Theorem 5) or kNN (Theorem 8), with what its own search attained.

    The search runs at the sizes that are multiples of ``stride`` and at the largest; without a stride at every size of
    a short curve and at about 20 of a long one (``default_stride``). Between two of them the value of the larger one is
    certified (or, where it is more, the removal-budget certificate of rNN, the individual one of kNN and where nothing
    is removed), and the value attained at the smaller one limits what the certificate could give.

    At each size the search goes on until certified and attained accuracy are equal, or, once it has turned out to be
    hard (``certvote.certificates.search.PATIENCE``), at most ``tolerance`` apart; it stops early after ``max_nodes``
    boxes, or when the whole curve has taken ``seconds``. Results do not depend on the machine's speed
    unless ``seconds`` ends the search; they are sound in every case.

    ``bound`` matters to kNN only: ``"plain"`` takes the worst border of the neighborhood within ``e`` positions of the
    ``k``-th neighbor (Lemma 6), ``"sharp"`` certifies more: it lets the border move only as far as the removals and
    additions that break an example leave room for (Lemma 7). kNN needs votes with ``window`` at least the largest size.

    With ``change="delete"`` there is nothing to search, and the bound is known at every size.

    Raises:
        ValueError: votes of kNN whose window is too small, or anything out of range; the message names it.
    """
    check_change(change)
    votes, labels = checked_votes(votes, labels)
    e = checked_sizes(sizes)
    stride = default_stride(e) if stride is None else stride
    _check_options(tolerance, seconds, stride, max_nodes, bound)
    if change == "delete":
        return _deletion_curve(votes, labels, e, bound, progress)
    from certvote.certificates.costs import Attackable, cost_table
    from certvote.certificates.search import Found, search

    started = time.monotonic()
    attackable = Attackable.of(votes, labels, int(e.max()), change)
    m = len(labels)
    known = _individually_broken if votes.k is not None or change == "insert" else _removal_broken

    computed = np.unique(np.append(e[e % min(stride, int(e.max()) + 1) == 0], e.max()))
    at_most = known(votes, labels, computed, change)  # at computed[j] and, once searched, at every smaller size
    at_least = np.zeros_like(at_most)
    if votes.k is None:
        # No search, and no table of that size, for what is known: all break if all additions get one label and all
        # removals are of it, or, without removals, if two labels get half of the additions each.
        all_break = computed >= {"any": 1, "insert": 2}[change] * _largest_gap(votes)
        at_least[all_break] = at_most[all_break]
    best: dict[int, np.ndarray] = {}
    for done, j in enumerate(_from_coarse_to_fine(computed.size)):
        found = Found(upper=int(at_most[j]), lower=int(at_least[j]), best=np.zeros(0), nodes=0)
        if found.upper > found.lower and time.monotonic() < started + seconds:
            size = int(computed[j])
            found = search(
                cost_table(attackable, size, bound=bound),
                upper=found.upper,
                lower=found.lower,
                starts=[A * min(size, other) // max(other, 1) for other, A in best.items()],
                tolerance=tolerance * m,
                max_nodes=max_nodes,
                deadline=started + seconds,
            )
            best[size] = found.best
        # What breaks grows with the size.
        at_most[: j + 1] = np.minimum(at_most[: j + 1], found.upper)
        at_least[j:] = np.maximum(at_least[j:], found.lower)
        if progress is not None:
            progress(e.size * (done + 1) // computed.size, e.size)

    above = np.searchsorted(computed, e, side="left")
    below = np.searchsorted(computed, e, side="right") - 1
    right = attackable.label.size
    upper = np.minimum(known(votes, labels, e, change), at_most[above])
    lower = np.where(below >= 0, at_least[below], 0)
    return Curve(sizes=e, certified=(right - upper) / m, attained=(right - lower) / m)


def _deletion_curve(
    votes: Votes, labels: np.ndarray, sizes: np.ndarray, bound: str, progress: Callable[[int, int], None] | None
) -> Curve:
    if votes.k is None:
        broken = _removal_broken(votes, labels, sizes, "delete")
    else:
        from certvote.certificates.deletions import knn_broken

        broken = knn_broken(votes, labels, sizes, bound)
    if progress is not None:
        progress(sizes.size, sizes.size)
    certified = (np.count_nonzero(correct(votes.counts, labels)) - broken) / len(labels)
    return Curve(sizes=sizes, certified=certified, attained=certified)


def _removal_broken(votes: Votes, labels: np.ndarray, sizes: np.ndarray, change: str) -> np.ndarray:
    """Examples, right on clean data, that Theorem 3 lets break at each size."""
    from certvote.certificates.allocation import allocate_shifted

    right = correct(votes.counts, labels)
    gap = smallest_gap(votes.counts)[right]
    c = votes.counts.shape[1]
    # With that many nothing is left to break: removals of every label, unless additions help all examples at once.
    removals, additions = allowed(change, np.minimum(sizes, _largest_gap(votes) * (c if change == "delete" else 1)))
    G = np.zeros((c, (removals + additions).max() + 1), dtype=np.int32)
    counted = gap < G.shape[1]
    np.add.at(G, (predicted_labels(votes.counts)[right][counted], gap[counted]), 1)
    return np.asarray(allocate_shifted(np.cumsum(G, axis=1, dtype=np.int32), additions, removals))


def _largest_gap(votes: Votes) -> int:
    """A size from which on an attack breaks every example of rNN that has a rival: no gap to any rival is larger."""
    return int(votes.counts.max()) + 1


def _individually_broken(votes: Votes, labels: np.ndarray, sizes: np.ndarray, change: str) -> np.ndarray:
    """Examples, right on clean data, whose certified size is below each size."""
    certified = individual.votes_sizes(votes, labels, change=change)
    return np.asarray(np.searchsorted(np.sort(certified[certified >= 0]), sizes, side="left"))


def _from_coarse_to_fine(number: int) -> Iterator[int]:
    """All of ``0 … number - 1``: the last, the first, then always the middle of the widest gaps left."""
    yield number - 1
    if number > 1:
        yield 0
    intervals = [(0, number - 1)]
    while intervals:
        finer = []
        for low, high in intervals:
            if high - low > 1:
                middle = (low + high) // 2
                yield middle
                finer += [(low, middle), (middle, high)]
        intervals = finer


def _check_options(tolerance: float, seconds: float, stride: int, max_nodes: int, bound: str) -> None:
    if not (is_real(tolerance) and 0 <= tolerance < math.inf):
        raise ValueError(f"expected tolerance as a finite number ≥ 0, got {tolerance!r}")
    if not (is_real(seconds) and seconds >= 0):
        raise ValueError(f"expected seconds as a number ≥ 0, got {seconds!r}")
    if not (is_integer(stride) and stride >= 1):
        raise ValueError(f"expected stride as an integer ≥ 1, got {stride!r}")
    if not (is_integer(max_nodes) and max_nodes >= 0):
        raise ValueError(f"expected max_nodes as an integer ≥ 0, got {max_nodes!r}")
    if bound not in ("sharp", "plain"):
        raise ValueError(f"expected bound 'sharp' or 'plain', got {bound!r}")
