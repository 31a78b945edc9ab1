"""Which backend counts, and what is said where it cannot."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from certvote.neighbors import Gpu, backends, knn_votes
from certvote.neighbors.faiss_scan import FaissScanner
from certvote.neighbors.numba_scan import NumbaScanner
from certvote.neighbors.validation import checked_job

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@pytest.fixture
def job(crowded):
    return checked_job(**crowded, ks=[1, 9, 200, 300], rs=[0.25], window=40, num_classes=3, ranking="index")


def test_small_jobs_stay_on_the_cpu(job, monkeypatch):
    monkeypatch.setattr(backends, "_has_cuda", lambda: True)
    assert backends.choose("auto", job) is NumbaScanner


def test_large_jobs_go_to_a_gpu_where_there_is_one(job, monkeypatch):
    from certvote.neighbors.torch_scan import cuda_scanner

    monkeypatch.setattr(backends, "_WORTH_A_GPU", 1)
    monkeypatch.setattr(backends, "_has_cuda", lambda: True)
    assert backends.choose("auto", job).func is cuda_scanner
    monkeypatch.setattr(backends, "_has_cuda", lambda: False)
    assert backends.choose("auto", job) is NumbaScanner


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a CUDA device")
def test_torch_without_a_gpu_is_an_error_and_not_another_backend(crowded):
    with pytest.raises(ValueError, match=r"backend: torch .* finds no CUDA device; use backend=numba"):
        knn_votes(**crowded, k=3, num_classes=3, backend="torch")


@pytest.mark.parametrize("name", ["faiss", "torch"])
def test_a_missing_library_is_named(crowded, monkeypatch, name):
    monkeypatch.setattr(backends, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=f"backend: {name} is not installed: pip install"):
        knn_votes(**crowded, k=3, num_classes=3, backend=name)


def test_counting_on_a_cpu_imports_neither_torch_nor_faiss():
    program = """
import sys
import numpy as np
from certvote.neighbors import knn_votes
assert "numba" not in sys.modules
x = np.eye(3, dtype=np.float32)
knn_votes(x, np.arange(3), x, k=2, num_classes=3)
assert not {"torch", "faiss", "sklearn", "mlflow"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.gpu
@needs_gpu
def test_torch_on_a_gpu(job, assert_as_reference):
    from certvote.neighbors.torch_scan import cuda_scanner

    assert_as_reference(job, cuda_scanner)


@pytest.mark.gpu
@needs_gpu
def test_torch_on_a_gpu_with_large_tiles(assert_as_reference):
    from certvote.neighbors.torch_scan import cuda_scanner

    rng = np.random.default_rng(0)
    job = checked_job(
        rng.integers(0, 2**17, (20_000, 81)),
        rng.integers(0, 10, 20_000),
        rng.integers(0, 2**17, (50, 81)),
        ks=[1, 5000],
        rs=[3.5 * 2**17],
        window=1000,
        num_classes=10,
        ranking="hash",
    )
    assert_as_reference(job, cuda_scanner)


@pytest.mark.gpu
@needs_gpu
def test_faiss_on_a_gpu(job, assert_as_reference):
    import faiss

    from certvote.neighbors.faiss_scan import faiss_scanner

    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        pytest.skip("this FAISS uses no GPU")
    assert not isinstance(faiss_scanner(job), FaissScanner)
    assert_as_reference(job, faiss_scanner)


@pytest.mark.parametrize("backend", ["numba", "faiss"])
def test_the_number_of_threads_changes_nothing_but_time(backend):
    rng = np.random.default_rng(5)
    train, queries = rng.integers(0, 4, (300, 6)).astype(np.float32), rng.integers(0, 4, (90, 6)).astype(np.float32)
    labels = rng.integers(0, 3, 300)
    how = {"k": 40, "num_classes": 3, "window": 5, "backend": backend}
    one = knn_votes(train, labels, queries, threads=1, **how)
    many = knn_votes(train, labels, queries, threads=3, **how)
    np.testing.assert_array_equal(one.counts, many.counts)
    np.testing.assert_array_equal(one.ranked, many.ranked)


@pytest.mark.parametrize(
    ("memory", "size"), [(None, None), (5, 5), ("8GB", 8 * 10**9), ("1.5 GiB", 3 * 2**29), ("200 MB", 2 * 10**8)]
)
def test_sizes_of_memory(memory, size):
    assert Gpu(memory).limit() == size


@pytest.mark.parametrize("memory", ["much", "8 gigabytes", "-1GB", 0, True, 1.5])
def test_what_is_no_size_of_memory(memory):
    with pytest.raises(ValueError, match=r"option backend.memory: expected a size like 8GB, got"):
        Gpu(memory).limit()


def test_a_gpu_gets_its_limit(job, monkeypatch):
    from certvote.neighbors import torch_scan

    found = []
    monkeypatch.setattr(torch_scan, "cuda_scanner", lambda job, memory: found.append(memory) or NumbaScanner(job))
    data = {"train": job.train, "labels": job.labels, "queries": job.queries, "k": 3, "num_classes": 3}
    knn_votes(**data, backend=Gpu("2GB"))
    knn_votes(**data, backend="torch")
    assert found == [2 * 10**9, None]


def test_tiles_in_torch_keep_to_their_limit(crowded):
    from certvote.neighbors.torch_scan import TorchScanner

    job = checked_job(**crowded, ks=[9], rs=[], window=0, num_classes=3, ranking="index")
    assert TorchScanner(job, "cpu", memory=100_000).tile_rows == (100_000 - 3600) // 40 // 300
    with pytest.raises(ValueError, match=r"got 0 MB; raise option backend.memory, or use backend=numba"):
        TorchScanner(job, "cpu", memory=15_000)
