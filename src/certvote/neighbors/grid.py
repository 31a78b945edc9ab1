"""Put features on the dyadic grid on which L1 distances are exact in float32 and int32.

If every feature is a multiple of ``2**-bits`` and no distance exceeds ``2**24`` such steps, then distances counted in
steps are integers that float32 holds exactly: any order of additions gives the same sum (certificates, section 1).
Whether such a grid exists depends on the data. Nothing is ever rounded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import frexp, isfinite

import numpy as np
from jaxtyping import Bool, Float64, Int32, Num

_BLOCK_BYTES = 2**19  # temporaries of float64: small, and still in the cache for the next operation


@dataclass(frozen=True)
class Grid:
    """Represent the grid ``2**-bits``, shifted so that the smallest value of each dimension is 0.

    Attributes
    ----------
    bits : int
        Exponent of the step: a step is ``2**-bits``.
    lowest : float64 array, shape (d,)
        Smallest value of each dimension.
    max_distance : int
        Upper bound of all distances, in steps; at most ``2**24``.
    """

    bits: int
    lowest: Float64[np.ndarray, " d"]
    max_distance: int

    def to_steps(self, x: Num[np.ndarray, "rows *views d"]) -> Int32[np.ndarray, "rows *views d"]:
        """Convert features to steps above the lowest value of their dimension."""
        steps = np.empty(x.shape, np.int32)
        for part in row_blocks(x):
            steps[part] = (x[part].astype(np.float64) - self.lowest) * 2.0**self.bits
        return steps

    def radius_in_steps(self, r: float) -> int:
        """Return the largest distance in steps that is ``<= r``."""
        # a product with a power of two is exact in float64
        return int(min(np.floor(r * 2.0**self.bits), self.max_distance))


def row_blocks(x: Num[np.ndarray, "rows *views d"]) -> Iterator[slice]:
    """Yield row ranges of ``x`` that take little memory as float64."""
    rows = max(1, _BLOCK_BYTES // (8 * x[:1].size or 1))
    for start in range(0, len(x), rows):
        yield slice(start, start + rows)


@dataclass(frozen=True)
class Extent:
    """Hold the smallest and largest value of each dimension and the largest L1 norm of a vector."""

    lowest: Float64[np.ndarray, " d"]
    highest: Float64[np.ndarray, " d"]
    norm: float

    @property
    def varies(self) -> Bool[np.ndarray, " d"]:
        """Return which dimensions have more than one value."""
        return self.highest > self.lowest

    def __or__(self, other: Extent) -> Extent:
        """Return the extent that covers both."""
        lowest, highest = np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest)
        return Extent(lowest, highest, max(self.norm, other.norm))

    @property
    def max_distance(self) -> float:
        """Return an upper bound of all pairwise L1 distances."""
        # ‖x - z‖₁ is at most the sum of the ranges, and at most ‖x‖₁ + ‖z‖₁. The margin covers the rounding of norms,
        # where dimensions that do not vary are off the grid.
        return min(float((self.highest - self.lowest).sum()), 2 * self.norm * (1 + 2.0**-40))


def common_grid(train: Num[np.ndarray, "n d"], queries: Num[np.ndarray, "m *views d"]) -> Grid:
    """Find the finest grid on which no distance between training examples and queries exceeds ``2**24`` steps.

    Parameters
    ----------
    train : integer or float array, shape (n, d)
        Training examples.
    queries : integer or float array, shape (m, d) or (m, v, d)
        Queries; every view of them must be on the grid.

    Returns
    -------
    Grid
        The grid, on which all features lie.

    Raises
    ------
    ValueError
        If a feature is not finite or not on that grid (then no coarser grid fits either).
    """
    extent = extent_of("train", train) | extent_of("queries", queries)
    grid = finest_grid(extent)
    check_on_grid("train", train, grid.bits, extent.varies)
    check_on_grid("queries", queries, grid.bits, extent.varies)
    return grid


def extent_of(name: str, x: Num[np.ndarray, "rows *views d"]) -> Extent:
    """Compute the extent of some vectors; raise ``ValueError`` with ``name`` if a feature is not finite."""
    d = x.shape[-1]
    lowest, highest, norm = np.full(d, np.inf), np.full(d, -np.inf), 0.0
    for part in row_blocks(x):
        values = _exact_float64(name, x[part])
        vectors = values.reshape(-1, d)
        low, high = vectors.min(axis=0), vectors.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            first = np.argwhere(~np.isfinite(values).all(axis=-1))[0].tolist()
            place = _place(x, part.start + first[0], *first[1:])
            raise ValueError(f"{name}: expected finite features, got NaN or infinity in {place}")
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        with np.errstate(over="ignore"):
            norm = max(norm, float(np.abs(vectors).sum(axis=1).max()))
    return Extent(lowest, highest, norm)


def finest_grid(extent: Extent) -> Grid:
    """Return the finest grid on which no distance within an extent exceeds ``2**24`` steps."""
    with np.errstate(over="ignore"):
        max_distance = extent.max_distance
    if not isfinite(max_distance):
        raise ValueError("train, queries: expected features whose distances float64 can hold, got larger ones")
    bits = _finest_bits(max_distance)
    return Grid(bits=bits, lowest=extent.lowest, max_distance=int(max_distance * 2.0**bits))


def check_on_grid(name: str, x: Num[np.ndarray, "rows *views d"], bits: int, varies: Bool[np.ndarray, " d"]) -> None:
    """Raise ``ValueError`` with ``name`` if a feature that ``varies`` is not a multiple of ``2**-bits``."""
    for part in row_blocks(x):
        values = x[part].astype(np.float64)
        with np.errstate(over="ignore"):
            scaled = values * 2.0**bits
        underflow = (scaled == 0) & (values != 0)
        # where all values of a dimension are equal, all differences are exactly 0
        off = ((scaled != np.rint(scaled)) | underflow) & varies
        if off.any():
            first = tuple(np.argwhere(off)[0].tolist())
            place = _place(x, part.start + first[0], *first[1:-1])
            raise ValueError(
                f"{name}: expected features that are multiples of 2**{-bits}, the finest grid on which float32 holds "
                f"every L1 distance in this data exactly, got {float(values[first])!r} in {place}, column {first[-1]}; "
                "put the features on a grid first: certvote.features.grid.snap"
            )


def _exact_float64(name: str, x: Num[np.ndarray, "rows *views d"]) -> Float64[np.ndarray, "rows *views d"]:
    """Convert features to float64; raise ``ValueError`` for integers that it cannot hold."""
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8 and (x.max() > 2**53 or x.min() < -(2**53)):
        raise ValueError(f"{name}: expected integers of at most 2**53, which float64 holds exactly, got larger ones")
    return x.astype(np.float64)


def _finest_bits(max_distance: float) -> int:
    """Return the largest ``bits`` with ``max_distance * 2**bits <= 2**24``; 0 if all distances are 0."""
    if max_distance == 0.0:
        return 0
    mantissa, exponent = frexp(max_distance)  # mantissa in [0.5, 1)
    # 2**1000 is still a float64; finer differences are refused as off the grid
    return min(24 - exponent + (mantissa == 0.5), 1000)


def _place(x: Num[np.ndarray, "rows *views d"], row: int, view: int = 0) -> str:
    """Describe the position of a vector in ``x``: its row, and its view if there are several."""
    return f"row {row}, view {view}" if x[0].size > x.shape[-1] else f"row {row}"
