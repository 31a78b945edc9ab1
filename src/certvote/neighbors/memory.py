"""How much memory there is: tiles are cut to it, and what cannot fit is refused before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from certvote.neighbors.job import Job

_GROUPS = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")
_ORDER_BYTES = 64  # for each training example: labels, ranks, the order of columns, and what sorting them takes


def available() -> int:
    """Bytes that this process may still take: free on the machine, and within the limits of its control groups."""
    return min([psutil.virtual_memory().available, *_left_in_groups()])


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
            f"votes of {m} queries: expected at least {_mb(results + _ORDER_BYTES * n)} of free memory for the result "
            f"and the order of the training set, got {_mb(free)}; ask for fewer queries (dataset.n_test), a smaller "
            "window (sizes.max) or fewer values of k and r at once"
        )
    return left


def refuse_unless(fits: bool, job: Job, least: int, remedy: str, *, have: int | None = None) -> None:
    """Raise ``ValueError`` for a backend that needs at least so many bytes and has fewer (``None``: the job's room)."""
    if not fits:
        n, d = job.train.shape
        raise ValueError(
            f"votes of {len(job.queries)} queries by {n} training examples of {d} features: "
            f"expected at least {_mb(least)} of free memory beside the result, got {_mb(have or job.room)}; {remedy}"
        )


def _left_in_groups() -> Iterator[int]:
    """What the limit of each control group around this process leaves; file pages that can be dropped count as free."""
    try:
        lines = _SELF.read_text().splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            base, names = _GROUPS, ("memory.max", "memory.current", "inactive_file ")
        elif "memory" in controllers.split(","):
            base, names = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ")
        else:
            continue
        # inside a container the group may be mounted as the root of what is seen
        own = base / path.lstrip("/")
        for folder in {base, own, *(parent for parent in own.parents if base in parent.parents)}:
            limit, used = (_number(folder / name) for name in names[:2])
            if limit is not None and used is not None:
                yield max(0, limit - used + _dropped(folder / "memory.stat", names[2]))


def _number(path: Path) -> int | None:
    """``None`` where there is no limit or no such file."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _dropped(stat: Path, name: str) -> int:
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.removeprefix(name)) for line in lines if line.startswith(name)), 0)


def _mb(size: int) -> str:
    return f"{max(size, 0) / 1e6:,.0f} MB"
