"""The FAISS backend: tiles of all pairwise L1 distances by FAISS, on the CPU or on a GPU.

FAISS's own searches cannot be used: on a GPU they stop at k = 2048 and know no radius, and they order ties differently.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from certvote.neighbors.backends.base import (
    Backend,
    BlockCounter,
    Counted,
    Progress,
    count_blocks,
    require_library,
)
from certvote.neighbors.job import BlockVotes, Job
from certvote.neighbors.memory import require_memory
from certvote.options import choice

_TILE_BYTES = 96 * 2**20


@choice("backend", "faiss")
class Faiss(Backend):
    """Count with FAISS distances, on the CPU or on a GPU, whichever faiss package is installed."""

    def check(self) -> None:
        """Check that FAISS is installed."""
        require_library("faiss", "cpu")

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job with distances by FAISS."""
        self.check()
        return count_blocks(job, faiss_counter, progress)


def faiss_counter(job: Job) -> BlockCounter:
    """Make a counter: on a GPU if this FAISS can use one (torch then selects there), otherwise on the CPU."""
    import faiss

    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        return FaissCounter(job)
    if find_spec("torch") is None:
        raise ValueError("backend: faiss on a GPU needs torch to count there: pip install 'certvote[gpu]'")
    import_module("faiss.contrib.torch_utils")  # from here on faiss functions take torch tensors too

    from certvote.neighbors.gpu.device import check_cuda
    from certvote.neighbors.gpu.torch_counter import TorchCounter

    check_cuda()
    resources = faiss.StandardGpuResources()
    return TorchCounter(
        job,
        "cuda",
        lambda queries, train: faiss.pairwise_distance_gpu(resources, queries, train, metric=faiss.METRIC_L1),
    )


class FaissCounter:
    """Count with distances by FAISS, which has threads of its own, and the selection of the Numba backend."""

    workers = 1

    def __init__(self, job: Job) -> None:
        import faiss

        from certvote.neighbors.cpu.chunks import Chunks

        self.job = job
        row = 4 * len(job.train)  # of a tile; FAISS writes its own first
        require_memory(job, 4 * row, "use backend=dask, which takes the training set in pieces")
        steps = 8 * job.queries[:1].size  # a query as int32 and as float32
        self.block_rows = max(1, min(_TILE_BYTES, job.memory_budget // 4) // (row + steps))
        self.chunks = Chunks(job, lambda chunk: chunk.astype(np.float32), workers=1, unit=1)
        self.threads: int = job.threads or faiss.omp_get_max_threads()

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        import faiss

        from certvote.neighbors.cpu.selection import select_votes

        steps = self.job.grid.to_steps(self.job.queries[start:stop])
        views = np.ascontiguousarray(steps.transpose(1, 0, 2), np.float32)
        tile = np.empty((stop - start, len(self.job.train)), np.int32)
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(self.threads)
        try:
            for first, train in self.chunks:
                part = tile[:, first : first + len(train)]
                part[:] = faiss.pairwise_distances(views[0], train, metric=faiss.METRIC_L1)
                for view in views[1:]:
                    distances = faiss.pairwise_distances(view, train, metric=faiss.METRIC_L1)
                    np.minimum(part, distances, out=part, dtype=np.int32, casting="unsafe")
                    del distances  # before the next ones are written
        finally:
            faiss.omp_set_num_threads(before)
        parts = np.array_split(tile, min(self.threads, len(tile)))
        with ThreadPoolExecutor(self.threads) as pool:
            votes = list(pool.map(lambda part: select_votes(self.job, part, len(part)), parts))
        return BlockVotes(
            counts=np.concatenate([part.counts for part in votes]),
            ranked=np.concatenate([part.ranked for part in votes]),
        )
