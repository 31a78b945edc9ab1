"""Count votes on a CUDA device with PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice, option

if TYPE_CHECKING:
    from certvote.neighbors import Gpu


@choice("backend", "torch")
class Torch(Backend):
    """PyTorch on a CUDA device: fused kernels that never write a distance."""

    memory: str | None = option("device memory that it may take, as 8GB; null: half of what is free", matters=False)

    def check(self) -> None:
        from certvote.neighbors.torch_scan import check_cuda

        self.counter(Path()).limit()
        check_cuda()

    def counter(self, cache_root: Path) -> Gpu:
        from certvote.neighbors import Gpu

        return Gpu(self.memory)
