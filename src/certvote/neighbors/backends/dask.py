"""The Dask backend: the training set in files, counted piece by piece by the workers of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from certvote.neighbors.backends.base import Backend, Counted, Progress, backend, require_library
from certvote.neighbors.job import Job


@backend("dask")
@dataclass
class Dask(Backend):
    """Count with Dask workers, which read the training set from files in ``job.scratch``.

    Attributes
    ----------
    address : str or None
        Address of a scheduler (``tcp://host:port``); ``None``: processes of this machine.
    workers : int or None
        How many processes to start; ``None``: as many as the job has threads, or one per core.
    memory : str or int
        Memory limit of each worker.
    """

    address: str | None = None
    workers: int | None = None
    memory: str | int = "1GB"

    def check(self) -> None:
        """Raise ``ValueError`` if Dask is missing."""
        require_library("dask", "cluster", library="distributed")

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job with Dask workers."""
        self.check()
        from certvote.neighbors.sharded.cluster import Cluster
        from certvote.neighbors.sharded.votes import job_votes

        cluster = Cluster(self.address, self.workers or job.threads, self.memory, job.scratch)
        by_k, by_r = job_votes(job, cluster, progress)
        return dict(zip(job.ks, by_k, strict=True)), dict(zip(job.rs, by_r, strict=True))
