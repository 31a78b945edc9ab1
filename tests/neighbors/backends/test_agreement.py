"""All backends return the bits of the reference, on instances made of ties and duplicates, with one view or several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.neighbors.backends.base import count_blocks
from certvote.neighbors.backends.faiss import FaissCounter
from certvote.neighbors.backends.numba import NumbaCounter
from certvote.neighbors.backends.reference import ReferenceCounter
from certvote.neighbors.cpu import chunks
from certvote.neighbors.gpu.torch_counter import TorchCounter
from certvote.neighbors.validation import checked_job


@st.composite
def jobs(draw):
    n, m, d = draw(st.integers(1, 24)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    views = draw(st.sampled_from([(), (1,), (2,), (5,)]))
    classes, values = draw(st.sampled_from([1, 2, 3, 300])), draw(st.sampled_from([1, 2, 3, 40]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 2.0 ** draw(st.integers(-20, 20))
    return checked_job(
        (rng.integers(0, values, (n, d)) * scale).astype(np.float32),
        rng.integers(0, classes, n),
        (rng.integers(-1, values + 1, (m, *views, d)) * scale).astype(np.float32),
        ks=range(1, n + 1),
        rs=[r * scale for r in (0, 0.3, 1, 2.7, 3, 1000)],
        window=draw(st.integers(0, n + 2)),
        num_classes=classes,
        ranking=draw(st.sampled_from(["index", "hash"])),
    )


@settings(max_examples=80, deadline=None)
@given(job=jobs())
def test_numba(job, assert_as_reference):
    assert_as_reference(job, NumbaCounter)


@settings(max_examples=50, deadline=None)
@given(job=jobs())
def test_faiss(job, assert_as_reference):
    assert_as_reference(job, FaissCounter)


@settings(max_examples=30, deadline=None)
@given(job=jobs())
def test_torch(job, assert_as_reference):
    assert_as_reference(job, lambda job: TorchCounter(job, "cpu"))


@pytest.mark.parametrize("values", [2, 5, 10**5])  # from a handful of distances to hardly a tie
@pytest.mark.parametrize(("window", "views"), [(0, 1), (700, 1), (700, 3)])
def test_training_sets_large_enough_to_be_sampled(counter, assert_as_reference, values, window, views):
    rng = np.random.default_rng(values)
    n = 9001
    job = checked_job(
        rng.integers(0, values, (n, 7)).astype(np.float32),
        rng.integers(0, 4, n),
        rng.integers(0, values, (6, views, 7)).astype(np.float32),
        ks=[1, 2, 90, 3000, 3001, 6500, n - 1, n],
        rs=[0, 2 * values, 3 * values],
        window=window,
        num_classes=5,
        ranking="index",
    )
    assert_as_reference(job, counter)


@pytest.mark.parametrize("views", [1, 2])
def test_features_that_use_all_24_bits(counter, assert_as_reference, views):
    rng = np.random.default_rng(0)
    train = rng.integers(0, 2**18 + 1, (500, 64)).astype(np.float32) / 2**18
    train[0], train[1] = 0, 1  # distance 64 = 2**24 steps, the most there can be
    queries = np.concatenate([train[:2], rng.integers(0, 2**18 + 1, (20, 64)).astype(np.float32) / 2**18])
    labels = rng.integers(0, 10, 500)
    job = checked_job(
        train,
        labels,
        queries.reshape(22 // views, views, 64),
        ks=[1, 77, 499, 500],
        rs=[0, 20.3, 21, np.nextafter(64, 0), 64],
        window=30,
        num_classes=10,
        ranking="index",
    )
    assert job.grid.max_distance == 2**24
    assert_as_reference(job, counter)


@pytest.fixture(params=["one view", "views"])
def wide(request, crowded, viewed) -> dict[str, np.ndarray]:
    """300 training examples of 24 features: 28,800 bytes as int32."""
    data = crowded if request.param == "one view" else viewed
    return {
        **data,
        "train": np.tile(data["train"], 8),
        "queries": np.tile(data["queries"], 8),
    }


def test_training_sets_too_large_to_be_kept(monkeypatch, free, counter, assert_same, wide):
    how = {"ks": [1, 20, 150, 300], "rs": [2], "window": 9, "num_classes": 3, "ranking": "hash"}
    expected = count_blocks(checked_job(**wide, **how), ReferenceCounter, None)
    # the order of 300 examples takes 19,200 bytes, a tile of 4 queries 4,864; torch keeps the training set whole
    free(80_000 if isinstance(counter(checked_job(**wide, **how)), TorchCounter) else 50_000)
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 1500)
    got = count_blocks(checked_job(**wide, **how), counter, None)
    for reference, votes in zip(expected, got, strict=True):
        for key in reference:
            assert_same(reference[key], votes[key])


def test_several_views_are_the_smallest_of_their_distances(counter, viewed):
    """With one neighbor and one training example per label, votes tell which example is nearest in any view."""
    train, labels = viewed["train"][:3] + np.arange(3)[:, None], np.arange(3)
    job = checked_job(train, labels, viewed["queries"], ks=[1], rs=[], window=0, num_classes=3, ranking="index")
    (votes,) = count_blocks(job, counter, None)[0].values()
    for query, counts in zip(viewed["queries"].tolist(), votes.counts.tolist(), strict=True):
        distances = [
            min(sum(abs(a - b) for a, b in zip(view, row, strict=True)) for view in query) for row in train.tolist()
        ]
        assert counts[max(range(3), key=lambda j: (-distances[j], j))] == 1
