"""What it costs to break a test example: removals of its label, given the additions of a rival's label.

``cost_{i,l}(A)`` is a lower bound of the number of removed training examples with label ``a_i`` in every attack of size
``e`` that adds at most ``A`` examples with label ``l`` and makes ``l`` overtake ``a_i`` at test example ``i``. It falls
as ``A`` grows. A :class:`CostTable` holds it for all pairs ``(i, l)`` that an attack of size ``e`` can reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from certvote.certificates import individual
from certvote.certificates.change import allowed
from certvote.certificates.pair_costs import knn_costs, least_gaps, plain_costs
from certvote.certificates.votes import UNLIMITED, correct, gaps, predicted_labels
from certvote.certificates.window import check_window
from certvote.types import Votes

MAX_TABLE_BYTES = 2**29


@dataclass(frozen=True)
class Attackable:
    """The test examples that are right on clean data, sorted by predicted label.

    ``gap`` is ``i64[m c]``, ``label`` the predicted labels ``i64[m]``, ``safe`` the sizes certified individually
    ``i64[m]``. For kNN, ``ranked`` are the labels of the neighbors around the ``k``-th, ``inside`` columns of them
    within the neighborhood; ``None`` for rNN.
    """

    gap: np.ndarray
    label: np.ndarray
    safe: np.ndarray
    ranked: np.ndarray | None
    inside: int
    change: str

    @classmethod
    def of(cls, votes: Votes, labels: Integer[np.ndarray, " m"], largest: int, change: str = "any") -> Attackable:
        """Sort out what attacks up to the size ``largest`` may break, from checked votes and labels.

        Raises:
            ValueError: kNN votes whose ``window`` is too small, or whose ranked labels do not fit them.
        """
        knn = votes.k is not None and largest > 0
        if knn:
            check_window(votes, largest)
        a = predicted_labels(votes.counts)
        kept = np.flatnonzero(correct(votes.counts, labels))
        kept = kept[np.argsort(a[kept], kind="stable")]
        ranked = votes.ranked[kept] if knn and votes.ranked is not None else None
        inside = min(votes.window, votes.k) if votes.k is not None else 0
        safe = individual.votes_sizes(votes, labels, change=change)
        return cls(gaps(votes.counts)[kept], a[kept], safe[kept], ranked, inside, change)


@dataclass(frozen=True)
class CostTable:
    """Costs at one poisoning size: so many ``removals`` and ``additions`` at most.

    The pairs of rival ``l`` are ``pair_start[l] : pair_start[l + 1]`` (``i64[c + 1]``); ``example`` (``i32``) says
    whose each is, and ``label_start`` (``i64[c + 1]``) delimits the examples of each predicted label. Pair ``j`` of
    ``l`` costs ``cost[offset[l] + x * pairs_l + j]`` at ``A = min(x * step, additions)``; ``removals + 1`` stands for
    never.
    """

    removals: int
    additions: int
    step: int
    label_start: np.ndarray
    pair_start: np.ndarray
    example: np.ndarray
    offset: np.ndarray
    cost: np.ndarray

    @property
    def units(self) -> int:
        """Steps that cover all additions, were they all of one label."""
        return -(-self.additions // self.step)

    @property
    def rivals(self) -> np.ndarray:
        """Labels that overtake some example in some attack of this size."""
        return np.flatnonzero(np.diff(self.pair_start))


def cost_table(attackable: Attackable, size: int, *, bound: str, max_bytes: int = MAX_TABLE_BYTES) -> CostTable:
    """Costs of all pairs that an attack of ``size`` can reach (docs/certificates.md, Lemmas 4, 6 and 7,
    and 13).

    Where the table would take more than ``max_bytes``, additions are counted in steps, rounded up: costs too low, still
    a certificate.
    """
    gap, ranked = attackable.gap, attackable.ranked
    ρ, α = allowed(attackable.change, size)
    c = gap.shape[1]
    sharp = bound == "sharp"
    if ranked is None:
        least = gap
    else:
        least = least_gaps(gap, attackable.label, ranked, attackable.inside, ρ, α)
        least[attackable.safe >= size] = UNLIMITED
    reachable = least <= ρ + α
    pairs = reachable.sum(axis=0)
    dtype = np.dtype(np.uint16 if ρ + 1 < 2**16 else np.uint32)
    step = max(1, -(-int(pairs.sum()) * (α + 1) * dtype.itemsize // max_bytes))
    additions = np.minimum(np.arange(-(-α // step) + 1) * step, α)

    offset = np.concatenate(([0], np.cumsum(pairs * additions.size)))
    cost = np.empty(offset[-1], dtype=dtype)
    example = [np.flatnonzero(reachable[:, l]) for l in range(c)]  # noqa: E741 (the paper's label)
    for l, rows in enumerate(example):  # noqa: E741
        block = cost[offset[l] : offset[l + 1]].reshape(additions.size, rows.size)
        if ranked is not None and sharp:
            knn_costs(gap[rows, l], attackable.label[rows], l, ranked[rows], attackable.inside, ρ, α, additions, block)
        else:
            plain_costs(least[rows, l], ρ, additions, block)
    return CostTable(
        removals=ρ,
        additions=α,
        step=step,
        label_start=np.searchsorted(attackable.label, np.arange(c + 1)),
        pair_start=np.concatenate(([0], np.cumsum(pairs))),
        example=np.concatenate(example).astype(np.int32),
        offset=offset[:-1],
        cost=cost,
    )
