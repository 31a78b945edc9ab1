"""A GPU as a backend: its options, and which one it is."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certvote.checks import is_integer

if TYPE_CHECKING:
    import torch

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]i?)?B?\s*")


@dataclass(frozen=True)
class Gpu:
    """``backend="torch"`` that takes at most so much ``memory`` of the device (``"8GB"``, or bytes).

    ``None``: half of what is free.
    """

    memory: str | int | None = None

    def limit(self) -> int | None:
        """In bytes; raises ``ValueError`` for what is no size."""
        if self.memory is None or (is_integer(self.memory) and self.memory > 0):
            return self.memory
        found = _SIZE.fullmatch(self.memory) if isinstance(self.memory, str) else None
        if found is None:
            raise ValueError(f"option backend.memory: expected a size like 8GB, got {self.memory!r}")
        return int(float(found[1]) * _UNITS[found[2] or ""])


def own_device(name: str) -> torch.device:
    """The device, with a number if it is a GPU: threads that are started later have a current one of their own."""
    import torch

    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)


def on(device: torch.device) -> AbstractContextManager[object]:
    """Make a GPU the calling thread's current one, as long as the context lasts."""
    import torch

    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
