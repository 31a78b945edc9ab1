"""All backends return the bits of the reference, on instances made of ties and duplicates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.neighbors import chunks
from certvote.neighbors.reference import ReferenceScanner
from certvote.neighbors.scan import scan
from certvote.neighbors.torch_scan import TorchScanner
from certvote.neighbors.validation import checked_job


@st.composite
def jobs(draw):
    n, m, d = draw(st.integers(1, 24)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    classes, values = draw(st.sampled_from([1, 2, 3, 300])), draw(st.sampled_from([1, 2, 3, 40]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 2.0 ** draw(st.integers(-20, 20))
    return checked_job(
        (rng.integers(0, values, (n, d)) * scale).astype(np.float32),
        rng.integers(0, classes, n),
        (rng.integers(-1, values + 1, (m, d)) * scale).astype(np.float32),
        ks=range(1, n + 1),
        rs=[r * scale for r in (0, 0.3, 1, 2.7, 3, 1000)],
        window=draw(st.integers(0, n + 2)),
        num_classes=classes,
        ranking=draw(st.sampled_from(["index", "hash"])),
    )


@settings(max_examples=60, deadline=None)
@given(job=jobs())
def test_numba(job, assert_as_reference):
    from certvote.neighbors.numba_scan import NumbaScanner

    assert_as_reference(job, NumbaScanner)


@settings(max_examples=40, deadline=None)
@given(job=jobs())
def test_faiss(job, assert_as_reference):
    from certvote.neighbors.faiss_scan import FaissScanner

    assert_as_reference(job, FaissScanner)


@settings(max_examples=25, deadline=None)
@given(job=jobs())
def test_torch(job, assert_as_reference):
    from certvote.neighbors.torch_scan import TorchScanner

    assert_as_reference(job, lambda job: TorchScanner(job, "cpu"))


@pytest.mark.parametrize("values", [2, 5, 10**5])  # from a handful of distances to hardly a tie
@pytest.mark.parametrize("window", [0, 700])
def test_training_sets_large_enough_to_be_sampled(scanner, assert_as_reference, values, window):
    rng = np.random.default_rng(values)
    n = 9001
    job = checked_job(
        rng.integers(0, values, (n, 7)).astype(np.float32),
        rng.integers(0, 4, n),
        rng.integers(0, values, (6, 7)).astype(np.float32),
        ks=[1, 2, 90, 3000, 3001, 6500, n - 1, n],
        rs=[0, 2 * values, 3 * values],
        window=window,
        num_classes=5,
        ranking="index",
    )
    assert_as_reference(job, scanner)


def test_features_that_use_all_24_bits(scanner, assert_as_reference):
    rng = np.random.default_rng(0)
    train = rng.integers(0, 2**18 + 1, (500, 64)).astype(np.float32) / 2**18
    train[0], train[1] = 0, 1  # distance 64 = 2**24 steps, the most there can be
    queries = np.concatenate([train[:2], rng.integers(0, 2**18 + 1, (20, 64)).astype(np.float32) / 2**18])
    labels = rng.integers(0, 10, 500)
    job = checked_job(
        train,
        labels,
        queries,
        ks=[1, 77, 499, 500],
        rs=[0, 20.3, 21, np.nextafter(64, 0), 64],
        window=30,
        num_classes=10,
        ranking="index",
    )
    assert job.lattice.farthest == 2**24
    assert_as_reference(job, scanner)


@pytest.fixture
def wide(crowded) -> dict[str, np.ndarray]:
    """300 training examples of 24 features: 28,800 bytes as int32."""
    return {**crowded, **{name: np.tile(crowded[name], 8) for name in ("train", "queries")}}


def test_training_sets_too_large_to_be_kept(monkeypatch, free, scanner, assert_same, wide):
    how = {"ks": [1, 20, 150, 300], "rs": [2], "window": 9, "num_classes": 3, "ranking": "hash"}
    expected = scan(checked_job(**wide, **how), ReferenceScanner, None)
    # the order of 300 examples takes 19,200 bytes, a tile of 4 queries 4,864; torch keeps the training set whole
    free(80_000 if isinstance(scanner(checked_job(**wide, **how)), TorchScanner) else 50_000)
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 1500)
    got = scan(checked_job(**wide, **how), scanner, None)
    for reference, votes in zip(expected, got, strict=True):
        for key in reference:
            assert_same(reference[key], votes[key])


def test_the_chunks_are_the_training_set(monkeypatch, free, wide):
    free(50_000)
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 3200)
    job = checked_job(**wide, ks=[1], rs=[], window=0, num_classes=3, ranking="index")
    parts = chunks.Chunks(job, lambda steps: steps, workers=2, unit=16)
    assert parts.kept is None
    assert len(list(parts)) > 5
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), job.steps_of(job.columns.order))
    assert [first % 16 for first, _ in parts] == [0] * len(list(parts))
