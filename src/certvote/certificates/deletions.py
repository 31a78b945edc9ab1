"""The budget certificate of kNN against deletions: with nothing added there is nothing to search (Theorem 14).

Which rival overtakes does not matter without additions to share among them: the gap to the runner-up among the first
``k + d`` clean neighbors decides, for every place ``d`` to which removals can move the border.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from certvote.certificates import individual
from certvote.certificates.allocation import allocate
from certvote.certificates.border import outward_gaps
from certvote.certificates.votes import correct, gaps, predicted_labels
from certvote.certificates.window import check_window
from certvote.types import Votes


def knn_broken(
    votes: Votes, labels: Int64[np.ndarray, " m"], sizes: Int64[np.ndarray, " s"], bound: str
) -> Int64[np.ndarray, " s"]:
    """Compute the most examples, right on clean data, that break at each size, from checked votes, labels and sizes.

    Raises
    ------
    ValueError
        If the ``window`` of kNN votes is too small, or the ranked labels do not fit them.
    """
    broken = np.zeros(sizes.size, dtype=np.int64)
    largest, c = int(sizes.max()), votes.counts.shape[1]
    if largest == 0 or c == 1:
        return broken
    check_window(votes, largest)
    assert votes.k is not None
    assert votes.ranked is not None
    a = predicted_labels(votes.counts)
    kept = np.flatnonzero(correct(votes.counts, labels))
    kept = kept[np.argsort(a[kept], kind="stable")]
    inside = min(votes.window, votes.k)
    safe = individual.votes_sizes(votes, labels, change="delete")[kept]
    cost = outward_gaps(gaps(votes.counts)[kept], a[kept], votes.ranked[kept, inside : inside + largest])
    last = cost.shape[1] - 1
    if bound == "sharp":
        # d removals before the border, no more of them with the own label; beyond all neighbors, no matter how many.
        impossible = cost > np.arange(last + 1)
        impossible[:, last] = False
        cost[impossible] = largest + 1
    cost = np.maximum(np.minimum.accumulate(cost, axis=1), 0)

    partial = np.empty((c, largest + 1), dtype=np.int32)
    for j, e in enumerate(sizes.tolist()):
        least = cost[:, min(e, last)]
        falls = (safe < e) & (least <= e)
        F = np.zeros((c, e + 1), dtype=np.int32)
        np.add.at(F, (a[kept][falls], least[falls]), 1)
        broken[j] = allocate(np.cumsum(F, axis=1, dtype=np.int32), partial, e)
    return broken
