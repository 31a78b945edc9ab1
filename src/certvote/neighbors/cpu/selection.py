"""Select the votes from a tile of exact distances, for all CPU backends."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.cpu.selection_kernels import select
from certvote.neighbors.job import BlockVotes, Job


def select_votes(job: Job, tile: Int32[np.ndarray, "_rows _columns"], rows: int) -> BlockVotes:
    """Select the votes and ranked labels from the first rows of a distance tile.

    Parameters
    ----------
    job : Job
        What to count.
    tile : int32 array, C-contiguous
        Distances in steps of the grid. Its columns are those of ``job.columns``; further ones are ignored.
    rows : int
        Number of queries in the tile.

    Returns
    -------
    BlockVotes
        The votes of these queries.
    """
    ranges = np.array(job.ranked_ranges, np.int64).reshape(-1, 2)
    firsts, lasts = np.ascontiguousarray(ranges[:, 0]), np.ascontiguousarray(ranges[:, 1])
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
    return BlockVotes(counts=counts, ranked=ranked)
