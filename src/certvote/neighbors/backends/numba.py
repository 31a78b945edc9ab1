"""The Numba backend: distances and selection compiled for the CPU, a few queries per thread at a time."""

from __future__ import annotations

from certvote.neighbors.backends.base import Backend, Counted, Progress, count_blocks
from certvote.neighbors.job import BlockVotes, Job
from certvote.options import choice


@choice("backend", "numba")
class Numba(Backend):
    """Count with code compiled for this machine's cores."""

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job on this machine's cores."""
        return count_blocks(job, NumbaCounter, progress)


class NumbaCounter:
    """Count a few queries per thread while their distances are in the cache.

    Threads are Python's: compiled code releases the interpreter lock, and neither forks nor nested pools are a danger.
    Their number is limited by the job, or by ``NUMBA_NUM_THREADS`` in the environment.
    """

    def __init__(self, job: Job) -> None:
        from certvote.neighbors.cpu.distance_tiles import DistanceTiles

        self.job, self.distances = job, DistanceTiles(job)
        self.block_rows, self.workers = self.distances.tile_rows, self.distances.workers

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        from certvote.neighbors.cpu.selection import select_votes

        return select_votes(self.job, self.distances(self.job.queries[start:stop]), stop - start)
