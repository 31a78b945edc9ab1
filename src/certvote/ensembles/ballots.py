"""What a trained learner is asked for, and how labels are ordered in every learner.

A label that a voter has seen no example of gets no vote of it: absent labels come last, the larger one first. So a
voter whose examples share one label always votes for it, and a voter without examples for the largest label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16

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
