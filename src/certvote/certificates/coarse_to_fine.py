"""Search every size of a curve, from coarse to fine, so that each size profits from its neighbors.

What breaks never falls as the size grows: a bound from above holds at smaller sizes, too, one from below at larger
ones, and between two sizes with equal bounds nothing is left to search. The boxes that are left of the search at a
larger size cover the additions of a smaller one, with bounds that are nearly as good there, and additions that break
many examples at one size do so at the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np
from jaxtyping import Int64

from certvote.certificates.costs import CostTables
from certvote.certificates.search import Found, search


def search_curve(
    tables: CostTables,
    sizes: Int64[np.ndarray, " s"],
    upper: Int64[np.ndarray, " s"],
    lower: Int64[np.ndarray, " s"],
    *,
    tolerance: float,
    max_nodes: int,
    deadline: float,
    threads: int,
    progress: Callable[[int], None],
) -> None:
    """Tighten bounds of the number of examples that break at every size, in place.

    Parameters
    ----------
    tables : CostTables
        Costs up to the largest size.
    sizes : int64 array, shape (s,)
        Poisoning sizes, ascending.
    upper, lower : int64 array, shape (s,)
        Bounds known before, and after.
    tolerance, max_nodes
        As for :func:`~certvote.certificates.search.search`, at every size.
    deadline : float
        When to stop (monotonic seconds).
    threads : int
        Sizes to search at the same time. What is found does not depend on it.
    progress : callable
        Called with the number of sizes that are done.
    """
    found: dict[int, Found] = {}
    stop = np.zeros(1, dtype=np.int8)
    done = 0

    def run(j: int) -> Found:
        """Search at size ``j``, with what the nearest sizes of coarser rounds have found."""
        larger = min((other for other in found if other > j), default=None)
        smaller = max((other for other in found if other < j), default=None)
        near = [other for other in (larger, smaller) if other is not None]
        return search(
            tables,
            int(sizes[j]),
            upper=int(upper[j]),
            lower=int(lower[j]),
            starts=[_shrunk(found[other].best, int(sizes[j])) for other in near],
            boxes=None if larger is None else found[larger].boxes,
            tolerance=tolerance,
            max_nodes=max_nodes,
            stop=stop,
        )

    with ThreadPoolExecutor(threads) as pool:
        try:
            for round_ in rounds(sizes.size):
                wanted = [j for j in round_ if upper[j] > lower[j] and time.monotonic() < deadline]
                running: dict[Future[Found], int] = {pool.submit(run, j): j for j in wanted}
                finished: dict[int, Found] = {}
                done += len(round_) - len(wanted)
                while len(finished) < len(wanted):
                    for future in wait(running, max(0.0, deadline - time.monotonic()), FIRST_COMPLETED).done:
                        finished[running.pop(future)] = future.result()
                    stop[0] = time.monotonic() >= deadline
                    if stop[0]:
                        finished |= {j: future.result() for future, j in running.items()}
                    progress(done + len(finished))
                done += len(wanted)
                progress(done)
                for j, result in finished.items():
                    upper[: j + 1] = np.minimum(upper[: j + 1], result.upper)
                    lower[j:] = np.maximum(lower[j:], result.lower)
                found |= finished
        finally:
            stop[0] = 1


def rounds(number: int) -> Iterator[list[int]]:
    """Yield all of ``0 … number - 1``: the last, the first, then in every round the middles of all gaps left."""
    yield [number - 1]
    if number > 1:
        yield [0]
    gaps = [(0, number - 1)]
    while gaps := [(low, high) for low, high in gaps if high - low > 1]:
        yield [(low + high) // 2 for low, high in gaps]
        gaps = [pair for low, high in gaps for pair in ((low, (low + high) // 2), ((low + high) // 2, high))]


def _shrunk(A: np.ndarray, size: int) -> np.ndarray:
    """Scale additions of one size to another, without exceeding it."""
    return A * size // max(int(A.sum()), 1)
