"""What is to be counted, after validation, and the order of training examples that all fast backends share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int32, Int64, Num

from certvote.neighbors.lattice import Lattice, blocks
from certvote.neighbors.memory import room
from certvote.neighbors.ranking import Ranking, precedence


@dataclass(frozen=True)
class Job:
    """Validated input of one pass over all distances; ``ks`` and ``rs`` are distinct and ascending."""

    train: Num[np.ndarray, "n d"]
    labels: Int64[np.ndarray, " n"]
    queries: Num[np.ndarray, "m d"]
    ks: tuple[int, ...]
    rs: tuple[float, ...]
    window: int
    num_classes: int
    ranking: Ranking
    lattice: Lattice
    threads: int | None = None  # None: as many as the backend likes

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """For each ``k``: how many neighbors come before the ranked ones, and how many up to their end."""
        if not self.window:
            return tuple((k, k) for k in self.ks)
        return tuple((max(k - self.window, 0), min(k + self.window, len(self.train))) for k in self.ks)

    @property
    def ranked_width(self) -> int:
        return sum(last - first for first, last in self.spans)

    @cached_property
    def room(self) -> int:
        """Bytes of memory for a backend's copies and tiles, as they were free when it was first asked."""
        return room(self)

    @cached_property
    def radii(self) -> tuple[int, ...]:
        """The radii in steps of the lattice."""
        return tuple(self.lattice.radius(r) for r in self.rs)

    @cached_property
    def precedence(self) -> Int32[np.ndarray, " n"]:
        return precedence(self.train, self.labels, self.ranking)

    @cached_property
    def columns(self) -> Columns:
        """The training examples sorted by label, so that votes for a label are counted in one contiguous run."""
        order = np.lexsort((self.precedence, self.labels))
        by_precedence = np.empty(len(order), np.int32)
        by_precedence[self.precedence] = self.labels
        return Columns(
            order=order,
            starts=np.searchsorted(self.labels[order], np.arange(self.num_classes + 1)),
            precedence=self.precedence[order],
            label_at=by_precedence,
        )

    def steps_of(self, examples: Int64[np.ndarray, " rows"]) -> Int32[np.ndarray, "rows d"]:
        """Training examples in steps of the lattice, with little memory beside the result."""
        steps = np.empty((len(examples), self.train.shape[1]), np.int32)
        for part in blocks(steps):
            steps[part] = self.lattice.integers(self.train[examples[part]])
        return steps


@dataclass(frozen=True)
class Columns:
    """Order of the columns of a distance tile: by label, then by precedence."""

    order: Int64[np.ndarray, " n"]  # index in the training set
    starts: Int64[np.ndarray, " c1"]  # columns starts[l] to starts[l + 1] have label l
    precedence: Int32[np.ndarray, " n"]  # of the example in the column
    label_at: Int32[np.ndarray, " n"]  # label of the example with a given precedence


@dataclass(frozen=True)
class Tally:
    """What a backend hands back for a few queries; first every ``k``, then every ``r``."""

    counts: Int32[np.ndarray, "rows kr c"]
    ranked: Int32[np.ndarray, "rows w"]
