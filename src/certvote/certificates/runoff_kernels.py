"""Count who ranks whom higher in a run-off, and the buckets that change its winner (docs/ensembles.md, Theorem 3)."""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.certificates.ballots import fewest, tally_buckets
from certvote.certificates.votes import UNLIMITED


@njit(nogil=True, cache=True)
@no_type_check
def complete(rankings: np.ndarray, outcome: np.ndarray) -> None:
    """Write whether all voters rank every label once, for every test example."""
    m, v, c = rankings.shape
    last = np.full(c, -1, dtype=np.int64)  # number of the ranking that named the label last
    for i in range(m):
        outcome[i] = True
        for voter in range(v):
            for label in rankings[i, voter]:
                outcome[i] &= last[label] != i * v + voter
                last[label] = i * v + voter


@njit(nogil=True, cache=True)
@no_type_check
def supporters(rankings: np.ndarray, x: np.ndarray, y: np.ndarray, outcome: np.ndarray) -> None:
    """Write how many voters rank label ``x[i]`` above label ``y[i]``, for every test example."""
    m, v, _ = rankings.shape
    for i in range(m):
        outcome[i] = 0
        for voter in range(v):
            place = 0
            while rankings[i, voter, place] != x[i] and rankings[i, voter, place] != y[i]:
                place += 1
            outcome[i] += rankings[i, voter, place] == x[i]


@njit(nogil=True, cache=True)
@no_type_check
def _tally_above(rankings: np.ndarray, a: int, starts: np.ndarray, buckets: np.ndarray, above: np.ndarray) -> None:
    """Write into ``above[label, j]`` how many voters of a bucket, or of all (last column), rank a label above ``a``."""
    above[:] = 0
    for voter in range(len(rankings)):
        place = 0
        while rankings[voter, place] != a:
            higher = above[rankings[voter, place]]
            for j in buckets[starts[voter] : starts[voter + 1]]:
                higher[j] += 1
            higher[-1] += 1
            place += 1


@njit(nogil=True, cache=True)
@no_type_check
def least_parts(
    rankings: np.ndarray,
    counts: np.ndarray,
    winner: np.ndarray,
    finalist: np.ndarray,
    starts: np.ndarray,
    buckets: np.ndarray,
    voters: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Write the least number of buckets that may change the winner, for every test example.

    ``finalist`` is the label that lost round two; ``starts``, ``buckets`` and ``voters`` are those of a
    :class:`certvote.certificates.ballots.Reach`.
    """
    m, v, c = rankings.shape
    votes = np.empty((c, voters.size), dtype=np.int32)
    above = np.empty((c, voters.size + 1), dtype=np.int32)
    room = np.empty(3 * voters.max() + 1, dtype=np.int64)
    passed = np.empty(c, dtype=np.int64)  # buckets with which the label passes the winner in round one
    for i in range(m):
        a, b, s = winner[i], finalist[i], counts[i]
        tally_buckets(rankings[i, :, 0], starts, buckets, votes)
        _tally_above(rankings[i], a, starts, buckets, above)
        passed[a] = least = UNLIMITED
        for l in range(c):  # noqa: E741 (the paper's label)
            if l == a:
                continue
            passed[l] = fewest(voters + votes[a] - votes[l], s[a] - s[l] + (a > l), room)
            won = fewest(2 * (voters - above[l, :-1]), v - 2 * above[l, -1] + (a > l), room)
            if l != b:  # to meet the winner in round two it has to pass the finalist
                won = max(won, fewest(voters + votes[b] - votes[l], s[b] - s[l] + (b > l), room))
            least = min(least, won)
        parts[i] = _eliminated(passed, least, s, a, votes, voters, room)


@njit(nogil=True, cache=True)
@no_type_check
def _eliminated(
    passed: np.ndarray, least: int, s: np.ndarray, a: int, votes: np.ndarray, voters: np.ndarray, room: np.ndarray
) -> int:
    """Return the smaller of ``least`` and the fewest buckets with which two rivals pass the winner in round one."""
    order = np.argsort(passed)  # the winner itself is last
    for second in range(1, order.size - 1):
        q = order[second]
        for p in order[:second]:
            if passed[q] >= least:
                return least
            both = fewest(voters + 2 * votes[a] - votes[p] - votes[q], 2 * s[a] - s[p] - s[q] + (a > p) + (a > q), room)
            least = min(least, max(passed[q], both))
    return least
