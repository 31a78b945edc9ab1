"""The passes over a sharded training set, block of queries after block, and the sums that make votes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, Num

from certvote.neighbors import shard_tasks as tasks
from certvote.neighbors.brackets import Bands, Brackets, first_edges, row_groups
from certvote.neighbors.job import Job
from certvote.neighbors.numba_scan import DistanceTiles
from certvote.neighbors.runners import Runner
from certvote.neighbors.shards import Piece, ShardedSet

Progress = Callable[[int, int], None]
_SAMPLE = 8192
_EDGES = 15  # for each target, of a first pass or of one that divides brackets evenly
_SPARE = 256  # so many candidates more than needed do not matter, for each query and k
_FEW = 2**19  # nor so many of all


class Passes:
    """Votes for distinct or repeated ``ks`` and ``rs``, in the order given."""

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
        self.radii = tuple(common.lattice.radius(r) for r in rs)
        self.result_bytes = run.piece_bytes // 2
        self.numbers = count()

    def votes(
        self, queries: Num[np.ndarray, "m d"], progress: Progress | None
    ) -> tuple[list[Int32[np.ndarray, "m c"]], list[np.ndarray]]:
        """Counts for every ``k``, then for every radius; and for every ``k`` the ranked labels."""
        m, c, asked = len(queries), self.common.num_classes, len(self.ks)
        counts = [np.zeros((m, c), np.int32) for _ in range(asked + len(self.radii))]
        dtype = np.uint8 if c <= 256 else np.uint16
        ranked = [np.zeros((m, last - first), dtype) for first, last in zip(self.firsts, self.lasts, strict=True)]
        if not counts:
            return counts, ranked
        # of a query in a task's results: counts within edges, votes within radii; votes before the bands
        each = max(8 * _EDGES * len(self.targets) + 4 * len(self.radii) * c, 4 * asked * c)
        for rows in row_groups(np.full(m, each), self.result_bytes):
            half = 0.5 if asked else 1.0
            brackets = self._narrow(queries, rows, counts[asked:], _part_of(progress, rows, m, 0.0, half))
            if asked:
                bands, _ = brackets.bands(asked)
                most = np.minimum(bands.total, self.lasts - bands.before)
                # a candidate comes with distance, label and rank; a band full of ties comes cut by every piece
                size = 8 + (8 if self.common.ranking == "index" else 32)
                expected = np.minimum(bands.total, most * len(self.pieces)).sum(axis=1) * size + 4 * asked * c
                for some in row_groups(expected, self.result_bytes):
                    share = (0.5 + 0.5 * edge / len(rows) for edge in (int(some[0]), int(some[-1]) + 1))
                    self._resolve(rows, some, bands, most, counts, ranked, _part_of(progress, rows, m, *share))
        return counts, ranked

    def _narrow(
        self,
        queries: np.ndarray,
        rows: Int64[np.ndarray, " rows"],
        votes: list[np.ndarray],
        advance: Callable[[float], None],
    ) -> Brackets:
        """Count votes within the radii, and close the brackets around every target as far as it pays."""
        lattice, asked = self.common.lattice, len(self.ks)
        brackets = Brackets.open(len(rows), self.targets, farthest=lattice.farthest, n=self.train.n)
        edges = self._first_edges(queries, rows) if asked else None
        some, radii = np.arange(len(rows)), self.radii
        while len(some):
            within: Any = 0
            asks = np.empty((len(some), 0), np.int32) if edges is None else edges
            for result in self._run(tasks.count, advance, radii, rows=rows[some], edges=asks):
                within = within + result.within
                for a in range(len(radii)):
                    votes[a][rows] += result.votes[:, a]
            if edges is None:
                break
            brackets = brackets.narrowed(some, edges, within)
            bands, closed = brackets.bands(asked)
            width = self.lasts - self.firsts
            spare = np.maximum(width // 2, max(_SPARE, _FEW // (len(rows) * asked)))
            some = np.flatnonzero(~(closed | (bands.total - width <= spare)).all(axis=1))
            edges, radii, advance = brackets.divided(some, _EDGES + 1), (), lambda done: None
        return brackets

    def _resolve(
        self,
        rows: Int64[np.ndarray, " rows"],
        some: Int64[np.ndarray, " some"],
        bands: Bands,
        most: Int64[np.ndarray, "rows k"],
        counts: list[np.ndarray],
        ranked: list[np.ndarray],
        advance: Callable[[float], None],
    ) -> None:
        """Add up the votes before the bands of some of the rows, and put what is in the bands into its order."""
        asked, mine = len(self.ks), rows[some]
        found: list[tasks.Candidates] = []
        groups: list[np.ndarray] = []
        bounds = {"low": bands.low[some], "high": bands.high[some], "most": most[some]}
        for result in self._run(tasks.collect, advance, rows=mine, **bounds):
            for a in range(asked):
                counts[a][mine] += result.votes[:, a]
            groups.append(np.repeat(np.arange(result.sizes.size), result.sizes.ravel()))
            found.append(result)
        group = np.concatenate(groups)
        distances, labels, ranks = (
            np.concatenate([getattr(part, name) for part in found]) for name in ("distances", "labels", "ranks")
        )
        order = np.lexsort((*(~word for word in ranks.T[::-1]), distances, group))
        group, labels = group[order], labels[order]
        begins = np.searchsorted(group, np.arange(len(some) * asked))
        place = np.arange(len(group)) - begins[group] + bands.before[some].ravel()[group]  # number among the neighbors
        for a in range(asked):
            row = mine[group // asked]
            inside = (group % asked == a) & (place < self.ks[a])
            np.add.at(counts[a], (row[inside], labels[inside]), 1)
            shown = (group % asked == a) & (place >= self.firsts[a]) & (place < self.lasts[a])
            ranked[a][row[shown], place[shown] - self.firsts[a]] = labels[shown]
            if (counts[a][mine].sum(axis=1) != self.ks[a]).any():
                raise ValueError("shards: expected files that stay as they are, but one changed while it was counted")

    def _first_edges(self, queries: np.ndarray, rows: Int64[np.ndarray, " rows"]) -> Int32[np.ndarray, "rows e"]:
        """Edges from the distances to a sample of the training set, which a few queries at a time have in memory."""
        train, labels = self.train.sample(_SAMPLE)
        how: Any = {"ks": (), "rs": (), "window": 0, "ranking": "index", "threads": 1}
        lattice, c = self.common.lattice, self.common.num_classes
        job = Job(train=train, labels=labels, queries=queries[rows], num_classes=c, lattice=lattice, **how)
        tiles, edges = DistanceTiles(job), np.empty((len(rows), _EDGES * len(self.targets)), np.int32)
        for start in range(0, len(rows), tiles.tile_rows):
            stop = min(start + tiles.tile_rows, len(rows))
            sample = np.sort(tiles(start, stop)[: stop - start, : len(train)], axis=1)
            edges[start:stop] = first_edges(sample, self.targets, n=self.train.n)
        return edges

    def _run(
        self, task: Callable[..., Any], advance: Callable[[float], None], *arguments: Any, **arrays: np.ndarray
    ) -> Iterator[Any]:
        """Results of a task on every piece, for the arrays that it reads from a file."""
        asked = self.folder / f"asked-{next(self.numbers)}.npz"  # a new name: some file systems show an old file longer
        np.savez(asked, allow_pickle=False, **arrays)
        for done, result in enumerate(self.run(task, self.pieces, self.common, asked, *arguments), start=1):
            yield result
            advance(done / len(self.pieces))
        asked.unlink()


def _part_of(
    progress: Progress | None, rows: Int64[np.ndarray, " rows"], total: int, begin: float, end: float
) -> Callable[[float], None]:
    """For a part of the work on these rows: a function of how much of it is done, which tells ``progress``."""

    def advance(done: float) -> None:
        if progress is not None:
            progress(int(rows[0] + len(rows) * (begin + done * (end - begin))), total)

    return advance
