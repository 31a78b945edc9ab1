"""Choose the training examples of every member: random draws, a hash partition, or a hash spread over several members.

Which part an example goes to is decided by SHA-256 of that example alone, and the examples of a part are ordered by
their digests: neither the order of the training set nor any other example matters (docs/certificates.md, section 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from jaxtyping import Int32, Int64, Integer, Num, UInt64

from certvote.checks import is_integer, plain_array
from certvote.runtime.memory import refuse_above_free

PARTITIONS = ("example", "input")
"""What decides the bucket of an example: its values and its label, or its values alone."""

_BLOCK_BYTES = 2**22  # of examples that are hashed at a time
_OFFSETS_SEED = 0x4641  # of the spread's offsets: a constant of the method, independent of any data


@dataclass(frozen=True)
class Subsets:
    """Say which training examples each member sees, in which order, and with which seed it is trained.

    Iterating yields the examples of one member after another; the length is the number of members.

    Attributes
    ----------
    examples : int64 array, shape (total,)
        Rows of the training set, those of one member after another.
    offsets : int64 array, shape (v + 1,)
        Member ``j`` sees ``examples[offsets[j]:offsets[j + 1]]``.
    seeds : uint64 array, shape (v,)
        Seed of each member.
    """

    examples: Int64[np.ndarray, " total"]
    offsets: Int64[np.ndarray, " v1"]
    seeds: UInt64[np.ndarray, " v"]

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Int64[np.ndarray, " size"]]:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.examples[start:stop]


def bootstrap(n: int, *, members: int, size: int, seed: int) -> Subsets:
    """Draw the examples of every member at random, with replacement.

    The first members of a larger ensemble are the members of a smaller one with the same seed.

    Parameters
    ----------
    n : int
        Number of training examples.
    members : int
        Number of members, at least 2.
    size : int
        Examples per member, from 1 to ``n``.
    seed : int
        Seed of the draws and of the members' own seeds.

    Raises
    ------
    ValueError
        If an argument is out of range, or the draws do not fit into memory.

    References
    ----------
    Jia, Cao and Gong (2021), "Intrinsic certified robustness of bagging against data poisoning attacks", AAAI.
    """
    _check_at_least("algo.voters", members, 2)
    _check_at_least("subsample", size, 1)
    _check_at_least("algo.seed", seed, 0)
    _check_at_most("subsample", size, n, "the number of training examples")
    refuse_above_free(8 * members * size, f"options algo.voters={members}, subsample={size}", "take fewer voters")
    draws, seeds = (np.random.default_rng(source) for source in np.random.SeedSequence(seed).spawn(2))
    return Subsets(
        examples=draws.integers(0, n, (members, size)).reshape(-1),
        offsets=np.arange(members + 1) * size,
        seeds=seeds.integers(0, 2**64, members, dtype=np.uint64),
    )


def hash_partition(
    examples: Num[np.ndarray, "n ..."], labels: Integer[np.ndarray, " n"], *, parts: int, by: str = "example"
) -> Subsets:
    """Divide the training set into disjoint parts by a hash of each example, one member per part.

    Example ``x`` with label ``y`` goes to part ``SHA-256(x, y) mod parts``, or with ``by="input"`` to
    ``SHA-256(x) mod parts``, so that it stays there when its label is changed. The examples of a part are ordered by
    the digest of ``x`` and ``y``, and the seed of its member is its number. Parts may be empty.

    Parameters
    ----------
    examples : array of numbers, shape (n, …)
        Training examples as the data set has them: images or vectors.
    labels : int array, shape (n,)
        Their labels.
    parts : int
        Number of parts, from 2 to ``n``.
    by : {"example", "input"}
        What is hashed: values and label, or values alone.

    Raises
    ------
    ValueError
        If ``parts`` or ``by`` is out of range, or arrays do not fit together.

    References
    ----------
    Levine and Feizi (2021), "Deep partition aggregation: provable defenses against general poisoning attacks", ICLR.
    """
    subsets, _ = hash_spread(examples, labels, parts=parts, spread=1, by=by)
    return subsets


def hash_spread(
    examples: Num[np.ndarray, "n ..."],
    labels: Integer[np.ndarray, " n"],
    *,
    parts: int,
    spread: int,
    by: str = "example",
) -> tuple[Subsets, Int32[np.ndarray, "v d"]]:
    """Divide the training set into buckets by a hash of each example, and give every bucket to several members.

    There are ``v = parts · spread`` buckets and as many members. Example ``x`` with label ``y`` goes to bucket
    ``SHA-256(x, y) mod v``, or with ``by="input"`` to ``SHA-256(x) mod v``; bucket ``b`` goes to the members
    ``b + r mod v``, for ``spread`` distinct offsets ``r`` that are constants of the method. So every member has
    ``spread`` buckets, and an example is seen by ``spread`` members.
    A member's examples are ordered by digest, its seed is its number. ``spread=1`` is the hash partition.

    Parameters
    ----------
    examples, labels : array
        As in :func:`hash_partition`.
    parts, spread : int
        ``parts`` is at least 2, ``spread`` at least 1, their product at most ``n``.
    by : {"example", "input"}
        As in :func:`hash_partition`.

    Returns
    -------
    Subsets
        The examples of each member.
    int32 array, shape (v, spread)
        The buckets of each member.

    Raises
    ------
    ValueError
        If a number is out of range, or arrays do not fit together.

    References
    ----------
    Wang, Levine and Feizi (2022), "Improved certified defenses against data poisoning with (deterministic) finite
    aggregation", ICML.
    """
    _check_at_least("parts", parts, 2)
    _check_at_least("algo.spread", spread, 1)
    if by not in PARTITIONS:
        raise ValueError(f"option partition_by: expected one of {', '.join(PARTITIONS)}, got {by!r}")
    examples, labels = _checked(examples, labels)
    v = parts * spread
    name = "parts" if spread == 1 else "parts · algo.spread"
    _check_at_most(name, v, len(labels), "the number of training examples")
    digests = _digests(examples, labels)
    bucket = _remainders(digests if by == "example" else _digests(examples), v)
    # the buckets in one array, one after the other; the examples of each ordered by digest
    ordered = np.lexsort((*digests.T[::-1], bucket))
    starts = np.searchsorted(bucket[ordered], np.arange(v + 1))
    buckets = (np.arange(v)[:, None] - _offsets(v, spread)) % v
    if spread == 1:
        return Subsets(ordered, starts, np.arange(v, dtype=np.uint64)), buckets.astype(np.int32)
    place = np.empty(len(labels), np.int64)
    place[np.lexsort(digests.T[::-1])] = np.arange(len(labels))
    chosen = [np.concatenate([ordered[starts[b] : starts[b + 1]] for b in row]) for row in buckets]
    chosen = [rows[np.argsort(place[rows])] for rows in chosen]
    subsets = Subsets(
        examples=np.concatenate(chosen),
        offsets=np.concatenate([[0], np.cumsum([len(rows) for rows in chosen])]),
        seeds=np.arange(v, dtype=np.uint64),
    )
    return subsets, buckets.astype(np.int32)


@dataclass(frozen=True)
class HashRule:
    """Say into which of ``buckets`` a hash puts an example: of its values and label, or ``by="input"`` of its values.

    Base classifiers see whole buckets (docs/ensembles.md, section 1): the parts of :func:`hash_partition`, or the
    ``parts · spread`` of :func:`hash_spread`.
    """

    buckets: int
    by: str

    def bucket_of(
        self, examples: Num[np.ndarray, "n ..."], labels: Integer[np.ndarray, " n"]
    ) -> Int64[np.ndarray, " n"]:
        """Return the bucket of each example; ``examples`` are those of the data set, ``labels`` integers."""
        return _remainders(_digests(examples, labels if self.by == "example" else None), self.buckets)


def _offsets(v: int, spread: int) -> Int64[np.ndarray, " d"]:
    """Return 0 and other offsets, all distinct, that depend on the two numbers only."""
    rng = np.random.default_rng([_OFFSETS_SEED, v, spread])
    return np.concatenate([[0], 1 + rng.choice(v - 1, spread - 1, replace=False)]).astype(np.int64)


def _digests(examples: np.ndarray, labels: np.ndarray | None = None) -> UInt64[np.ndarray, "n 4"]:
    """Compute SHA-256 of each example's bytes, and its label as int64: four integers, the most significant first."""
    rows = max(1, _BLOCK_BYTES // max(1, examples[:1].nbytes))
    digests = []
    for start in range(0, len(examples), rows):
        values = np.ascontiguousarray(_canonical(examples[start : start + rows]))
        ends = [b""] * len(values)
        if labels is not None:
            ends = [label.tobytes() for label in labels[start : start + rows].astype("<i8")]
        digests += [sha256(x.tobytes() + end).digest() for x, end in zip(values, ends, strict=True)]
    return np.frombuffer(b"".join(digests), dtype=">u8").reshape(-1, 4).astype(np.uint64)


def _canonical(values: np.ndarray) -> np.ndarray:
    """Convert numbers so that equal values have equal bytes: floats to float64 without -0.0, all to little-endian."""
    return values.astype("<f8") + 0.0 if values.dtype.kind == "f" else values.astype(values.dtype.newbyteorder("<"))


def _remainders(digests: UInt64[np.ndarray, "n 4"], modulus: int) -> Int64[np.ndarray, " n"]:
    """Compute the digests, as integers of 256 bits, modulo a number below 2**31.

    They are reduced half a word at a time: nothing overflows.
    """
    divisor, remainder = np.uint64(modulus), np.zeros(len(digests), np.uint64)
    for word in digests.T:
        for half in (word >> np.uint64(32), word & np.uint64(2**32 - 1)):
            remainder = ((remainder << np.uint64(32)) | half) % divisor
    return remainder.astype(np.int64)


def _checked(examples: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return examples and labels as arrays; raise ``ValueError`` unless they are numbers and one integer for each."""
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


def _check_at_least(option: str, value: object, least: int) -> None:
    """Raise ``ValueError`` unless a value is an integer of at least ``least``."""
    if not (is_integer(value) and value >= least):
        raise ValueError(f"option {option}: expected an integer >= {least}, got {value!r}")


def _check_at_most(option: str, value: int, most: int, meaning: str) -> None:
    """Raise ``ValueError`` if a value is above ``most``, which the message explains."""
    if value > most:
        raise ValueError(f"option {option}: expected at most {meaning}, {most}, got {value}")
