"""Describe a validated counting job and the column order of training examples that the fast backends share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64, Num

from certvote.neighbors.grid import Grid, row_blocks
from certvote.neighbors.memory import memory_budget
from certvote.neighbors.ranking import Ranking, precedence


@dataclass(frozen=True)
class Job:
    """Hold the validated input of one pass over all distances.

    Attributes
    ----------
    train : integer or float array, shape (n, d)
        Training examples, on the grid.
    labels : int64 array, shape (n,)
        Their labels.
    queries : integer or float array, shape (m, v, d)
        Test examples, each in v views; the distance of a training example is the smallest over the views.
    ks, rs : tuple
        Numbers of neighbors and radii, distinct and ascending.
    window : int
        Number of ranked neighbors on either side of the k-th.
    num_classes : int
        Number of labels.
    ranking : {"index", "hash"}
        Which of two equally distant training examples comes first.
    grid : Grid
        The grid of all features.
    threads : int or None
        Limit for a backend on the CPU; ``None``: as many as it likes.
    scratch : Path or None
        Folder for temporary files; ``None``: the system's.
    """

    train: Num[np.ndarray, "n d"]
    labels: Int64[np.ndarray, " n"]
    queries: Num[np.ndarray, "m v d"]
    ks: tuple[int, ...]
    rs: tuple[float, ...]
    window: int
    num_classes: int
    ranking: Ranking
    grid: Grid
    threads: int | None = None
    scratch: Path | None = None

    @property
    def views(self) -> int:
        """Return the number of views of a query."""
        return int(self.queries.shape[1])

    @cached_property
    def ranked_ranges(self) -> tuple[tuple[int, int], ...]:
        """Return, for each ``k``, the half-open range of neighbor numbers (from 0) whose labels are kept."""
        if not self.window:
            return tuple((k, k) for k in self.ks)
        return tuple((max(k - self.window, 0), min(k + self.window, len(self.train))) for k in self.ks)

    @property
    def ranked_width(self) -> int:
        """Return the number of ranked labels per query, over all ``k``."""
        return sum(last - first for first, last in self.ranked_ranges)

    @cached_property
    def memory_budget(self) -> int:
        """Return the bytes for a backend's copies and tiles, as they were free when first asked for."""
        return memory_budget(self)

    @cached_property
    def radii(self) -> tuple[int, ...]:
        """Return the radii in steps of the grid."""
        return tuple(self.grid.radius_in_steps(r) for r in self.rs)

    @cached_property
    def precedence(self) -> Int32[np.ndarray, " n"]:
        """Return each training example's place among equally distant ones."""
        return precedence(self.train, self.labels, self.ranking)

    @cached_property
    def columns(self) -> Columns:
        """Sort the training examples by label, so that a label's votes are counted in one contiguous run."""
        order = np.lexsort((self.precedence, self.labels))
        by_precedence = np.empty(len(order), np.int32)
        by_precedence[self.precedence] = self.labels
        return Columns(
            order=order,
            starts=np.searchsorted(self.labels[order], np.arange(self.num_classes + 1)),
            precedence=self.precedence[order],
            label_at=by_precedence,
        )

    def train_steps(self, examples: Int64[np.ndarray, " rows"]) -> Int32[np.ndarray, "rows d"]:
        """Convert some training examples to steps of the grid, with little memory beside the result."""
        steps = np.empty((len(examples), self.train.shape[1]), np.int32)
        for part in row_blocks(steps):
            steps[part] = self.grid.to_steps(self.train[examples[part]])
        return steps


@dataclass(frozen=True)
class Columns:
    """Order the columns of a distance tile by label, then by precedence.

    Attributes
    ----------
    order : int64 array, shape (n,)
        Training example of each column.
    starts : int64 array, shape (c + 1,)
        Columns ``starts[l]`` to ``starts[l + 1]`` have label l.
    precedence : int32 array, shape (n,)
        Precedence of the example in each column.
    label_at : int32 array, shape (n,)
        Label of the example with each precedence.
    """

    order: Int64[np.ndarray, " n"]
    starts: Int64[np.ndarray, " c1"]
    precedence: Int32[np.ndarray, " n"]
    label_at: Int32[np.ndarray, " n"]


@dataclass(frozen=True)
class BlockVotes:
    """Hold the votes of a block of queries.

    Attributes
    ----------
    counts : int32 array, shape (rows, len(ks) + len(rs), c)
        Votes per label, first for every k, then for every radius.
    ranked : int32 array, shape (rows, ranked width)
        Ranked labels, one k after the other.
    """

    counts: Int32[np.ndarray, "rows kr c"]
    ranked: Int32[np.ndarray, "rows w"]
