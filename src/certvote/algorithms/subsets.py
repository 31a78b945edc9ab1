"""Which examples each voter is trained on: subsamples (bagging), a hash partition (DPA), its spread (FA).

Which part an example goes to is decided by SHA-256 of that example alone, and the examples of a part are ordered by
their digests: neither the order of the training set nor any other example has a say (certificates, section 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from jaxtyping import Int32, Int64, Integer, Num, UInt64

from certvote.checks import is_integer, plain_array
from certvote.runtime.memory import refuse_above_free

_BLOCK_BYTES = 2**22
_OFFSETS_SEED = 0x4641  # of the spread's offsets: a constant of the method, independent of any data


@dataclass(frozen=True)
class Subsets:
    """Voter ``j`` is trained on the examples ``members[offsets[j]:offsets[j + 1]]``, in this order, by ``seeds[j]``."""

    members: Int64[np.ndarray, " total"]
    offsets: Int64[np.ndarray, " v1"]
    seeds: UInt64[np.ndarray, " v"]

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Int64[np.ndarray, " size"]]:
        """The members of each voter."""
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.members[start:stop]


def bootstrap(n: int, *, voters: int, size: int, seed: int) -> Subsets:
    """Bagging: every voter gets ``size`` draws with replacement from ``n`` examples, and a seed of its own.

    The first voters of a larger ensemble are the voters of a smaller one with the same seed. Raises ``ValueError`` for
    fewer than two voters, and for subsamples that are empty or larger than the training set.
    """
    _at_least("algo.voters", voters, 2)
    _at_least("subsample", size, 1)
    _at_least("algo.seed", seed, 0)
    _at_most("subsample", size, n, "the number of training examples")
    refuse_above_free(8 * voters * size, f"options algo.voters={voters}, subsample={size}", "take fewer voters")
    draws, seeds = (np.random.default_rng(source) for source in np.random.SeedSequence(seed).spawn(2))
    return Subsets(
        members=draws.integers(0, n, (voters, size)).reshape(-1),
        offsets=np.arange(voters + 1) * size,
        seeds=seeds.integers(0, 2**64, voters, dtype=np.uint64),
    )


def partition(examples: Num[np.ndarray, "n ..."], labels: Integer[np.ndarray, " n"], *, parts: int) -> Subsets:
    """DPA: example ``x`` with label ``y`` goes to part ``SHA-256(x, y) mod parts``; one voter per part.

    A part's examples are ordered by digest, its seed is its number. Parts may be empty. Raises ``ValueError`` for fewer
    than two parts and for more parts than examples.
    """
    subsets, _ = spread(examples, labels, parts=parts, spread=1)
    return subsets


def spread(
    examples: Num[np.ndarray, "n ..."], labels: Integer[np.ndarray, " n"], *, parts: int, spread: int
) -> tuple[Subsets, Int32[np.ndarray, "v d"]]:
    """Finite Aggregation: ``parts · spread`` buckets and as many voters, each trained on ``spread`` of the buckets.

    An example goes to bucket ``SHA-256(x, y) mod (parts · spread)``; bucket ``b`` goes to the voters ``b + r`` modulo
    their number, for ``spread`` distinct offsets ``r`` that are constants of the method (Wang et al. 2022). So every
    voter has ``spread`` buckets, listed in the second result, and an example is seen by ``spread`` voters.
    ``spread=1`` is the hash partition. A voter's examples are ordered by digest, its seed is its number.
    """
    _at_least("parts", parts, 2)
    _at_least("algo.spread", spread, 1)
    examples, labels = _checked(examples, labels)
    voters = parts * spread
    name = "parts" if spread == 1 else "parts · algo.spread"
    _at_most(name, voters, len(labels), "the number of training examples")
    digests = _digests(examples, labels)
    bucket = _remainders(digests, voters)
    # the buckets in one array, one after the other; the examples of each ordered by digest
    ordered = np.lexsort((*digests.T[::-1], bucket))
    starts = np.searchsorted(bucket[ordered], np.arange(voters + 1))
    buckets = (np.arange(voters)[:, None] - _offsets(voters, spread)) % voters
    if spread == 1:
        return Subsets(ordered, starts, np.arange(voters, dtype=np.uint64)), buckets.astype(np.int32)
    place = np.empty(len(labels), np.int64)
    place[np.lexsort(digests.T[::-1])] = np.arange(len(labels))
    members = [np.concatenate([ordered[starts[b] : starts[b + 1]] for b in row]) for row in buckets]
    members = [chosen[np.argsort(place[chosen])] for chosen in members]
    subsets = Subsets(
        members=np.concatenate(members),
        offsets=np.concatenate([[0], np.cumsum([len(chosen) for chosen in members])]),
        seeds=np.arange(voters, dtype=np.uint64),
    )
    return subsets, buckets.astype(np.int32)


def _offsets(voters: int, spread: int) -> Int64[np.ndarray, " d"]:
    """0 and other offsets, all distinct, that depend on the two numbers only."""
    rng = np.random.default_rng([_OFFSETS_SEED, voters, spread])
    return np.concatenate([[0], 1 + rng.choice(voters - 1, spread - 1, replace=False)]).astype(np.int64)


def _digests(examples: np.ndarray, labels: np.ndarray) -> UInt64[np.ndarray, "n 4"]:
    """SHA-256 of each example's bytes followed by its label as int64; as four integers, the most significant first."""
    rows = max(1, _BLOCK_BYTES // max(1, examples[:1].nbytes))
    digests = []
    for start in range(0, len(labels), rows):
        values = np.ascontiguousarray(_canonical(examples[start : start + rows]))
        classes = labels[start : start + rows].astype("<i8")
        digests += [sha256(x.tobytes() + y.tobytes()).digest() for x, y in zip(values, classes, strict=True)]
    return np.frombuffer(b"".join(digests), dtype=">u8").reshape(-1, 4).astype(np.uint64)


def _canonical(values: np.ndarray) -> np.ndarray:
    """Equal values have equal bytes: floats as little-endian float64 without -0.0; integers of one type are so."""
    return values.astype("<f8") + 0.0 if values.dtype.kind == "f" else values.astype(values.dtype.newbyteorder("<"))


def _remainders(digests: UInt64[np.ndarray, "n 4"], modulus: int) -> Int64[np.ndarray, " n"]:
    """The digests, as integers of 256 bits, modulo a number below 2**31: half a word at a time, nothing overflows."""
    divisor, remainder = np.uint64(modulus), np.zeros(len(digests), np.uint64)
    for word in digests.T:
        for half in (word >> np.uint64(32), word & np.uint64(2**32 - 1)):
            remainder = ((remainder << np.uint64(32)) | half) % divisor
    return remainder.astype(np.int64)


def _checked(examples: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    examples, labels = plain_array("examples", examples), plain_array("labels", labels)
    if examples.ndim < 2 or examples.dtype.kind not in "iuf" or examples.dtype.itemsize > 8:
        raise ValueError(
            f"examples: expected images or vectors of numbers, one per row, got {examples.dtype} {list(examples.shape)}"
        )
    if labels.shape != (len(examples),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels: expected one integer for each of the {len(examples)} examples, got {labels.dtype} "
            f"{list(labels.shape)}"
        )
    return examples, labels


def _at_least(option: str, value: object, least: int) -> None:
    if not (is_integer(value) and value >= least):
        raise ValueError(f"option {option}: expected an integer >= {least}, got {value!r}")


def _at_most(option: str, value: int, most: int, meaning: str) -> None:
    if value > most:
        raise ValueError(f"option {option}: expected at most {meaning}, {most}, got {value}")
