"""The second half of the neighbor order: which of two equally distant examples is first (certificates, section 2)."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import numpy as np
from jaxtyping import Int32, Int64, Num, UInt64

from certvote.neighbors.lattice import blocks

Ranking = Literal["index", "hash"]
RANKINGS: tuple[Ranking, ...] = ("index", "hash")


def precedence(
    train: Num[np.ndarray, "n d"], labels: Int64[np.ndarray, " n"], ranking: Ranking
) -> Int32[np.ndarray, " n"]:
    """Place of each training example in the order "rank descending": 0 comes first among equal distances.

    ``index`` ranks by position in the training set, ``hash`` by SHA-256 of the example alone, so that adding or
    removing others does not change it. Identical examples with one label hash alike and may change places.
    """
    n = len(train)
    if ranking == "index":
        return np.arange(n - 1, -1, -1, dtype=np.int32)
    ascending = np.lexsort(digests(train, labels).T[::-1])
    places = np.empty(n, np.int32)
    places[ascending[::-1]] = np.arange(n, dtype=np.int32)
    return places


def digests(train: Num[np.ndarray, "n d"], labels: Int64[np.ndarray, " n"]) -> UInt64[np.ndarray, "n 4"]:
    """SHA-256 of each example's values as little-endian float64, followed by its label as int64; high word first."""
    found = []
    for part in blocks(train):
        # adding 0.0 turns -0.0 into 0.0: equal values, equal bytes
        values = np.ascontiguousarray(train[part].astype("<f8") + 0.0)
        classes = labels[part].astype("<i8")
        found += [sha256(row.tobytes() + label.tobytes()).digest() for row, label in zip(values, classes, strict=True)]
    return np.frombuffer(b"".join(found), dtype=">u8").reshape(len(train), 4).astype(np.uint64)
