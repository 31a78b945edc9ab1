"""The public functions: votes of the ``k`` nearest neighbors, and of all neighbors within a radius."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from jaxtyping import Integer, Num

from certvote.neighbors.backends.choose import Backend, choose
from certvote.neighbors.cluster import Cluster
from certvote.neighbors.devices import Gpu
from certvote.neighbors.ranking import Ranking
from certvote.neighbors.scan import scan
from certvote.neighbors.validation import checked_job, checked_ks, checked_rs, is_single
from certvote.types import Votes

Progress = Callable[[int, int], None]


@overload
def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    k: int,
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Votes: ...


@overload
def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    k: Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Votes]: ...


def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    k: int | Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Votes of the first ``k`` training examples in the order (L1 distance ascending, then rank descending).

    One ``k`` gives one ``Votes``, a sequence gives a list, all from one pass over the distances. ``ranking="index"``
    ranks an example by its position in ``train``, ``"hash"`` by SHA-256 of the example itself (certificates,
    section 2). ``window`` asks for the labels of the ``window`` neighbors on either side of the ``k``-th (``Votes``).
    ``threads`` limits what a CPU backend uses (``None``: all cores, or ``NUMBA_NUM_THREADS`` in the environment).
    ``backend="dask"`` counts with Dask workers on this machine; instead of a name a ``Cluster`` says with which ones, a
    ``Gpu`` how much of a GPU's memory to take. For a training set in files see ``certvote.neighbors.sharded``.
    ``progress`` is called with the number of queries done and their total.

    Features must be multiples of a power of two coarse enough for exact distances (certificates, section 7).
    Every backend returns the same bits. Raises ``ValueError`` for input that is not as described and for a backend
    that is not available.
    """
    single = is_single(k)
    votes, _ = neighbor_votes(
        train,
        labels,
        queries,
        ks=_at_least_one("k", [k] if single else k),
        window=window,
        num_classes=num_classes,
        ranking=ranking,
        backend=backend,
        threads=threads,
        progress=progress,
    )
    return votes[0] if single else votes


@overload
def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    r: float | int,
    num_classes: int,
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Votes: ...


@overload
def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    r: Sequence[float | int],
    num_classes: int,
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Votes]: ...


def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    r: float | int | Sequence[float | int],
    num_classes: int,
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Votes of all training examples with L1 distance ``<= r``, compared exactly; no neighbor at all: all zeros.

    One ``r`` gives one ``Votes``, a sequence gives a list, all from one pass over the distances. The rest as in
    ``knn_votes``.
    """
    single = is_single(r)
    _, votes = neighbor_votes(
        train,
        labels,
        queries,
        rs=_at_least_one("r", [r] if single else r),
        num_classes=num_classes,
        backend=backend,
        threads=threads,
        progress=progress,
    )
    return votes[0] if single else votes


def neighbor_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m d"],
    *,
    ks: Sequence[int] = (),
    rs: Sequence[float | int] = (),
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    backend: Backend | Cluster | Gpu = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[Votes], list[Votes]]:
    """Votes for every ``k`` and for every radius, in the order given, from one pass over the distances.

    Arguments as in ``knn_votes`` and ``rnn_votes``; ``window`` and ``ranking`` concern the ``ks`` only.
    """
    ks, rs = checked_ks(ks), checked_rs(rs)
    job = checked_job(
        train,
        labels,
        queries,
        ks=ks,
        rs=rs,
        window=window,
        num_classes=num_classes,
        ranking=ranking,
        threads=threads,
    )
    if isinstance(backend, Cluster) or backend == "dask":
        from certvote.neighbors.sharded import job_votes

        return job_votes(job, ks, rs, Cluster() if backend == "dask" else backend, progress)
    scanner = choose("torch", job, backend) if isinstance(backend, Gpu) else choose(backend, job)
    by_k, by_r = scan(job, scanner, progress)
    return [by_k[k] for k in ks], [by_r[r] for r in rs]


def _at_least_one(name: str, values: Any) -> Any:
    if isinstance(values, (Sequence, np.ndarray)) and len(values) == 0:
        raise ValueError(f"{name}: expected at least one value, got none")
    return values
