"""Rank training examples: which of two equally distant ones comes first (certificates, section 1)."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import numpy as np
from jaxtyping import Int32, Int64, Num, UInt64

from certvote.neighbors.grid import row_blocks

Ranking = Literal["index", "hash"]
RANKINGS: tuple[Ranking, ...] = ("index", "hash")


def precedence(
    train: Num[np.ndarray, "n d"], labels: Int64[np.ndarray, " n"], ranking: Ranking
) -> Int32[np.ndarray, " n"]:
    """Compute each training example's position in the order of descending rank.

    Of equally distant examples the one with precedence 0 comes first. Identical examples with the same label have the
    same hash and may change places; no vote depends on it.

    Parameters
    ----------
    train : integer or float array, shape (n, d)
        Training examples.
    labels : int64 array, shape (n,)
        Their labels.
    ranking : {"index", "hash"}
        Rank by position in the training set, or by SHA-256 of the example alone: the rank by hash does not change when
        other examples are added or removed.

    Returns
    -------
    int32 array, shape (n,)
        A permutation of 0 to n - 1.
    """
    n = len(train)
    if ranking == "index":
        return np.arange(n - 1, -1, -1, dtype=np.int32)
    ascending = np.lexsort(digests(train, labels).T[::-1])
    positions = np.empty(n, np.int32)
    positions[ascending[::-1]] = np.arange(n, dtype=np.int32)
    return positions


def digests(train: Num[np.ndarray, "n d"], labels: Int64[np.ndarray, " n"]) -> UInt64[np.ndarray, "n 4"]:
    """Compute the SHA-256 of each example as four words, the most significant first.

    Hashed are the values as little-endian float64, followed by the label as little-endian int64.
    """
    found = []
    for part in row_blocks(train):
        # adding 0.0 turns -0.0 into 0.0: equal values, equal bytes
        values = np.ascontiguousarray(train[part].astype("<f8") + 0.0)
        classes = labels[part].astype("<i8")
        found += [sha256(row.tobytes() + label.tobytes()).digest() for row, label in zip(values, classes, strict=True)]
    return np.frombuffer(b"".join(found), dtype=">u8").reshape(len(train), 4).astype(np.uint64)
