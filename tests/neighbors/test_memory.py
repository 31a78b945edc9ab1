"""Tiles are cut to the memory that is free, and what cannot fit is refused before it starts."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.neighbors import knn_votes, neighbor_votes, sharded
from certvote.neighbors.memory import parse_size
from certvote.neighbors.sharded import split_rows, write_shards

OPTIONS = {"ks": [1, 20, 300], "rs": [0.25], "window": 9, "num_classes": 3}


def test_the_bits_do_not_depend_on_memory(free, crowded, viewed, assert_all_same, backend):
    for data in (crowded, viewed):
        free(10**9)
        expected = neighbor_votes(**data, **OPTIONS, backend="reference")
        free(70_000)
        assert_all_same(expected, neighbor_votes(**data, **OPTIONS, backend=backend))


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


@pytest.mark.parametrize(
    ("memory", "size"), [(None, None), (5, 5), ("8GB", 8 * 10**9), ("1.5 GiB", 3 * 2**29), ("200 MB", 2 * 10**8)]
)
def test_sizes_of_memory(memory, size):
    assert parse_size("backend.memory", memory) == size


@pytest.mark.parametrize("memory", ["much", "8 gigabytes", "-1GB", 0, True, 1.5])
def test_what_is_no_size_of_memory(memory):
    with pytest.raises(ValueError, match=r"option backend.memory: expected a size like 8GB, got"):
        parse_size("backend.memory", memory)
