"""FAISS as the source of distances: tiles of all pairwise L1 distances, on the CPU or on a GPU.

Its own searches cannot be used: on a GPU they stop at k = 2048 and know no radius, and ties are not in our order.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec

import faiss
import numpy as np

from certvote.neighbors.chunks import Chunks
from certvote.neighbors.job import Job, Tally
from certvote.neighbors.memory import refuse_unless
from certvote.neighbors.scan import Scanner
from certvote.neighbors.selection import tally

_TILE_BYTES = 96 * 2**20


def faiss_scanner(job: Job) -> Scanner:
    """On a GPU if this FAISS can use one, where distances are counted with torch; else on the CPU."""
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        return FaissScanner(job)
    if find_spec("torch") is None:
        raise ValueError("backend: faiss on a GPU needs torch to count there: pip install 'certvote[gpu]'")
    import_module("faiss.contrib.torch_utils")  # from here on faiss functions take torch tensors too

    from certvote.neighbors.torch_scan import TorchScanner, check_cuda

    check_cuda()
    resources = faiss.StandardGpuResources()
    return TorchScanner(
        job,
        "cuda",
        lambda queries, train: faiss.pairwise_distance_gpu(resources, queries, train, metric=faiss.METRIC_L1),
    )


class FaissScanner:
    """Distances by FAISS with its own threads, then the selection of the Numba backend."""

    workers = 1

    def __init__(self, job: Job) -> None:
        self.job = job
        least = 4 * len(job.train)  # a tile; FAISS writes its own first
        refuse_unless(4 * least <= job.room, job, 4 * least, "use backend=dask, which takes the training set in pieces")
        self.tile_rows = max(1, min(_TILE_BYTES, job.room // 4) // least)
        self.chunks = Chunks(job, lambda steps: steps.astype(np.float32), workers=1, unit=1)
        self.threads: int = job.threads or faiss.omp_get_max_threads()

    def __call__(self, start: int, stop: int) -> Tally:
        queries = self.job.lattice.integers(self.job.queries[start:stop]).astype(np.float32)
        tile = np.empty((len(queries), len(self.job.train)), np.int32)
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(self.threads)
        try:
            for first, train in self.chunks:
                tile[:, first : first + len(train)] = faiss.pairwise_distances(queries, train, metric=faiss.METRIC_L1)
        finally:
            faiss.omp_set_num_threads(before)
        with ThreadPoolExecutor(self.threads) as pool:
            parts = list(
                pool.map(
                    lambda part: tally(self.job, part, len(part)), np.array_split(tile, min(self.threads, len(tile)))
                )
            )
        return Tally(
            counts=np.concatenate([part.counts for part in parts]),
            ranked=np.concatenate([part.ranked for part in parts]),
        )
