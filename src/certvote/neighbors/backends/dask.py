"""Count votes piece by piece on the workers of a Dask cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice, option

if TYPE_CHECKING:
    from certvote.neighbors import Cluster


@choice("backend", "dask")
class Dask(Backend):
    """The training set in files, counted piece by piece by the workers of a cluster or by processes of this machine."""

    address: str | None = option(
        "scheduler, tcp://host:port, whose workers see cache_root; null: processes started here", matters=False
    )
    workers: int | None = option("processes started here; null: n_jobs, or one per core", least=1, matters=False)
    memory: str = option("memory that each worker may use", matters=False)

    def counter(self, cache_root: Path) -> Cluster:
        from certvote.neighbors import Cluster

        return Cluster(self.address, self.workers, self.memory, cache_root / "shards")
