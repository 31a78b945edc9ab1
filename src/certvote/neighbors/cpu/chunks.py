"""Pack the training set in column order: kept whole if it fits into memory, otherwise packed chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Int32

from certvote.neighbors.job import Job

_CHUNK_BYTES = 64 * 2**20
Packed = TypeVar("Packed")


class Chunks(Generic[Packed]):
    """Iterate over pairs (first column, packed chunk), as often as wanted, from several threads at once.

    Parameters
    ----------
    job : Job
        The job whose training set is packed.
    pack : callable
        Converts the training examples of consecutive columns, int32[columns, d] in steps of the grid, to whatever the
        backend needs.
    workers : int
        Number of threads that iterate at once.
    unit : int
        Every chunk but the last has a multiple of this number of columns.
    """

    def __init__(self, job: Job, pack: Callable[[Int32[np.ndarray, "columns d"]], Packed], *, workers: int, unit: int):
        self.job, self.pack = job, pack
        n, d = job.train.shape
        # packing holds a chunk twice, before and after; if nothing is kept, each worker packs for itself
        half = job.memory_budget // 2
        kept = 4 * n * d + min(4 * n * d, _CHUNK_BYTES) <= half
        size = _CHUNK_BYTES if kept else min(_CHUNK_BYTES, half // (2 * workers))
        self.columns = max(1, size // (4 * d * unit)) * unit
        self.kept = list(self._packed_chunks()) if kept else None

    def __iter__(self) -> Iterator[tuple[int, Packed]]:
        """Iterate over the kept chunks, or pack them anew."""
        return self._packed_chunks() if self.kept is None else iter(self.kept)

    def _packed_chunks(self) -> Iterator[tuple[int, Packed]]:
        """Pack one chunk after the other."""
        order = self.job.columns.order
        for first in range(0, len(order), self.columns):
            yield first, self.pack(self.job.train_steps(order[first : first + self.columns]))
