"""Count with torch operations: distance tiles and exact selection on any of torch's devices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from certvote.neighbors.gpu.device import current, default_memory, numbered_device
from certvote.neighbors.grid import row_blocks
from certvote.neighbors.job import BlockVotes, Job
from certvote.neighbors.memory import require_memory

Distances = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_TILE_ENTRIES = 2**28  # some kernels index with 32 bits
_ENTRY_BYTES = 40  # per entry of a tile: its distance as float32 and int32, masks, keys of the ranked ones
_CPU_BYTES = 2**28


def l1_distances(queries: torch.Tensor, train: torch.Tensor) -> torch.Tensor:
    """Compute all pairwise L1 distances."""
    return torch.cdist(queries, train, p=1.0)


class TorchCounter:
    """Count the votes of a block of queries, with all arithmetic on a torch device.

    Parameters
    ----------
    job : Job
        What to count.
    device : str
        Name of a torch device.
    distances : callable
        Computes the float32 L1 distances of two float32 matrices on that device.
    memory : int or None
        Bytes to use at most; ``None``: half of what is free on a GPU, little on a CPU.
    """

    workers = 1

    def __init__(self, job: Job, device: str, distances: Distances = l1_distances, memory: int | None = None) -> None:
        self.job, self.device, self.distances = job, numbered_device(device), distances
        columns = job.columns
        if memory is None:
            memory = default_memory(self.device, min(_CPU_BYTES, job.memory_budget))
        n, whole = len(job.train), 4 * job.train.size
        row = _ENTRY_BYTES * n + 12 * job.queries[:1].size  # a query as int32, as float32, and view after view
        require_memory(job, whole + row, "raise option backend.memory, or use backend=numba", have=memory)
        self.train = torch.empty(job.train.shape, dtype=torch.float32, device=self.device)
        for part in row_blocks(job.train):
            self.train[part] = self._to_device(job.train_steps(columns.order[part])).float()
        self.precedence = self._to_device(columns.precedence)
        self.labels = self._to_device(columns.label_at)[self.precedence.long()]
        self.runs = list(zip(columns.starts[:-1].tolist(), columns.starts[1:].tolist(), strict=True))
        self.block_rows = max(1, min((memory - whole) // row, _TILE_ENTRIES // n))

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        with current(self.device):
            tile = self._distance_tile(start, stop)
            counts, ranked = [], []
            for k, (first, last) in zip(self.job.ks, self.job.ranked_ranges, strict=True):
                counts.append(self._votes(self._nearest(tile, k)))
                ranked.append(self._ranked(tile, first, last))
            counts += [self._votes(tile <= radius) for radius in self.job.radii]
            return BlockVotes(
                counts=torch.stack(counts, dim=1).to(torch.int32).cpu().numpy(),
                ranked=torch.cat([*ranked, self.labels.new_empty((len(tile), 0))], dim=1).cpu().numpy(),
            )

    def _distance_tile(self, start: int, stop: int) -> torch.Tensor:
        """Compute the distances of some queries, int32[rows, n]: the smallest over a query's views."""
        steps = self.job.grid.to_steps(self.job.queries[start:stop])
        views = self._to_device(steps).float().transpose(0, 1).contiguous()
        tile = self.distances(views[0], self.train)
        for view in views[1:]:
            torch.minimum(tile, self.distances(view, self.train), out=tile)
        return tile.to(torch.int32)

    def _nearest(self, tile: torch.Tensor, k: int) -> torch.Tensor:
        """Mark the first ``k`` columns of each row in the neighbor order."""
        target = torch.full((len(tile),), k, device=self.device)
        farthest = _kth_smallest(tile, target, self.job.grid.max_distance)[:, None]
        nearer, tied = tile < farthest, tile == farthest
        missing = target - nearer.sum(dim=1)
        if bool((tied.sum(dim=1) == missing).all()):
            return nearer | tied
        places = torch.where(tied, self.precedence, len(self.precedence))
        last = _kth_smallest(places, missing, len(self.precedence) - 1)[:, None]
        return nearer | (places <= last)

    def _ranked(self, tile: torch.Tensor, first: int, last: int) -> torch.Tensor:
        """Collect the labels of the neighbors number ``first + 1`` to ``last`` of each row, in the neighbor order."""
        chosen = self._nearest(tile, last)
        if first > 0:
            chosen &= ~self._nearest(tile, first)
        columns = chosen.nonzero()[:, 1].reshape(len(tile), last - first)
        keys = tile.gather(1, columns).long() * len(self.precedence) + self.precedence[columns]
        return self.labels[columns.gather(1, keys.argsort(dim=1))]

    def _votes(self, chosen: torch.Tensor) -> torch.Tensor:
        """Count the chosen columns of each label."""
        return torch.stack([chosen[:, begin:end].sum(dim=1) for begin, end in self.runs], dim=1)

    def _to_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


def _kth_smallest(rows: torch.Tensor, target: torch.Tensor, largest: int) -> torch.Tensor:
    """Find the target-th smallest entry of each row, integers from 0 to ``largest``, by bisection."""
    low = torch.full((len(rows),), -1, dtype=torch.int32, device=rows.device)
    high = torch.full_like(low, largest)
    for _ in range((largest + 1).bit_length()):
        middle = torch.div(low + high, 2, rounding_mode="floor")
        enough = (rows <= middle[:, None]).sum(dim=1) >= target
        high, low = torch.where(enough, middle, high), torch.where(enough, low, middle)
    return high
