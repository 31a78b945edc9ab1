"""Order labels into ballots: the rule that every learner shares.

A member gives no vote to a label that it has seen no example of: absent labels come last, the larger one first. So a
member whose examples share one label always votes for it, and a member without examples for the largest label.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, UInt8, UInt16
from numba import njit


def label_type(num_classes: int) -> type[np.uint8] | type[np.uint16]:
    """Return the smaller of the types uint8 and uint16 that holds every label."""
    return np.uint8 if num_classes <= 2**8 else np.uint16


def rank_by_score(
    scores: Float[np.ndarray, "m v c"], depth: int
) -> UInt8[np.ndarray, "m v depth"] | UInt16[np.ndarray, "m v depth"]:
    """Rank labels by score, the larger label first among equals.

    Parameters
    ----------
    scores : float array, shape (m, v, c)
        Scores of every label by every member for every input; minus infinity for absent labels.
    depth : int
        How many labels to return per member: 1, or all.

    Returns
    -------
    uint8 or uint16 array, shape (m, v, depth)
        The first labels of each ranking, the best one first.
    """
    ballots = np.empty((*scores.shape[:2], depth), label_type(scores.shape[2]))
    (_fill_first if depth == 1 else _fill_ranked)(scores, ballots)
    return ballots


@njit(nogil=True, cache=True)
@no_type_check
def _fill_first(scores, ballots):
    """Write the label with the highest score, of equal ones the larger, into ``ballots[:, :, 0]``."""
    last = scores.shape[2] - 1
    for i in range(scores.shape[0]):
        for v in range(scores.shape[1]):
            highest, label = scores[i, v, last], last
            for y in range(last - 1, -1, -1):
                score = scores[i, v, y]
                label = y if score > highest else label
                highest = max(score, highest)
            ballots[i, v, 0] = label


@njit(nogil=True, cache=True)
@no_type_check
def _fill_ranked(scores, ballots):
    """Write labels by score, the larger one first among equals: insertion sort, as labels are few."""
    c = scores.shape[2]
    order, values = np.empty(c, np.int64), np.empty(c, scores.dtype)
    for i in range(scores.shape[0]):
        for v in range(scores.shape[1]):
            for place in range(c):
                label, before = c - 1 - place, place
                value = scores[i, v, label]
                while before > 0 and values[before - 1] < value:
                    values[before], order[before] = values[before - 1], order[before - 1]
                    before -= 1
                values[before], order[before] = value, label
            for place in range(ballots.shape[2]):
                ballots[i, v, place] = order[place]
