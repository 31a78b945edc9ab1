"""Every backend as a scanner that can be built here, and instances full of ties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from certvote.neighbors import memory
from certvote.neighbors.faiss_scan import FaissScanner
from certvote.neighbors.job import Job
from certvote.neighbors.numba_scan import NumbaScanner
from certvote.neighbors.reference import ReferenceScanner
from certvote.neighbors.scan import Scanner, scan
from certvote.neighbors.torch_scan import TorchScanner
from certvote.types import Votes

# torch computes on the CPU here, with the very operations that it runs on a GPU
SCANNERS: dict[str, Callable[[Job], Scanner]] = {
    "numba": NumbaScanner,
    "faiss": FaissScanner,
    "torch": lambda job: TorchScanner(job, "cpu"),
}


@pytest.fixture(params=SCANNERS)
def scanner(request) -> Callable[[Job], Scanner]:
    return SCANNERS[request.param]


@pytest.fixture(scope="session")
def assert_as_reference() -> Callable[[Job, Callable[[Job], Scanner]], None]:
    def check(job: Job, scanner: Callable[[Job], Scanner]) -> None:
        expected, got = scan(job, ReferenceScanner, None), scan(job, scanner, None)
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
def free(monkeypatch) -> Callable[[int], None]:
    """Sets how many bytes of memory there seem to be."""
    return lambda size: monkeypatch.setattr(memory, "available", lambda: size)
