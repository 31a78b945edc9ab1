"""Choose a torch device, and check that there is a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def check_cuda() -> None:
    """Raise ``ValueError`` if torch finds no CUDA device."""
    if not torch.cuda.is_available():
        raise ValueError(f"backend: torch {torch.__version__} finds no CUDA device; use backend=numba")


def numbered_device(name: str) -> torch.device:
    """Return a device by name, a GPU with its number: each new thread has a current GPU of its own."""
    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)


def current(device: torch.device) -> AbstractContextManager[object]:
    """Make a GPU the calling thread's current one within the context."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def default_memory(device: torch.device, otherwise: int) -> int:
    """Return half of a GPU's free memory in bytes, or ``otherwise`` for other devices."""
    return torch.cuda.mem_get_info()[0] // 2 if device.type == "cuda" else otherwise
