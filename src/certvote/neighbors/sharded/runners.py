"""Run tasks over the pieces of a sharded training set, on local threads or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Protocol, TypeVar, runtime_checkable

import numba

from certvote.neighbors.sharded.shards import Piece

Result = TypeVar("Result")
_BASE = 320 * 2**20  # bytes of a worker with its libraries and its share of the cluster's bookkeeping
_PIECE = 24 * 2**20  # bytes of a piece as int32; larger ones are no faster
_MIN_PIECE = 2**20  # smaller ones are not worth a task
_PIECES_PER_TASK = 8  # memory of a task, in pieces: mapped, in steps, packed, its tile and its results


@runtime_checkable
class Runner(Protocol):
    """Run ``task(piece, *arguments)`` for every piece; the results come in any order."""

    piece_bytes: int  # of a piece as int32; a task's results may be half as large

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]:
        """Run a task on every piece."""
        ...


class DaskRunner:
    """Run tasks on the workers of a cluster, few enough at a time that their results take little memory.

    If a worker dies, its task goes to another one; tasks read files only, so nothing else is lost.
    """

    def __init__(self, client: Any, piece_bytes: int) -> None:
        self.client, self.piece_bytes = client, piece_bytes

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]:
        """Run a task on every piece; raise ``MemoryError`` if workers die of it again and again."""
        from distributed import KilledWorker, as_completed

        waiting = iter(pieces)

        def submit(piece: Piece) -> Any:
            return self.client.submit(task, piece, *arguments, pure=False)

        at_once = 2 * sum(self.client.nthreads().values()) + 2
        running = {submit(piece) for piece in islice(waiting, at_once)}
        done = as_completed(running, with_results=True)
        try:
            for future, result in done:
                running.discard(future)
                for piece in islice(waiting, 1):
                    another = submit(piece)
                    running.add(another)
                    done.add(another)
                del future
                yield result
        except KilledWorker as error:
            raise MemoryError(
                "workers died again and again at the same work, most likely of too little memory: "
                "raise option backend.memory"
            ) from error
        finally:
            self.client.cancel(list(running))


class ThreadRunner:
    """Run tasks on threads of this process, with pieces small enough for ``budget`` bytes of memory."""

    def __init__(self, threads: int | None = None, piece_bytes: int = _PIECE, budget: int | None = None) -> None:
        self.threads: int = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        if budget is not None:
            self.threads = max(1, min(self.threads, budget // (_PIECES_PER_TASK * _MIN_PIECE)))
            piece_bytes = min(piece_bytes, max(1, budget // (_PIECES_PER_TASK * self.threads)))
        self.piece_bytes = piece_bytes

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]:
        """Run a task on every piece."""
        waiting = iter(pieces)
        with ThreadPoolExecutor(self.threads) as pool:
            running: set[Future[Result]] = set()
            try:
                while True:
                    for piece in islice(waiting, self.threads + 1 - len(running)):
                        running.add(pool.submit(task, piece, *arguments))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    while done:
                        yield done.pop().result()
            finally:  # after an error or an interrupt the rest is cancelled
                pool.shutdown(wait=True, cancel_futures=True)


def footprint(piece_bytes: int) -> int:
    """Return the largest number of bytes that a worker with one thread takes."""
    return _BASE + _PIECES_PER_TASK * piece_bytes


def piece_size(memory: int) -> int:
    """Return the bytes of a piece for a worker with a memory limit; raise ``ValueError`` if the limit is too small."""
    least = _BASE + _PIECES_PER_TASK * _MIN_PIECE
    if memory < least:
        least_mb = -(-least // 10**6)
        raise ValueError(f"option backend.memory: expected at least {least_mb}MB for each worker, got {memory} bytes")
    return min(_PIECE, (memory - _BASE) // _PIECES_PER_TASK)
