"""The training set in column order, packed for a backend: kept whole where it fits, else packed chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.job import Job

_CHUNK_BYTES = 64 * 2**20
Packed = TypeVar("Packed")


class Chunks(Generic[Packed]):
    """Pairs of (first column, packed chunk), as often as wanted, by several threads at once.

    ``pack`` gets the training examples of at most ``columns`` consecutive columns, in steps of the lattice.
    """

    def __init__(self, job: Job, pack: Callable[[Int32[np.ndarray, "columns d"]], Packed], *, workers: int, unit: int):
        self.job, self.pack = job, pack
        n, d = job.train.shape
        # whoever packs holds a chunk twice, before and after; where nothing is kept, each worker packs for itself
        half = job.room // 2
        kept = 4 * n * d + min(4 * n * d, _CHUNK_BYTES) <= half
        size = _CHUNK_BYTES if kept else min(_CHUNK_BYTES, half // (2 * workers))
        self.columns = max(1, size // (4 * d * unit)) * unit
        self.kept = list(self._chunks()) if kept else None

    def __iter__(self) -> Iterator[tuple[int, Packed]]:
        return self._chunks() if self.kept is None else iter(self.kept)

    def _chunks(self) -> Iterator[tuple[int, Packed]]:
        order = self.job.columns.order
        for first in range(0, len(order), self.columns):
            yield first, self.pack(self.job.steps_of(order[first : first + self.columns]))
