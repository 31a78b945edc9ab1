"""Where the ``t``-th smallest distance lies: brackets that close as counts of distances come in.

Counts within an edge add up over the pieces of a training set, so brackets are closed without any piece knowing
another one. First edges come from a sample of the training set, further ones divide what is still open evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64

# edges around a target, in standard deviations of its place in the sample
_AROUND = np.array([-4.0, -2.5, -1.7, -1.2, -0.8, -0.5, -0.25, 0, 0.25, 0.5, 0.8, 1.2, 1.7, 2.5, 4])


@dataclass(frozen=True)
class Brackets:
    """For each query and target ``t``: ``low < high`` with fewer than ``t`` distances ``<= low``, not so for ``high``.

    For the target 0, ``low`` is -1 and nothing is to be found.
    """

    targets: Int64[np.ndarray, " t"]
    low: Int32[np.ndarray, "rows t"]
    below: Int64[np.ndarray, "rows t"]  # distances <= low
    high: Int32[np.ndarray, "rows t"]
    up_to: Int64[np.ndarray, "rows t"]  # distances <= high

    @staticmethod
    def open(rows: int, targets: Int64[np.ndarray, " t"], *, farthest: int, n: int) -> Brackets:
        """Nothing is known but that all ``n`` distances are in 0 to ``farthest``."""
        shape = (rows, len(targets))
        return Brackets(
            targets,
            np.full(shape, -1, np.int32),
            np.zeros(shape, np.int64),
            np.full(shape, farthest, np.int32),
            np.full(shape, n, np.int64),
        )

    def narrowed(
        self, rows: Int64[np.ndarray, " some"], edges: Int32[np.ndarray, "some e"], within: Int64[np.ndarray, "some e"]
    ) -> Brackets:
        """With what is known about some rows: so many distances are ``<=`` each of the row's edges."""
        low, below, high, up_to = (array.copy() for array in (self.low, self.below, self.high, self.up_to))
        each = np.arange(len(rows))
        for t, target in enumerate(self.targets.tolist()):
            enough = within >= target
            above = np.where(enough, edges, np.iinfo(np.int32).max).argmin(axis=1)
            better = enough[each, above] & (edges[each, above] < high[rows, t])
            high[rows[better], t], up_to[rows[better], t] = (a[each, above][better] for a in (edges, within))
            under = np.where(enough, np.iinfo(np.int32).min, edges).argmax(axis=1)
            better = ~enough[each, under] & (edges[each, under] > low[rows, t])
            low[rows[better], t], below[rows[better], t] = (a[each, under][better] for a in (edges, within))
        return Brackets(self.targets, low, below, high, up_to)

    def divided(self, rows: Int64[np.ndarray, " some"], parts: int = 16) -> Int32[np.ndarray, "some e"]:
        """Edges that divide each bracket of these rows evenly."""
        low, high = self.low[rows].astype(np.int64), self.high[rows].astype(np.int64)
        steps = np.arange(1, parts)
        edges: np.ndarray = low[:, :, None] + ((high - low)[:, :, None] * steps) // parts
        return edges.reshape(len(rows), low.shape[1] * (parts - 1)).astype(np.int32)

    def bands(self, firsts: int) -> tuple[Bands, Bool[np.ndarray, "rows k"]]:
        """The bands from the first ``firsts`` targets to the last ones, and which of them no edge can narrow."""
        last = self.low.shape[1] - firsts
        low, before = self.low[:, :firsts], self.below[:, :firsts]
        met = self.up_to[:, :firsts] == self.targets[:firsts]  # the high end itself ends at the target
        low, before = np.where(met, self.high[:, :firsts], low), np.where(met, self.up_to[:, :firsts], before)
        high, total = self.high[:, last:], self.up_to[:, last:] - before
        closed = (self.high - self.low <= 1) | (self.targets == 0)
        done = (closed[:, :firsts] | met) & (closed[:, last:] | (self.up_to[:, last:] == self.targets[last:]))
        return Bands(low, before, high, total), done


@dataclass(frozen=True)
class Bands:
    """For each query and ``k``: examples whose order has to be looked at, with a distance in ``(low, high]``."""

    low: Int32[np.ndarray, "rows k"]
    before: Int64[np.ndarray, "rows k"]  # examples with a distance <= low
    high: Int32[np.ndarray, "rows k"]
    total: Int64[np.ndarray, "rows k"]  # examples in the band


def sample_places(
    targets: Int64[np.ndarray, " t"], size: int, n: int, around: Float64[np.ndarray, " a"]
) -> tuple[Int64[np.ndarray, " e"], Int64[np.ndarray, " e"], Float64[np.ndarray, " e"]]:
    """Where, among ``size`` sorted values of a sample of ``n``, edges around the targets lie.

    ``around`` counts standard deviations of a target's place. An edge is between the values ``before`` and ``after``,
    so much of the way; ``before`` is -1 where it is below all of them.
    """
    places = []
    for target in targets[targets > 0].tolist():
        share = target / n
        spread = np.sqrt(share * (1 - share) * size) + 0.5
        places.append(np.clip(share * size + spread * around, 0, size))
    place = np.unique(np.concatenate(places)) if places else np.empty(0)
    # as many edges for all jobs with so many targets, though some may be equal
    place = np.concatenate([place, np.full(len(targets) * len(around) - len(place), float(size))])
    before = np.maximum(np.floor(place).astype(np.int64) - 1, -1)
    return before, np.minimum(before + 1, size - 1), place - 1 - before


def first_edges(
    sample: Int32[np.ndarray, "rows s"], targets: Int64[np.ndarray, " t"], *, n: int
) -> Int32[np.ndarray, "rows e"]:
    """Edges close to where the targets most likely lie, from the sorted distances of a sample of the ``n`` examples."""
    before, after, part = sample_places(targets, sample.shape[1], n, _AROUND)
    left, right = (np.where(place < 0, -1.0, sample[:, np.maximum(place, 0)]) for place in (before, after))
    edges: np.ndarray = left + (right - left) * part
    return edges.astype(np.int32)


def row_groups(sizes: Int64[np.ndarray, " rows"], most: int) -> Iterator[Int64[np.ndarray, " part"]]:
    """Consecutive rows whose sizes add up to at most ``most``, one row at least."""
    begin, total = 0, 0
    for row, size in enumerate(sizes.tolist()):
        if row > begin and total + size > most:
            yield np.arange(begin, row)
            begin, total = row, 0
        total += size
    if len(sizes) > begin:
        yield np.arange(begin, len(sizes))
