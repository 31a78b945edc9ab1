"""The torch backend: counting on a CUDA device."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.util import find_spec

from certvote.neighbors.backends.base import (
    Backend,
    BlockCounter,
    Counted,
    Progress,
    backend,
    count_blocks,
    require_library,
)
from certvote.neighbors.job import Job
from certvote.neighbors.memory import parse_size

log = logging.getLogger(__name__)


@backend("torch")
@dataclass
class Torch(Backend):
    """Count on a CUDA device: with fused Triton kernels where they compile, otherwise with torch's own operations.

    Attributes
    ----------
    memory : str, int or None
        How much of the device's memory to use at most (``"8GB"``, or bytes); ``None``: half of what is free.
    """

    memory: str | int | None = None

    def check(self) -> None:
        """Raise ``ValueError`` if torch or a CUDA device is missing, or ``memory`` is not a size."""
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
    except Exception as error:  # whatever a compiler of somebody else's raises
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        log.warning("backend=torch: Triton cannot compile for this GPU, so torch's slower operations count: %s", reason)
        return TorchCounter(job, "cuda", memory=memory)
    return FusedCounter(job, "cuda", memory)
