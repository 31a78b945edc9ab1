"""What a trained learner is asked for, and how labels are ordered in every learner.

A label that a voter has seen no example of gets no vote of it: absent labels come last, the larger one first. So a
voter whose examples share one label always votes for it, and a voter without examples for the largest label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, no_type_check, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16
from numba import njit

Progress = Callable[[int, int], None]


@runtime_checkable
class Ballots(Protocol):
    """All voters made ready for one array of inputs. Called by ``workers`` threads at once."""

    rows: int  # inputs per call, as memory allows
    workers: int

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        """The first ``depth`` labels of every voter's ranking, for the inputs ``start`` to ``stop``."""
        ...


def label_type(num_classes: int) -> type[np.uint8] | type[np.uint16]:
    """The smaller of the two types that holds every label."""
    return np.uint8 if num_classes <= 2**8 else np.uint16


@njit(nogil=True, cache=True)
@no_type_check
def best(scores, chosen):
    """The label with the highest score, of equal ones the larger; minus infinity is the score of absent labels."""
    last = scores.shape[2] - 1
    for i in range(scores.shape[0]):
        for v in range(scores.shape[1]):
            highest, label = scores[i, v, last], last
            for y in range(last - 1, -1, -1):
                score = scores[i, v, y]
                label = y if score > highest else label
                highest = max(score, highest)
            chosen[i, v, 0] = label


@njit(nogil=True, cache=True)
@no_type_check
def ranked(scores, chosen):
    """Labels by score, the larger one first among equals."""
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
            for place in range(chosen.shape[2]):
                chosen[i, v, place] = order[place]
