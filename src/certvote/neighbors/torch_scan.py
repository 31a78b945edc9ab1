"""The GPU backend: distance tiles and exact selection in torch operations that run on any of its devices."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch

from certvote.neighbors.devices import on, own_device
from certvote.neighbors.job import Job, Tally
from certvote.neighbors.lattice import blocks
from certvote.neighbors.memory import refuse_unless
from certvote.neighbors.scan import Scanner

log = logging.getLogger(__name__)

Distances = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_TILE_ENTRIES = 2**28  # some kernels index with 32 bits
_ENTRY_BYTES = 40  # of an entry of a tile: its distance as float32 and int32, masks, keys of the ranked ones
_CPU_BYTES = 2**28


def cuda_scanner(job: Job, memory: int | None = None) -> Scanner:
    """On the current GPU: with fused kernels where Triton can make them (Linux), else with torch's own operations."""
    check_cuda()
    if find_spec("triton") is None:
        return TorchScanner(job, "cuda", _cdist, memory)
    from certvote.neighbors.fused_scan import FusedScanner, check_triton

    try:
        check_triton()
    except Exception as error:  # whatever a compiler of somebody else's raises
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        log.warning("backend=torch: Triton cannot compile for this GPU, so torch's slower operations count: %s", reason)
        return TorchScanner(job, "cuda", _cdist, memory)
    return FusedScanner(job, "cuda", memory)


def check_cuda() -> None:
    """Raises ``ValueError`` where torch has no GPU."""
    if not torch.cuda.is_available():
        raise ValueError(f"backend: torch {torch.__version__} finds no CUDA device; use backend=numba")


def _cdist(queries: torch.Tensor, train: torch.Tensor) -> torch.Tensor:
    return torch.cdist(queries, train, p=1.0)


class TorchScanner:
    """All arithmetic on ``device``; ``distances`` gives the float32 L1 distances of two float32 matrices there."""

    workers = 1

    def __init__(self, job: Job, device: str, distances: Distances = _cdist, memory: int | None = None) -> None:
        self.job, self.device, self.distances = job, own_device(device), distances
        columns = job.columns
        if memory is None:
            memory = torch.cuda.mem_get_info()[0] // 2 if self.device.type == "cuda" else min(_CPU_BYTES, job.room)
        n, whole = len(job.train), 4 * job.train.size
        least = whole + _ENTRY_BYTES * n
        refuse_unless(least <= memory, job, least, "raise option backend.memory, or use backend=numba", have=memory)
        self.train = torch.empty(job.train.shape, dtype=torch.float32, device=self.device)
        for part in blocks(job.train):
            self.train[part] = self._moved(job.steps_of(columns.order[part])).float()
        self.precedence = self._moved(columns.precedence)
        self.labels = self._moved(columns.label_at)[self.precedence.long()]
        self.runs = list(zip(columns.starts[:-1].tolist(), columns.starts[1:].tolist(), strict=True))
        self.tile_rows = max(1, min((memory - whole) // _ENTRY_BYTES, _TILE_ENTRIES) // n)

    def __call__(self, start: int, stop: int) -> Tally:
        with on(self.device):
            return self._tally(start, stop)

    def _tally(self, start: int, stop: int) -> Tally:
        job = self.job
        queries = self._moved(job.lattice.integers(job.queries[start:stop])).float()
        tile = self.distances(queries, self.train).to(torch.int32)
        counts, ranked = [], []
        for k, (first, last) in zip(job.ks, job.spans, strict=True):
            counts.append(self._votes(self._nearest(tile, k)))
            ranked.append(self._ranked(tile, first, last))
        counts += [self._votes(tile <= radius) for radius in job.radii]
        return Tally(
            counts=torch.stack(counts, dim=1).to(torch.int32).cpu().numpy(),
            ranked=torch.cat([*ranked, self.labels.new_empty((len(tile), 0))], dim=1).cpu().numpy(),
        )

    def _nearest(self, tile: torch.Tensor, k: int) -> torch.Tensor:
        """Mask of the first ``k`` columns of each row in the neighbor order."""
        target = torch.full((len(tile),), k, device=self.device)
        farthest = _kth(tile, target, self.job.lattice.farthest)[:, None]
        nearer, tied = tile < farthest, tile == farthest
        missing = target - nearer.sum(dim=1)
        if bool((tied.sum(dim=1) == missing).all()):
            return nearer | tied
        places = torch.where(tied, self.precedence, len(self.precedence))
        last = _kth(places, missing, len(self.precedence) - 1)[:, None]
        return nearer | (places <= last)

    def _ranked(self, tile: torch.Tensor, first: int, last: int) -> torch.Tensor:
        """Labels of the neighbors number ``first + 1`` to ``last`` of each row, in the neighbor order."""
        band = self._nearest(tile, last)
        if first > 0:
            band &= ~self._nearest(tile, first)
        columns = band.nonzero()[:, 1].reshape(len(tile), last - first)
        keys = tile.gather(1, columns).long() * len(self.precedence) + self.precedence[columns]
        return self.labels[columns.gather(1, keys.argsort(dim=1))]

    def _votes(self, chosen: torch.Tensor) -> torch.Tensor:
        return torch.stack([chosen[:, begin:end].sum(dim=1) for begin, end in self.runs], dim=1)

    def _moved(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


def _kth(rows: torch.Tensor, target: torch.Tensor, largest: int) -> torch.Tensor:
    """Smallest integer of each row with at least ``target`` entries ``<=`` it, by bisection of 0 to ``largest``."""
    low = torch.full((len(rows),), -1, dtype=torch.int32, device=rows.device)
    high = torch.full_like(low, largest)
    for _ in range((largest + 1).bit_length()):
        middle = torch.div(low + high, 2, rounding_mode="floor")
        enough = (rows <= middle[:, None]).sum(dim=1) >= target
        high, low = torch.where(enough, middle, high), torch.where(enough, low, middle)
    return high
