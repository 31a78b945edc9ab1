"""Checks of everything a caller hands in; each error names the argument, what is expected and what came."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from certvote.checks import is_integer, is_real, items, plain_array
from certvote.neighbors.job import Job
from certvote.neighbors.lattice import common_lattice
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
    ranking: Ranking,
    threads: int | None = None,
) -> Job:
    """The job these arguments describe, or ``ValueError``."""
    train, queries = checked_matrix("train", train), checked_matrix("queries", queries)
    if len(train) == 0:
        raise ValueError("train: expected at least one training example, got none")
    if train.shape[1] == 0:
        raise ValueError("train: expected at least one feature per example, got none")
    if queries.shape[1] != train.shape[1]:
        raise ValueError(f"queries: expected {train.shape[1]} features per row as in train, got {queries.shape[1]}")
    window = checked_integer("window", window, least=0)
    num_classes = checked_integer("num_classes", num_classes, least=1)
    if window and num_classes > 2**16:
        raise ValueError(f"num_classes: expected at most 65536 with a window, got {num_classes}")
    if ranking not in RANKINGS:
        raise ValueError(f"ranking: expected one of {', '.join(RANKINGS)}, got {ranking!r}")
    for k in ks:
        if k > len(train):
            raise ValueError(f"k: expected at most the number of training examples, {len(train)}, got {k}")
    return Job(
        train=train,
        labels=_labels(labels, len(train), num_classes),
        queries=queries,
        ks=tuple(sorted(set(ks))),
        rs=tuple(sorted({float(r) for r in rs})),
        window=window,
        num_classes=num_classes,
        ranking=ranking,
        lattice=common_lattice(train, queries),
        threads=None if threads is None else checked_integer("threads", threads, least=1),
    )


def is_single(values: object) -> bool:
    """Whether this is one value rather than a sequence of them."""
    return values.ndim == 0 if isinstance(values, np.ndarray) else not isinstance(values, Sequence)


def checked_ks(ks: Sequence[int]) -> list[int]:
    """Numbers of neighbors as Python integers."""
    return [checked_integer("k", k, least=1) for k in _sequence("k", ks)]


def checked_rs(rs: Sequence[float | int]) -> list[float]:
    """Radii as Python floats."""
    return [_radius(r) for r in _sequence("r", rs)]


def _sequence(name: str, values: object) -> list[object]:
    found = items(values)
    if found is None:
        raise ValueError(f"{name}: expected one value or a sequence of values, got {values!r}")
    return found


def checked_integer(name: str, value: object, *, least: int) -> int:
    if not is_integer(value):
        raise ValueError(f"{name}: expected an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
    return int(value)


def _radius(value: object) -> float:
    if not is_real(value):
        raise ValueError(f"r: expected a number, got {value!r}")
    try:
        r = float(value)
    except OverflowError as error:
        raise ValueError("r: expected a number that float64 holds, got a larger one") from error
    if not isfinite(r) or r < 0:
        raise ValueError(f"r: expected a finite number of at least 0, got {value!r}")
    return r


def checked_matrix(name: str, x: np.ndarray) -> np.ndarray:
    x = plain_array(name, x)
    if x.ndim != 2:
        raise ValueError(f"{name}: expected a matrix with one row per example, got shape {x.shape}")
    if x.dtype.kind not in "iuf" or x.dtype.itemsize > 8:
        raise ValueError(f"{name}: expected integers or floats of at most 64 bits, got {x.dtype}")
    return x


def _labels(labels: np.ndarray, n: int, num_classes: int) -> np.ndarray:
    labels = plain_array("labels", labels)
    if labels.shape != (n,):
        raise ValueError(f"labels: expected one label for each of the {n} training examples, got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected integers, got {labels.dtype}")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(f"labels: expected 0 to {num_classes - 1} (num_classes - 1), got {low} to {high}")
    return labels.astype(np.int64)
