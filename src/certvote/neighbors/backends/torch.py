"""The torch backend: counting on a CUDA device."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from certvote.neighbors.backends.base import (
    Backend,
    BlockCounter,
    Counted,
    Progress,
    count_blocks,
    require_library,
)
from certvote.neighbors.job import Job
from certvote.neighbors.memory import parse_size
from certvote.options import choice, option

log = logging.getLogger(__name__)


@choice("backend", "torch")
class Torch(Backend):
    """Count on a CUDA device with PyTorch: fused kernels that never write a distance."""

    memory: str | None = option(
        "device memory that it may take, as 8GB; null: half of what is free", default=None, matters=False
    )

    def check(self) -> None:
        """Check that there is a CUDA device and torch, and that ``memory`` is a size."""
        parse_size("backend.memory", self.memory)
        require_library("torch", "gpu")
        from certvote.neighbors.gpu.device import check_cuda

        check_cuda()

    def count(self, job: Job, progress: Progress | None) -> Counted:
        """Count the votes of a job on the current CUDA device."""
        self.check()
        return count_blocks(job, lambda job: cuda_counter(job, parse_size("backend.memory", self.memory)), progress)


def cuda_counter(job: Job, memory: int | None = None) -> BlockCounter:
    """Make a counter for the current CUDA device that takes at most ``memory`` bytes of it."""
    from certvote.neighbors.gpu.torch_counter import TorchCounter

    if find_spec("triton") is None:
        return TorchCounter(job, "cuda", memory=memory)
    from certvote.neighbors.gpu.fused_counter import FusedCounter, check_triton

    try:
        check_triton()
    except Exception as error:  # an external compiler may raise anything
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        log.warning("backend=torch: Triton cannot compile for this GPU, so torch's slower operations count: %s", reason)
        return TorchCounter(job, "cuda", memory=memory)
    return FusedCounter(job, "cuda", memory)
