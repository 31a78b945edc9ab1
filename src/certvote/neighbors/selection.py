"""From a tile of exact distances to votes: the selection that the CPU backends share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.job import Job, Tally
from certvote.neighbors.kernels import select


def tally(job: Job, tile: Int32[np.ndarray, "rows n"]) -> Tally:
    """Votes and ranked labels from distances in steps, columns in the order of ``job.columns``."""
    spans = np.array(job.spans, np.int64).reshape(-1, 2)
    counts = np.empty((len(tile), len(job.ks) + len(job.rs), job.num_classes), np.int32)
    ranked = np.empty((len(tile), job.ranked_width), np.int32)
    select(
        tile,
        job.columns.starts,
        job.columns.precedence,
        job.columns.label_at,
        np.array(job.ks, np.int64),
        np.ascontiguousarray(spans[:, 0]),
        np.ascontiguousarray(spans[:, 1]),
        np.array(job.radii, np.int64),
        job.lattice.farthest,
        counts,
        ranked,
    )
    return Tally(counts=counts, ranked=ranked)
