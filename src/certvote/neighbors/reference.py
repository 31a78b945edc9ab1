"""The oracle: sort all training examples for each query, as the definition says; every other backend equals it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.job import Job, Tally
from certvote.neighbors.memory import refuse_unless


class ReferenceScanner:
    """One query at a time, distances in float64 from the features as they came (exact on the grid)."""

    tile_rows = 1
    workers = 1

    def __init__(self, job: Job) -> None:
        self.job = job
        least = 3 * 8 * job.train.size  # a copy, differences to a query, their absolute values
        refuse_unless(least <= job.room, job, least, "use backend=numba")
        self.train = job.train.astype(np.float64)

    def __call__(self, start: int, stop: int) -> Tally:
        job = self.job
        counts, ranked = [], []
        for query in job.queries[start:stop].astype(np.float64):
            distances = np.abs(self.train - query).sum(axis=1)
            order = np.lexsort((job.precedence, distances))
            neighbors = job.labels[order]
            within = [neighbors[:k] for k in job.ks] + [job.labels[distances <= r] for r in job.rs]
            counts.append([self._votes(labels) for labels in within])
            ranked.append(np.concatenate([neighbors[first:last] for first, last in job.spans] or [neighbors[:0]]))
        return Tally(counts=np.array(counts, np.int32), ranked=np.array(ranked, np.int32))

    def _votes(self, labels: np.ndarray) -> Int32[np.ndarray, " c"]:
        return np.bincount(labels, minlength=self.job.num_classes).astype(np.int32)
