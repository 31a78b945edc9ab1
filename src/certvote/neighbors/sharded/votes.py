"""Count the votes of a training set in files, with the same bits as in memory.

Per block of queries, a sample of the training set tells roughly where the distance of the k-th neighbor lies. A first
pass over all pieces counts the distances within a few edges around it, and the votes within the radii. A second one
adds up the votes below the remaining range and collects the examples in it, which are put into the neighbor order here.
Only where the sample was misleading do further passes narrow a range first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num

from certvote.neighbors.grid import check_on_grid, extent_of, finest_grid
from certvote.neighbors.job import Job
from certvote.neighbors.memory import memory_beside_results
from certvote.neighbors.sharded import tasks
from certvote.neighbors.sharded.cluster import Cluster
from certvote.neighbors.sharded.counting import ShardedCount
from certvote.neighbors.sharded.runners import Runner, ThreadRunner
from certvote.neighbors.sharded.shards import Shard, open_shards, save, split_rows, write_shards
from certvote.neighbors.validation import checked_ks, checked_queries, checked_rs, checked_rules, is_single
from certvote.runtime.temporary import temporary_folder
from certvote.types import Votes

Progress = Callable[[int, int], None]
_SHARD_BYTES = 256 * 2**20
_MIN_WIDTH = 8
Files = Sequence[Shard | tuple[str | Path, str | Path]]


def knn_votes(
    shards: Files,
    queries: Num[np.ndarray, "m *views d"],
    *,
    k: int | Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Count the votes of the k nearest neighbors over a training set in files.

    Parameters
    ----------
    shards : sequence of Shard or pairs of paths
        Pairs of ``.npy`` files, features and labels; their order is the order of the training set.
    cluster : Cluster, Runner or None
        Who counts; ``None``: threads of this process.
    queries, k, num_classes, window, ranking, progress
        As in `certvote.neighbors.knn_votes`.

    Returns
    -------
    Votes or list of Votes
        The same bits as `certvote.neighbors.knn_votes`.

    Raises
    ------
    ValueError
        If an argument or a file is not as described; the message names it.
    """
    single = is_single(k)
    ks: Any = [k] if single else k
    how: Any = {"window": window, "ranking": ranking, "cluster": cluster, "progress": progress}
    votes, _ = neighbor_votes(shards, queries, ks=ks, num_classes=num_classes, **how)
    return votes[0] if single else votes


def rnn_votes(
    shards: Files,
    queries: Num[np.ndarray, "m *views d"],
    *,
    r: float | int | Sequence[float | int],
    num_classes: int,
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """Count the votes of all neighbors within a radius over a training set in files.

    Parameters
    ----------
    shards, cluster
        As in `knn_votes`.
    queries, r, num_classes, progress
        As in `certvote.neighbors.rnn_votes`.

    Returns
    -------
    Votes or list of Votes
        The same bits as `certvote.neighbors.rnn_votes`.

    Raises
    ------
    ValueError
        If an argument or a file is not as described; the message names it.
    """
    single = is_single(r)
    rs: Any = [r] if single else r
    _, votes = neighbor_votes(shards, queries, rs=rs, num_classes=num_classes, cluster=cluster, progress=progress)
    return votes[0] if single else votes


def neighbor_votes(
    shards: Files,
    queries: Num[np.ndarray, "m *views d"],
    *,
    ks: Sequence[int] = (),
    rs: Sequence[float | int] = (),
    num_classes: int,
    window: int = 0,
    ranking: str = "index",
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> tuple[list[Votes], list[Votes]]:
    """Count the votes for every k and every radius from the same passes over a training set in files.

    Parameters
    ----------
    shards, cluster
        As in `knn_votes`.
    queries, ks, rs, num_classes, window, ranking, progress
        As in `certvote.neighbors.neighbor_votes`.

    Returns
    -------
    tuple of two lists of Votes
        For every k and for every radius, in the order given.

    Raises
    ------
    ValueError
        If an argument or a file is not as described; the message names it.
    """
    ks, rs = checked_ks(ks), checked_rs(rs)
    train, queries = open_shards(shards), checked_queries(queries)
    if queries.shape[2] != train.d:
        raise ValueError(f"queries: expected {train.d} features per row as in the shards, got {queries.shape[2]}")
    num_classes, window, order = checked_rules(ks, n=train.n, num_classes=num_classes, window=window, ranking=ranking)
    width = sum(min(k + window, train.n) - max(k - window, 0) for k in ks) if window else 0
    budget = memory_beside_results(len(queries), 0, len(ks) + len(rs), num_classes, width)
    with _runner(cluster, budget) as run, _scratch_folder(cluster) as folder:
        # a task's memory per example does not shrink further with narrow ones
        pieces = train.pieces(max(1, run.piece_bytes // (4 * max(train.d, _MIN_WIDTH))))
        extent = reduce(lambda a, b: a | b, run(tasks.measure, pieces, num_classes)) | extent_of("queries", queries)
        grid = finest_grid(extent)
        check_on_grid("queries", queries, grid.bits, extent.varies)
        save(folder / "queries.npy", queries)
        common = tasks.Common(folder / "queries.npy", grid, extent.varies, num_classes, order)
        for _ in run(tasks.check, pieces, common):
            pass
        count = ShardedCount(train, pieces, common, run, folder, ks=tuple(ks), rs=tuple(rs), window=window)
        counts, ranked = count.votes(queries, progress)
    by_k = [Votes(counts=counts[i], k=k, window=window, ranked=ranked[i] if window else None) for i, k in enumerate(ks)]
    return by_k, [Votes(counts=part) for part in counts[len(ks) :]]


def job_votes(job: Job, cluster: Cluster, progress: Progress | None) -> tuple[list[Votes], list[Votes]]:
    """Count the votes of a job in memory with a cluster, which reads the training set from temporary shards."""
    rows = max(1, _SHARD_BYTES // (job.train.itemsize * job.train.shape[1]))
    how: Any = {"window": job.window, "num_classes": job.num_classes, "ranking": job.ranking}
    with _scratch_folder(cluster) as folder:
        shards = write_shards(split_rows(job.train, job.labels, rows), folder)
        return neighbor_votes(shards, job.queries, ks=job.ks, rs=job.rs, cluster=cluster, progress=progress, **how)


@contextmanager
def _runner(cluster: Cluster | Runner | None, budget: int) -> Iterator[Runner]:
    """Connect to a cluster, or make a runner with threads that use at most ``budget`` bytes."""
    if isinstance(cluster, Cluster):
        with cluster.connect() as runner:
            yield runner
    else:
        yield cluster or ThreadRunner(budget=budget)


@contextmanager
def _scratch_folder(cluster: Cluster | Runner | None) -> Iterator[Path]:
    """Make a folder for files that workers read, and remove it at the end."""
    parent = cluster.folder if isinstance(cluster, Cluster) else None
    if parent is not None:
        Path(parent).mkdir(parents=True, exist_ok=True)
    with temporary_folder(parent) as folder:
        yield folder
