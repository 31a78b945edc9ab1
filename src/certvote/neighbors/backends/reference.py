"""The reference backend: sort all training examples for each query, as the definition says; all others equal it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.backends.base import Backend, Counted, Progress, count_blocks
from certvote.neighbors.job import BlockVotes, Job
from certvote.neighbors.memory import require_memory
from certvote.options import choice


@choice("backend", "reference")
class Reference(Backend):
    """Count in plain NumPy, the oracle that the other backends are tested against. Slow."""

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job by sorting all training examples for each query."""
        return count_blocks(job, ReferenceCounter, progress)


class ReferenceCounter:
    """Sort the training examples for one query at a time, by distances in float64 (exact on the grid)."""

    block_rows = 1
    workers = 1

    def __init__(self, job: Job) -> None:
        self.job = job
        # a copy, the differences to a view, their absolute values
        require_memory(job, 3 * 8 * job.train.size, "use backend=numba")
        self.train = job.train.astype(np.float64)

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        job = self.job
        counts, ranked = [], []
        for views in job.queries[start:stop].astype(np.float64):
            distances = np.abs(self.train - views[0]).sum(axis=1)
            for view in views[1:]:
                distances = np.minimum(distances, np.abs(self.train - view).sum(axis=1))
            order = np.lexsort((job.precedence, distances))
            neighbors = job.labels[order]
            within = [neighbors[:k] for k in job.ks] + [job.labels[distances <= r] for r in job.rs]
            counts.append([self._votes(labels) for labels in within])
            ranked.append(np.concatenate([neighbors[a:b] for a, b in job.ranked_ranges] or [neighbors[:0]]))
        return BlockVotes(counts=np.array(counts, np.int32), ranked=np.array(ranked, np.int32))

    def _votes(self, labels: np.ndarray) -> Int32[np.ndarray, " c"]:
        """Count how often each label occurs."""
        return np.bincount(labels, minlength=self.job.num_classes).astype(np.int32)
