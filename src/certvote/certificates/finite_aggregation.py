"""Certify Finite Aggregation (FA): plurality among base classifiers that share training examples by a hash spread.

Every bucket goes to several voters, every voter has several buckets. A poisoned bucket takes at most 2 off a gap for
each of its voters that votes for the winner, and 1 for each that votes for neither. How many buckets it takes to close
the gap depends on the votes about the single test example (docs/ensembles.md, Theorem 2). With one bucket per voter it
is DPA.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from jaxtyping import Integer
from numba import njit

from certvote.certificates.ballots import (
    checked_ballots,
    checked_classes,
    count_first,
    fewest,
    in_threads,
    reach,
    tally_buckets,
)
from certvote.certificates.votes import UNLIMITED, gaps, predicted_labels
from certvote.types import Election


def elect(
    first: Integer[np.ndarray, "m v"],
    buckets: Integer[np.ndarray, "v d"],
    *,
    num_classes: int,
    threads: int | None = None,
) -> Election:
    """Elect labels by plurality, and compute how many buckets must be poisoned to change the winners.

    Parameters
    ----------
    first : int array, shape (m, v)
        Label that each voter gives each test example.
    buckets : int array, shape (v, d)
        Buckets of each voter, any integers.
    num_classes : int
        Number of labels, c.
    threads : int or None
        Threads; ``None``: one per core.

    Returns
    -------
    Election
        Winners, and lower bounds of the number of poisoned buckets that change them.

    Raises
    ------
    ValueError
        If labels are not below ``num_classes``, buckets are not those of the voters, or an option is out of range.

    References
    ----------
    docs/ensembles.md, Theorem 2; Wang, Levine and Feizi (2022), "Improved certified defenses against data poisoning
    with (deterministic) finite aggregation", ICML.
    """
    c = checked_classes(num_classes)
    first = checked_ballots("first", first, c, 2)
    m, v = first.shape
    held = reach(buckets, v)
    counts = count_first(first, c, threads)
    winner, gap = predicted_labels(counts), gaps(counts)
    parts = np.empty(m, dtype=np.int64)

    def certify(rows: slice) -> None:
        _least_parts(first[rows], winner[rows], gap[rows], held.starts, held.buckets, held.voters, parts[rows])

    in_threads(certify, m, threads)
    return Election(counts=counts, winner=winner, parts=parts)


@njit(nogil=True, cache=True)
@no_type_check
def _least_parts(
    first: np.ndarray,
    winner: np.ndarray,
    gap: np.ndarray,
    starts: np.ndarray,
    buckets: np.ndarray,
    voters: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Write the least number of buckets that may close the gap to some rival, for every test example."""
    m, c = gap.shape
    votes = np.empty((c, voters.size), dtype=np.int32)
    room = np.empty(2 * voters.max() + 1, dtype=np.int64)
    for i in range(m):
        a = winner[i]
        tally_buckets(first[i], starts, buckets, votes)
        parts[i] = UNLIMITED
        for l in range(c):  # noqa: E741 (the paper's label)
            if l != a:
                parts[i] = min(parts[i], fewest(voters + votes[a] - votes[l], gap[i, l], room))
