"""Define what a backend is, and count the votes of a job block after block of queries.

A new backend is a class ``@choice("backend", …)`` in a module of its own and a file ``conf/backend/….yaml``. The module
imports its libraries when it counts, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

import numpy as np

from certvote.neighbors.job import BlockVotes, Job
from certvote.options.choices import Choice, choices
from certvote.runtime.threads import run_in_order
from certvote.types import Votes

Progress = Callable[[int, int], None]
Counted = tuple[dict[int, Votes], dict[float, Votes]]


@dataclass
class Backend(Choice):
    """Count votes; every backend returns the bits of the reference, ties included."""

    def check(self) -> None:
        """Check that the backend can work on this machine, before anything is computed.

        Raises
        ------
        ValueError
            If a device or a library is missing, or an option cannot be used; the message names it.
        """

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job.

        Parameters
        ----------
        job : Job
            What to count.
        progress : callable or None
            Called with the number of queries done and their total.

        Returns
        -------
        tuple of two dicts
            Votes for every k and for every radius of the job.

        Raises
        ------
        ValueError
            If the backend is not available, or the job does not fit into memory.
        """
        raise NotImplementedError


def backend_named(name: object) -> Backend:
    """Make the backend with a name, with its default options; raise ``ValueError`` if there is none."""
    known = choices("backend")
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"backend: expected one of {', '.join(known)}, got {name!r}")
    found = known[name]()
    assert isinstance(found, Backend), f"backend={name} is declared by a class that is no Backend"
    return found


def require_library(name: str, extra: str, *, library: str | None = None) -> None:
    """Raise ``ValueError``, with a command that installs it, if a backend's library is missing.

    The library has the backend's name unless ``library`` says otherwise.
    """
    if find_spec(library or name) is None:
        raise ValueError(f"backend: {name} is not installed: pip install 'certvote[{extra}]'")


@runtime_checkable
class BlockCounter(Protocol):
    """Count the votes of one block of queries after another, called by ``workers`` threads at once."""

    block_rows: int  # queries per call, as memory allows
    workers: int

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        ...


def count_blocks(job: Job, counter: Callable[[Job], BlockCounter], progress: Progress | None) -> Counted:
    """Count the votes of a job block after block of queries.

    Parameters
    ----------
    job : Job
        What to count.
    counter : callable
        Constructor of the backend's counter; not called if there is nothing to count.
    progress : callable or None
        Called with the number of queries done and their total.

    Returns
    -------
    tuple of two dicts
        Votes for every k and for every radius of the job.
    """
    assert job.memory_budget > 0, "memory_budget raises where the result does not fit"
    m, n_k = len(job.queries), len(job.ks)
    counts = [np.zeros((m, job.num_classes), np.int32) for _ in range(n_k + len(job.rs))]
    dtype = np.uint8 if job.num_classes <= 256 else np.uint16
    ranked = [np.zeros((m, last - first), dtype) for first, last in job.ranked_ranges]
    if m and counts:
        count = counter(job)
        for start, stop, votes in run_in_order(count, m, count.block_rows, count.workers):
            for i, part in enumerate(counts):
                part[start:stop] = votes.counts[:, i]
            column = 0
            for labels in ranked:
                labels[start:stop] = votes.ranked[:, column : column + labels.shape[1]]
                column += labels.shape[1]
            if progress is not None:
                progress(stop, m)
    by_k = {
        k: Votes(counts=counts[i], k=k, window=job.window, ranked=ranked[i] if job.window else None)
        for i, k in enumerate(job.ks)
    }
    return by_k, {r: Votes(counts=counts[n_k + i]) for i, r in enumerate(job.rs)}
