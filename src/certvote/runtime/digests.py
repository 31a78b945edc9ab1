"""Compute digests of arrays and files: they identify data, cached results and records."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np


def array_digest(*arrays: np.ndarray) -> str:
    """Compute the SHA-256 of arrays' dtypes, shapes and bytes, in the order given, in hexadecimal."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """Compute the SHA-256 of a file's bytes, in hexadecimal after ``sha256:``."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
