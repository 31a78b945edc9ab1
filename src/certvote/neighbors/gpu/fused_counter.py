"""Count with fused GPU kernels: two passes over the training set, and no distance of the whole set in memory.

As over shards (``certvote.neighbors.sharded``), a sample tells roughly where the distance of the k-th neighbor lies. A
first pass counts the distances within edges around it and the votes within the radii. A second one counts the votes
below the remaining range and collects the examples in it, which are then put in order. Memory holds the training set,
or part after part of it, the queries of a block, and the candidates of a few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from certvote.neighbors.distance_bounds import CandidateRanges, DistanceBounds, row_groups, sample_positions
from certvote.neighbors.gpu.device import current, default_memory, numbered_device
from certvote.neighbors.gpu.fused_kernels import collect_kernel, count_kernel, distance_kernel
from certvote.neighbors.gpu.training_blocks import BLOCK, Part, TrainingBlocks
from certvote.neighbors.job import BlockVotes, Job
from certvote.neighbors.memory import require_memory

# queries and training examples of a block: one warp, whose threads hold 64 sums and load five vectors per dimension
_BM, _BN, _WARPS = 16, BLOCK, 1
_COLLECT_WARPS = 2  # with one, there would be too few registers for the candidates
_MAX_EDGES = 48  # per launch, for the same reason
_BLOCK_ROWS = 2**13  # enough to keep the largest GPUs busy; progress and interrupts wait for a block
_SAMPLE = 4096
_AROUND = np.array([-2.2, -0.9, -0.3, 0.3, 0.9, 2.2])  # edges around a target, in standard deviations of its place
_SPARE = 256  # superfluous candidates that cost nothing worth a pass, per query and k
_CANDIDATE_BYTES = 96  # column, distance, and what sorting them takes
_MAX_INDEX = 2**31 - 1  # kernels index with 32 bits
_PROGRAMS = 2**14  # several times what the largest GPUs run at once


class FusedCounter:
    """Count the votes of a block of queries with fused kernels.

    Parameters
    ----------
    job : Job
        What to count.
    device : str
        Name of a torch device; kernels run on the CPU in Triton's interpreter only.
    memory : int or None
        Bytes of the device's memory to use at most; ``None``: half of what is free.
    """

    workers = 1

    def __init__(self, job: Job, device: str = "cuda", memory: int | None = None) -> None:
        self.job, self.device = job, numbered_device(device)
        if memory is None:
            memory = default_memory(self.device, job.memory_budget // 2)
        d, k_count, query = job.train.shape[1], len(job.ks), job.queries[:1].size
        firsts, lasts = ([bounds[end] for bounds in job.ranked_ranges] for end in (0, 1))
        self.targets = np.array(firsts + lasts if job.window else firsts, np.int64)
        self.blocks = TrainingBlocks(job, self.device)
        # per query: itself and a copy, its sorted sample, edges and their counts, votes
        edges, results = len(_AROUND) * len(self.targets), (k_count + len(job.rs)) * job.num_classes
        each = 8 * query + 20 * _SAMPLE + 12 * edges + 8 * results + 64 * k_count
        # one query may have every example as a candidate for every k; a part and the next one are there at once
        fixed = _CANDIDATE_BYTES * k_count * len(job.train) + 4 * d * _SAMPLE + 12 * len(self.blocks.source)
        least = fixed + _BM * each + 8 * d * _BN
        require_memory(job, least, "raise option backend.memory, or use backend=numba", have=memory)
        free = memory - fixed
        self.max_candidates = k_count * len(job.train) + free // 4 // _CANDIDATE_BYTES
        self.blocks.keep_or_stream(max(1, min(free // 2 // 8, _MAX_INDEX) // (d * _BN)) * _BN)
        most = _MAX_INDEX // max(query, edges, results, _SAMPLE + _BN)
        rows = _BLOCK_ROWS if self.blocks.kept is not None else 2**17  # every block loads all parts to the device again
        self.block_rows = int(min(rows, most, free // 4 // each) // _BM * _BM) or _BM

    def __call__(self, start: int, stop: int) -> BlockVotes:
        """Count the votes and collect the ranked labels of the queries ``start`` to ``stop``."""
        with current(self.device):
            return self._count_block(start, stop)

    def _count_block(self, start: int, stop: int) -> BlockVotes:
        """Count as ``__call__`` does, with the device as the current one."""
        job, rows = self.job, stop - start
        k_count, c = len(job.ks), job.num_classes
        steps = np.zeros((-(-rows // _BM) * _BM, *job.queries.shape[1:]), np.float32)
        steps[:rows] = job.grid.to_steps(job.queries[start:stop])
        queries = self._to_device(steps).permute(1, 2, 0).contiguous()  # f32[v, d, m]
        counts = np.zeros((rows, k_count + len(job.rs), c), np.int32)
        ranked = np.zeros((rows, job.ranked_width), np.int32)
        bounds = self._bound_distances(queries, rows, counts[:, k_count:])
        if k_count:
            ranges, _ = bounds.candidate_ranges(k_count)
            lasts = np.array([last for _, last in job.ranked_ranges])
            totals = np.where(ranges.before == lasts, 0, ranges.total)
            for part in row_groups(totals.sum(axis=1), self.max_candidates):
                self._resolve_candidates(queries, part, ranges, totals, counts, ranked)
        return BlockVotes(counts=counts, ranked=ranked)

    def _bound_distances(self, queries: torch.Tensor, rows: int, votes: np.ndarray) -> DistanceBounds:
        """Bound the distance of every target closely enough; write the votes within the radii to ``votes``."""
        job, k_count, n = self.job, len(self.job.ks), len(self.job.train)
        bounds = DistanceBounds.trivial(rows, self.targets, max_distance=job.grid.max_distance, n=n)
        edges = self._sample_edges(queries, rows) if k_count else np.empty((rows, 0), np.int32)
        widths = np.array([last - first for first, last in job.ranked_ranges], np.int64)
        some, radii = np.arange(rows), job.radii
        while len(some) and (k_count or radii):
            within, found = self._count_within(queries, some, edges, radii)
            if radii:
                votes[:] = found
            if not k_count:
                break
            bounds = bounds.tightened(some, edges, within)
            ranges, closed = bounds.candidate_ranges(k_count)
            # sorting a few thousand candidates costs less than computing all distances once more
            spare = np.maximum(
                widths // 2, max(_SPARE, len(job.train) // 128, self.max_candidates // (4 * rows * k_count))
            )
            some = np.flatnonzero(~(closed | (ranges.total - widths <= spare)).all(axis=1))
            edges, radii = bounds.dividing_edges(some, len(_AROUND) + 1), ()
        return bounds

    def _sample_edges(self, queries: torch.Tensor, rows: int) -> np.ndarray:
        """Compute edges around every target from the distances to a sample."""
        n = len(self.job.train)
        chosen = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
        source = np.concatenate([chosen, np.full(-len(chosen) % _BN, -1)])
        sample, m = self.blocks.load_columns(source), queries.shape[2]
        distances = torch.empty((m, len(source)), device=self.device)
        grid = (m // _BM, len(source) // _BN)
        shape: Any = (m, len(source), len(sample))
        sizes = {"V": self.job.views, "BM": _BM, "BN": _BN}
        distance_kernel[grid](queries, sample, distances, *shape, **sizes, num_warps=_WARPS)
        values = distances[:rows].sort(dim=1).values[:, : len(chosen)]  # the sample's padding comes last
        before, after, part = sample_positions(self.targets, len(chosen), n, _AROUND)
        padded = torch.cat([values.new_full((rows, 1), -1.0), values], dim=1)
        left, right = (padded[:, self._to_device(at + 1)].cpu().numpy() for at in (before, after))
        edges: np.ndarray = left.astype(np.float64) + (right.astype(np.float64) - left) * part
        return edges.astype(np.int32)

    def _count_within(
        self, queries: torch.Tensor, some: np.ndarray, edges: np.ndarray, radii: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count the distances within the edges of some rows, and their votes within the radii."""
        mine, m, c = self._padded_queries(queries, some), -(-len(some) // _BM) * _BM, self.job.num_classes
        bounds = torch.full((m, edges.shape[1]), -1.0, device=self.device)
        bounds[: len(some)] = self._to_device(edges).float()
        distances = torch.tensor([float(radius) for radius in radii], device=self.device)
        within = torch.zeros(bounds.shape, dtype=torch.int32, device=self.device)
        votes = torch.zeros((m, len(radii), c), dtype=torch.int32, device=self.device)
        for part, grid, run in self._launches(m):
            shape: Any = (m, part.train.shape[1], part.train.shape[0], c, run)
            for begin in range(0, max(1, edges.shape[1]), _MAX_EDGES):
                some_bounds = bounds[:, begin : begin + _MAX_EDGES].contiguous()
                number, rs = some_bounds.shape[1], len(radii) if begin == 0 else 0
                inside = torch.zeros((m, number), dtype=torch.int32, device=self.device)
                data: Any = (mine, part.train, part.label_of, some_bounds, distances, inside, votes)
                sizes = {"E": number, "R": rs, "EP": _next_power(number), "RP": _next_power(rs)}
                sizes |= {"V": self.job.views, "BM": _BM, "BN": _BN}
                count_kernel[grid](*data, *shape, **sizes, num_warps=_WARPS)
                within[:, begin : begin + number] += inside
        return within[: len(some)].cpu().numpy().astype(np.int64), votes[: len(some)].cpu().numpy()

    def _resolve_candidates(
        self,
        queries: torch.Tensor,
        some: np.ndarray,
        ranges: CandidateRanges,
        totals: np.ndarray,
        counts: np.ndarray,
        ranked: np.ndarray,
    ) -> None:
        """Count the votes below the ranges of some rows, and put the examples in the ranges into the neighbor order."""
        job, k_count, c = self.job, len(self.job.ks), self.job.num_classes
        mine, m = self._padded_queries(queries, some), -(-len(some) // _BM) * _BM

        def on_device(values: np.ndarray, padding: int, dtype: torch.dtype) -> torch.Tensor:
            whole = torch.full((m, k_count), padding, dtype=dtype, device=self.device)
            whole[: len(some)] = self._to_device(np.ascontiguousarray(values)).to(dtype)
            return whole

        sizes = totals[some]
        # ranges with nothing to look for are empty: low is where the neighbors end
        high = np.where(sizes == 0, ranges.low[some], ranges.high[some])
        offsets = on_device(np.cumsum(sizes.ravel()).reshape(sizes.shape) - sizes, 0, torch.int64)
        total = int(sizes.sum())
        columns, distances = (torch.empty(max(1, total), dtype=torch.int32, device=self.device) for _ in range(2))
        cursors = torch.zeros((m, k_count), dtype=torch.int32, device=self.device)
        votes = torch.zeros((m, k_count, c), dtype=torch.int32, device=self.device)
        low, high_on = on_device(ranges.low[some], -1, torch.float32), on_device(high, -1, torch.float32)
        for part, grid, run in self._launches(m):
            data: Any = (mine, part.train, part.label_of, low, high_on, offsets, cursors, votes, columns, distances)
            shape: Any = (part.first, m, part.train.shape[1], part.train.shape[0], c, run)
            constants = {"K": k_count, "V": job.views, "BM": _BM, "BN": _BN}
            collect_kernel[grid](*data, *shape, **constants, num_warps=_COLLECT_WARPS)
        assert int(cursors.sum()) == total, "every example in a range is found once"
        group = torch.repeat_interleave(
            torch.arange(sizes.size, device=self.device), self._to_device(np.ascontiguousarray(sizes.ravel()))
        )
        keys = distances[:total].long() * (len(job.train) + 1) + self.blocks.precedence[columns[:total].long()]
        order = keys.argsort(stable=True)
        order = order[group[order].argsort(stable=True)]
        labels = self.blocks.labels[columns[:total].long()[order]].long()
        before = self._to_device(np.ascontiguousarray(ranges.before[some].ravel()))
        place = torch.arange(total, device=self.device) - offsets[: len(some)].reshape(-1)[group] + before[group]
        votes = votes[: len(some)].reshape(-1, c)
        k_of = self._to_device(np.tile(np.array(job.ks, np.int64), len(some)))
        votes.view(-1).scatter_add_(0, group * c + labels, (place < k_of[group]).to(torch.int32))
        counts[some, :k_count] = votes.reshape(len(some), k_count, c).cpu().numpy()
        if job.window:
            column, begins = 0, (offsets[: len(some)] - before.reshape(len(some), k_count)).long()
            for a, (first, last) in enumerate(job.ranked_ranges):
                numbers = torch.arange(first, last, device=self.device)
                ranked[some, column : column + last - first] = labels[begins[:, a, None] + numbers].int().cpu().numpy()
                column += last - first

    def _launches(self, m: int) -> Iterator[tuple[Part, tuple[int, int], int]]:
        """Yield parts of the training set, each with a grid of programs that keeps the device busy and their run."""
        for part in self.blocks.parts():
            blocks, groups = len(part.label_of), m // _BM
            run = max(1, blocks * groups // _PROGRAMS)
            yield part, (groups, -(-blocks // run)), run

    def _padded_queries(self, queries: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        """Select some queries and pad them to a multiple of the block size."""
        index = np.concatenate([rows, np.zeros(-len(rows) % _BM, np.int64)])
        return queries[:, :, self._to_device(index)].contiguous()

    def _to_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


def check_triton() -> None:
    """Compile and launch the smallest kernel; raise whatever hinders Triton (no compiler, an old GPU)."""
    block, sample = torch.zeros((1, 1, _BM), device="cuda"), torch.zeros((1, _BN), device="cuda")
    distances = torch.empty((_BM, _BN), device="cuda")
    shape: Any = (_BM, _BN, 1)
    distance_kernel[(1, 1)](block, sample, distances, *shape, V=1, BM=_BM, BN=_BN, num_warps=_WARPS)
    torch.cuda.synchronize()


def _next_power(number: int) -> int:
    """Return the smallest power of two that is at least ``number``."""
    return 1 << max(0, number - 1).bit_length()
