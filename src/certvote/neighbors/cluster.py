"""Which Dask workers count neighbors: those of a scheduler, or processes of this machine."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certvote.checks import is_integer
from certvote.runtime.memory import available
from certvote.runtime.threads import cores

if TYPE_CHECKING:
    from certvote.neighbors.runners import DaskRunner

log = logging.getLogger(__name__)

_PATIENCE = 60  # seconds until a cluster answers and has a worker
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}


@dataclass(frozen=True)
class Cluster:
    """Which Dask workers count, and what each of them may use.

    ``address`` is that of a scheduler; without one, ``workers`` processes are started here (``None``: one per core)
    and end with the work. ``memory`` limits each worker (``"1GB"``, or bytes). ``folder`` takes files that workers
    read, so that all of them must see it (``None``: this machine's folder for temporary files).
    """

    address: str | None = None
    workers: int | None = None
    memory: str | int = "1GB"
    folder: Path | None = None

    @contextmanager
    def connect(self) -> Iterator[DaskRunner]:
        """Raises ``ValueError`` naming the option where there is no such cluster."""
        if find_spec("distributed") is None:
            raise ValueError("backend: dask is not installed: pip install 'certvote[cluster]'")
        from dask.utils import parse_bytes
        from distributed import Client

        from certvote.neighbors.runners import DaskRunner, footprint, piece_size

        try:
            memory = int(parse_bytes(self.memory))
        except ValueError as error:
            raise ValueError(f"option backend.memory: expected a size like 1GB, got {self.memory!r}") from error
        if self.workers is not None and not (is_integer(self.workers) and self.workers >= 1):
            raise ValueError(f"option backend.workers: expected an integer of at least 1, got {self.workers!r}")
        piece_bytes = piece_size(memory)
        if self.address is not None:
            log.info("connecting to the Dask scheduler at %s (at most %d s)", self.address, _PATIENCE)
            with _client(Client, self.address) as client:
                yield DaskRunner(client, min(piece_bytes, _smallest_share(client, piece_bytes)))
            return
        workers, free = self.workers or cores(), available()
        if workers * footprint(piece_bytes) > free:
            raise ValueError(
                "options backend.workers, backend.memory: expected processes that fit into "
                f"{free / 1e6:,.0f} MB of free memory, "
                f"got {workers} that take up to {footprint(piece_bytes) / 1e6:,.0f} MB each; "
                "lower either"
            )
        with local_client(workers, memory, self.folder) as client:
            yield DaskRunner(client, piece_bytes)


@contextmanager
def local_client(workers: int, memory: int, folder: Path | None = None) -> Iterator[Any]:
    """The client of a cluster of ``workers`` processes on this machine, with so many bytes of memory each."""
    import dask
    from distributed import Client, LocalCluster

    with (
        _quiet("distributed"),
        # freed blocks of a task are taken by the next one; given back to the system, they would cost more than counting
        dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in _MALLOC.items()}),
        tempfile.TemporaryDirectory(prefix="certvote-dask-", dir=folder) as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory,
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Leave out what a cluster tells about its own beginning and end."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _client(connect: Any, address: str) -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            client = stack.enter_context(connect(address, timeout=_PATIENCE))
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise ValueError(
                "option backend.address: expected the address of a Dask scheduler with workers, "
                f"got {address!r}: {error}"
            ) from error
        yield client


def _smallest_share(client: Any, otherwise: int) -> int:
    """Bytes of a piece for the worker that has the least memory for each of its threads."""
    from certvote.neighbors.runners import piece_size

    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    shares = [worker["memory_limit"] // worker["nthreads"] for worker in workers if worker["memory_limit"]]
    return min(map(piece_size, shares), default=otherwise)
