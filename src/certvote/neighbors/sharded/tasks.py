"""Define the tasks of a worker on one piece of a sharded training set; the results of all pieces add up.

A task reads its piece and the arrays of its pass from files and keeps nothing: wherever and however often it runs, it
returns the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int32, Int64, Num, UInt64

from certvote.neighbors.cpu.distance_tiles import DistanceTiles
from certvote.neighbors.grid import Extent, Grid, check_on_grid, extent_of
from certvote.neighbors.job import Job
from certvote.neighbors.ranking import Ranking, digests
from certvote.neighbors.sharded.kernels import collect_candidates, count_edges
from certvote.neighbors.sharded.shards import Piece


@dataclass(frozen=True)
class Common:
    """Hold what all tasks on a training set share.

    Attributes
    ----------
    queries : Path
        A ``.npy`` file with the queries, shape (m, v, d).
    grid : Grid
        The grid of all features.
    varies : bool array, shape (d,)
        Dimensions with more than one value.
    num_classes : int
        Number of labels.
    ranking : {"index", "hash"}
        Which of two equally distant training examples comes first.
    """

    queries: Path
    grid: Grid
    varies: Bool[np.ndarray, " d"]
    num_classes: int
    ranking: Ranking

    def read_queries(self) -> Num[np.ndarray, "m v d"]:
        """Map the queries into memory."""
        queries: Num[np.ndarray, "m v d"] = np.load(self.queries, mmap_mode="r")
        return queries

    def job(self, piece: Piece, ranking: Ranking) -> Job:
        """Describe the job of counting the queries over one piece."""
        train, labels = piece.read()
        return Job(
            train=train,
            labels=labels,
            queries=self.read_queries(),
            ks=(),
            rs=(),
            window=0,
            num_classes=self.num_classes,
            ranking=ranking,
            grid=self.grid,
            threads=1,
        )


@dataclass(frozen=True)
class Counts:
    """Hold the counts of one piece.

    Attributes
    ----------
    within : int64 array, shape (rows, e)
        Numbers of examples with a distance ``<=`` each edge.
    votes : int32 array, shape (rows, r, c)
        Votes per label within each radius.
    """

    within: Int64[np.ndarray, "rows e"]
    votes: Int32[np.ndarray, "rows r c"]


@dataclass(frozen=True)
class Candidates:
    """Hold the first examples of a piece in the range of each query and k, grouped by these in this order.

    Attributes
    ----------
    votes : int32 array, shape (rows, k, c)
        Votes of the examples below the range.
    sizes : int64 array, shape (rows, k)
        Number of candidates.
    distances, labels : int32 array, shape (total,)
        Of each candidate.
    ranks : uint64 array, shape (total, words)
        Of each candidate, the most significant word first; the larger rank comes first among equal distances.
    """

    votes: Int32[np.ndarray, "rows k c"]
    sizes: Int64[np.ndarray, "rows k"]
    distances: Int32[np.ndarray, " total"]
    labels: Int32[np.ndarray, " total"]
    ranks: UInt64[np.ndarray, "total words"]


def measure(piece: Piece, num_classes: int) -> Extent:
    """Compute the extent of a piece; raise ``ValueError`` for a label or a feature that cannot be one."""
    train, labels = piece.read()
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(
            f"labels: expected 0 to {num_classes - 1} (num_classes - 1) in {piece.shard.labels}, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    return extent_of(_name(piece), train)


def check(piece: Piece, common: Common) -> None:
    """Raise ``ValueError`` if a feature of a piece is off the grid."""
    check_on_grid(_name(piece), piece.read()[0], common.grid.bits, common.varies)


def count(piece: Piece, common: Common, asked: Path, radii: tuple[int, ...]) -> Counts:
    """Count the examples of a piece within each edge and each radius of some queries.

    ``asked`` is an ``.npz`` file: the queries' ``rows`` int64[rows] and their ``edges`` int32[rows, e].
    """
    with np.load(asked) as arrays:
        rows, edges = arrays["rows"], arrays["edges"]
    job, m = common.job(piece, "index"), len(rows)
    within = np.empty((m, edges.shape[1]), np.int64)
    votes = np.empty((m, len(radii), common.num_classes), np.int32)
    tiles, bounds = DistanceTiles(job), np.array(radii, np.int32)
    for start in range(0, m, tiles.tile_rows):
        part = slice(start, min(start + tiles.tile_rows, m))
        count_edges(
            tiles(job.queries[rows[part]]),
            part.stop - part.start,
            len(job.train),
            job.columns.starts,
            edges[part],
            bounds,
            within[part],
            votes[part],
        )
    return Counts(within, votes)


def collect(piece: Piece, common: Common, asked: Path) -> Candidates:
    """Count the votes of a piece below the ranges of some queries, and collect the candidates in the ranges.

    ``asked`` is an ``.npz`` file: ``rows`` int64[rows]; the ranges' ``low`` and ``high``, int32[rows, k]; ``most``
    int64[rows, k], the largest number of candidates of each range.
    """
    with np.load(asked) as arrays:
        rows, lows, highs, most = (arrays[name] for name in ("rows", "low", "high", "most"))
    job, m = common.job(piece, common.ranking), len(rows)
    votes = np.empty((m, lows.shape[1], common.num_classes), np.int32)
    sizes = np.empty(lows.shape, np.int64)
    tiles = DistanceTiles(job)
    found = []
    for start in range(0, m, tiles.tile_rows):
        part = slice(start, min(start + tiles.tile_rows, m))
        found.append(
            collect_candidates(
                tiles(job.queries[rows[part]]),
                part.stop - part.start,
                len(job.train),
                job.columns.starts,
                job.columns.precedence,
                lows[part],
                highs[part],
                most[part],
                votes[part],
                sizes[part],
            )
        )
    places = np.concatenate([part[0] for part in found])
    position = np.empty(len(job.train), np.int64)
    position[job.columns.precedence] = job.columns.order
    chosen = position[places]
    return Candidates(
        votes=votes,
        sizes=sizes,
        distances=np.concatenate([part[1] for part in found]),
        labels=job.labels[chosen].astype(np.int32),
        ranks=_ranks(job, piece, chosen, common.ranking),
    )


def _ranks(
    job: Job, piece: Piece, chosen: Int64[np.ndarray, " total"], ranking: Ranking
) -> UInt64[np.ndarray, "total words"]:
    """Compute the rank of some examples in the whole training set, the most significant word first."""
    if ranking == "index":
        return (chosen + piece.first).astype(np.uint64)[:, None]
    rows, back = np.unique(chosen, return_inverse=True)
    return digests(job.train[rows], job.labels[rows])[back]


def _name(piece: Piece) -> str:
    """Return the name of a piece for messages."""
    return f"shards, {piece.shard.features} from row {piece.start} on"
