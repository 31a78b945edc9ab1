"""Count the votes of the k nearest neighbors and of all neighbors within a radius: the public functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from jaxtyping import Integer, Num

from certvote.neighbors.backends.base import Backend, backend_named
from certvote.neighbors.validation import checked_job, checked_ks, checked_rs, is_single
from certvote.types import Votes

Progress = Callable[[int, int], None]


@overload
def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    k: int,
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Votes: ...


@overload
def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    k: Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Votes]: ...


def knn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    k: int | Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Count the votes of the k nearest neighbors of each query.

    The neighbor order is L1 distance ascending, then rank descending. All backends return the same bits.

    Parameters
    ----------
    train : integer or float array, shape (n, d)
        Training examples. Features must be multiples of a power of two that is coarse enough for exact distances
        (docs/certificates.md, section 1; `certvote.features.grid.snap` makes them so).
    labels : integer array, shape (n,)
        Their labels, 0 to ``num_classes - 1``.
    queries : integer or float array, shape (m, d) or (m, v, d)
        Test examples, one vector each or v views of each. The distance between a query and a training example is the
        smallest of its views' distances (docs/certificates.md, Theorem 0).
    k : int or sequence of int
        Numbers of neighbors, 1 to n.
    num_classes : int
        Number of labels.
    window : int
        How many neighbors on either side of the k-th to return the labels of (`certvote.types.Votes`).
    ranking : {"index", "hash"}
        Rank a training example by its position in ``train``, or by SHA-256 of the example itself
        (docs/certificates.md, section 1, assumption 3).
    backend : str or Backend
        A backend's name (``"auto"``, ``"reference"``, ``"numba"``, ``"faiss"``, ``"torch"``, ``"dask"``, or a plugin's)
        or a backend with options, like ``certvote.neighbors.backends.torch.Torch(memory="8GB")``.
    threads : int or None
        Limit for a backend on the CPU; ``None``: all cores, or ``NUMBA_NUM_THREADS`` in the environment.
    scratch : path or None
        Folder for a backend's temporary files, which all workers of a cluster must see; ``None``: the system's.
    progress : callable or None
        Called with the number of queries done and their total.

    Returns
    -------
    Votes or list of Votes
        One for a single k, a list for a sequence, all from one pass over the distances.

    Raises
    ------
    ValueError
        If an argument is not as described, the backend is not available, or the job does not fit into memory.

    See Also
    --------
    certvote.neighbors.sharded.knn_votes : The same over a training set in files.
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
        scratch=scratch,
        progress=progress,
    )
    return votes[0] if single else votes


@overload
def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    r: float | int,
    num_classes: int,
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Votes: ...


@overload
def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    r: Sequence[float | int],
    num_classes: int,
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Votes]: ...


def rnn_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    r: float | int | Sequence[float | int],
    num_classes: int,
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Count the votes of all training examples within a radius of each query.

    Parameters
    ----------
    train, labels, queries, num_classes, backend, threads, scratch, progress
        As in `knn_votes`.
    r : float or sequence of float
        Radii, at least 0: examples with L1 distance ``<= r`` vote, compared exactly. Without any, all counts are 0.

    Returns
    -------
    Votes or list of Votes
        One for a single r, a list for a sequence, all from one pass over the distances.

    Raises
    ------
    ValueError
        If an argument is not as described, the backend is not available, or the job does not fit into memory.
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
        scratch=scratch,
        progress=progress,
    )
    return votes[0] if single else votes


def neighbor_votes(
    train: Num[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    queries: Num[np.ndarray, "m *views d"],
    *,
    ks: Sequence[int] = (),
    rs: Sequence[float | int] = (),
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    backend: str | Backend = "auto",
    threads: int | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> tuple[list[Votes], list[Votes]]:
    """Count the votes for every k and every radius from one pass over the distances.

    Parameters
    ----------
    train, labels, queries, num_classes, window, ranking, backend, threads, scratch, progress
        As in `knn_votes`; ``window`` and ``ranking`` concern the ks only.
    ks : sequence of int
        Numbers of neighbors.
    rs : sequence of float
        Radii.

    Returns
    -------
    tuple of two lists of Votes
        For every k and for every radius, in the order given.

    Raises
    ------
    ValueError
        If an argument is not as described, the backend is not available, or the job does not fit into memory.
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
        scratch=scratch,
    )
    chosen = backend if isinstance(backend, Backend) else backend_named(backend)
    by_k, by_r = chosen.count(job, progress)
    return [by_k[k] for k in ks], [by_r[r] for r in rs]


def _at_least_one(name: str, values: Any) -> Any:
    """Return a sequence of values; raise ``ValueError`` if it is empty."""
    if isinstance(values, (Sequence, np.ndarray)) and len(values) == 0:
        raise ValueError(f"{name}: expected at least one value, got none")
    return values
