"""Torch's global settings while networks are trained or vote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_inside = 0
_before: tuple[int, str] = (1, "highest")


@contextmanager
def exact_products(device: torch.device) -> Iterator[None]:
    """Full float32 in products of matrices; on a CPU by the calling thread alone, which should be one of ours.

    Settings are as before once the last thread has left.
    """
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = torch.get_num_threads(), torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision("highest")
        _inside += 1
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                torch.set_num_threads(_before[0])
                torch.set_float32_matmul_precision(_before[1])
