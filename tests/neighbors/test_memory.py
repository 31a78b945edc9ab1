"""Tiles are cut to the memory that is free, and what cannot fit is refused before it starts."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.neighbors import Cluster, cluster, knn_votes, neighbor_votes, sharded
from certvote.neighbors.numba_scan import DistanceTiles
from certvote.neighbors.runners import ThreadRunner
from certvote.neighbors.shards import split_rows, write_shards
from certvote.neighbors.validation import checked_job

OPTIONS = {"ks": [1, 20, 300], "rs": [0.25], "window": 9, "num_classes": 3}


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
        assert taken <= job().room // 3
    assert found[0] == (8, 24, True)
    assert [workers for workers, _, _ in found] == sorted((workers for workers, _, _ in found), reverse=True)
    assert found[-1] == (1, 4, False)


@pytest.mark.parametrize("backend", ["numba", "faiss", "reference"])
def test_the_bits_do_not_depend_on_memory(free, crowded, assert_same, backend):
    expected = neighbor_votes(**crowded, **OPTIONS, backend="reference")
    free(70_000)
    got = neighbor_votes(**crowded, **OPTIONS, backend=backend)
    for whole, parts in zip(expected, got, strict=True):
        for a, b in zip(whole, parts, strict=True):
            assert_same(a, b)


@pytest.mark.parametrize(
    ("backend", "remedy"),
    [("numba", "use backend=dask"), ("faiss", "use backend=dask"), ("reference", "backend=numba")],
)
def test_a_training_set_that_does_not_fit_is_refused_with_a_remedy(free, crowded, backend, remedy):
    free(26_000)
    with pytest.raises(ValueError, match=rf"300 training examples of 3 features: expected at least .* MB.*{remedy}"):
        knn_votes(**crowded, k=3, num_classes=3, backend=backend)


def test_votes_that_do_not_fit_are_refused_with_the_options_that_would_help(free, crowded, tmp_path):
    free(2**30)
    train, labels, queries = crowded["train"], crowded["labels"], np.zeros((400_000, 3), np.float32)
    message = r"votes of 400000 queries: .* got 1,074 MB; ask for fewer queries \(dataset.n_test\), a smaller window"
    with pytest.raises(ValueError, match=message):
        knn_votes(train, labels, queries, k=150, window=150, num_classes=3000)
    files = write_shards(split_rows(train, labels, 100), tmp_path)
    with pytest.raises(ValueError, match=message):
        sharded.knn_votes(files, queries, k=150, window=150, num_classes=3000)


def test_pieces_of_shards_are_cut_to_what_is_free():
    assert ThreadRunner(4).piece_bytes == ThreadRunner(4, room=2**40).piece_bytes
    small = ThreadRunner(4, room=40 * 2**20)
    assert (small.threads, small.piece_bytes) == (4, 40 * 2**20 // 32)
    tiny = ThreadRunner(4, room=2**20)
    assert (tiny.threads, tiny.piece_bytes) == (1, 2**17)


def test_workers_that_do_not_fit_are_not_started(monkeypatch):
    monkeypatch.setattr(cluster, "available", lambda: 10**9)
    with (
        pytest.raises(
            ValueError, match=r"options backend.workers, backend.memory: .* 1,000 MB .* got 9 that take up to"
        ),
        Cluster(workers=9).connect(),
    ):
        pass
