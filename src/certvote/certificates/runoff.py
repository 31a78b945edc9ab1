"""Certify Run-Off Election (ROE): all voters decide between the two labels with the most first choices, the finalists.

Voters are base classifiers that are trained on parts of the training set, disjoint ones (DPA) or spread ones (FA), and
rank all labels. The winner changes if two rivals pass it in round one, or if a rival meets it in round two and wins; to
become the other finalist a rival has to pass the present one first (docs/ensembles.md, Theorem 3). If only first
choices are known, voters for neither finalist abstain in round two, and the plurality winner wins (Theorem 4).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32, Int64, Integer

from certvote.certificates import finite_aggregation
from certvote.certificates.ballots import checked_ballots, checked_classes, count_first, in_threads, reach
from certvote.certificates.runoff_kernels import complete, least_parts, supporters
from certvote.certificates.votes import UNLIMITED, predicted_labels
from certvote.types import Election


def elect(
    rankings: Integer[np.ndarray, "m v c"],
    *,
    num_classes: int,
    buckets: Integer[np.ndarray, "v d"] | None = None,
    threads: int | None = None,
) -> Election:
    """Elect labels by a run-off, and compute how many buckets must be poisoned to change the winners.

    Parameters
    ----------
    rankings : int array, shape (m, v, c)
        All labels in the order of each voter for each test example, the best first.
    num_classes : int
        Number of labels, c.
    buckets : int array, shape (v, d), or None
        Buckets of each voter, any integers; ``None``: each voter has a part of its own (DPA).
    threads : int or None
        Threads; ``None``: one per core.

    Returns
    -------
    Election
        Winners, and lower bounds of the number of poisoned buckets that change them.

    Raises
    ------
    ValueError
        If rankings are no permutations of all labels, buckets are not those of the voters, or an option is out of
        range.

    References
    ----------
    docs/ensembles.md, Theorem 3; Rezaei, Banihashem, Chegini and Feizi (2023), "Run-off election: improved provable
    defense against data poisoning attacks", ICML.
    """
    c = checked_classes(num_classes)
    rankings = checked_ballots("rankings", rankings, c, 3)
    m, v, _ = rankings.shape
    held = reach(buckets, v)
    whole = np.empty(m, dtype=np.bool_)
    in_threads(lambda rows: complete(rankings[rows], whole[rows]), m, threads)
    if not whole.all():
        raise ValueError(f"expected rankings of all {c} labels, each once, got others at test example {whole.argmin()}")
    counts = count_first(rankings[:, :, 0], c, threads)
    winner, finalist = _round_two(rankings, counts, threads)
    parts = np.full(m, UNLIMITED)

    def certify(rows: slice) -> None:
        outcome = counts[rows], winner[rows], finalist[rows]
        least_parts(rankings[rows], *outcome, held.starts, held.buckets, held.voters, parts[rows])

    if c > 1:
        in_threads(certify, m, threads)
    return Election(counts=counts, winner=winner, parts=parts)


def finalists(counts: Int32[np.ndarray, "m c"]) -> tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]]:
    """Return the two labels with the most first choices, of equal ones the larger first.

    Parameters
    ----------
    counts : int32 array, shape (m, c)
        First choices per test example and label.

    Returns
    -------
    int64 array, shape (m,), twice
        The leader and the other finalist; with a single class both are that label.
    """
    leader = predicted_labels(counts)
    others = counts.copy()
    np.put_along_axis(others, leader[:, None], -1, axis=1)
    return leader, predicted_labels(others)


def elect_hard(
    first: Integer[np.ndarray, "m v"],
    *,
    num_classes: int,
    buckets: Integer[np.ndarray, "v d"] | None = None,
    threads: int | None = None,
) -> Election:
    """Elect labels by a run-off among voters that abstain in round two unless their first choice is a finalist.

    Round two then has the counts of round one: the plurality winner is elected, and certified as such.

    Parameters
    ----------
    first : int array, shape (m, v)
        First choice of each voter for each test example.
    num_classes, buckets, threads
        As in :func:`elect`.

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
    docs/ensembles.md, Theorem 4.
    """
    first = checked_ballots("first", first, checked_classes(num_classes), 2)
    own = np.arange(first.shape[1])[:, None] if buckets is None else buckets
    return finite_aggregation.elect(first, own, num_classes=num_classes, threads=threads)


def _round_two(
    rankings: Integer[np.ndarray, "m v c"], counts: Int32[np.ndarray, "m c"], threads: int | None
) -> tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]]:
    """Hold round two: return the winner and the other finalist, with a single class that label twice."""
    leader, second = finalists(counts)
    votes = np.empty(leader.size, dtype=np.int64)
    in_threads(lambda rows: supporters(rankings[rows], leader[rows], second[rows], votes[rows]), leader.size, threads)
    wins = 2 * votes + (leader > second) > rankings.shape[1]
    return np.where(wins, leader, second), np.where(wins, second, leader)
