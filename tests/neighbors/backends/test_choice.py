"""Which backend counts, and what is said if it cannot."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from certvote.neighbors import knn_votes
from certvote.neighbors.backends import auto, base
from certvote.neighbors.backends.base import Backend, backend_named
from certvote.neighbors.backends.numba import Numba
from certvote.neighbors.backends.torch import Torch
from certvote.neighbors.validation import checked_job
from certvote.options.choices import choices


@pytest.fixture
def job(crowded):
    return checked_job(**crowded, ks=[1, 9, 200, 300], rs=[0.25], window=40, num_classes=3, ranking="index")


def test_every_backend_has_a_name():
    names = list(choices("backend"))
    assert names == ["auto", "dask", "faiss", "numba", "reference", "torch"]
    assert [backend_named(name).name for name in names] == names
    assert backend_named("torch") == Torch(memory=None)


def test_small_jobs_stay_on_the_cpu(job, monkeypatch):
    monkeypatch.setattr(auto, "_has_cuda", lambda: True)
    assert auto.fastest_backend(job) == Numba()


def test_large_jobs_go_to_a_gpu_where_there_is_one(job, monkeypatch):
    monkeypatch.setattr(auto, "_MIN_GPU_TERMS", 1)
    monkeypatch.setattr(auto, "_has_cuda", lambda: True)
    assert auto.fastest_backend(job) == Torch()
    monkeypatch.setattr(auto, "_has_cuda", lambda: False)
    assert auto.fastest_backend(job) == Numba()


def test_views_make_a_job_larger(crowded, viewed, monkeypatch):
    monkeypatch.setattr(auto, "_has_cuda", lambda: True)
    monkeypatch.setattr(auto, "_MIN_GPU_TERMS", 300 * 40 * 4 * 3)
    how = {"ks": [1], "rs": [], "window": 0, "num_classes": 3, "ranking": "index"}
    assert auto.fastest_backend(checked_job(**viewed, **how)) == Torch()
    assert auto.fastest_backend(checked_job(**crowded, **how)) == Numba()


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a CUDA device")
def test_torch_without_a_gpu_is_an_error_and_not_another_backend(crowded):
    with pytest.raises(ValueError, match=r"backend: torch .* finds no CUDA device; use backend=numba"):
        knn_votes(**crowded, k=3, num_classes=3, backend="torch")


@pytest.mark.parametrize("name", ["faiss", "torch", "dask"])
def test_a_missing_library_is_named(crowded, monkeypatch, name):
    monkeypatch.setattr(base, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=f"backend: {name} is not installed: pip install"):
        knn_votes(**crowded, k=3, num_classes=3, backend=name)


def test_counting_on_a_cpu_imports_neither_torch_nor_faiss():
    program = """
import sys
import numpy as np
from certvote.neighbors import knn_votes
assert not {"numba", "faiss", "torch", "dask", "distributed"} & set(sys.modules)
x = np.eye(3, dtype=np.float32)
knn_votes(x, np.arange(3), x, k=2, num_classes=3)
assert not {"torch", "faiss", "sklearn", "mlflow"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_backend_of_ones_own(crowded, assert_same):
    class Mine(Backend):
        def count(self, job, progress):
            return backend_named("reference").count(job, progress)

    assert_same(knn_votes(**crowded, k=3, num_classes=3), knn_votes(**crowded, k=3, num_classes=3, backend=Mine()))


def test_what_identifies_votes_of_one_backend_is_not_the_code_of_another():
    from certvote.options.identity import closure

    modules = closure(["certvote.algorithms.knn", "certvote.neighbors.backends.numba"])
    assert "certvote.neighbors.cpu.distance_kernel" in modules
    assert not {name for name in modules if ".neighbors.gpu" in name or ".neighbors.sharded" in name}
    assert "certvote.neighbors.gpu.fused_kernels" in closure(["certvote.neighbors.backends.torch"])
    assert "certvote.neighbors.sharded.counting" in closure(["certvote.neighbors.backends.dask"])
