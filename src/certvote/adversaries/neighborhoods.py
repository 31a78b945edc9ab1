"""Collect what an attacker of nearest neighbors knows of each test example: votes, border, and who could be removed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from jaxtyping import Bool, Int32, Int64, UInt16
from numba import njit

from certvote.adversaries.rule import Rule
from certvote.algorithms.base import Inputs
from certvote.certificates.votes import gaps, predicted_labels
from certvote.neighbors.cpu.distance_tiles import DistanceTiles
from certvote.neighbors.job import Job
from certvote.neighbors.validation import checked_job
from certvote.types import Votes

NEVER = 2**30
"""Removals that break a test example which no attack of the size breaks."""


@dataclass(frozen=True)
class Needs:
    """Say what breaks each test example, given the labels of additions that all reach it.

    Attributes
    ----------
    removals : int64 array, shape (q,)
        Voters with the predicted label that must be removed, or relabeled; ``NEVER`` where that is not enough.
    radius : int32 array, shape (q,)
        Distance, in steps of the grid, within which these voters are, and additions must be.
    """

    removals: Int64[np.ndarray, " q"]
    radius: Int32[np.ndarray, " q"]

    def where(self, reached: Bool[np.ndarray, " q"], other: Needs) -> Needs:
        """Return these needs for the test examples that additions reach, and ``other`` ones for the rest."""
        removals = np.where(reached, self.removals, other.removals)
        return Needs(removals, np.where(reached, self.radius, other.radius))


@dataclass(frozen=True)
class Neighborhoods:
    """Hold the test examples whose prediction an attack can turn.

    Those that are right on clean data are to be broken. Those that are wrong must not be corrected: their only rival is
    the true label, and turning them is a loss.

    Attributes
    ----------
    rows : int64 array, shape (q,)
        Rows of the test set.
    gain : int64 array, shape (q,)
        1 for an example that is right on clean data, -1 for one that is wrong.
    predicted : int64 array, shape (q,)
        Labels predicted on clean data.
    counts : int32 array, shape (q, c)
        Votes on clean data.
    gap : int64 array, shape (q, c)
        Gap to every label that is to overtake the predicted one, ``UNLIMITED`` elsewhere.
    border : int32 array, shape (q, w + 1)
        Distance of the neighbors number ``first`` to ``first + w``, in steps; a single one, the radius, for rNN.
    ranked : uint16 array, shape (q, w + 1)
        Their labels.
    first, k : int
        Number of the first of them, and of neighbors that vote; both 0 for rNN.
    own : list of int32 arrays
        Distances between each test example and the training examples with its predicted label.
    members : list of int64 arrays
        Training examples with each label, in the order of ``own``.
    job : Job
        The distances' grid, training examples and test examples.
    """

    rows: Int64[np.ndarray, " q"]
    gain: Int64[np.ndarray, " q"]
    predicted: Int64[np.ndarray, " q"]
    counts: Int32[np.ndarray, "q c"]
    gap: Int64[np.ndarray, "q c"]
    border: Int32[np.ndarray, "q w"]
    ranked: UInt16[np.ndarray, "q w"]
    first: int
    k: int
    own: list[Int32[np.ndarray, " n_a"]]
    members: list[Int64[np.ndarray, " n_a"]]
    job: Job

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        test_labels: Int64[np.ndarray, " m"],
        votes: Votes,
        rule: Rule,
        largest: int,
        *,
        threads: int | None,
        progress: Callable[[int, int], None],
    ) -> Neighborhoods:
        """Compute the neighborhoods of the test examples that attacks of at most ``largest`` examples may turn.

        Parameters
        ----------
        inputs : Inputs
            Clean training examples, and all test examples.
        test_labels : int64 array, shape (m,)
            True labels.
        votes : Votes
            Votes on clean data.
        rule : Rule
            Who votes.
        largest : int
            Largest poisoning size.
        threads : int or None
            Number of threads.
        progress : callable
            Called with the number of test examples done and their total.
        """
        predicted = predicted_labels(votes.counts)
        right = predicted == test_labels
        gap = gaps(votes.counts)
        others = np.arange(gap.shape[1]) != test_labels[:, None]
        gap[~right[:, None] & others] = NEVER
        rows = np.flatnonzero(gap.min(axis=1) <= 2 * largest)
        job = checked_job(
            inputs.train,
            inputs.labels,
            inputs.test[rows] if rows.size else inputs.test[:1],
            ks=[] if rule.k is None else [rule.k],
            rs=[] if rule.r is None else [rule.r],
            window=0,
            num_classes=inputs.num_classes,
            ranking=rule.ranking,
            threads=threads,
        )
        k, n = rule.k or 0, len(inputs.labels)
        first = max(k - largest, 1) if k else 0
        last = min(k + largest, n) if k else 0
        border = np.empty((rows.size, last - first + 1), np.int32)
        ranked = np.empty((rows.size, last - first + 1), np.uint16)
        if not k:
            border[:] = job.radii[0]
        own: list[np.ndarray] = [np.empty(0, np.int32)] * rows.size
        columns, tiles = job.columns, DistanceTiles(job)
        labels = job.labels[columns.order]

        def measure(start: int) -> None:
            tile = tiles(job.queries[start : start + tiles.tile_rows])
            for j in range(start, min(start + tiles.tile_rows, rows.size)):
                distances = tile[j - start, :n]
                if k:
                    place = (distances.astype(np.int64) << 32) | columns.precedence
                    near = np.argpartition(place, (first - 1, last - 1))[first - 1 : last]
                    near = near[np.argsort(place[near])]
                    border[j], ranked[j] = distances[near], labels[near]
                a = predicted[rows[j]]
                own[j] = distances[columns.starts[a] : columns.starts[a + 1]].copy()

        starts = range(0, rows.size, tiles.tile_rows)
        with ThreadPoolExecutor(tiles.workers) as pool:
            for done, _ in enumerate(pool.map(measure, starts), start=1):
                progress(min(done * tiles.tile_rows, rows.size), rows.size)
        members = [columns.order[a:b] for a, b in zip(columns.starts[:-1], columns.starts[1:], strict=True)]
        gain, counts = np.where(right, 1, -1)[rows], votes.counts[rows]
        return cls(rows, gain, predicted[rows], counts, gap[rows], border, ranked, first, k, own, members, job)

    def needs(self, additions: Int64[np.ndarray, " c"], most: int) -> Needs:
        """Compute what breaks each test example if additions with these numbers per label all reach it.

        Parameters
        ----------
        additions : int64 array, shape (c,)
            Number of additions with each label.
        most : int
            Largest number of removals.
        """
        removals = np.empty(len(self.rows), np.int64)
        radius = np.empty(len(self.rows), np.int32)
        args = self.gap, self.predicted, self.ranked, self.border, self.first, self.k
        _find_needs(*args, additions, most, removals, radius)
        return Needs(removals, radius)

    def needs_relabeled(self, new: Int64[np.ndarray, " c"]) -> Needs:
        """Compute what breaks each test example if labels change in place: voters that get another label.

        Parameters
        ----------
        new : int64 array, shape (c,)
            The label that changed examples with each label get.
        """
        receives = np.arange(self.gap.shape[1]) == new[self.predicted][:, None]
        changed = (-(-self.gap // np.where(receives, 2, 1))).min(axis=1)
        return Needs(np.minimum(changed, NEVER), self.border[:, self.k - self.first])

    def radii(self, removed: Int64[np.ndarray, " ρ"], needs: Needs, additions: int) -> Int32[np.ndarray, " q"]:
        """Return the distance within which additions are in each neighborhood, once examples are removed.

        Every voter that is removed lets the border out by one neighbor; of the removals those with the predicted label
        are counted.

        Parameters
        ----------
        removed : int64 array, shape (ρ,)
            Removed training examples.
        needs : Needs
            What breaks each test example.
        additions : int
            Number of additions.
        """
        if not self.k:
            return self.border[:, 0]
        gone = [np.flatnonzero(np.isin(members, removed)) for members in self.members]
        pairs = zip(self.own, self.predicted, needs.radius, strict=True)
        hits = np.array([np.count_nonzero(own[gone[a]] <= radius) for own, a, radius in pairs])
        at = np.clip(self.k - additions + hits - self.first, 0, self.border.shape[1] - 1)
        return np.asarray(np.take_along_axis(self.border, at[:, None], axis=1)[:, 0])


@njit(nogil=True, cache=True)
@no_type_check
def _find_needs(gap, predicted, ranked, border, first, k, A, most, removals, radius):
    """Follow the border of each neighborhood: additions push it inward, each removed voter lets it out by one."""
    total = A.sum()
    for i in range(predicted.size):
        a = predicted[i]
        g = gap[i].copy()
        p = k  # voters: the clean neighbors up to number p, without the removed ones, and the additions
        if k > 0:
            for _ in range(min(total, k - first + 1)):
                _leave(g, a, ranked[i, p - first], 1)
                p -= 1
        removals[i] = NEVER
        for h in range(most + 1):
            turned = False
            for l in range(g.size):  # noqa: E741 (the paper's label)
                turned = turned or (l != a and g[l] - h - A[l] <= 0)
            if turned:
                removals[i] = h
                break
            if k > 0:
                if p - first + 1 >= border.shape[1]:
                    break
                p += 1
                _leave(g, a, ranked[i, p - first], -1)
        radius[i] = border[i, min(max(p - first, 0), border.shape[1] - 1)] if k > 0 else border[i, 0]


@njit(nogil=True, cache=True)
@no_type_check
def _leave(g, a, l, times):  # noqa: E741 (the paper's label)
    """Update the gaps when a voter with label ``l`` leaves the neighborhood (``times=1``), or enters it (-1)."""
    if l == a:
        for j in range(g.size):
            g[j] -= times
    else:
        g[l] += times
