"""Work shared by Python's threads: the compiled code leaves the interpreter lock alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(threads: int | None) -> int:
    """How many threads to use; ``None`` is all cores, or ``NUMBA_NUM_THREADS`` in the environment."""
    import numba

    most: int = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return most


def in_order(
    task: Callable[[int, int], Result], total: int, rows: int, threads: int
) -> Iterator[tuple[int, int, Result]]:
    """``task(start, stop)`` for all stretches of ``rows`` up to ``total``, in this order.

    No more are at work than there are threads, and about as many wait.
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
        finally:  # after an error or an interrupt nobody waits for the rest
            pool.shutdown(wait=True, cancel_futures=True)
