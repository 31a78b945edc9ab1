"""Counters of every backend that can be built on a CPU, and instances full of ties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from certvote.neighbors import memory
from certvote.neighbors.backends.base import BlockCounter, count_blocks
from certvote.neighbors.backends.faiss import FaissCounter
from certvote.neighbors.backends.numba import NumbaCounter
from certvote.neighbors.backends.reference import ReferenceCounter
from certvote.neighbors.gpu.torch_counter import TorchCounter
from certvote.neighbors.job import Job
from certvote.types import Votes

# torch computes on the CPU here, with the very operations that it runs on a GPU
COUNTERS: dict[str, Callable[[Job], BlockCounter]] = {
    "numba": NumbaCounter,
    "faiss": FaissCounter,
    "torch": lambda job: TorchCounter(job, "cpu"),
}


@pytest.fixture(params=COUNTERS)
def counter(request) -> Callable[[Job], BlockCounter]:
    return COUNTERS[request.param]


@pytest.fixture(params=["reference", "numba", "faiss"])
def backend(request) -> str:
    """Name of a backend that counts on any CPU."""
    return request.param


@pytest.fixture(scope="session")
def assert_as_reference() -> Callable[[Job, Callable[[Job], BlockCounter]], None]:
    def check(job: Job, counter: Callable[[Job], BlockCounter]) -> None:
        expected, got = count_blocks(job, ReferenceCounter, None), count_blocks(job, counter, None)
        for reference, votes in zip(expected, got, strict=True):
            assert list(reference) == list(votes)
            for key in reference:
                assert_same(reference[key], votes[key])

    return check


def assert_same(expected: Votes, got: Votes) -> None:
    assert (got.k, got.window) == (expected.k, expected.window)
    assert got.counts.dtype == np.int32
    np.testing.assert_array_equal(got.counts, expected.counts)
    if expected.ranked is None:
        assert got.ranked is None
    else:
        assert got.ranked.dtype == expected.ranked.dtype
        np.testing.assert_array_equal(got.ranked, expected.ranked)


@pytest.fixture(scope="session", name="assert_same")
def _assert_same() -> Callable[[Votes, Votes], None]:
    return assert_same


@pytest.fixture(scope="session")
def assert_all_same() -> Callable[[tuple[list[Votes], list[Votes]], tuple[list[Votes], list[Votes]]], None]:
    def check(expected, got) -> None:
        for whole, parts in zip(expected, got, strict=True):
            for a, b in zip(whole, parts, strict=True):
                assert_same(a, b)

    return check


@pytest.fixture
def crowded() -> dict[str, np.ndarray]:
    """300 training examples on 27 positions, three labels: duplicates, and ties in every distance."""
    rng = np.random.default_rng(5)
    return {
        "train": rng.integers(0, 3, (300, 3)).astype(np.float32) / 8,
        "labels": rng.integers(0, 3, 300),
        "queries": rng.integers(-1, 4, (40, 3)).astype(np.float32) / 8,
    }


@pytest.fixture
def viewed(crowded) -> dict[str, np.ndarray]:
    """The crowded instance with four views of each query."""
    rng = np.random.default_rng(6)
    return {**crowded, "queries": rng.integers(-1, 4, (40, 4, 3)).astype(np.float32) / 8}


@pytest.fixture
def free(monkeypatch) -> Callable[[int], None]:
    """Sets how many bytes of memory there seem to be."""
    return lambda size: monkeypatch.setattr(memory, "available", lambda: size)
