"""Content digests: one SHA-256 for arrays, so that data, caches and records can be told apart and checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np


def array_digest(*arrays: np.ndarray) -> str:
    """SHA-256 (hex) of the arrays' dtypes, shapes and bytes, in the order given."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, marked as such."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
