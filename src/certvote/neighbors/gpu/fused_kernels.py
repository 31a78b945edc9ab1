"""Count distances on a GPU as they are computed: these kernels write no distance of the whole set to memory.

A program takes a block of queries and a run of training blocks. All examples of a training block have one label; blocks
are padded with examples that are farther away than any radius. Distances are float32 sums on the exact grid. Results
are sums of integers, so the order in which programs end does not matter and atomic operations need no fences; only
candidates come in any order, and they are sorted afterwards.
"""

# triton reads types out of annotations: they must stay expressions, so no "from __future__ import annotations" here
from typing import no_type_check

import triton  # type: ignore[import-untyped,import-not-found]
import triton.language as tl  # type: ignore[import-untyped,import-not-found]


@triton.jit
@no_type_check
def _view_distances(queries, train, rows, first, m, n, dims, BM: tl.constexpr, BN: tl.constexpr):
    """Compute the distances f32[BM, BN] between one view of the queries ``rows`` and the examples from ``first`` on.

    Both matrices lie dimension by dimension. Offsets have 32 bits: no matrix has 2**31 entries.
    """
    columns = first + tl.arange(0, BN)
    total = tl.zeros((BM, BN), dtype=tl.float32)
    for d in range(dims):
        x = tl.load(queries + d * m + rows)
        z = tl.load(train + d * n + columns)
        total += tl.abs(x[:, None] - z[None, :])
    return total


@triton.jit
@no_type_check
def _distances(queries, train, rows, first, m, n, dims, V: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
    """Compute the distances f32[BM, BN] of the queries ``rows``: the smallest over their ``V`` views."""
    nearest = _view_distances(queries, train, rows, first, m, n, dims, BM, BN)
    for view in range(1, V):
        further = _view_distances(queries + view * dims * m, train, rows, first, m, n, dims, BM, BN)
        nearest = tl.minimum(nearest, further)
    return nearest


@triton.jit(do_not_specialize=["m", "n"])
@no_type_check
def distance_kernel(queries, train, distances, m, n, dims, V: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
    """Write the distances to a small sample, f32[m, n], fewer than 2**31 entries."""
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    first = tl.program_id(1) * BN
    columns = first + tl.arange(0, BN)
    found = _distances(queries, train, rows, first, m, n, dims, V, BM, BN)
    tl.store(distances + rows[:, None] * n + columns[None, :], found)


@triton.jit(do_not_specialize=["run"])
@no_type_check
def count_kernel(
    queries,  # f32[V, dims, m], m a multiple of BM
    train,  # f32[dims, n], n a multiple of BN
    label_of,  # i32[n / BN]
    edges,  # f32[m, E]
    radii,  # f32[R]
    within,  # i32[m, E], added to
    votes,  # i32[m, R, classes], added to
    m,
    n,
    dims,
    classes,
    run,  # training blocks of a program
    E: tl.constexpr,
    R: tl.constexpr,
    EP: tl.constexpr,  # E and R rounded up to powers of two, at least 1
    RP: tl.constexpr,
    V: tl.constexpr,  # views of a query
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """Count the distances ``<=`` each edge of their query, and the votes within each radius."""
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    begin = tl.program_id(1) * run
    end = tl.minimum(begin + run, n // BN)
    edge, radius = tl.arange(0, EP), tl.arange(0, RP)
    inside = tl.zeros((BM, EP), dtype=tl.int32)
    found = tl.zeros((BM, RP), dtype=tl.int32)
    asked = (radius[None, :] < R) & (rows[:, None] < m)
    label = tl.load(label_of + begin)
    for block in range(begin, end):
        distances = _distances(queries, train, rows, block * BN, m, n, dims, V, BM, BN)
        for e in range(E):
            bound = tl.load(edges + rows * E + e)
            number = tl.sum((distances <= bound[:, None]).to(tl.int32), axis=1)
            inside += tl.where(edge[None, :] == e, number[:, None], 0)
        following = tl.load(label_of + block)
        if R > 0:
            if following != label:
                tl.atomic_add(
                    votes + (rows[:, None] * R + radius[None, :]) * classes + label, found, mask=asked, sem="relaxed"
                )
                found = tl.zeros((BM, RP), dtype=tl.int32)
            for r in range(R):
                number = tl.sum((distances <= tl.load(radii + r)).to(tl.int32), axis=1)
                found += tl.where(radius[None, :] == r, number[:, None], 0)
        label = following
    if E > 0:
        some = (edge[None, :] < E) & (rows[:, None] < m)
        tl.atomic_add(within + rows[:, None] * E + edge[None, :], inside, mask=some, sem="relaxed")
    if R > 0:
        tl.atomic_add(votes + (rows[:, None] * R + radius[None, :]) * classes + label, found, mask=asked, sem="relaxed")


@triton.jit(do_not_specialize=["run", "first_column"])
@no_type_check
def collect_kernel(
    queries,  # f32[V, dims, m], m a multiple of BM
    train,  # f32[dims, n], n a multiple of BN
    label_of,  # i32[n / BN]
    low,  # f32[m, K]
    high,  # f32[m, K]
    offsets,  # i64[m, K]: where the candidates of a range begin
    cursors,  # i32[m, K]: how many of them there are already, added to
    votes,  # i32[m, K, classes], added to
    columns,  # i32[all candidates], written
    distances_found,  # i32[all candidates], written
    first_column,  # of the training examples given here
    m,
    n,
    dims,
    classes,
    run,
    K: tl.constexpr,
    V: tl.constexpr,  # views of a query
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """Count the votes of the examples ``<= low``, and collect every example in ``(low, high]``."""
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    begin = tl.program_id(1) * run
    end = tl.minimum(begin + run, n // BN)
    for block in range(begin, end):
        distances = _distances(queries, train, rows, block * BN, m, n, dims, V, BM, BN)
        label = tl.load(label_of + block)
        column = first_column + block * BN + tl.arange(0, BN)
        for k in range(K):
            at = rows * K + k
            below = distances <= tl.load(low + at)[:, None]
            number = tl.sum(below.to(tl.int32), axis=1)
            tl.atomic_add(votes + at * classes + label, number, mask=number > 0, sem="relaxed")
            inside = (distances <= tl.load(high + at)[:, None]) & (below == 0)
            number = tl.sum(inside.to(tl.int32), axis=1)
            if tl.sum(number, axis=0) > 0:
                begins = tl.load(offsets + at) + tl.atomic_add(cursors + at, number, sem="relaxed")
                place = begins[:, None] + tl.cumsum(inside.to(tl.int32), axis=1) - 1
                tl.store(columns + place, tl.broadcast_to(column[None, :], (BM, BN)), mask=inside)
                tl.store(distances_found + place, distances.to(tl.int32), mask=inside)
