"""List the rivals of every test example sparsely: those with votes one by one, those without together.

With many classes most rivals have no vote. Their gaps are equal up to the tie bit, so each example has two *absent*
rivals that stand for all of them: bit 0 for labels above the predicted one (they win ties), bit 1 for those below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from jaxtyping import Integer
from numba import njit

from certvote.certificates import individual
from certvote.certificates.change import allowed, keeps_inputs
from certvote.certificates.votes import correct, predicted_labels
from certvote.certificates.window import check_window
from certvote.types import Votes


class Reach(NamedTuple):
    """What an attack of one size can reach, as compiled functions take it.

    For a pair of an example and a rival, ``τ(s)`` is the least number of additions of the rival with which at most
    ``s - 1`` removals break the example. It is ``max(gap - s + 1, 0)`` where the border does not move; else it is
    tabulated at every candidate ``s``.

    Attributes
    ----------
    ρ, α, classes : int
        Most removals and additions, and the number of labels.
    low, high : int64 array, shape (c,)
        The box of additions that is looked at: ``low ≤ A ≤ high`` besides ``Σ A ≤ α``.
    candidates : int64 array, shape (K,)
        Thresholds ``s`` to choose from, ascending from 0 to ``ρ + 1``.
    label : int64 array, shape (n,)
        Predicted labels of the examples that may break.
    alone, helped : int64 array, shape (n,)
        Removals that break each example with the fewest additions of the box, ``min_l cost_{i,l}(low_l)``, and with
        the most, ``min_l cost_{i,l}(high_l)``; ``ρ + 1`` stands for never.
    start : int64 array, shape (n + 1,)
        The pairs of example ``i`` are ``start[i] : start[i + 1]``.
    rival : int32 array, shape (pairs,)
        Rivals with votes.
    gap : int32 array, shape (pairs,)
        Their gaps, where the border does not move.
    τ : int array, shape (pairs, K) or (0, K)
        Their ``τ`` at every candidate, where it does; ``α + 1`` stands for never.
    absent_gap : int32 array, shape (n, 2)
        Gap to a rival without votes, by its tie bit.
    absent_τ : int array, shape (n, 2, K) or (0, 2, K)
        Its ``τ``.
    pulled, pushed : int array, shape (n, positions) or (0, 0)
        Labels that the border passes outward and inward, for kNN.
    shared : bool
        Whether removals and additions of one label are at most ``ρ`` together (relabeling). Thresholds do without it:
        more attacks than there are give a bound from above.
    """

    ρ: int
    α: int
    classes: int
    low: np.ndarray
    high: np.ndarray
    candidates: np.ndarray
    label: np.ndarray
    alone: np.ndarray
    helped: np.ndarray
    start: np.ndarray
    rival: np.ndarray
    gap: np.ndarray
    τ: np.ndarray
    absent_gap: np.ndarray
    absent_τ: np.ndarray
    pulled: np.ndarray
    pushed: np.ndarray
    shared: bool

    def work(self) -> int:
        """Estimate how many pairs a round looks at: those with votes, and a part of those without."""
        if self.absent_τ.shape[0]:
            absent = self.absent_τ[:, :, -1].min(axis=1) <= self.α
        else:
            absent = self.absent_gap.min(axis=1) <= self.ρ + self.α
        return self.rival.size + int(np.count_nonzero(absent)) * min(self.classes, 64)


@dataclass(frozen=True)
class Rivals:
    """Hold all pairs of an example and a rival with votes that some attack up to a size may reach.

    Attributes
    ----------
    label, safe : int64 array, shape (m,)
        Predicted labels and individually certified sizes of the examples that may break, by ascending size.
    start, rival, gap
        As in :class:`Reach`, at the border itself; rivals that only appear beyond the border are listed, too.
    absent_gap : int32 array, shape (m, 2)
        As in :class:`Reach`.
    pulled, pushed : int array, shape (m, positions), or None
        For kNN, the labels that the border passes outward and inward.
    change : str
        What the attacker may do to the training set.
    bound : str
        For kNN, sharp or plain.
    classes : int
        Number of labels.
    """

    label: np.ndarray
    safe: np.ndarray
    start: np.ndarray
    rival: np.ndarray
    gap: np.ndarray
    absent_gap: np.ndarray
    pulled: np.ndarray | None
    pushed: np.ndarray | None
    change: str
    bound: str
    classes: int

    @classmethod
    def of(
        cls, votes: Votes, labels: Integer[np.ndarray, " m"], largest: int, *, bound: str, change: str = "any"
    ) -> Rivals:
        """List what attacks up to the size ``largest`` may break, from checked votes and labels.

        Raises
        ------
        ValueError
            If votes of kNN have too small a ``window``, or ranked labels that do not fit them.
        """
        knn = votes.k is not None and largest > 0
        if knn:
            check_window(votes, largest)
        safe = individual.votes_sizes(votes, labels, change=change)
        kept = np.flatnonzero(correct(votes.counts, labels) & (safe < largest))
        kept = kept[np.argsort(safe[kept], kind="stable")]
        counts, c = votes.counts[kept], votes.counts.shape[1]
        label = predicted_labels(counts)
        pulled = pushed = None
        listed = counts > 0
        if knn:
            assert votes.k is not None
            assert votes.ranked is not None
            inside = min(votes.window, votes.k)
            pulled = np.ascontiguousarray(votes.ranked[kept, inside : inside + largest])
            pushed = np.ascontiguousarray(votes.ranked[kept, max(inside - largest, 0) : inside][:, ::-1])
            listed[np.arange(len(kept))[:, None], pulled] = True
        listed[np.arange(len(kept)), label] = False
        own = counts[np.arange(len(kept)), label].astype(np.int32)
        ρ, α = allowed(change, largest)
        example, rival = np.nonzero(listed)
        gap = own[example] - counts[example, rival] + (label[example] > rival)
        near = gap <= ρ + α + (largest if knn else 0)  # the border moves by at most the size, and gaps as much
        example, rival, gap = example[near], rival[near], gap[near]
        return cls(
            label,
            safe[kept],
            np.searchsorted(example, np.arange(len(kept) + 1)),
            rival.astype(np.int32),
            gap.astype(np.int32),
            own[:, None] + np.arange(2, dtype=np.int32),
            pulled,
            pushed,
            change,
            bound,
            c,
        )

    def at(self, size: int) -> Reach:
        """Return what an attack of this size can reach."""
        ρ, α = allowed(self.change, size)
        n = int(np.searchsorted(self.safe, size, side="left"))
        pairs = int(self.start[n])
        label, start, rival = self.label[:n], self.start[: n + 1], self.rival[:pairs]
        gap, absent = self.gap[:pairs], self.absent_gap[:n]
        S = candidates(ρ)
        if self.pulled is None or self.pushed is None:
            alone = least_gaps(label, start, rival, gap, absent, self.classes)
            none, nothing = np.zeros((0, S.size), np.int32), np.zeros((0, 0), np.uint8)
            helped = np.clip(alone - α, 0, ρ + 1)
            moved, τ, moved_absent, absent_τ, passed = gap, none, absent, none[:, None], (nothing, nothing)
        else:
            moved, τ, moved_absent, absent_τ, alone, helped = move_border(
                label, start, rival, gap, absent, self.pulled, self.pushed, ρ, α, S, self.bound == "sharp", self.classes
            )
            passed = self.pulled[:n], self.pushed[:n]
        alone = np.minimum(alone, ρ + 1)
        box = np.zeros(self.classes, np.int64), np.full(self.classes, α)
        shared = keeps_inputs(self.change)
        border = moved, τ, moved_absent, absent_τ, *passed
        return Reach(ρ, α, self.classes, *box, S, label, alone, helped, start, rival, *border, shared)


def candidates(ρ: int) -> np.ndarray:
    """Return thresholds to choose from: 0 to 13 one by one, then a tenth to a third apart, and ``ρ + 1``."""
    S = [*range(min(13, ρ + 1) + 1)]
    while S[-1] < ρ + 1:
        S.append(min(max(S[-1] + 1, int(S[-1] * 1.3)), ρ + 1))
    return np.array(S, dtype=np.int64)


@njit(nogil=True, cache=True)
@no_type_check
def exist_absent(label: int, rivals: np.ndarray, c: int) -> tuple[bool, bool]:
    """Return whether some label above, and whether some label below, is neither ``label`` nor one of ``rivals``."""
    below = 0
    for l in rivals:  # noqa: E741 (the paper's label)
        below += l < label
    return rivals.size - below < c - 1 - label, below < label


@njit(nogil=True, cache=True)
@no_type_check
def least_gaps(
    label: np.ndarray, start: np.ndarray, rival: np.ndarray, gap: np.ndarray, absent: np.ndarray, c: int
) -> np.ndarray:
    """Return the gap to the runner-up of every example, at least 0."""
    least = np.full(label.size, 2**30)
    for i in range(label.size):
        for j in range(start[i], start[i + 1]):
            least[i] = min(least[i], max(gap[j], 0))
        exists = exist_absent(label[i], rival[start[i] : start[i + 1]], c)
        for bit in range(2):
            if exists[bit]:
                least[i] = min(least[i], max(absent[i, bit], 0))
    return least


@njit(nogil=True, cache=True)
@no_type_check
def follow_border(
    gap: int,
    a: int,
    l: int,  # noqa: E741
    pulled: np.ndarray,
    pushed: np.ndarray,
    outward: np.ndarray,
    inward: np.ndarray,
    need: np.ndarray,
) -> None:
    """Write the running minima of the gap as the border moves both ways, and inward ``need[v] = g(-v) + v``.

    ``outward`` has a value for up to ``ρ`` positions, ``inward`` and ``need`` for up to ``α``; where neighbors end,
    minima stay, and nothing more is reached inward. Rival -1 has no votes.
    """
    g = outward[0] = inward[0] = need[0] = gap
    for d in range(1, outward.size):
        if d <= pulled.size:
            g += np.int64(pulled[d - 1] == a) - np.int64(pulled[d - 1] == l)
        outward[d] = min(outward[d - 1], g)
    g = gap
    for v in range(1, inward.size):
        if v <= pushed.size:
            g += np.int64(pushed[v - 1] == l) - np.int64(pushed[v - 1] == a)
            need[v] = g + v
        else:
            need[v] = 2**30
        inward[v] = min(inward[v - 1], g)


@njit(nogil=True, cache=True)
@no_type_check
def moving_cost(outward: np.ndarray, inward: np.ndarray, need: np.ndarray, v: int, A: int) -> tuple[int, int]:
    """Return the sharp cost of ``A`` additions (section 7 of the page), and how far inward the border can move.

    ``v`` is how far it can move with fewer additions; the cost is not cut at ``ρ``.
    """
    ρ, α = outward.size - 1, inward.size - 1
    while v < α and need[v + 1] <= α + A:
        v += 1
    return max(min(outward[ρ - A], inward[v]) - A, 0), v


@njit(nogil=True, cache=True)
@no_type_check
def _fewest_insertions(inward: np.ndarray, need: np.ndarray) -> int:
    """Return the least ``max(g(-v), 0)`` with ``g(-v) ≤ v`` (Lemma 13, sharp, without removals)."""
    fewest = 2**30
    for v in range(inward.size):
        g = need[v] - v
        if g <= v:
            fewest = min(fewest, max(g, 0))
    return fewest


@njit(nogil=True, cache=True)
@no_type_check
def move_border(
    label: np.ndarray,
    start: np.ndarray,
    rival: np.ndarray,
    gap: np.ndarray,
    absent_gap: np.ndarray,
    pulled: np.ndarray,
    pushed: np.ndarray,
    ρ: int,
    α: int,
    S: np.ndarray,
    sharp: bool,
    c: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Compute for kNN what :class:`Reach` holds: moved gaps (plain bound, insertions) or ``τ`` (sharp), and costs."""
    n, moving = label.size, sharp and ρ > 0
    moved, moved_absent = gap.copy(), absent_gap.copy()
    τ = np.full((gap.size if moving else 0, S.size), α + 1, np.int32)
    absent_τ = np.full((n if moving else 0, 2, S.size), α + 1, np.int32)
    alone, helped = np.full(n, ρ + 1), np.full(n, ρ + 1)
    outward, inward, need = np.empty(ρ + 1, np.int64), np.empty(α + 1, np.int64), np.empty(α + 1, np.int64)
    for i in range(n):
        first, last = start[i], start[i + 1]
        exists = exist_absent(label[i], rival[first:last], c)
        for j in range(first, last + 2):
            bit = j - last  # of an absent rival
            if bit >= 0 and not exists[bit]:
                if not moving:
                    moved_absent[i, bit] = 2**30
                continue
            g, l = (gap[j], rival[j]) if bit < 0 else (absent_gap[i, bit], np.int32(-1))  # noqa: E741
            follow_border(g, label[i], l, pulled[i], pushed[i], outward, inward, need)
            if moving:
                k, v = S.size - 1, 0
                for A in range(α + 1):
                    cost, v = moving_cost(outward, inward, need, v, A)
                    if A == 0:
                        alone[i] = min(alone[i], cost)
                    while k > 0 and cost <= S[k] - 1:
                        if bit < 0:
                            τ[j, k] = A
                        else:
                            absent_τ[i, bit, k] = A
                        k -= 1
                helped[i] = min(helped[i], cost)
                continue
            least = _fewest_insertions(inward, need) if sharp else min(outward[ρ], inward[α])
            alone[i] = min(alone[i], max(least, 0))
            helped[i] = min(helped[i], max(least - α, 0))
            if bit < 0:
                moved[j] = least
            else:
                moved_absent[i, bit] = least
    return moved, τ, moved_absent, absent_τ, alone, helped
