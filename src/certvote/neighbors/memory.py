"""Tiles are cut to the memory that is free, and what cannot fit is refused before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.runtime.memory import available, megabytes

if TYPE_CHECKING:
    from certvote.neighbors.job import Job

_ORDER_BYTES = 64  # for each training example: labels, ranks, the order of columns, and what sorting them takes


def room(job: Job) -> int:
    """Bytes that a backend may use for its copy of the training set and its tiles.

    Raises ``ValueError`` where not even the result fits.
    """
    rules = len(job.ks) + len(job.rs)
    return beside_results(len(job.queries), len(job.train), rules, job.num_classes, job.ranked_width)


def beside_results(m: int, n: int, rules: int, num_classes: int, ranked: int) -> int:
    """Bytes left beside votes of ``m`` queries for several rules, their ranked labels, and the order of ``n``."""
    free = available()
    results = m * (4 * rules * num_classes + (1 if num_classes <= 256 else 2) * ranked)
    left = free - free // 8 - results - _ORDER_BYTES * n  # some is always left to others
    if left <= 0:
        raise ValueError(
            f"votes of {m} queries: expected at least {megabytes(results + _ORDER_BYTES * n)} of free memory for the "
            f"result and the order of the training set, got {megabytes(free)}; ask for fewer queries (dataset.n_test), "
            "a smaller window (sizes.max) or fewer values of k and r at once"
        )
    return left


def refuse_unless(fits: bool, job: Job, least: int, remedy: str, *, have: int | None = None) -> None:
    """Raise ``ValueError`` for a backend that needs at least so many bytes and has fewer (``None``: the job's room)."""
    if not fits:
        n, d = job.train.shape
        raise ValueError(
            f"votes of {len(job.queries)} queries by {n} training examples of {d} features: "
            f"expected at least {megabytes(least)} of free memory beside the result, "
            f"got {megabytes(have or job.room)}; {remedy}"
        )
