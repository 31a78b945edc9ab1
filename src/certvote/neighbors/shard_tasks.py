"""What a worker does with one piece of a sharded training set; results of all pieces simply add up.

A task reads its piece and the arrays of its pass from files and keeps nothing: wherever and however often it runs, it
returns the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64, UInt64

from certvote.neighbors.job import Job
from certvote.neighbors.lattice import Extent, Lattice, check_on_grid, extent_of
from certvote.neighbors.numba_scan import DistanceTiles
from certvote.neighbors.ranking import Ranking, digests
from certvote.neighbors.shard_kernels import count_edges, take_bands
from certvote.neighbors.shards import Piece


@dataclass(frozen=True)
class Common:
    """What all tasks on a training set share."""

    queries: Path  # f[m d], a .npy file
    lattice: Lattice
    varies: np.ndarray  # bool[d]: dimensions with more than one value
    num_classes: int
    ranking: Ranking

    def job(self, piece: Piece, rows: Int64[np.ndarray, " rows"], ranking: Ranking) -> Job:
        """Some queries and one piece."""
        train, labels = piece.read()
        return Job(
            train=train,
            labels=labels,
            queries=np.load(self.queries, mmap_mode="r")[rows],
            ks=(),
            rs=(),
            window=0,
            num_classes=self.num_classes,
            ranking=ranking,
            lattice=self.lattice,
            threads=1,
        )


@dataclass(frozen=True)
class Counts:
    """Of one piece or of several; ``a + b`` is the counts of both."""

    within: Int64[np.ndarray, "rows e"]  # examples with a distance <= each edge
    votes: Int32[np.ndarray, "rows r c"]  # of each label, with a distance <= each radius


@dataclass(frozen=True)
class Candidates:
    """The first examples of a piece in the band of each query and each ``k``, grouped by these in this order."""

    votes: Int32[np.ndarray, "rows k c"]  # of the examples before the band
    sizes: Int64[np.ndarray, "rows k"]
    distances: Int32[np.ndarray, " total"]
    labels: Int32[np.ndarray, " total"]
    ranks: UInt64[np.ndarray, "total words"]  # larger comes first among equal distances


def measure(piece: Piece, num_classes: int) -> Extent:
    """Smallest and largest values; raises ``ValueError`` for what is no training example."""
    train, labels = piece.read()
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(
            f"labels: expected 0 to {num_classes - 1} (num_classes - 1) in {piece.shard.labels}, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    return extent_of(_name(piece), train)


def check(piece: Piece, common: Common) -> None:
    """Raises ``ValueError`` if a feature is off the grid."""
    check_on_grid(_name(piece), piece.read()[0], common.lattice.bits, common.varies)


def count(piece: Piece, common: Common, asked: Path, radii: tuple[int, ...]) -> Counts:
    """How many examples of the piece are within each edge and each radius of some queries.

    ``asked`` is an ``.npz`` file: the queries' ``rows`` int64[rows] and their ``edges`` int32[rows, e].
    """
    with np.load(asked) as arrays:
        rows, edges = arrays["rows"], arrays["edges"]
    job, m = common.job(piece, rows, "index"), len(rows)
    within = np.empty((m, edges.shape[1]), np.int64)
    votes = np.empty((m, len(radii), common.num_classes), np.int32)
    tiles, bounds = DistanceTiles(job), np.array(radii, np.int32)
    for start in range(0, m, tiles.tile_rows):
        part = slice(start, min(start + tiles.tile_rows, m))
        count_edges(
            tiles(part.start, part.stop),
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
    """Votes of the piece before the bands of some queries, and the candidates in them.

    ``asked`` is an ``.npz`` file: ``rows`` int64[rows]; ``low`` and ``high``, the bands, int32[rows, k]; ``most``
    int64[rows, k], how many of the first in a band are wanted at most.
    """
    with np.load(asked) as arrays:
        rows, lows, highs, most = (arrays[name] for name in ("rows", "low", "high", "most"))
    job, m = common.job(piece, rows, common.ranking), len(rows)
    votes = np.empty((m, lows.shape[1], common.num_classes), np.int32)
    sizes = np.empty(lows.shape, np.int64)
    tiles = DistanceTiles(job)
    found = []
    for start in range(0, m, tiles.tile_rows):
        part = slice(start, min(start + tiles.tile_rows, m))
        found.append(
            take_bands(
                tiles(part.start, part.stop),
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
    """The rank of the chosen examples in the whole training set, most significant word first."""
    if ranking == "index":
        return (chosen + piece.first).astype(np.uint64)[:, None]
    rows, back = np.unique(chosen, return_inverse=True)
    return digests(job.train[rows], job.labels[rows])[back]


def _name(piece: Piece) -> str:
    return f"shards, {piece.shard.features} from row {piece.start} on"
