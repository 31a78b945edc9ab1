"""Share work among Python's threads: compiled code releases the interpreter lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(threads: int | None) -> int:
    """Return how many threads to use: as many as given, or all cores (or ``NUMBA_NUM_THREADS`` of the environment)."""
    import numba

    most: int = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return most


def run_in_order(
    task: Callable[[int, int], Result], total: int, rows: int, threads: int
) -> Iterator[tuple[int, int, Result]]:
    """Run a task for one stretch of rows after another, and yield the results in the order of the rows.

    At most ``threads`` tasks run at a time and about as many wait, so that memory stays small.

    Parameters
    ----------
    task : callable
        Called with the first row of a stretch and the first one behind it, by several threads at once.
    total : int
        Number of rows.
    rows : int
        Rows of a stretch; the last one may be shorter.
    threads : int
        Number of threads.

    Yields
    ------
    start, stop : int
        The stretch.
    result
        What the task returned.
    """
    pending: deque[tuple[int, int, Future[Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for start in range(0, total, rows):
                stop = min(start + rows, total)
                pending.append((start, stop, pool.submit(task, start, stop)))
                if len(pending) >= 2 * threads:
                    first, last, future = pending.popleft()
                    yield first, last, future.result()
            while pending:
                first, last, future = pending.popleft()
                yield first, last, future.result()
        finally:  # after an error or an interrupt, drop what has not begun
            pool.shutdown(wait=True, cancel_futures=True)
