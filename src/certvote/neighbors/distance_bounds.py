"""Bound the ``t``-th smallest distance of each query by counts of distances that are computed in any order.

Counts of the distances up to an edge add up over the pieces of a training set, so the bounds tighten without any piece
knowing another one. The first edges come from a sample of the training set, further ones divide what is still open
evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64

# edges around a target, in standard deviations of its place in the sample
_AROUND = np.array([-4.0, -2.5, -1.7, -1.2, -0.8, -0.5, -0.25, 0, 0.25, 0.5, 0.8, 1.2, 1.7, 2.5, 4])


@dataclass(frozen=True)
class DistanceBounds:
    """Bound the t-th smallest distance of each query, for each target t: ``low < it <= high``.

    Attributes
    ----------
    targets : int64 array, shape (t,)
        Which order statistics are bounded, from 1; for the target 0, ``low`` is -1 and there is nothing to find.
    low, high : int32 array, shape (rows, t)
        The bounds, in steps of the grid.
    count_low, count_high : int64 array, shape (rows, t)
        Numbers of distances ``<=`` each bound: ``count_low < t <= count_high``.
    """

    targets: Int64[np.ndarray, " t"]
    low: Int32[np.ndarray, "rows t"]
    count_low: Int64[np.ndarray, "rows t"]
    high: Int32[np.ndarray, "rows t"]
    count_high: Int64[np.ndarray, "rows t"]

    @staticmethod
    def trivial(rows: int, targets: Int64[np.ndarray, " t"], *, max_distance: int, n: int) -> DistanceBounds:
        """Return the bounds that hold for any ``n`` distances from 0 to ``max_distance``."""
        shape = (rows, len(targets))
        return DistanceBounds(
            targets,
            np.full(shape, -1, np.int32),
            np.zeros(shape, np.int64),
            np.full(shape, max_distance, np.int32),
            np.full(shape, n, np.int64),
        )

    def tightened(
        self, rows: Int64[np.ndarray, " some"], edges: Int32[np.ndarray, "some e"], within: Int64[np.ndarray, "some e"]
    ) -> DistanceBounds:
        """Return the bounds given, for some rows, the numbers of distances ``within`` each of the row's edges."""
        low, count_low, high, count_high = (
            array.copy() for array in (self.low, self.count_low, self.high, self.count_high)
        )
        each = np.arange(len(rows))
        for t, target in enumerate(self.targets.tolist()):
            enough = within >= target
            above = np.where(enough, edges, np.iinfo(np.int32).max).argmin(axis=1)
            better = enough[each, above] & (edges[each, above] < high[rows, t])
            high[rows[better], t], count_high[rows[better], t] = (a[each, above][better] for a in (edges, within))
            under = np.where(enough, np.iinfo(np.int32).min, edges).argmax(axis=1)
            better = ~enough[each, under] & (edges[each, under] > low[rows, t])
            low[rows[better], t], count_low[rows[better], t] = (a[each, under][better] for a in (edges, within))
        return DistanceBounds(self.targets, low, count_low, high, count_high)

    def dividing_edges(self, rows: Int64[np.ndarray, " some"], parts: int = 16) -> Int32[np.ndarray, "some e"]:
        """Return edges that divide the interval between the bounds of some rows evenly."""
        low, high = self.low[rows].astype(np.int64), self.high[rows].astype(np.int64)
        steps = np.arange(1, parts)
        edges: np.ndarray = low[:, :, None] + ((high - low)[:, :, None] * steps) // parts
        return edges.reshape(len(rows), low.shape[1] * (parts - 1)).astype(np.int32)

    def candidate_ranges(self, firsts: int) -> tuple[CandidateRanges, Bool[np.ndarray, "rows k"]]:
        """Combine the first ``firsts`` targets with the last ones to ranges of candidates.

        Returns
        -------
        CandidateRanges
            For each row and k, the range from the bound below the first target to the bound above the last one.
        bool array, shape (rows, k)
            Which ranges no further edge can narrow.
        """
        last = self.low.shape[1] - firsts
        low, before = self.low[:, :firsts], self.count_low[:, :firsts]
        met = self.count_high[:, :firsts] == self.targets[:firsts]  # the upper bound itself ends at the target
        low, before = np.where(met, self.high[:, :firsts], low), np.where(met, self.count_high[:, :firsts], before)
        high, total = self.high[:, last:], self.count_high[:, last:] - before
        closed = (self.high - self.low <= 1) | (self.targets == 0)
        done = (closed[:, :firsts] | met) & (closed[:, last:] | (self.count_high[:, last:] == self.targets[last:]))
        return CandidateRanges(low, before, high, total), done


@dataclass(frozen=True)
class CandidateRanges:
    """Hold, for each query and k, the range of distances ``(low, high]`` whose examples must be put in order.

    Attributes
    ----------
    low, high : int32 array, shape (rows, k)
        The range, in steps of the grid.
    before : int64 array, shape (rows, k)
        Number of examples with a distance ``<= low``.
    total : int64 array, shape (rows, k)
        Number of examples in the range.
    """

    low: Int32[np.ndarray, "rows k"]
    before: Int64[np.ndarray, "rows k"]
    high: Int32[np.ndarray, "rows k"]
    total: Int64[np.ndarray, "rows k"]


def sample_positions(
    targets: Int64[np.ndarray, " t"], size: int, n: int, around: Float64[np.ndarray, " a"]
) -> tuple[Int64[np.ndarray, " e"], Int64[np.ndarray, " e"], Float64[np.ndarray, " e"]]:
    """Find where edges around the targets lie among the sorted values of a sample.

    Parameters
    ----------
    targets : int64 array, shape (t,)
        Order statistics of all n values.
    size, n : int
        Numbers of values in the sample and in all.
    around : float64 array, shape (a,)
        Distances of the edges from a target's place, in standard deviations of that place.

    Returns
    -------
    before, after : int64 array, shape (e,)
        An edge lies between the sample's sorted values ``before`` and ``after``; ``before`` is -1 if it is below all.
    part : float64 array, shape (e,)
        The fraction of the way from one to the other.
    """
    positions = []
    for target in targets[targets > 0].tolist():
        share = target / n
        deviation = np.sqrt(share * (1 - share) * size) + 0.5
        positions.append(np.clip(share * size + deviation * around, 0, size))
    position = np.unique(np.concatenate(positions)) if positions else np.empty(0)
    # the same number of edges for the same number of targets, though some may be equal
    position = np.concatenate([position, np.full(len(targets) * len(around) - len(position), float(size))])
    before = np.maximum(np.floor(position).astype(np.int64) - 1, -1)
    return before, np.minimum(before + 1, size - 1), position - 1 - before


def sample_edges(
    sample: Int32[np.ndarray, "rows s"], targets: Int64[np.ndarray, " t"], *, n: int
) -> Int32[np.ndarray, "rows e"]:
    """Compute edges close to where the targets most likely lie, from sorted distances to a sample of ``n`` examples."""
    before, after, part = sample_positions(targets, sample.shape[1], n, _AROUND)
    left, right = (np.where(at < 0, -1.0, sample[:, np.maximum(at, 0)]) for at in (before, after))
    edges: np.ndarray = left + (right - left) * part
    return edges.astype(np.int32)


def row_groups(sizes: Int64[np.ndarray, " rows"], most: int) -> Iterator[Int64[np.ndarray, " part"]]:
    """Yield groups of consecutive rows whose sizes add up to at most ``most``; a group has at least one row."""
    begin, total = 0, 0
    for row, size in enumerate(sizes.tolist()):
        if row > begin and total + size > most:
            yield np.arange(begin, row)
            begin, total = row, 0
        total += size
    if len(sizes) > begin:
        yield np.arange(begin, len(sizes))
