"""Connect to the Dask workers that count: those of a scheduler, or processes of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certvote.checks import is_integer
from certvote.runtime.memory import available
from certvote.runtime.temporary import temporary_folder
from certvote.runtime.threads import cores

if TYPE_CHECKING:
    from certvote.neighbors.sharded.runners import DaskRunner

log = logging.getLogger(__name__)

_TIMEOUT = 60  # seconds until a cluster answers and has a worker
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}


@dataclass(frozen=True)
class Cluster:
    """Describe the Dask workers that count, and what each of them may use.

    Attributes
    ----------
    address : str or None
        Address of a scheduler (``tcp://host:port``); ``None``: processes are started here and end with the work.
    workers : int or None
        How many processes to start; ``None``: one per core.
    memory : str or int
        Memory limit of each worker, ``"1GB"`` or bytes.
    folder : Path, str or None
        Folder for files that workers read, so all of them must see it; ``None``: this machine's temporary folder.
    credentials : str, Path or None
        Folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` for a scheduler at ``tls://host:port``. Processes that are
        started here get credentials of their own.
    """

    address: str | None = None
    workers: int | None = None
    memory: str | int = "1GB"
    folder: str | Path | None = None
    credentials: str | Path | None = None

    def check(self) -> tuple[int, int]:
        """Check options before anything starts; return the bytes of memory and of a piece that a worker has.

        Raises
        ------
        ValueError
            If Dask is missing or an option is wrong; the message names it.
        """
        if find_spec("distributed") is None:
            raise ValueError("backend: dask is not installed: pip install 'certvote[cluster]'")
        from dask.utils import parse_bytes

        from certvote.neighbors.sharded.runners import piece_size

        try:
            memory = int(parse_bytes(self.memory))
        except ValueError as error:
            raise ValueError(f"option backend.memory: expected a size like 1GB, got {self.memory!r}") from error
        if self.workers is not None and not (is_integer(self.workers) and self.workers >= 1):
            raise ValueError(f"option backend.workers: expected an integer of at least 1, got {self.workers!r}")
        if self.credentials is not None:
            _security(self.address, self.credentials)
        return memory, piece_size(memory)

    @contextmanager
    def connect(self) -> Iterator[DaskRunner]:
        """Connect to the scheduler, or start processes; yield a runner for tasks.

        Raises
        ------
        ValueError
            If there is no such cluster; the message names the option.
        """
        memory, piece_bytes = self.check()
        from distributed import Client

        from certvote.neighbors.sharded.runners import DaskRunner, footprint

        if self.address is not None:
            if not self.address.startswith("tls://"):
                log.warning(
                    "%s is not protected: whoever reaches it can run programs as the owner of its workers (option "
                    "backend.credentials)",
                    self.address,
                )
            security = None if self.credentials is None else _security(self.address, self.credentials)
            log.info("connecting to the Dask scheduler at %s (at most %d s)", self.address, _TIMEOUT)
            with _client(Client, self.address, security) as client:
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
def local_client(workers: int, memory: int, folder: str | Path | None = None) -> Iterator[Any]:
    """Start a cluster of processes on this machine, each with a memory limit in bytes; yield its client.

    A scheduler runs what it is sent as its owner. Credentials that only these processes have keep other users of the
    machine out.
    """
    import dask
    from distributed import Client, LocalCluster, Security

    with (
        _quiet("distributed"),
        # the next task reuses freed blocks; given back to the system, they would cost more than counting
        dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in _MALLOC.items()}),
        temporary_folder(folder) as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory,
            dashboard_address=None,
            local_directory=scratch,
            silence_logs=50,
            host="127.0.0.1",
            security=Security.temporary(),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silence a logger within the context: a cluster reports its own start and end."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _security(address: str | None, credentials: str | Path) -> Any:
    """Return the credentials for a scheduler; raise ``ValueError`` if they are not there or the address is not TLS."""
    from distributed import Security

    names = {"tls_ca_file": "ca.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}
    files = {option: Path(credentials) / name for option, name in names.items()}
    missing = [file.name for file in files.values() if not file.is_file()]
    if missing or address is None or not address.startswith("tls://"):
        raise ValueError(
            f"option backend.credentials: expected a folder with {', '.join(names.values())} for an address tls://…, "
            f"got {credentials}" + (f" without {', '.join(missing)}" if missing else f" for address {address}")
        )
    return Security(require_encryption=True, **{option: str(file) for option, file in files.items()})


@contextmanager
def _client(connect: Any, address: str, security: Any) -> Iterator[Any]:
    """Connect to a scheduler; raise ``ValueError`` if none answers or it has no workers."""
    with ExitStack() as stack:
        try:
            client = stack.enter_context(connect(address, timeout=_TIMEOUT, security=security))
            client.wait_for_workers(1, timeout=_TIMEOUT)
        except (OSError, TimeoutError, ValueError) as error:
            raise ValueError(
                "option backend.address: expected the address of a Dask scheduler with workers, "
                f"got {address!r}: {error}"
            ) from error
        yield client


def _smallest_share(client: Any, otherwise: int) -> int:
    """Return the bytes of a piece for the worker that has the least memory per thread."""
    from certvote.neighbors.sharded.runners import piece_size

    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    shares = [worker["memory_limit"] // worker["nthreads"] for worker in workers if worker["memory_limit"]]
    return min(map(piece_size, shares), default=otherwise)
