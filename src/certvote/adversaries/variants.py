"""Vary an example a little until its hash falls into the bucket that an attacker wants to poison."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from jaxtyping import Num

from certvote.algorithms.subsets import HashRule

_BLOCKS = 64  # of variants, before a bucket is given up
_ENTRIES_GROW_EVERY = 16  # blocks
_PER_BUCKET = 4  # variants in a block: 98 % of the buckets have one


def variants(
    example: Num[np.ndarray, "..."],
    label: int,
    wanted: Collection[int],
    rule: HashRule,
    *,
    low: float,
    high: float,
    step: float,
    rng: np.random.Generator,
) -> dict[int, Num[np.ndarray, "..."]]:
    """Find a variant of an example for every bucket, if there is one.

    The example itself is tried first, then examples that differ from it in one entry by one step, by two, and so on.
    From the 16th block of variants on two entries may differ, from the 32nd on three.

    Parameters
    ----------
    example : array of numbers
        An image (uint8) or a vector.
    label : int
        Its label, which takes part in the hash unless ``rule.by`` is ``"input"``.
    wanted : collection of int
        Buckets.
    rule : HashRule
        What the hash looks at, and the number of buckets.
    low, high : float
        Range that entries stay in.
    step : float
        By what entries are varied; they keep their type.
    rng : numpy.random.Generator
        Chooses entries.

    Returns
    -------
    dict
        A variant for each bucket of ``wanted`` that was reached.
    """
    left, found = set(wanted), dict[int, np.ndarray]()
    number = _PER_BUCKET * rule.buckets
    block = example[None]
    for round_ in range(_BLOCKS):
        if not left:
            break
        where = rule.bucket_of(block, np.full(len(block), label)).tolist()
        for j, bucket in enumerate(where):
            if bucket in left:
                left.remove(bucket)
                found[bucket] = block[j]
        block = _varied(
            example, number, 1 + round_ // _ENTRIES_GROW_EVERY, (1 + round_) * step, low=low, high=high, rng=rng
        )
    return found


def _varied(
    example: np.ndarray, number: int, entries: int, by: float, *, low: float, high: float, rng: np.random.Generator
) -> np.ndarray:
    """Return copies of an example with a few entries moved, up or down by the same amount, within the range."""
    flat = np.repeat(example.reshape(1, -1), number, axis=0)
    rows = np.arange(number)
    for _ in range(entries):
        columns = rng.integers(0, flat.shape[1], number)
        values = flat[rows, columns].astype(np.float64)
        moved = values + rng.choice([-by, by], number)
        flat[rows, columns] = np.clip(moved, low, high).astype(flat.dtype)
    return flat.reshape(number, *example.shape)
