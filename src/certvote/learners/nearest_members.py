"""Train members that answer with the label of the nearest of their own examples, in the L1 distance, exactly.

Distances between every input and every example that any member has are computed once, as integers of steps of the
features' grid (docs/certificates.md, section 7): they are the same bits whatever the order of additions, the number of
threads or the other examples. A member ranks labels by the distance of their nearest example, of equal ones the larger
label first: a function of the set of its examples and of nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, no_type_check

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt8, UInt16
from numba import njit

from certvote.learners.ballots import label_type
from certvote.neighbors.cpu.distance_kernel import GROUP, PANEL, fill_distances
from certvote.neighbors.grid import common_grid

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.runtime.progress import Progress

_TILE_BYTES = 256 * 2**20  # distances of all threads together
_ROWS = 24  # distances of more inputs leave the caches before they are compared


@dataclass(frozen=True)
class NearestMembers:
    """Hold the examples of all members, each example once.

    Attributes
    ----------
    examples : float32 array, shape (used, d)
        Every example that a member has.
    labels : int64 array, shape (used,)
        Their labels.
    columns : int32 array, shape (total,)
        Places in ``examples`` of the examples of one member after another.
    offsets : int64 array, shape (v + 1,)
        Member ``j`` has the examples ``columns[offsets[j]:offsets[j + 1]]``.
    num_classes : int
        Number of labels, c.
    threads : int
        Threads that compute distances at the same time.
    """

    examples: Float32[np.ndarray, "used d"]
    labels: Int64[np.ndarray, " used"]
    columns: Int32[np.ndarray, " total"]
    offsets: Int64[np.ndarray, " v1"]
    num_classes: int
    threads: int

    @contextmanager
    def ready(self, inputs: Float32[np.ndarray, "m d"]) -> Iterator[NearestBallots]:
        """Prepare all members for one array of inputs; raise ``ValueError`` for features off the grid."""
        yield NearestBallots(self, inputs)


def fit_nearest(
    inputs: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int,
    progress: Progress | None,
) -> NearestMembers:
    """Collect the examples that members have; there is nothing to train.

    Parameters
    ----------
    inputs, labels, subsets, num_classes, threads, progress
        As :meth:`certvote.learners.base.Learner.train` checks them.
    """
    used, first, columns = np.unique(subsets.examples, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # examples of one member stand near each other
    place = np.empty(len(used), np.int32)
    place[order] = np.arange(len(used), dtype=np.int32)
    if progress is not None:
        progress(len(subsets), len(subsets))
    return NearestMembers(
        examples=inputs[used[order]],
        labels=labels[used[order]],
        columns=place[columns],
        offsets=subsets.offsets,
        num_classes=num_classes,
        threads=threads,
    )


class NearestBallots:
    """Compute the ballots of a few inputs per thread: their distances are compared while they are in the cache."""

    def __init__(self, members: NearestMembers, inputs: Float32[np.ndarray, "m d"]) -> None:
        self.members, self.inputs = members, inputs
        self.grid = common_grid(members.examples, inputs)
        c = members.num_classes
        # distance and label in one integer: the smallest is the nearest example, of those the largest label
        self.key_type = np.int32 if (self.grid.max_distance + 2) * c < 2**31 else np.int64
        self.codes = (c - 1 - members.labels).astype(self.key_type)
        self.panels, self.panel_sums = _pack(self.grid.to_steps(members.examples), PANEL)
        self.width = len(self.panels) * PANEL
        self.workers = max(1, min(members.threads, _TILE_BYTES // (4 * self.width * GROUP)))
        self.rows = max(1, min(_ROWS, _TILE_BYTES // self.workers // (4 * self.width)) // GROUP) * GROUP
        self.own = threading.local()

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        members, rows = self.members, stop - start
        ballots = np.empty((rows, len(members.offsets) - 1, depth), label_type(members.num_classes))
        if not hasattr(self.own, "tile"):  # fresh memory for each tile would cost more than filling it
            self.own.tile = np.empty((self.rows, self.width), np.int32)
        queries, sums = _pack(self.grid.to_steps(self.inputs[start:stop]), GROUP)
        fill_distances(self.panels, self.panel_sums, queries, sums, self.own.tile, 0)
        data = self.own.tile[:rows], self.codes, members.columns, members.offsets, self.key_type(members.num_classes)
        if depth == 1:
            _fill_first(*data, self.key_type(np.iinfo(self.key_type).max), ballots)
        else:
            _fill_ranked(*data, self.key_type(self.grid.max_distance + 1), ballots)
        return ballots


def _pack(
    steps: Int32[np.ndarray, "rows d"], size: int
) -> tuple[Int32[np.ndarray, "packs d size"], Int32[np.ndarray, "packs size"]]:
    """Arrange rows in packs of ``size``, one dimension after the other, padded with zeros; and compute their sums."""
    packs = np.zeros((-(-len(steps) // size), steps.shape[1], size), np.int32)
    for lane in range(size):
        rows = steps[lane::size]
        packs[: len(rows), :, lane] = rows
    return packs, packs.sum(axis=1, dtype=np.int32)


@njit(nogil=True, cache=True)
@no_type_check
def _fill_keys(row, codes, c, keys):
    """Write one integer per example that orders them: distance first, then the larger label."""
    for j in range(codes.size):
        keys[j] = row[j] * c + codes[j]


@njit(nogil=True, cache=True)
@no_type_check
def _fill_first(tile, codes, columns, offsets, c, none, ballots):
    """Write the label of every member's nearest example; ``c`` and ``none``, above all keys, have the type of codes."""
    keys = np.empty_like(codes)
    for i in range(tile.shape[0]):
        _fill_keys(tile[i], codes, c, keys)
        for v in range(offsets.size - 1):
            least = none
            for at in range(offsets[v], offsets[v + 1]):
                least = min(least, keys[columns[at]])
            ballots[i, v, 0] = c - 1 - (least % c if least != none else 0)


@njit(nogil=True, cache=True)
@no_type_check
def _fill_ranked(tile, codes, columns, offsets, c, beyond, ballots):
    """Write every member's labels by the distance of their nearest example; ``beyond`` is that of absent labels."""
    keys, nearest = np.empty_like(codes), np.empty(c, codes.dtype)
    for i in range(tile.shape[0]):
        _fill_keys(tile[i], codes, c, keys)
        for v in range(offsets.size - 1):
            for code in range(c):
                nearest[code] = beyond * c + code
            for at in range(offsets[v], offsets[v + 1]):
                key = keys[columns[at]]
                code = key % c
                nearest[code] = min(nearest[code], key)
            for place in range(1, c):  # by insertion: labels are few
                key, before = nearest[place], place
                while before > 0 and nearest[before - 1] > key:
                    nearest[before] = nearest[before - 1]
                    before -= 1
                nearest[before] = key
            for place in range(ballots.shape[2]):
                ballots[i, v, place] = c - 1 - nearest[place] % c
