"""The Dask backend: the training set in files, counted piece by piece by the workers of a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certvote.neighbors.backends.base import Backend, Counted, Progress, require_library
from certvote.neighbors.job import Job
from certvote.options import choice, option

if TYPE_CHECKING:
    from certvote.neighbors.sharded.cluster import Cluster


@choice("backend", "dask")
class Dask(Backend):
    """Count a training set in files piece by piece, with the workers of a cluster or processes of this machine."""

    address: str | None = option(
        "scheduler, tcp:// or tls://host:port, whose workers see cache_root; null: processes started here",
        default=None,
        matters=False,
    )
    workers: int | None = option(
        "processes started here; null: n_jobs, or one per core", default=None, least=1, matters=False
    )
    credentials: str | None = option(
        "folder with ca.pem, cert.pem, key.pem for a scheduler at tls://host:port", default=None, matters=False
    )
    memory: str = option("memory that each worker may use", default="1GB", matters=False)

    def check(self) -> None:
        """Check that Dask is installed, and the options of the cluster."""
        require_library("dask", "cluster", library="distributed")
        self._cluster().check()

    def _cluster(self) -> Cluster:
        """Return the cluster that the options describe."""
        from certvote.neighbors.sharded.cluster import Cluster

        return Cluster(self.address, self.workers, self.memory, credentials=self.credentials)

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job with Dask workers."""
        self.check()
        from certvote.neighbors.sharded.votes import job_votes

        cluster = replace(self._cluster(), workers=self.workers or job.threads, folder=job.scratch)
        by_k, by_r = job_votes(job, cluster, progress)
        return dict(zip(job.ks, by_k, strict=True)), dict(zip(job.rs, by_r, strict=True))
