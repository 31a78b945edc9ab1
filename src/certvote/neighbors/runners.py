"""Who works on the pieces of a sharded training set: threads of this process, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Protocol, TypeVar, runtime_checkable

import numba

from certvote.neighbors.shards import Piece

Result = TypeVar("Result")
_BASE = 320 * 2**20  # a worker with its libraries and its share of the cluster's bookkeeping
_PIECE = 24 * 2**20  # larger ones are no faster
_LEAST = 2**20  # smaller pieces are not worth a task
_PIECES = 8  # memory that a task needs at most, in pieces: mapped, in steps, packed, its tile and its results


@runtime_checkable
class Runner(Protocol):
    """Runs ``task(piece, *arguments)`` for every piece; the results come in any order."""

    piece_bytes: int  # of a piece as int32; a task's results may be half as large

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]: ...


class DaskRunner:
    """Tasks on the workers of a cluster, few enough at a time that their results need little memory.

    A task whose worker dies is given to another one; tasks read files only, so nothing else is lost.
    """

    def __init__(self, client: Any, piece_bytes: int) -> None:
        self.client, self.piece_bytes = client, piece_bytes

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]:
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
    """Tasks on threads of this process, with pieces small enough for ``room`` bytes of memory."""

    def __init__(self, threads: int | None = None, piece_bytes: int = _PIECE, room: int | None = None) -> None:
        self.threads: int = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        if room is not None:
            self.threads = max(1, min(self.threads, room // (_PIECES * _LEAST)))
            piece_bytes = min(piece_bytes, max(1, room // (_PIECES * self.threads)))
        self.piece_bytes = piece_bytes

    def __call__(self, task: Callable[..., Result], pieces: Iterable[Piece], *arguments: Any) -> Iterator[Result]:
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
            finally:  # after an error or an interrupt nobody waits for the rest
                pool.shutdown(wait=True, cancel_futures=True)


def footprint(piece_bytes: int) -> int:
    """Bytes of memory that a worker with one thread takes at most."""
    return _BASE + _PIECES * piece_bytes


def piece_size(memory: int) -> int:
    """Bytes of a piece for a worker that may use so much memory."""
    least = _BASE + _PIECES * _LEAST
    if memory < least:
        least_mb = -(-least // 10**6)
        raise ValueError(f"option backend.memory: expected at least {least_mb}MB for each worker, got {memory} bytes")
    return min(_PIECE, (memory - _BASE) // _PIECES)
