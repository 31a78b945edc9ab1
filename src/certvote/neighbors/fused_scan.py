"""The GPU backend with fused kernels: two passes over the training set, and no distance in memory.

As over shards (``sharded``): a sample says about where the distance of the k-th neighbor lies; a first pass counts the
distances within edges around it and the votes within the radii; a second one counts votes below the band that is left
and takes out the examples in it, whose order is then exact. Memory holds the training set, or part after part of it,
the queries of a call, and the candidates of a few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from certvote.neighbors.brackets import Brackets, row_groups, sample_places
from certvote.neighbors.devices import on, own_device
from certvote.neighbors.fused_kernels import collect_kernel, count_kernel, distance_kernel
from certvote.neighbors.job import Job, Tally
from certvote.neighbors.memory import refuse_unless

# queries and training examples of a block: one warp, whose threads hold 64 sums and load five vectors per dimension
_BM, _BN, _WARPS = 16, 128, 1
_COLLECT_WARPS = 2  # with one, the registers that candidates take would not do
_MOST_EDGES = 48  # of a launch, for the same reason
_TILE_ROWS = 2**13  # enough to keep the largest GPUs busy; progress and interrupts wait for a tile
_SAMPLE = 4096
_EDGES = np.array([-2.2, -0.9, -0.3, 0.3, 0.9, 2.2])  # of a target, in standard deviations of its place in the sample
_SPARE = 256  # so many candidates more than needed do not matter, for each query and k
_CANDIDATE_BYTES = 96  # column, distance, and what sorting them takes
_BLOCK_BYTES = 2**28  # of training examples on their way to the device
_INDEX = 2**31 - 1  # kernels index with 32 bits
_PROGRAMS = 2**14  # several times what the largest GPUs run at once


@dataclass(frozen=True)
class _Part:
    """Training examples on the device, dimension by dimension, in blocks of one label."""

    train: torch.Tensor  # f32[d, n]
    label_of: torch.Tensor  # i32[blocks]
    first: int  # column of the first example


class FusedScanner:
    """``memory`` limits what it takes of the device, in bytes (``None``: half of what is free)."""

    workers = 1

    def __init__(self, job: Job, device: str = "cuda", memory: int | None = None) -> None:
        self.job, self.device = job, own_device(device)
        if memory is None:
            memory = torch.cuda.mem_get_info()[0] // 2 if self.device.type == "cuda" else job.room // 2
        d, asked = job.train.shape[1], len(job.ks)
        self.targets = np.array([first for first, _ in job.spans] + [last for _, last in job.spans], np.int64)
        if not job.window:
            self.targets = self.targets[:asked]
        self._lay_out()
        # a query: itself, its sorted sample, edges and their counts, votes
        edges, results = len(_EDGES) * len(self.targets), (asked + len(job.rs)) * job.num_classes
        each = 4 * d + 20 * _SAMPLE + 12 * edges + 8 * results + 64 * asked
        # one query may have every example as a candidate for every k; a part and the next one are there at once
        fixed = _CANDIDATE_BYTES * asked * len(job.train) + 4 * d * _SAMPLE + 12 * len(self.source)
        least = fixed + _BM * each + 8 * d * _BN
        refuse_unless(least <= memory, job, least, "raise option backend.memory, or use backend=numba", have=memory)
        free = memory - fixed
        self.candidates = asked * len(job.train) + free // 4 // _CANDIDATE_BYTES
        self.part_columns = max(1, min(free // 2 // 8, _INDEX) // (d * _BN)) * _BN
        self.kept = list(self._parts()) if len(self.source) <= self.part_columns else None
        most = _INDEX // max(d, edges, results, _SAMPLE + _BN)
        rows = _TILE_ROWS if self.kept is not None else 2**17  # every tile takes all parts to the device again
        self.tile_rows = int(min(rows, most, free // 4 // each) // _BM * _BM) or _BM

    def _lay_out(self) -> None:
        """Columns of all parts: each label's examples, filled up to whole blocks; there ``source`` is -1."""
        order, starts = self.job.columns.order, self.job.columns.starts
        sizes = np.diff(starts)
        blocks = -(-sizes // _BN)
        self.label_of = np.repeat(np.arange(len(sizes), dtype=np.int32), blocks)
        self.source = np.full(int(blocks.sum()) * _BN, -1, np.int64)
        begins = np.concatenate([[0], np.cumsum(blocks)[:-1]]) * _BN
        into = np.repeat(begins - starts[:-1], sizes) + np.arange(len(order))
        self.source[into] = np.arange(len(order))
        precedence = np.zeros(len(self.source), np.int32)
        precedence[into] = self.job.columns.precedence
        self.precedence, self.labels = self._moved(precedence), self._moved(np.repeat(self.label_of, _BN))

    def _parts(self) -> Iterator[_Part]:
        for first in range(0, len(self.source), self.part_columns):
            source = self.source[first : first + self.part_columns]
            blocks = slice(first // _BN, (first + len(source)) // _BN)
            yield _Part(self._examples(source), self._moved(self.label_of[blocks]), first)

    def _examples(self, source: np.ndarray) -> torch.Tensor:
        """The columns ``source``, dimension by dimension; where it is -1, one farther away than any example can be."""
        d = self.job.train.shape[1]
        train = torch.empty((d, len(source)), dtype=torch.float32, device=self.device)
        step = max(1, _BLOCK_BYTES // (8 * d))
        for begin in range(0, len(source), step):
            part = source[begin : begin + step]
            real = np.flatnonzero(part >= 0)
            values = np.zeros((len(part), d), np.float32)
            values[:, 0] = 4 * max(1, self.job.lattice.farthest)
            values[real] = self.job.steps_of(self.job.columns.order[part[real]])
            train[:, begin : begin + step] = self._moved(values).T
        return train

    def __call__(self, start: int, stop: int) -> Tally:
        with on(self.device):
            return self._tally(start, stop)

    def _tally(self, start: int, stop: int) -> Tally:
        job, rows = self.job, stop - start
        asked, c = len(job.ks), job.num_classes
        steps = np.zeros((-(-rows // _BM) * _BM, job.train.shape[1]), np.float32)
        steps[:rows] = job.lattice.integers(job.queries[start:stop])
        queries = self._moved(steps).T.contiguous()
        counts = np.zeros((rows, asked + len(job.rs), c), np.int32)
        ranked = np.zeros((rows, job.ranked_width), np.int32)
        brackets = self._narrowed(queries, rows, counts[:, asked:])
        if asked:
            bands, _ = brackets.bands(asked)
            lasts = np.array([last for _, last in job.spans])
            totals = np.where(bands.before == lasts, 0, bands.total)
            for part in row_groups(totals.sum(axis=1), self.candidates):
                self._resolve(queries, part, bands, totals, counts, ranked)
        return Tally(counts=counts, ranked=ranked)

    def _narrowed(self, queries: torch.Tensor, rows: int, votes: np.ndarray) -> Brackets:
        """Votes within the radii, written to ``votes``, and brackets around every target that are narrow enough."""
        job, asked, n = self.job, len(self.job.ks), len(self.job.train)
        brackets = Brackets.open(rows, self.targets, farthest=job.lattice.farthest, n=n)
        edges = self._first_edges(queries, rows) if asked else np.empty((rows, 0), np.int32)
        widths = np.array([last - first for first, last in job.spans], np.int64)
        some, radii = np.arange(rows), job.radii
        while len(some) and (asked or radii):
            within, found = self._count(queries, some, edges, radii)
            if radii:
                votes[:] = found
            if not asked:
                break
            brackets = brackets.narrowed(some, edges, within)
            bands, closed = brackets.bands(asked)
            # sorting a few thousand candidates costs less than computing all distances once more
            spare = np.maximum(widths // 2, max(_SPARE, len(job.train) // 128, self.candidates // (4 * rows * asked)))
            some = np.flatnonzero(~(closed | (bands.total - widths <= spare)).all(axis=1))
            edges, radii = brackets.divided(some, len(_EDGES) + 1), ()
        return brackets

    def _first_edges(self, queries: torch.Tensor, rows: int) -> np.ndarray:
        """Edges around every target, from the distances to a sample."""
        n = len(self.job.train)
        chosen = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
        source = np.concatenate([chosen, np.full(-len(chosen) % _BN, -1)])
        sample, m = self._examples(source), queries.shape[1]
        distances = torch.empty((m, len(source)), device=self.device)
        grid = (m // _BM, len(source) // _BN)
        shape: Any = (m, len(source), len(sample))
        distance_kernel[grid](queries, sample, distances, *shape, BM=_BM, BN=_BN, num_warps=_WARPS)
        values = distances[:rows].sort(dim=1).values[:, : len(chosen)]  # what fills the sample up comes last
        before, after, part = sample_places(self.targets, len(chosen), n, _EDGES)
        padded = torch.cat([values.new_full((rows, 1), -1.0), values], dim=1)
        left, right = (padded[:, self._moved(place + 1)].cpu().numpy() for place in (before, after))
        edges: np.ndarray = left.astype(np.float64) + (right.astype(np.float64) - left) * part
        return edges.astype(np.int32)

    def _count(
        self, queries: torch.Tensor, some: np.ndarray, edges: np.ndarray, radii: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Distances within the edges of some rows, and their votes within the radii."""
        mine, m, c = self._some(queries, some), -(-len(some) // _BM) * _BM, self.job.num_classes
        bounds = torch.full((m, edges.shape[1]), -1.0, device=self.device)
        bounds[: len(some)] = self._moved(edges).float()
        distances = torch.tensor([float(radius) for radius in radii], device=self.device)
        within = torch.zeros(bounds.shape, dtype=torch.int32, device=self.device)
        votes = torch.zeros((m, len(radii), c), dtype=torch.int32, device=self.device)
        for part, grid, run in self._launches(m):
            shape: Any = (m, part.train.shape[1], part.train.shape[0], c, run)
            for begin in range(0, max(1, edges.shape[1]), _MOST_EDGES):
                some_bounds = bounds[:, begin : begin + _MOST_EDGES].contiguous()
                number, rs = some_bounds.shape[1], len(radii) if begin == 0 else 0
                inside = torch.zeros((m, number), dtype=torch.int32, device=self.device)
                data: Any = (mine, part.train, part.label_of, some_bounds, distances, inside, votes)
                sizes = {"E": number, "R": rs, "EP": _power(number), "RP": _power(rs)}
                count_kernel[grid](*data, *shape, **sizes, BM=_BM, BN=_BN, num_warps=_WARPS)
                within[:, begin : begin + number] += inside
        return within[: len(some)].cpu().numpy().astype(np.int64), votes[: len(some)].cpu().numpy()

    def _resolve(
        self,
        queries: torch.Tensor,
        some: np.ndarray,
        bands: Any,
        totals: np.ndarray,
        counts: np.ndarray,
        ranked: np.ndarray,
    ) -> None:
        """Votes and ranked labels of some rows: what is before their bands, and what is in them, in its order."""
        job, asked, c = self.job, len(self.job.ks), self.job.num_classes
        mine, m = self._some(queries, some), -(-len(some) // _BM) * _BM

        def on_device(values: np.ndarray, otherwise: int, dtype: torch.dtype) -> torch.Tensor:
            whole = torch.full((m, asked), otherwise, dtype=dtype, device=self.device)
            whole[: len(some)] = self._moved(np.ascontiguousarray(values)).to(dtype)
            return whole

        sizes = totals[some]
        # bands with nothing to look for are empty: low is where the neighbors end
        high = np.where(sizes == 0, bands.low[some], bands.high[some])
        offsets = on_device(np.cumsum(sizes.ravel()).reshape(sizes.shape) - sizes, 0, torch.int64)
        total = int(sizes.sum())
        columns, distances = (torch.empty(max(1, total), dtype=torch.int32, device=self.device) for _ in range(2))
        cursors = torch.zeros((m, asked), dtype=torch.int32, device=self.device)
        votes = torch.zeros((m, asked, c), dtype=torch.int32, device=self.device)
        low, high_on = on_device(bands.low[some], -1, torch.float32), on_device(high, -1, torch.float32)
        for part, grid, run in self._launches(m):
            data: Any = (mine, part.train, part.label_of, low, high_on, offsets, cursors, votes, columns, distances)
            shape: Any = (part.first, m, part.train.shape[1], part.train.shape[0], c, run)
            collect_kernel[grid](*data, *shape, K=asked, BM=_BM, BN=_BN, num_warps=_COLLECT_WARPS)
        assert int(cursors.sum()) == total, "every example in a band was found once"
        group = torch.repeat_interleave(
            torch.arange(sizes.size, device=self.device), self._moved(np.ascontiguousarray(sizes.ravel()))
        )
        keys = distances[:total].long() * (len(job.train) + 1) + self.precedence[columns[:total].long()]
        order = keys.argsort(stable=True)
        order = order[group[order].argsort(stable=True)]
        labels = self.labels[columns[:total].long()[order]].long()
        before = self._moved(np.ascontiguousarray(bands.before[some].ravel()))
        place = torch.arange(total, device=self.device) - offsets[: len(some)].reshape(-1)[group] + before[group]
        votes = votes[: len(some)].reshape(-1, c)
        k_of = self._moved(np.tile(np.array(job.ks, np.int64), len(some)))
        votes.view(-1).scatter_add_(0, group * c + labels, (place < k_of[group]).to(torch.int32))
        counts[some, :asked] = votes.reshape(len(some), asked, c).cpu().numpy()
        if job.window:
            column, begins = 0, (offsets[: len(some)] - before.reshape(len(some), asked)).long()
            for a, (first, last) in enumerate(job.spans):
                numbers = torch.arange(first, last, device=self.device)
                ranked[some, column : column + last - first] = labels[begins[:, a, None] + numbers].int().cpu().numpy()
                column += last - first

    def _launches(self, m: int) -> Iterator[tuple[_Part, tuple[int, int], int]]:
        """Each part of the training set, with a grid of programs that keeps the device busy and each program's run."""
        for part in self.kept if self.kept is not None else self._parts():
            blocks, groups = len(part.label_of), m // _BM
            run = max(1, blocks * groups // _PROGRAMS)
            yield part, (groups, -(-blocks // run)), run

    def _some(self, queries: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        """Some queries, filled up to whole blocks."""
        index = np.concatenate([rows, np.zeros(-len(rows) % _BM, np.int64)])
        return queries[:, self._moved(index)].contiguous()

    def _moved(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


def check_triton() -> None:
    """Compile and launch the smallest kernel; raises whatever hinders Triton: no compiler, an old GPU."""
    block, sample = torch.zeros((1, _BM), device="cuda"), torch.zeros((1, _BN), device="cuda")
    distances = torch.empty((_BM, _BN), device="cuda")
    shape: Any = (_BM, _BN, 1)
    distance_kernel[(1, 1)](block, sample, distances, *shape, BM=_BM, BN=_BN, num_warps=_WARPS)
    torch.cuda.synchronize()


def _power(number: int) -> int:
    """The next power of two."""
    return 1 << max(0, number - 1).bit_length()
