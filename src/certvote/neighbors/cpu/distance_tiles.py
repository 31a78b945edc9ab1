"""Compute tiles of exact distances between a few queries and all training examples."""

from __future__ import annotations

import threading

import numba
import numpy as np
from jaxtyping import Int32, Num

from certvote.neighbors.cpu.chunks import Chunks
from certvote.neighbors.cpu.distance_kernel import GROUP, PANEL, fill_distances
from certvote.neighbors.job import Job
from certvote.neighbors.memory import require_memory

_TILE_BYTES = 256 * 2**20  # distances of all threads together
_MAX_ROWS = 24  # distances of more queries leave the caches before they are counted


class DistanceTiles:
    """Compute exact distances in steps of the grid, for ``workers`` threads at once.

    Attributes
    ----------
    tile_rows : int
        Largest number of queries per tile.
    workers : int
        Largest number of threads.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.width = -(-len(job.train) // PANEL) * PANEL
        threads: int = job.threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        # of the memory budget a half is for the training set, a third for tiles, the rest for packed queries
        budget, smallest = job.memory_budget, 4 * self.width * GROUP
        query_bytes = max(1, 8 * job.queries[:1].size)  # in steps, and packed
        require_memory(job, 3 * smallest, "use backend=dask, which takes the training set in pieces")
        require_memory(job, 6 * GROUP * query_bytes, "use fewer views or features")
        tiles = min(_TILE_BYTES, budget // 3)
        self.workers = max(1, min(threads, tiles // smallest, budget // 6 // (GROUP * query_bytes)))
        rows = min(tiles // self.workers // (4 * self.width), budget // 6 // self.workers // query_bytes)
        self.panels = Chunks(job, lambda steps: packed(steps, PANEL), workers=self.workers, unit=PANEL)
        if self.panels.kept is not None:
            rows = min(rows, _MAX_ROWS)
        self.tile_rows = max(1, rows // GROUP) * GROUP
        self.own = threading.local()

    def __call__(self, queries: Num[np.ndarray, "rows v d"]) -> Int32[np.ndarray, "tile_rows width"]:
        """Compute the distances between some queries and all training examples: the smallest over a query's views.

        Parameters
        ----------
        queries : integer or float array, shape (rows, v, d)
            At most ``tile_rows`` queries.

        Returns
        -------
        int32 array, shape (tile_rows, width)
            Columns are those of ``job.columns``; rows and columns after the last have no meaning. The tile belongs to
            the calling thread until its next call.
        """
        packs, sums = _packed_views(self.job.grid.to_steps(queries))
        tile = self._tile()
        for first, (panels, panel_sums) in self.panels:
            fill_distances(panels, panel_sums, packs, sums, tile, first, queries.shape[1])
        return tile

    def _tile(self) -> Int32[np.ndarray, "tile_rows width"]:
        """Return the thread's own memory: fresh memory for each tile would cost more than filling it."""
        if not hasattr(self.own, "tile"):
            self.own.tile = np.empty((self.tile_rows, self.width), np.int32)
        tile: Int32[np.ndarray, "tile_rows width"] = self.own.tile
        return tile


def packed(
    steps: Int32[np.ndarray, "rows d"], size: int
) -> tuple[Int32[np.ndarray, "packs d size"], Int32[np.ndarray, "packs size"]]:
    """Pack rows in groups of ``size``, one dimension after the other, and sum each row.

    The last pack is padded with zeros.
    """
    rows, d = steps.shape
    full, rest = divmod(rows, size)
    packs = np.zeros((full + (rest > 0), d, size), np.int32)
    packs[:full] = steps[: full * size].reshape(full, size, d).transpose(0, 2, 1)
    packs[full:, :, :rest] = steps[full * size :].T
    return packs, packs.sum(axis=1, dtype=np.int32)


def _packed_views(
    steps: Int32[np.ndarray, "rows v d"],
) -> tuple[Int32[np.ndarray, "packs d group"], Int32[np.ndarray, "packs group"]]:
    """Pack queries in groups of ``GROUP``: the first view of a group, then its second view, and so on."""
    views, d = steps.shape[1:]
    by_view = [packed(steps[:, view], GROUP) for view in range(views)]
    packs, sums = (np.stack(arrays, axis=1) for arrays in zip(*by_view, strict=True))
    return packs.reshape(-1, d, GROUP), sums.reshape(-1, GROUP)
