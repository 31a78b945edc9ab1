"""Run-Off Election (ROE): the two labels with the most first choices are finalists, and all voters decide between them.

The winner falls if two rivals pass it in round one, or if a rival meets it in round two and wins; who may become the
other finalist has to pass the present one first (docs/ensembles.md, Theorem 3). Voters are models trained on parts of
the training set, disjoint ones (DPA) or spread ones (FA), and rank all labels. Of voters without rankings those for
neither finalist could only abstain, and then the plurality winner wins (Theorem 4).
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
    """Winners of the run-off of voters that rank all labels, the best first, and what it takes to change them.

    ``buckets`` are those of every voter (any numbers); without them every voter has a part of its own (DPA).

    Raises:
        ValueError: rankings that are no permutations of all labels, buckets that are not those of the voters, or
            options out of range.
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
    """The two labels with the most first choices, the larger label first of equals; with a single class it twice."""
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
    """The run-off of voters of whom only the first choice is known, and who abstain if it is no finalist (Theorem 4).

    Round two then has the counts of round one: it elects the plurality winner, and is certified as such.

    Raises:
        ValueError: labels that are not below ``num_classes``, buckets that are not those of the voters, or options out
            of range.
    """
    first = checked_ballots("first", first, checked_classes(num_classes), 2)
    own = np.arange(first.shape[1])[:, None] if buckets is None else buckets
    return finite_aggregation.elect(first, own, num_classes=num_classes, threads=threads)


def _round_two(
    rankings: Integer[np.ndarray, "m v c"], counts: Int32[np.ndarray, "m c"], threads: int | None
) -> tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]]:
    """The winner and the other finalist, twice the same label if there is only one."""
    leader, second = finalists(counts)
    votes = np.empty(leader.size, dtype=np.int64)
    in_threads(lambda rows: supporters(rankings[rows], leader[rows], second[rows], votes[rows]), leader.size, threads)
    wins = 2 * votes + (leader > second) > rankings.shape[1]
    return np.where(wins, leader, second), np.where(wins, second, leader)
