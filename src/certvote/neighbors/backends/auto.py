"""Choose the fastest backend at hand: a GPU for large jobs, otherwise the CPU."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec

from certvote.neighbors.backends.base import Backend, Counted, Progress
from certvote.neighbors.backends.numba import Numba
from certvote.neighbors.backends.torch import Torch
from certvote.neighbors.job import Job
from certvote.options import choice

_MIN_GPU_TERMS = 10**10  # terms |x - z|; a CPU is done with fewer before the GPU's libraries are imported


@choice("backend", "auto")
class Auto(Backend):
    """Count with the fastest that this machine has: a CUDA device for large jobs, otherwise compiled code."""

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job with the backend that suits its size."""
        return fastest_backend(job).count(job, progress)


def fastest_backend(job: Job) -> Backend:
    """Return the backend that counts a job fastest on this machine."""
    terms = len(job.train) * job.queries.size
    return Torch() if terms >= _MIN_GPU_TERMS and _has_cuda() else Numba()


def _has_cuda() -> bool:
    """Return whether torch can compute on a GPU; torch is imported only if there is a driver for one."""
    if find_spec("torch") is None:
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return bool(torch.cuda.is_available())
