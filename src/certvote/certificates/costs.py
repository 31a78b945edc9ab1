"""What it costs to break a test example: removals of its label, given the additions of a rival's label.

``cost_{i,l}(A)`` is a lower bound of the number of removed training examples with label ``a_i`` in every attack of size
``e`` that adds at most ``A`` examples with label ``l`` and makes ``l`` overtake ``a_i`` at test example ``i``. It never
grows with ``A`` nor with ``e``. :class:`CostTables` holds what gives it for all examples, rivals and sizes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from certvote.certificates import individual
from certvote.certificates.change import allowed
from certvote.certificates.paths import deep_minima, insertion_minima, running_minima
from certvote.certificates.votes import correct, gaps, predicted_labels
from certvote.certificates.window import check_window
from certvote.types import Votes

MAX_TABLE_BYTES = 2**29
BLOCK = 256  # examples whose tables are filled at once: they stay in the processor's cache


@dataclass(frozen=True)
class Attackable:
    """Hold the test examples that are right on clean data and that some attack may break, easiest ones first.

    Attributes
    ----------
    gap : int64 array, shape (m, c)
        Gap to every rival; ``UNLIMITED`` at the predicted label.
    label : int64 array, shape (m,)
        Predicted labels.
    safe : int64 array, shape (m,)
        Sizes that are certified individually, ascending, all of them below the largest size.
    pulled, pushed : int array, shape (positions, m), or None
        For kNN: labels of the neighbors that come next as the border moves outward and inward; None for rNN.
    change : {"any", "insert", "delete"}
        What the attacker may do to the training set.
    """

    gap: np.ndarray
    label: np.ndarray
    safe: np.ndarray
    pulled: np.ndarray | None
    pushed: np.ndarray | None
    change: str

    @classmethod
    def of(cls, votes: Votes, labels: Integer[np.ndarray, " m"], largest: int, change: str = "any") -> Attackable:
        """Sort out what attacks up to the size ``largest`` may break, from checked votes and labels.

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
        pulled = pushed = None
        if knn:
            assert votes.k is not None
            assert votes.ranked is not None
            inside = min(votes.window, votes.k)
            pulled = np.ascontiguousarray(votes.ranked[kept, inside : inside + largest].T)
            pushed = np.ascontiguousarray(votes.ranked[kept, max(inside - largest, 0) : inside].T[::-1])
        return cls(gaps(votes.counts)[kept], predicted_labels(votes.counts)[kept], safe[kept], pulled, pushed, change)


@dataclass(frozen=True)
class CostTables:
    """Hold the costs of all examples and rivals at every poisoning size up to ``largest`` (section 7 of the page).

    At size ``e``, with at most ``ρ`` removals and ``α`` additions, it is ``cost_{i,l}(A) = max(base - A, 0)``, never if
    that exceeds ``ρ``. For rNN, the plain bound, and insertions, ``base`` is ``fixed_{i,l}(e)``. For the sharp bound of
    kNN it is ``min(outward_{i,l}(ρ - A), deep_{i,l}(α + A))``.

    Attributes
    ----------
    outward, deep, fixed : int array, shape (c, rows, m)
        Row ``j`` is for the argument ``j * step``. Tables that are not needed have no rows; ``fixed`` has a single one
        where it does not depend on the size (rNN).
    step : int
        More than 1 where the tables would take too much memory; arguments are then rounded, up for bounds from above
        of what breaks, down for bounds from below.
    label, safe : int64 array, shape (m,)
        As in :class:`Attackable`.
    change : str
        As in :class:`Attackable`.
    """

    outward: np.ndarray
    deep: np.ndarray
    fixed: np.ndarray
    step: int
    label: np.ndarray
    safe: np.ndarray
    change: str

    @classmethod
    def of(
        cls, attackable: Attackable, largest: int, *, bound: str, max_bytes: int = MAX_TABLE_BYTES, threads: int = 1
    ) -> CostTables:
        """Compute the tables for sizes up to ``largest`` (docs/certificates.md, Lemmas 4, 6, 7 and 13)."""
        gap, label, pulled, pushed = attackable.gap, attackable.label, attackable.pulled, attackable.pushed
        m, c = gap.shape
        ρ, _ = allowed(attackable.change, largest)
        cap = 2 * largest + 1  # no attack reaches so large a gap, whatever its additions
        dtype = np.dtype(np.int16 if cap < 2**15 else np.int32)
        knn, moving = pulled is not None, pulled is not None and bound == "sharp" and ρ > 0
        arguments = (3 if moving else 1) * largest if knn else 0
        step = max(1, -(-arguments * m * c * dtype.itemsize // max_bytes))
        rows = -(-largest // step) + 1
        outward, deep = (np.empty((c, number if moving else 0, m), dtype) for number in (rows, 2 * rows))
        fixed = np.empty((c, 0 if moving else rows if knn else 1, m), dtype)

        def fill(l: int) -> None:  # noqa: E741 (the paper's label)
            capped = np.minimum(gap[:, l], 4 * largest + 2)  # beyond reach wherever the border moves
            for start in range(0, m, BLOCK):
                block = slice(start, start + BLOCK)
                given = capped[block], label[block], l
                if pulled is None or pushed is None:
                    fixed[l, 0, block] = np.minimum(capped[block], cap)
                elif moving:
                    running_minima(*given, pulled[:, block], True, cap, step, outward[l, :, block])
                    deep_minima(*given, pushed[:, block], cap, step, deep[l, :, block])
                elif bound == "sharp":
                    insertion_minima(*given, pushed[:, block], cap, step, fixed[l, :, block])
                else:
                    running_minima(*given, pushed[:, block], False, cap, step, fixed[l, :, block])
                    if ρ > 0:
                        outside = np.empty_like(fixed[l, :, block])
                        running_minima(*given, pulled[:, block], True, cap, step, outside)
                        np.minimum(fixed[l, :, block], outside, out=fixed[l, :, block])
            for table in (outward, deep, fixed):
                table[l][:, label == l] = cap  # no label is its own rival

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(c)))
        return cls(outward, deep, fixed, step, label, attackable.safe, attackable.change)

    def attackable(self, size: int) -> int:
        """Count the examples that an attack of this size may break: they are the first ones."""
        return int(np.searchsorted(self.safe, size, side="left"))
