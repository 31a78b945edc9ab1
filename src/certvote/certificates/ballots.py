"""Check and count the ballots of an election, and the buckets of its voters: what both elections share.

Voters are base classifiers. A hash puts every training example into one *bucket*, and a voter is trained on the
examples of its buckets: poisoning a bucket may change all voters that have it, and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numba
import numpy as np
from jaxtyping import Int32, Int64, Integer, UInt8, UInt16
from numba import njit

from certvote.certificates.votes import UNLIMITED
from certvote.checks import is_integer, plain_array

_MOST_CLASSES = 2**16
_ROWS = 16  # test examples that a thread takes at a time


@dataclass(frozen=True)
class Reach:
    """Say which voters a poisoned bucket reaches.

    Attributes
    ----------
    starts : int64 array, shape (v + 1,)
        Voter ``i`` has the buckets ``buckets[starts[i]:starts[i + 1]]``.
    buckets : int32 array, shape (total,)
        Buckets, numbered from 0, those of one voter after another, each once per voter.
    voters : int64 array, shape (number of buckets,)
        How many voters have each bucket.
    """

    starts: Int64[np.ndarray, " v1"]
    buckets: Int32[np.ndarray, " total"]
    voters: Int64[np.ndarray, " j"]


def checked_classes(num_classes: int) -> int:
    """Return a number of classes; raise ``ValueError`` unless it is an integer from 1 to 65536."""
    if not (is_integer(num_classes) and 1 <= num_classes <= _MOST_CLASSES):
        raise ValueError(f"expected num_classes as an integer from 1 to {_MOST_CLASSES}, got {num_classes!r}")
    return int(num_classes)


def checked_ballots(
    name: str, ballots: Integer[np.ndarray, "m v *c"], num_classes: int, dimensions: int
) -> UInt8[np.ndarray, "m v *c"] | UInt16[np.ndarray, "m v *c"]:
    """Convert first choices or rankings to a contiguous array of the smallest type that holds every label.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    ballots : int array, shape (m, v) or (m, v, c)
        First choices of every voter about every test example, or its rankings of all labels.
    num_classes : int
        Number of labels, c.
    dimensions : int
        2 for first choices, 3 for rankings.

    Raises
    ------
    ValueError
        If the shape is another one, or there are other labels than 0 to ``num_classes - 1``.
    """
    ballots = plain_array(name, ballots)
    shape = "[test examples, voters]" if dimensions == 2 else "[test examples, voters, classes]"
    if ballots.ndim != dimensions or ballots.size < 1:
        raise ValueError(f"expected {name} of shape {shape}, not empty, got {ballots.shape}")
    if not np.issubdtype(ballots.dtype, np.integer):
        raise ValueError(f"expected {name} of an integer type, got {ballots.dtype}")
    if dimensions == 3 and ballots.shape[2] != num_classes:
        raise ValueError(f"expected {name} of all {num_classes} classes, got {ballots.shape[2]} of them")
    if ballots.min() < 0 or ballots.max() >= num_classes:
        raise ValueError(f"expected {name} from 0 to {num_classes - 1}, got {ballots.min()} … {ballots.max()}")
    return np.ascontiguousarray(ballots, dtype=np.uint8 if num_classes <= 2**8 else np.uint16)


def reach(buckets: Integer[np.ndarray, "v d"] | None, voters: int) -> Reach:
    """Arrange the buckets of every voter.

    Parameters
    ----------
    buckets : int array, shape (v, d), or None
        Buckets of every voter, any integers; one that is named twice counts once. ``None``: each voter has a bucket of
        its own.
    voters : int
        Number of voters, v.

    Raises
    ------
    ValueError
        If there is not one row of integers per voter.
    """
    if buckets is None:
        buckets = np.arange(voters)[:, None]
    buckets = plain_array("buckets", buckets)
    if buckets.ndim != 2 or len(buckets) != voters or buckets.shape[1] < 1:
        raise ValueError(f"expected buckets of shape [{voters}, buckets per voter], got {buckets.shape}")
    if not np.issubdtype(buckets.dtype, np.integer):
        raise ValueError(f"expected buckets of an integer type, got {buckets.dtype}")
    _, numbers = np.unique(buckets, return_inverse=True)
    numbers = np.sort(numbers.reshape(buckets.shape), axis=1)
    new = np.diff(numbers, axis=1, prepend=-1) > 0
    starts = np.concatenate(([0], np.cumsum(new.sum(axis=1))))
    return Reach(starts, numbers[new].astype(np.int32), np.bincount(numbers[new]))


def count_first(
    first: UInt8[np.ndarray, "m v"] | UInt16[np.ndarray, "m v"], num_classes: int, threads: int | None
) -> Int32[np.ndarray, "m c"]:
    """Count the voters that have each label as their first choice.

    Parameters
    ----------
    first : uint8 or uint16 array, shape (m, v)
        First choices.
    num_classes : int
        Number of labels, c.
    threads : int or None
        Threads; ``None``: one per core.
    """
    counts = np.empty((len(first), num_classes), dtype=np.int32)
    in_threads(lambda rows: _count_rows(first[rows], counts[rows]), len(first), threads)
    return counts


@njit(nogil=True, cache=True)
@no_type_check
def _count_rows(first: np.ndarray, counts: np.ndarray) -> None:
    """Write the first choices per label into ``counts``, for every test example."""
    for i in range(len(first)):
        tally(first[i], counts[i])


@njit(nogil=True, cache=True)
@no_type_check
def tally(labels: np.ndarray, votes: np.ndarray) -> None:
    """Write how often each label occurs into ``votes``."""
    votes[:] = 0
    for label in labels:
        votes[label] += 1


@njit(nogil=True, cache=True)
@no_type_check
def tally_buckets(first: np.ndarray, starts: np.ndarray, buckets: np.ndarray, votes: np.ndarray) -> None:
    """Write into ``votes[label, j]`` how many voters of bucket ``j`` have this first choice."""
    votes[:] = 0
    for voter in range(first.size):
        votes_for = votes[first[voter]]
        for j in buckets[starts[voter] : starts[voter + 1]]:
            votes_for[j] += 1


@njit(nogil=True, cache=True)
@no_type_check
def fewest(powers: np.ndarray, gap: int, having: np.ndarray) -> int:
    """Return the fewest buckets that can take ``gap`` off together, each at most its power.

    The most powerful ones are taken first; ``having``, longer than the largest power, is room to count them in.
    ``UNLIMITED`` if all together are too few.
    """
    if gap <= 0:
        return 0
    tally(powers, having)
    left, number = gap, 0
    for power in range(having.size - 1, 0, -1):
        if having[power] * power >= left:
            return number + (left + power - 1) // power
        left -= having[power] * power
        number += having[power]
    return UNLIMITED


def in_threads(task: Callable[[slice], None], rows: int, threads: int | None) -> None:
    """Run a task for stretches of rows in threads.

    Parameters
    ----------
    task : callable
        Called with a slice of rows, by several threads at once.
    rows : int
        Number of rows.
    threads : int or None
        Threads; ``None``: one per core, or ``NUMBA_NUM_THREADS`` of the environment.

    Raises
    ------
    ValueError
        If ``threads`` is no integer of at least 1.
    """
    if threads is not None and not (is_integer(threads) and threads >= 1):
        raise ValueError(f"expected threads as an integer ≥ 1 or None for all cores, got {threads!r}")
    with ThreadPoolExecutor(threads or numba.config.NUMBA_NUM_THREADS) as pool:  # type: ignore[attr-defined]
        list(pool.map(task, [slice(start, start + _ROWS) for start in range(0, rows, _ROWS)]))
