"""Tiles of distances: their numbers, and their share of the memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.neighbors.cpu.distance_kernel import GROUP, PANEL, fill_distances
from certvote.neighbors.cpu.distance_tiles import DistanceTiles, packed
from certvote.neighbors.validation import checked_job

OPTIONS = {"ks": [1, 20, 300], "rs": [0.25], "window": 9, "num_classes": 3}


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 70),
    rows=st.integers(1, 10),
    views=st.integers(1, 4),
    d=st.integers(1, 600),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_tile_is_the_smallest_distance_over_the_views(n, rows, views, d, seed):
    rng = np.random.default_rng(seed)
    train = rng.integers(0, 2**24 // d, (n, d))
    queries = rng.integers(0, 2**24 // d, (rows, views, d))
    job = checked_job(
        train, np.zeros(n, int), queries, ks=[1], rs=[], window=0, num_classes=1, ranking="index", threads=1
    )
    tiles = DistanceTiles(job)
    expected = np.abs(queries[:, :, None] - train[job.columns.order]).sum(axis=3).min(axis=1) * 2**job.grid.bits
    for start in range(0, rows, tiles.tile_rows):
        part = queries[start : start + tiles.tile_rows]
        np.testing.assert_array_equal(tiles(part)[: len(part), :n], expected[start : start + tiles.tile_rows])


def test_queries_of_one_view_need_not_say_so():
    rng = np.random.default_rng(0)
    x, z = (rng.integers(0, 9, (2 * size, 5)).astype(np.int32) for size in (GROUP, PANEL))
    out = np.full((2 * GROUP, 2 * PANEL), -1, np.int32)
    fill_distances(*packed(z, PANEL), *packed(x, GROUP), out, 0)
    np.testing.assert_array_equal(out, np.abs(x[:, None] - z).sum(axis=2))


@pytest.fixture
def job(crowded):
    wide = {**crowded, **{name: np.tile(crowded[name], 8) for name in ("train", "queries")}}  # 28,800 bytes as int32
    return lambda: checked_job(**wide, **OPTIONS, ranking="index", threads=8)


def test_less_memory_means_fewer_threads_and_smaller_tiles(free, job):
    found = []
    for size in (10**9, 200_000, 90_000, 45_000):
        free(size)
        tiles = DistanceTiles(job())
        found.append((tiles.workers, tiles.tile_rows, tiles.panels.kept is not None))
        taken = 4 * tiles.workers * tiles.tile_rows * tiles.width
        assert taken <= job().memory_budget // 3
    assert found[0] == (8, 24, True)
    assert [workers for workers, _, _ in found] == sorted((workers for workers, _, _ in found), reverse=True)
    assert found[-1] == (1, 4, False)


@pytest.mark.parametrize(("views", "workers", "rows"), [(1, 2, 4), (3, 1, 4), (4, None, None)])
def test_queries_of_a_tile_take_a_part_of_the_memory_only(free, views, workers, rows):
    free(2 * 10**6)
    rng = np.random.default_rng(0)
    train, queries = rng.integers(0, 3, (100, 3000)), rng.integers(0, 3, (60, 1, 3000)).repeat(views, axis=1)
    job = checked_job(
        train, np.zeros(100, int), queries, ks=[1], rs=[], window=0, num_classes=1, ranking="index", threads=2
    )
    if workers is None:
        with pytest.raises(ValueError, match=r"60 queries by 100 training examples of 3000 .* use fewer views"):
            DistanceTiles(job)
        return
    tiles = DistanceTiles(job)
    assert (tiles.workers, tiles.tile_rows, tiles.panels.kept) == (workers, rows, None)
    assert 8 * tiles.workers * tiles.tile_rows * 3000 * views <= job.memory_budget // 6
