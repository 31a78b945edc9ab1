"""The pass over all queries: tiles go to a backend, its tallies are put together into ``Votes``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from certvote.neighbors.job import Job, Tally
from certvote.runtime.threads import in_order
from certvote.types import Votes


@runtime_checkable
class Scanner(Protocol):
    """A backend made ready for one job. Called by ``workers`` threads at once."""

    tile_rows: int  # queries per call, as memory allows
    workers: int

    def __call__(self, start: int, stop: int) -> Tally:
        """Votes and ranked labels for the queries ``start`` to ``stop``."""
        ...


def scan(
    job: Job, backend: Callable[[Job], Scanner], progress: Callable[[int, int], None] | None
) -> tuple[dict[int, Votes], dict[float, Votes]]:
    """Votes for every ``k`` and for every ``r`` of the job."""
    assert job.room > 0, "it says so itself where the result does not fit"
    m, n_k = len(job.queries), len(job.ks)
    counts = [np.zeros((m, job.num_classes), np.int32) for _ in range(n_k + len(job.rs))]
    dtype = np.uint8 if job.num_classes <= 256 else np.uint16
    ranked = [np.zeros((m, last - first), dtype) for first, last in job.spans]
    if m and counts:
        scanner = backend(job)
        for start, stop, tally in in_order(scanner, m, scanner.tile_rows, scanner.workers):
            for i, part in enumerate(counts):
                part[start:stop] = tally.counts[:, i]
            column = 0
            for labels in ranked:
                labels[start:stop] = tally.ranked[:, column : column + labels.shape[1]]
                column += labels.shape[1]
            if progress is not None:
                progress(stop, m)
    by_k = {
        k: Votes(counts=counts[i], k=k, window=job.window, ranked=ranked[i] if job.window else None)
        for i, k in enumerate(job.ks)
    }
    return by_k, {r: Votes(counts=counts[n_k + i]) for i, r in enumerate(job.rs)}
