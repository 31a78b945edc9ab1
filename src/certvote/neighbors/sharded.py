"""Votes over a training set that is too large for one memory: shards in files, counted by a cluster or by threads.

Per block of queries: a sample of the training set says about where the distance of the k-th neighbor lies; a first
pass over all pieces counts distances within a few edges around it, and votes within the radii; a second one adds up
the votes below the band that is left and takes out the examples in it, which are put into the neighbor order here.
Only where the sample was misleading do further passes narrow a band first. The result has the bits of one machine's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num

from certvote.neighbors import shard_tasks as tasks
from certvote.neighbors.cluster import Cluster
from certvote.neighbors.job import Job
from certvote.neighbors.lattice import check_on_grid, extent_of, finest_lattice
from certvote.neighbors.memory import beside_results
from certvote.neighbors.passes import Passes
from certvote.neighbors.ranking import RANKINGS, Ranking
from certvote.neighbors.runners import Runner, ThreadRunner
from certvote.neighbors.shards import Shard, open_shards, save, split_rows, write_shards
from certvote.neighbors.validation import checked_integer, checked_ks, checked_matrix, checked_rs, is_single
from certvote.types import Votes

Progress = Callable[[int, int], None]
_SHARD_BYTES = 256 * 2**20
_NARROW = 8
Files = Sequence[Shard | tuple[str | Path, str | Path]]


def knn_votes(
    shards: Files,
    queries: Num[np.ndarray, "m d"],
    *,
    k: int | Sequence[int],
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """``certvote.neighbors.knn_votes`` of a training set in files, shard after shard: the same bits.

    A shard is a pair of ``.npy`` files, features and labels. Without a ``cluster``, threads of this process count.
    """
    single = is_single(k)
    ks: Any = [k] if single else k
    how: Any = {"window": window, "ranking": ranking, "cluster": cluster, "progress": progress}
    votes, _ = neighbor_votes(shards, queries, ks=ks, num_classes=num_classes, **how)
    return votes[0] if single else votes


def rnn_votes(
    shards: Files,
    queries: Num[np.ndarray, "m d"],
    *,
    r: float | int | Sequence[float | int],
    num_classes: int,
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> Votes | list[Votes]:
    """``certvote.neighbors.rnn_votes`` of a training set in files, as in ``knn_votes``."""
    single = is_single(r)
    rs: Any = [r] if single else r
    _, votes = neighbor_votes(shards, queries, rs=rs, num_classes=num_classes, cluster=cluster, progress=progress)
    return votes[0] if single else votes


def neighbor_votes(
    shards: Files,
    queries: Num[np.ndarray, "m d"],
    *,
    ks: Sequence[int] = (),
    rs: Sequence[float | int] = (),
    num_classes: int,
    window: int = 0,
    ranking: Ranking = "index",
    cluster: Cluster | Runner | None = None,
    progress: Progress | None = None,
) -> tuple[list[Votes], list[Votes]]:
    """Votes for every ``k`` and for every radius from the same passes; arguments as in ``knn_votes``."""
    ks, rs = checked_ks(ks), checked_rs(rs)
    train, queries = open_shards(shards), checked_matrix("queries", queries)
    if queries.shape[1] != train.d:
        raise ValueError(f"queries: expected {train.d} features per row as in the shards, got {queries.shape[1]}")
    num_classes = checked_integer("num_classes", num_classes, least=1)
    window = checked_integer("window", window, least=0)
    if window and num_classes > 2**16:
        raise ValueError(f"num_classes: expected at most 65536 with a window, got {num_classes}")
    if ranking not in RANKINGS:
        raise ValueError(f"ranking: expected one of {', '.join(RANKINGS)}, got {ranking!r}")
    for k in ks:
        if k > train.n:
            raise ValueError(f"k: expected at most the number of training examples, {train.n}, got {k}")
    width = sum(min(k + window, train.n) - max(k - window, 0) for k in ks) if window else 0
    left = beside_results(len(queries), 0, len(ks) + len(rs), num_classes, width)
    with _runner(cluster, left) as run, _scratch(cluster) as folder:
        # what a task holds for each example does not shrink with narrow ones
        pieces = train.pieces(max(1, run.piece_bytes // (4 * max(train.d, _NARROW))))
        extent = reduce(lambda a, b: a | b, run(tasks.measure, pieces, num_classes)) | extent_of("queries", queries)
        lattice = finest_lattice(extent)
        check_on_grid("queries", queries, lattice.bits, extent.varies)
        save(folder / "queries.npy", queries)
        common = tasks.Common(folder / "queries.npy", lattice, extent.varies, num_classes, ranking)
        for _ in run(tasks.check, pieces, common):
            pass
        passes = Passes(train, pieces, common, run, folder, ks=tuple(ks), rs=tuple(rs), window=window)
        counts, ranked = passes.votes(queries, progress)
    by_k = [Votes(counts=counts[i], k=k, window=window, ranked=ranked[i] if window else None) for i, k in enumerate(ks)]
    return by_k, [Votes(counts=part) for part in counts[len(ks) :]]


def job_votes(
    job: Job, ks: Sequence[int], rs: Sequence[float], cluster: Cluster, progress: Progress | None
) -> tuple[list[Votes], list[Votes]]:
    """``neighbor_votes`` of arrays in memory: they are written as shards, which are removed in the end."""
    rows = max(1, _SHARD_BYTES // (job.train.itemsize * job.train.shape[1]))
    cluster = replace(cluster, workers=cluster.workers or job.threads)
    how: Any = {"window": job.window, "num_classes": job.num_classes, "ranking": job.ranking}
    with _scratch(cluster) as folder:
        shards = write_shards(split_rows(job.train, job.labels, rows), folder)
        return neighbor_votes(shards, job.queries, ks=ks, rs=rs, cluster=cluster, progress=progress, **how)


@contextmanager
def _runner(cluster: Cluster | Runner | None, room: int) -> Iterator[Runner]:
    if isinstance(cluster, Cluster):
        with cluster.connect() as runner:
            yield runner
    else:
        yield cluster or ThreadRunner(room=room)


@contextmanager
def _scratch(cluster: Cluster | Runner | None) -> Iterator[Path]:
    """A folder for what workers read, removed in the end."""
    parent = cluster.folder if isinstance(cluster, Cluster) else None
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="certvote-shards-", dir=parent) as folder:
        yield Path(folder)
