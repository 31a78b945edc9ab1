"""Fit distance tiles to the free memory, and refuse what cannot fit before it starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certvote.checks import is_integer
from certvote.runtime.memory import available, megabytes

if TYPE_CHECKING:
    from certvote.neighbors.job import Job

_ORDER_BYTES = 64  # per training example: label, rank, order of columns, and what sorting them takes
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]i?)?B?\s*")


def memory_budget(job: Job) -> int:
    """Compute how many bytes a backend may use for its copy of the training set and its distance tiles.

    Raises
    ------
    ValueError
        If not even the result fits into memory.
    """
    rules = len(job.ks) + len(job.rs)
    return memory_beside_results(len(job.queries), len(job.train), rules, job.num_classes, job.ranked_width)


def memory_beside_results(m: int, n: int, rules: int, num_classes: int, ranked: int) -> int:
    """Compute how many bytes are free beside the votes and the order of the training set.

    Parameters
    ----------
    m, n : int
        Numbers of queries and of training examples.
    rules : int
        Number of values of k and r together: each has its own counts.
    num_classes : int
        Number of labels.
    ranked : int
        Number of ranked labels per query, over all k.

    Returns
    -------
    int
        Bytes, more than 0; an eighth of the free memory is always left to other programs.

    Raises
    ------
    ValueError
        If the result does not fit.
    """
    free = available()
    results = m * (4 * rules * num_classes + (1 if num_classes <= 256 else 2) * ranked)
    left = free - free // 8 - results - _ORDER_BYTES * n
    if left <= 0:
        raise ValueError(
            f"votes of {m} queries: expected at least {megabytes(results + _ORDER_BYTES * n)} of free memory for the "
            f"result and the order of the training set, got {megabytes(free)}; ask for fewer queries (dataset.n_test), "
            "a smaller window (sizes.max) or fewer values of k and r at once"
        )
    return left


def require_memory(job: Job, needed: int, remedy: str, *, have: int | None = None) -> None:
    """Raise ``ValueError`` if a backend needs more bytes than it may use (``have=None``: the job's memory budget)."""
    have = job.memory_budget if have is None else have
    if needed > have:
        n, d = job.train.shape
        raise ValueError(
            f"votes of {len(job.queries)} queries by {n} training examples of {d} features: "
            f"expected at least {megabytes(needed)} of free memory beside the result, "
            f"got {megabytes(have)}; {remedy}"
        )


def parse_size(option: str, size: str | int | None) -> int | None:
    """Convert a size like ``"8GB"`` to bytes; a positive integer and ``None`` stay what they are.

    Raises
    ------
    ValueError
        If it is not a size; the message names the option.
    """
    if size is None or (is_integer(size) and size > 0):
        return size
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise ValueError(f"option {option}: expected a size like 8GB, got {size!r}")
    return int(float(found[1]) * _UNITS[found[2] or ""])
