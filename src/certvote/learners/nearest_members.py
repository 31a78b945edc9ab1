"""Voters that answer with the label of the nearest of their own examples, L1 distance, exact.

Distances between every input and every example that any voter has are computed once, as integers of steps of the
features' grid (certificates, section 7), so they are the same bits whatever the order of additions, the number of
threads or the other examples. A voter's ranking is the order of labels by (distance of the nearest example of that
label ascending, label descending): a function of the set of its examples and of nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt8, UInt16
from numba import njit

from certvote.algorithms.subsets import Subsets
from certvote.learners.ballots import Progress, label_type
from certvote.neighbors.cpu.distance_kernel import GROUP, PANEL, fill_distances
from certvote.neighbors.grid import common_grid

_TILE_BYTES = 256 * 2**20  # distances of all threads together
_ROWS = 24  # distances of more inputs leave the caches before they are compared


@dataclass(frozen=True)
class NearestVoters:
    """``columns`` are the places of the members in ``examples``, which holds every example in use once."""

    examples: Float32[np.ndarray, "used d"]
    labels: Int64[np.ndarray, " used"]
    columns: Int32[np.ndarray, " total"]
    offsets: Int64[np.ndarray, " v1"]
    num_classes: int
    threads: int

    @contextmanager
    def ready(self, inputs: Float32[np.ndarray, "m d"]) -> Iterator[NearestBallots]:
        yield NearestBallots(self, inputs)


def fit_nearest(
    inputs: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int,
    progress: Progress | None,
) -> NearestVoters:
    """Nothing to train: the examples in use, in the order of their first voter."""
    used, first, columns = np.unique(subsets.members, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # members of one voter stand near each other
    place = np.empty(len(used), np.int32)
    place[order] = np.arange(len(used), dtype=np.int32)
    if progress is not None:
        progress(len(subsets), len(subsets))
    return NearestVoters(
        examples=inputs[used[order]],
        labels=labels[used[order]],
        columns=place[columns],
        offsets=subsets.offsets,
        num_classes=num_classes,
        threads=threads,
    )


class NearestBallots:
    """A few inputs per thread: their distances to all examples are compared while in the cache."""

    def __init__(self, voters: NearestVoters, inputs: Float32[np.ndarray, "m d"]) -> None:
        self.voters, self.inputs = voters, inputs
        self.grid = common_grid(voters.examples, inputs)
        c = voters.num_classes
        # distance and label in one integer: the smallest is the nearest example, of those the largest label
        self.key_type = np.int32 if (self.grid.max_distance + 2) * c < 2**31 else np.int64
        self.codes = (c - 1 - voters.labels).astype(self.key_type)
        self.panels, self.panel_sums = packed(self.grid.to_steps(voters.examples), PANEL)
        self.width = len(self.panels) * PANEL
        self.workers = max(1, min(voters.threads, _TILE_BYTES // (4 * self.width * GROUP)))
        self.rows = max(1, min(_ROWS, _TILE_BYTES // self.workers // (4 * self.width)) // GROUP) * GROUP
        self.own = threading.local()

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        voters, rows = self.voters, stop - start
        chosen = np.empty((rows, len(voters.offsets) - 1, depth), label_type(voters.num_classes))
        if not hasattr(self.own, "tile"):  # fresh memory for each tile would cost more than filling it
            self.own.tile = np.empty((self.rows, self.width), np.int32)
        queries, sums = packed(self.grid.to_steps(self.inputs[start:stop]), GROUP)
        fill_distances(self.panels, self.panel_sums, queries, sums, self.own.tile, 0)
        data = self.own.tile[:rows], self.codes, voters.columns, voters.offsets, self.key_type(voters.num_classes)
        if depth == 1:
            first_labels(*data, self.key_type(np.iinfo(self.key_type).max), chosen)
        else:
            ranked_labels(*data, self.key_type(self.grid.max_distance + 1), chosen)
        return chosen


def packed(
    steps: Int32[np.ndarray, "rows d"], size: int
) -> tuple[Int32[np.ndarray, "packs d size"], Int32[np.ndarray, "packs size"]]:
    """Rows in packs of ``size``, one dimension after the other, the last pack filled up with zeros; and their sums."""
    packs = np.zeros((-(-len(steps) // size), steps.shape[1], size), np.int32)
    for lane in range(size):
        rows = steps[lane::size]
        packs[: len(rows), :, lane] = rows
    return packs, packs.sum(axis=1, dtype=np.int32)


@njit(nogil=True, cache=True)
@no_type_check
def row_keys(row, codes, c, keys):
    """One integer per example: distance first, then the larger label."""
    for j in range(codes.size):
        keys[j] = row[j] * c + codes[j]


@njit(nogil=True, cache=True)
@no_type_check
def first_labels(tile, codes, columns, offsets, c, none, chosen):
    """The label of every voter's nearest example. ``c`` and ``none``, beyond all keys, have the type of ``codes``."""
    keys = np.empty_like(codes)
    for i in range(tile.shape[0]):
        row_keys(tile[i], codes, c, keys)
        for v in range(offsets.size - 1):
            least = none
            for at in range(offsets[v], offsets[v + 1]):
                least = min(least, keys[columns[at]])
            chosen[i, v, 0] = c - 1 - (least % c if least != none else 0)


@njit(nogil=True, cache=True)
@no_type_check
def ranked_labels(tile, codes, columns, offsets, c, beyond, chosen):
    """Every voter's labels by their nearest example; ``beyond``: the distance of labels without one."""
    keys, nearest = np.empty_like(codes), np.empty(c, codes.dtype)
    for i in range(tile.shape[0]):
        row_keys(tile[i], codes, c, keys)
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
            for place in range(chosen.shape[2]):
                chosen[i, v, place] = c - 1 - nearest[place] % c
