"""Check what a caller passes; each error names the argument, what is expected and what came."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np
from jaxtyping import Num

from certvote.checks import is_integer, is_real, items, plain_array
from certvote.neighbors.grid import common_grid
from certvote.neighbors.job import Job
from certvote.neighbors.ranking import RANKINGS, Ranking


def checked_job(
    train: np.ndarray,
    labels: np.ndarray,
    queries: np.ndarray,
    *,
    ks: Sequence[int],
    rs: Sequence[float | int],
    window: int,
    num_classes: int,
    ranking: str,
    threads: int | None = None,
    scratch: str | Path | None = None,
) -> Job:
    """Make the job that the arguments of `certvote.neighbors.neighbor_votes` describe.

    Raises
    ------
    ValueError
        If an argument is not as described there; the message names it.
    """
    train, queries = checked_matrix("train", train), checked_queries(queries)
    if len(train) == 0:
        raise ValueError("train: expected at least one training example, got none")
    if train.shape[1] == 0:
        raise ValueError("train: expected at least one feature per example, got none")
    if queries.shape[2] != train.shape[1]:
        raise ValueError(f"queries: expected {train.shape[1]} features per row as in train, got {queries.shape[2]}")
    num_classes, window, order = checked_rules(
        ks, n=len(train), num_classes=num_classes, window=window, ranking=ranking
    )
    return Job(
        train=train,
        labels=_checked_labels(labels, len(train), num_classes),
        queries=queries,
        ks=tuple(sorted(set(ks))),
        rs=tuple(sorted({float(r) for r in rs})),
        window=window,
        num_classes=num_classes,
        ranking=order,
        grid=common_grid(train, queries),
        threads=None if threads is None else checked_integer("threads", threads, least=1),
        scratch=None if scratch is None else Path(scratch),
    )


def checked_rules(
    ks: Sequence[int], *, n: int, num_classes: int, window: int, ranking: str
) -> tuple[int, int, Ranking]:
    """Check what is asked of ``n`` training examples; return the number of classes, the window and the ranking."""
    window = checked_integer("window", window, least=0)
    num_classes = checked_integer("num_classes", num_classes, least=1)
    if window and num_classes > 2**16:
        raise ValueError(f"num_classes: expected at most 65536 with a window, got {num_classes}")
    for k in ks:
        if k > n:
            raise ValueError(f"k: expected at most the number of training examples, {n}, got {k}")
    for known in RANKINGS:
        if ranking == known:
            return num_classes, window, known
    raise ValueError(f"ranking: expected one of {', '.join(RANKINGS)}, got {ranking!r}")


def is_single(values: object) -> bool:
    """Return whether this is one value rather than a sequence of values."""
    return values.ndim == 0 if isinstance(values, np.ndarray) else not isinstance(values, Sequence)


def checked_ks(ks: Sequence[int]) -> list[int]:
    """Convert numbers of neighbors to Python integers."""
    return [checked_integer("k", k, least=1) for k in _checked_sequence("k", ks)]


def checked_rs(rs: Sequence[float | int]) -> list[float]:
    """Convert radii to Python floats."""
    return [_checked_radius(r) for r in _checked_sequence("r", rs)]


def checked_integer(name: str, value: object, *, least: int) -> int:
    """Convert an integer of at least ``least`` to a Python integer."""
    if not is_integer(value):
        raise ValueError(f"{name}: expected an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
    return int(value)


def checked_matrix(name: str, x: np.ndarray) -> Num[np.ndarray, "rows d"]:
    """Return an array-like with one vector per row as an array."""
    x = plain_array(name, x)
    if x.ndim != 2:
        raise ValueError(f"{name}: expected a matrix with one row per example, got shape {x.shape}")
    return _checked_dtype(name, x)


def checked_queries(queries: np.ndarray) -> Num[np.ndarray, "m v d"]:
    """Return queries, one vector or several views each, as an array with an axis of views."""
    x = plain_array("queries", queries)
    if x.ndim not in (2, 3):
        raise ValueError(
            f"queries: expected a matrix with one row per example, or an array [m v d] with v views of each, "
            f"got shape {x.shape}"
        )
    if x.ndim == 3 and x.shape[1] == 0:
        raise ValueError("queries: expected at least one view of each example, got none")
    return _checked_dtype("queries", x if x.ndim == 3 else x[:, None, :])


def _checked_dtype(name: str, x: np.ndarray) -> np.ndarray:
    """Check that features are numbers that float64 or int64 holds."""
    if x.dtype.kind not in "iuf" or x.dtype.itemsize > 8:
        raise ValueError(f"{name}: expected integers or floats of at most 64 bits, got {x.dtype}")
    return x


def _checked_sequence(name: str, values: object) -> list[object]:
    """Return the items of a sequence."""
    found = items(values)
    if found is None:
        raise ValueError(f"{name}: expected one value or a sequence of values, got {values!r}")
    return found


def _checked_radius(value: object) -> float:
    """Convert a radius to a Python float."""
    if not is_real(value):
        raise ValueError(f"r: expected a number, got {value!r}")
    try:
        r = float(value)
    except OverflowError as error:
        raise ValueError("r: expected a number that float64 holds, got a larger one") from error
    if not isfinite(r) or r < 0:
        raise ValueError(f"r: expected a finite number of at least 0, got {value!r}")
    return r


def _checked_labels(labels: np.ndarray, n: int, num_classes: int) -> np.ndarray:
    """Return the labels of ``n`` training examples as int64."""
    labels = plain_array("labels", labels)
    if labels.shape != (n,):
        raise ValueError(f"labels: expected one label for each of the {n} training examples, got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected integers, got {labels.dtype}")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(f"labels: expected 0 to {num_classes - 1} (num_classes - 1), got {low} to {high}")
    return labels.astype(np.int64)
