"""Full size, real data: every test example of MNIST with HOG features."""

from __future__ import annotations

import resource
from functools import partial

import numpy as np
import pytest

from certvote.neighbors import neighbor_votes


@pytest.fixture(scope="module")
def mnist(data_root):
    from certvote import datasets
    from certvote.features.hog import hog

    split = datasets.mnist(data_root=data_root)
    return {"train": hog(split.train), "labels": split.train_labels, "queries": hog(split.test)}


OPTIONS = {"ks": [1, 1000, 5000], "rs": [3.5, 4.0, 4.5], "window": 1000, "num_classes": 10}


@pytest.mark.slow
@pytest.mark.parametrize("ranking", ["index", "hash"])
def test_numba_and_faiss_agree_on_all_of_mnist(mnist, assert_same, ranking):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    numba = neighbor_votes(**mnist, **OPTIONS, ranking=ranking, backend="numba")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 2**30
    faiss = neighbor_votes(**mnist, **OPTIONS, ranking=ranking, backend="faiss")
    for expected, votes in zip(numba[0] + numba[1], faiss[0] + faiss[1], strict=True):
        assert_same(expected, votes)


@pytest.mark.slow
@pytest.mark.parametrize("views", [1, 3])
def test_numba_is_the_reference_on_mnist(mnist, assert_same, views):
    some = {**mnist, "queries": mnist["queries"][np.random.default_rng(0).permutation(10_000)[:300]]}
    some["queries"] = some["queries"].reshape(-1, views, some["queries"].shape[1])
    count = partial(neighbor_votes, **some, **OPTIONS)
    numba, reference = count(backend="numba"), count(backend="reference")
    for expected, votes in zip(reference[0] + reference[1], numba[0] + numba[1], strict=True):
        assert_same(expected, votes)
