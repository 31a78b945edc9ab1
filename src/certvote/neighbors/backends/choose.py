"""Which backend counts: by name, or the fastest at hand."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Literal

from certvote.neighbors.devices import Gpu
from certvote.neighbors.job import Job
from certvote.neighbors.scan import Scanner

Backend = Literal["auto", "reference", "numba", "faiss", "torch", "dask"]
BACKENDS: tuple[Backend, ...] = ("auto", "reference", "numba", "faiss", "torch", "dask")
_INSTALL = {"faiss": "certvote[cpu]", "torch": "certvote[gpu]"}
_WORTH_A_GPU = 10**10  # terms |x - y|; a CPU is done with fewer before the GPU's libraries are imported


def choose(backend: Backend, job: Job, gpu: Gpu | None = None) -> Callable[[Job], Scanner]:
    """The constructor of the backend's scanner; its libraries are imported here and not before.

    Raises ``ValueError`` for an unknown name and for a backend whose library or device is missing.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")
    assert backend != "dask", "a cluster takes pieces of the training set rather than tiles of queries"
    if backend == "auto":
        terms = len(job.train) * len(job.queries) * job.train.shape[1]
        backend = "torch" if terms >= _WORTH_A_GPU and _has_cuda() else "numba"
    if backend == "reference":
        from certvote.neighbors.reference import ReferenceScanner

        return ReferenceScanner
    if backend == "numba":
        from certvote.neighbors.numba_scan import NumbaScanner

        return NumbaScanner
    if find_spec(backend) is None:
        raise ValueError(f"backend: {backend} is not installed: pip install '{_INSTALL[backend]}'")
    if backend == "faiss":
        from certvote.neighbors.faiss_scan import faiss_scanner

        return faiss_scanner
    from certvote.neighbors.torch_scan import cuda_scanner

    return partial(cuda_scanner, memory=(gpu or Gpu()).limit())


def _has_cuda() -> bool:
    """Whether torch can compute on a GPU; torch is imported only where there is a driver for one."""
    if find_spec("torch") is None:
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return bool(torch.cuda.is_available())
