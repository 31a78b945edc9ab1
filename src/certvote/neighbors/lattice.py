"""The dyadic grid of one job: features as integers whose L1 distances are exact in float32 and int32.

If every feature is a multiple of ``2**-bits`` and no distance can exceed ``2**24`` such steps, then distances counted
in steps are integers that float32 holds: any order of additions gives the same sum (certificates, section 7).
Only whether this holds depends on the data; nothing is ever rounded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import frexp, isfinite

import numpy as np
from jaxtyping import Bool, Float64, Int32, Num

_BLOCK_BYTES = 2**19  # temporaries of float64: small, and still in the cache for the next operation


@dataclass(frozen=True)
class Lattice:
    """Grid ``2**-bits`` shifted so that the smallest value of each dimension is 0."""

    bits: int
    lowest: Float64[np.ndarray, " d"]
    farthest: int  # no distance is larger, in steps

    def integers(self, x: Num[np.ndarray, "rows d"]) -> Int32[np.ndarray, "rows d"]:
        """Features in steps above the lowest value of their dimension."""
        steps = np.empty(x.shape, np.int32)
        for part in blocks(x):
            steps[part] = (x[part].astype(np.float64) - self.lowest) * 2.0**self.bits
        return steps

    def radius(self, r: float) -> int:
        """Largest distance in steps that is ``<= r``: a product with a power of two is exact in float64."""
        return int(min(np.floor(r * 2.0**self.bits), self.farthest))


def blocks(x: Num[np.ndarray, "rows d"]) -> Iterator[slice]:
    """Row ranges of ``x`` that need little memory as float64."""
    rows = max(1, _BLOCK_BYTES // (8 * x.shape[1]))
    for start in range(0, len(x), rows):
        yield slice(start, start + rows)


@dataclass(frozen=True)
class Extent:
    """Smallest and largest value of each dimension, and the largest L1 norm of a row."""

    lowest: Float64[np.ndarray, " d"]
    highest: Float64[np.ndarray, " d"]
    norm: float

    @property
    def varies(self) -> Bool[np.ndarray, " d"]:
        return self.highest > self.lowest

    def __or__(self, other: Extent) -> Extent:
        """Of both together."""
        lowest, highest = np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest)
        return Extent(lowest, highest, max(self.norm, other.norm))

    @property
    def reach(self) -> float:
        """No distance is larger: neither than the box around all rows allows, nor than two norms together."""
        # a margin for the rounding of norms, where dimensions that do not vary are off the grid
        return min(float((self.highest - self.lowest).sum()), 2 * self.norm * (1 + 2.0**-40))


def common_lattice(train: Num[np.ndarray, "n d"], queries: Num[np.ndarray, "m d"]) -> Lattice:
    """Finest grid on which no distance between the two exceeds ``2**24`` steps.

    Raises ``ValueError`` if a feature is not finite, or not on that grid (then no coarser one fits either).
    """
    extent = extent_of("train", train) | extent_of("queries", queries)
    lattice = finest_lattice(extent)
    check_on_grid("train", train, lattice.bits, extent.varies)
    check_on_grid("queries", queries, lattice.bits, extent.varies)
    return lattice


def extent_of(name: str, x: Num[np.ndarray, "rows d"]) -> Extent:
    """Raises ``ValueError`` with ``name`` if a feature is not finite."""
    lowest, highest, norm = np.full(x.shape[1], np.inf), np.full(x.shape[1], -np.inf), 0.0
    for part in blocks(x):
        values = _exact_float64(name, x[part])
        low, high = values.min(axis=0), values.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            row = part.start + int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise ValueError(f"{name}: expected finite features, got NaN or infinity in row {row}")
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        with np.errstate(over="ignore"):
            norm = max(norm, float(np.abs(values).sum(axis=1).max()))
    return Extent(lowest, highest, norm)


def finest_lattice(extent: Extent) -> Lattice:
    """Finest grid on which no distance within this extent exceeds ``2**24`` steps."""
    with np.errstate(over="ignore"):
        reach = extent.reach
    if not isfinite(reach):
        raise ValueError("train, queries: expected features whose distances float64 can hold, got larger ones")
    bits = _finest_bits(reach)
    return Lattice(bits=bits, lowest=extent.lowest, farthest=int(reach * 2.0**bits))


def _exact_float64(name: str, x: Num[np.ndarray, "rows d"]) -> Float64[np.ndarray, "rows d"]:
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8 and (x.max() > 2**53 or x.min() < -(2**53)):
        raise ValueError(f"{name}: expected integers of at most 2**53, which float64 holds exactly, got larger ones")
    return x.astype(np.float64)


def _finest_bits(reach: float) -> int:
    """Largest ``bits`` with ``reach * 2**bits <= 2**24``; 0 if there is no difference at all."""
    if reach == 0.0:
        return 0
    mantissa, exponent = frexp(reach)  # mantissa in [0.5, 1)
    return min(
        24 - exponent + (mantissa == 0.5), 1000
    )  # 2**1000 is still a float64; finer differences are refused as off the grid


def check_on_grid(name: str, x: Num[np.ndarray, "rows d"], bits: int, varies: Bool[np.ndarray, " d"]) -> None:
    """Raises ``ValueError`` with ``name`` if a feature that ``varies`` is no multiple of ``2**-bits``."""
    for part in blocks(x):
        values = x[part].astype(np.float64)
        with np.errstate(over="ignore"):
            scaled = values * 2.0**bits
        off = (scaled != np.rint(scaled)) & varies  # where all values are equal, all differences are exactly 0
        if off.any():
            row, column = (int(i) for i in np.argwhere(off)[0])
            raise ValueError(
                f"{name}: expected features that are multiples of 2**{-bits}, the finest grid on which float32 holds "
                f"every L1 distance in this data exactly, got {float(values[row, column])!r} in row "
                f"{part.start + row}, column {column}; put the features on a grid first: certvote.features.grid.snap"
            )
