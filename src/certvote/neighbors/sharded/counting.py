"""Run the passes over a sharded training set, and add up and order what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, Num

from certvote.neighbors.cpu.distance_tiles import DistanceTiles
from certvote.neighbors.distance_bounds import CandidateRanges, DistanceBounds, row_groups, sample_edges
from certvote.neighbors.job import Job
from certvote.neighbors.sharded import tasks
from certvote.neighbors.sharded.runners import Runner
from certvote.neighbors.sharded.shards import Piece, ShardedSet

Progress = Callable[[int, int], None]
_SAMPLE = 8192
_EDGES = 15  # per target, of a first pass or of one that divides bounds evenly
_SPARE = 256  # superfluous candidates that cost nothing worth a pass, per query and k
_SPARE_ALL = 2**19  # and over all queries and k


class ShardedCount:
    """Count votes over pieces of a training set, for ks and rs in the order given, repetitions included.

    Parameters
    ----------
    train : ShardedSet
        The training set.
    pieces : list of Piece
        All of it, piece by piece.
    common : tasks.Common
        What all tasks share.
    run : Runner
        Runs tasks over pieces.
    folder : Path
        Folder for what tasks read.
    ks, rs : tuple
        Numbers of neighbors and radii.
    window : int
        Number of ranked neighbors on either side of the k-th.
    """

    def __init__(
        self,
        train: ShardedSet,
        pieces: list[Piece],
        common: tasks.Common,
        run: Runner,
        folder: Path,
        *,
        ks: tuple[int, ...],
        rs: tuple[float, ...],
        window: int,
    ) -> None:
        self.train, self.pieces, self.common, self.run, self.folder = train, pieces, common, run, folder
        self.ks = np.array(ks, np.int64)
        self.firsts = np.maximum(self.ks - window, 0) if window else self.ks
        self.lasts = np.minimum(self.ks + window, train.n) if window else self.ks
        self.targets = np.concatenate([self.firsts, self.lasts]) if window else self.ks
        self.radii = tuple(common.grid.radius_in_steps(r) for r in rs)
        self.result_bytes = run.piece_bytes // 2
        self.numbers = count()

    def votes(
        self, queries: Num[np.ndarray, "m v d"], progress: Progress | None
    ) -> tuple[list[Int32[np.ndarray, "m c"]], list[np.ndarray]]:
        """Count the votes of all queries.

        Returns
        -------
        list of int32 arrays, shape (m, c)
            Votes for every k, then for every radius.
        list of uint8 or uint16 arrays
            For every k, the labels of the ranked neighbors.
        """
        m, c, k_count = len(queries), self.common.num_classes, len(self.ks)
        counts = [np.zeros((m, c), np.int32) for _ in range(k_count + len(self.radii))]
        dtype = np.uint8 if c <= 256 else np.uint16
        ranked = [np.zeros((m, last - first), dtype) for first, last in zip(self.firsts, self.lasts, strict=True)]
        if not counts:
            return counts, ranked
        # per query in a task's results: counts within edges, votes within radii; later the votes below the ranges
        each = max(8 * _EDGES * len(self.targets) + 4 * len(self.radii) * c, 4 * k_count * c)
        for rows in row_groups(np.full(m, each), self.result_bytes):
            half = 0.5 if k_count else 1.0
            bounds = self._bound_distances(queries, rows, counts[k_count:], _part_of(progress, rows, m, 0.0, half))
            if k_count:
                ranges, _ = bounds.candidate_ranges(k_count)
                most = np.minimum(ranges.total, self.lasts - ranges.before)
                # a candidate comes with distance, label and rank; each piece cuts off what is beyond the last neighbor
                size = 8 + (8 if self.common.ranking == "index" else 32)
                expected = np.minimum(ranges.total, most * len(self.pieces)).sum(axis=1) * size + 4 * k_count * c
                for some in row_groups(expected, self.result_bytes):
                    share = (0.5 + 0.5 * edge / len(rows) for edge in (int(some[0]), int(some[-1]) + 1))
                    advance = _part_of(progress, rows, m, *share)
                    self._resolve_candidates(rows, some, ranges, most, counts, ranked, advance)
        return counts, ranked

    def _bound_distances(
        self,
        queries: np.ndarray,
        rows: Int64[np.ndarray, " rows"],
        votes: list[np.ndarray],
        advance: Callable[[float], None],
    ) -> DistanceBounds:
        """Bound the distance of every target as closely as it pays; add the votes within the radii to ``votes``."""
        grid, k_count = self.common.grid, len(self.ks)
        bounds = DistanceBounds.trivial(len(rows), self.targets, max_distance=grid.max_distance, n=self.train.n)
        edges = self._sample_edges(queries, rows) if k_count else None
        some, radii = np.arange(len(rows)), self.radii
        while len(some):
            within: Any = 0
            asked = np.empty((len(some), 0), np.int32) if edges is None else edges
            for result in self._run(tasks.count, advance, radii, rows=rows[some], edges=asked):
                within = within + result.within
                for a in range(len(radii)):
                    votes[a][rows] += result.votes[:, a]
            if edges is None:
                break
            bounds = bounds.tightened(some, edges, within)
            ranges, closed = bounds.candidate_ranges(k_count)
            width = self.lasts - self.firsts
            spare = np.maximum(width // 2, max(_SPARE, _SPARE_ALL // (len(rows) * k_count)))
            some = np.flatnonzero(~(closed | (ranges.total - width <= spare)).all(axis=1))
            edges, radii, advance = bounds.dividing_edges(some, _EDGES + 1), (), lambda done: None
        return bounds

    def _resolve_candidates(
        self,
        rows: Int64[np.ndarray, " rows"],
        some: Int64[np.ndarray, " some"],
        ranges: CandidateRanges,
        most: Int64[np.ndarray, "rows k"],
        counts: list[np.ndarray],
        ranked: list[np.ndarray],
        advance: Callable[[float], None],
    ) -> None:
        """Add the votes below the ranges of some rows, and put the examples in the ranges into the neighbor order."""
        k_count, mine = len(self.ks), rows[some]
        found: list[tasks.Candidates] = []
        groups: list[np.ndarray] = []
        asked = {"low": ranges.low[some], "high": ranges.high[some], "most": most[some]}
        for result in self._run(tasks.collect, advance, rows=mine, **asked):
            for a in range(k_count):
                counts[a][mine] += result.votes[:, a]
            groups.append(np.repeat(np.arange(result.sizes.size), result.sizes.ravel()))
            found.append(result)
        group = np.concatenate(groups)
        distances, labels, ranks = (
            np.concatenate([getattr(part, name) for part in found]) for name in ("distances", "labels", "ranks")
        )
        order = np.lexsort((*(~word for word in ranks.T[::-1]), distances, group))
        group, labels = group[order], labels[order]
        begins = np.searchsorted(group, np.arange(len(some) * k_count))
        place = np.arange(len(group)) - begins[group] + ranges.before[some].ravel()[group]  # number of the neighbor
        for a in range(k_count):
            row = mine[group // k_count]
            inside = (group % k_count == a) & (place < self.ks[a])
            np.add.at(counts[a], (row[inside], labels[inside]), 1)
            shown = (group % k_count == a) & (place >= self.firsts[a]) & (place < self.lasts[a])
            ranked[a][row[shown], place[shown] - self.firsts[a]] = labels[shown]
            if (counts[a][mine].sum(axis=1) != self.ks[a]).any():
                raise ValueError("shards: expected files that stay as they are, but one changed while it was counted")

    def _sample_edges(self, queries: np.ndarray, rows: Int64[np.ndarray, " rows"]) -> Int32[np.ndarray, "rows e"]:
        """Compute edges around every target from the distances to a sample, a few queries at a time."""
        train, labels = self.train.sample(_SAMPLE)
        how: Any = {"ks": (), "rs": (), "window": 0, "ranking": "index", "threads": 1}
        grid, c = self.common.grid, self.common.num_classes
        job = Job(train=train, labels=labels, queries=queries, num_classes=c, grid=grid, **how)
        tiles, edges = DistanceTiles(job), np.empty((len(rows), _EDGES * len(self.targets)), np.int32)
        for start in range(0, len(rows), tiles.tile_rows):
            part = rows[start : start + tiles.tile_rows]
            sample = np.sort(tiles(queries[part])[: len(part), : len(train)], axis=1)
            edges[start : start + len(part)] = sample_edges(sample, self.targets, n=self.train.n)
        return edges

    def _run(
        self, task: Callable[..., Any], advance: Callable[[float], None], *arguments: Any, **arrays: np.ndarray
    ) -> Iterator[Any]:
        """Run a task on every piece and yield the results; the task reads ``arrays`` from a file."""
        asked = self.folder / f"asked-{next(self.numbers)}.npz"  # a new name: some file systems show an old file longer
        np.savez(asked, allow_pickle=False, **arrays)
        for done, result in enumerate(self.run(task, self.pieces, self.common, asked, *arguments), start=1):
            yield result
            advance(done / len(self.pieces))
        asked.unlink()


def _part_of(
    progress: Progress | None, rows: Int64[np.ndarray, " rows"], total: int, begin: float, end: float
) -> Callable[[float], None]:
    """Return a function that reports how much is done of the work from ``begin`` to ``end`` on these rows."""

    def advance(done: float) -> None:
        if progress is not None:
            progress(int(rows[0] + len(rows) * (begin + done * (end - begin))), total)

    return advance
