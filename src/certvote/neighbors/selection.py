"""From a tile of exact distances to votes: the selection that the CPU backends share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.job import Job, Tally
from certvote.neighbors.kernels import select


def tally(job: Job, tile: Int32[np.ndarray, "_rows _columns"], rows: int) -> Tally:
    """Votes and ranked labels from the first ``rows`` of a tile of distances in steps.

    The tile's columns are those of ``job.columns``; what comes after them is ignored. It must be C-contiguous.
    """
    spans = np.array(job.spans, np.int64).reshape(-1, 2)
    firsts, lasts = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
    counts = np.empty((rows, len(job.ks) + len(job.rs), job.num_classes), np.int32)
    ranked = np.empty((rows, job.ranked_width), np.int32)
    select(
        tile,
        rows,
        job.columns.starts,
        job.columns.precedence,
        job.columns.label_at,
        np.array(job.ks, np.int64),
        firsts,
        lasts,
        np.array(job.radii, np.int64),
        counts,
        ranked,
    )
    return Tally(counts=counts, ranked=ranked)
