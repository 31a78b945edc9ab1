"""The torch backend: its limit of memory, and the bits of the reference on a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from certvote.neighbors import knn_votes
from certvote.neighbors.backends import torch as torch_backend
from certvote.neighbors.backends.faiss import FaissCounter, faiss_counter
from certvote.neighbors.backends.numba import NumbaCounter
from certvote.neighbors.backends.torch import Torch, cuda_counter
from certvote.neighbors.gpu.torch_counter import TorchCounter
from certvote.neighbors.validation import checked_job

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@pytest.fixture(params=["one view", "views"])
def job(request, crowded, viewed):
    data = crowded if request.param == "one view" else viewed
    return checked_job(**data, ks=[1, 9, 200, 300], rs=[0.25], window=40, num_classes=3, ranking="index")


@pytest.mark.gpu
@needs_gpu
def test_torch_on_a_gpu(job, assert_as_reference):
    assert_as_reference(job, cuda_counter)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("views", [1, 5])
def test_torch_on_a_gpu_with_large_tiles(assert_as_reference, views):
    rng = np.random.default_rng(0)
    job = checked_job(
        rng.integers(0, 2**17, (20_000, 81)),
        rng.integers(0, 10, 20_000),
        rng.integers(0, 2**17, (50, views, 81)),
        ks=[1, 5000],
        rs=[3.5 * 2**17],
        window=1000,
        num_classes=10,
        ranking="hash",
    )
    assert_as_reference(job, cuda_counter)
    assert_as_reference(job, lambda job: TorchCounter(job, "cuda"))


@pytest.mark.gpu
@needs_gpu
def test_faiss_on_a_gpu(job, assert_as_reference):
    import faiss

    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        pytest.skip("this FAISS uses no GPU")
    assert not isinstance(faiss_counter(job), FaissCounter)
    assert_as_reference(job, faiss_counter)


def test_a_gpu_gets_its_limit(crowded, monkeypatch):
    found = []
    monkeypatch.setattr(torch_backend, "cuda_counter", lambda job, memory: found.append(memory) or NumbaCounter(job))
    monkeypatch.setattr(Torch, "check", lambda self: None)
    knn_votes(**crowded, k=3, num_classes=3, backend=Torch(memory="2GB"))
    knn_votes(**crowded, k=3, num_classes=3, backend="torch")
    assert found == [2 * 10**9, None]


def test_an_option_that_is_no_size_is_named_before_torch_is_looked_for():
    with pytest.raises(ValueError, match=r"option backend\.memory: expected a size like 8GB, got 'much'"):
        Torch(memory="much").check()


def test_tiles_in_torch_keep_to_their_limit(crowded, viewed):
    how = {"ks": [9], "rs": [], "window": 0, "num_classes": 3, "ranking": "index"}
    job = checked_job(**crowded, **how)
    assert TorchCounter(job, "cpu", memory=100_000).block_rows == (100_000 - 3600) // 40 // 300
    with pytest.raises(ValueError, match=r"got 0 MB; raise option backend.memory, or use backend=numba"):
        TorchCounter(job, "cpu", memory=15_000)
    many = {**viewed, "queries": np.repeat(viewed["queries"], 300, axis=1)}  # 1,200 views of 3 features
    assert TorchCounter(checked_job(**many, **how), "cpu", memory=100_000).block_rows == 96_400 // (12_000 + 43_200)
