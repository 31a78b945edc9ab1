"""The CPU backend: distances and selection compiled by Numba, a few queries per thread at a time."""

from __future__ import annotations

import threading

import numba
import numpy as np
from jaxtyping import Int32

from certvote.neighbors.chunks import Chunks
from certvote.neighbors.job import Job, Tally
from certvote.neighbors.memory import refuse_unless
from certvote.neighbors.microkernel import GROUP, PANEL, fill_distances
from certvote.neighbors.selection import tally

_TILE_BYTES = 256 * 2**20  # distances of all threads together
_ROWS = 24  # distances of more queries leave the caches before they are counted


class NumbaScanner:
    """Distance tiles of a few queries by all training examples, one tile per thread, counted while in the cache.

    Threads are Python's: the compiled code leaves the interpreter lock alone, and forks or nested pools are no danger.
    The job, or ``NUMBA_NUM_THREADS`` in the environment, limits them.
    """

    def __init__(self, job: Job) -> None:
        self.job, self.distances = job, DistanceTiles(job)
        self.tile_rows, self.workers = self.distances.tile_rows, self.distances.workers

    def __call__(self, start: int, stop: int) -> Tally:
        return tally(self.job, self.distances(start, stop), stop - start)


class DistanceTiles:
    """Exact distances in steps between a few queries and all training examples, for ``workers`` threads at once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.width = -(-len(job.train) // PANEL) * PANEL
        threads: int = job.threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        least = 4 * self.width * GROUP  # a tile; at most a third of the room is for tiles, half is for the training set
        refuse_unless(3 * least <= job.room, job, 3 * least, "use backend=dask, which takes the training set in pieces")
        tiles = min(_TILE_BYTES, job.room // 3)
        self.workers = max(1, min(threads, tiles // least))
        rows = tiles // self.workers // (4 * self.width)
        self.panels = Chunks(job, lambda steps: _packed(steps, PANEL), workers=self.workers, unit=PANEL)
        if self.panels.kept is not None:
            rows = min(rows, _ROWS)
        self.tile_rows = max(1, rows // GROUP) * GROUP
        self.own = threading.local()

    def __call__(self, start: int, stop: int) -> Int32[np.ndarray, "rows n"]:
        """Columns are those of ``job.columns``; rows and columns after the last are without meaning.

        The tile belongs to the calling thread until its next call.
        """
        queries, sums = _packed(self.job.lattice.integers(self.job.queries[start:stop]), GROUP)
        tile = self._tile()
        for first, (panels, panel_sums) in self.panels:
            fill_distances(panels, panel_sums, queries, sums, tile, first)
        return tile

    def _tile(self) -> Int32[np.ndarray, "rows n"]:
        """The thread's own memory: fresh memory from the system for each tile would cost more than filling it."""
        if not hasattr(self.own, "tile"):
            self.own.tile = np.empty((self.tile_rows, self.width), np.int32)
        tile: Int32[np.ndarray, "rows n"] = self.own.tile
        return tile


def _packed(
    steps: Int32[np.ndarray, "rows d"], size: int
) -> tuple[Int32[np.ndarray, "packs d size"], Int32[np.ndarray, "packs size"]]:
    """Rows in packs of ``size``, one dimension after the other, the last pack filled up with zeros; and their sums."""
    rows, d = steps.shape
    full, rest = divmod(rows, size)
    packs = np.zeros((full + (rest > 0), d, size), np.int32)
    packs[:full] = steps[: full * size].reshape(full, size, d).transpose(0, 2, 1)
    packs[full:, :, :rest] = steps[full * size :].T
    return packs, packs.sum(axis=1, dtype=np.int32)
