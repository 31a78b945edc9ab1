"""Draw curves of many fine steps as few straight lines, never above what is proven."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

Line = tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]


def below(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, tolerance: float) -> Line:
    """Return the corners of a line that is nowhere above the falling step curve ``(x, y)``.

    A step has the height of its right end (a bound at one size holds for smaller ones). Where steps are short the line
    is at most ``tolerance`` below the curve; it takes one step's width to follow a fall.
    """
    across, heights = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(across) < 3:
        return across, heights
    # From the left end of every step, which lies on the curve, to that of the next: below the step between them.
    corners_x = np.concatenate([across[:-1], across[-1:]])
    corners_y = np.concatenate([heights[1:], heights[-1:]])
    kept = _corners(corners_x, corners_y - tolerance / 2, tolerance / 2)
    return corners_x[kept], corners_y[kept] - tolerance / 2


def above(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, tolerance: float) -> Line:
    """Return the corners of a line nowhere below the step curve, at most ``tolerance`` above its left corners."""
    across, heights = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(across) < 3:
        return across, heights
    # Step j reaches from x[j-1] to x[j] at height y[j]; the line from (x[j-1], y[j-1]) to (x[j], y[j]) is above it.
    kept = _corners(across, heights + tolerance / 2, tolerance / 2)
    return across[kept], heights[kept] + tolerance / 2


def _corners(x: np.ndarray, y: np.ndarray, tolerance: float) -> list[int]:
    """Return the indices of few points whose chords stay within ``tolerance`` of all points in between."""
    kept = [0]
    while kept[-1] < len(x) - 1:
        start = kept[-1]
        low, high, last = -np.inf, np.inf, start + 1
        for i in range(start + 1, len(x)):
            width, height = x[i] - x[start], y[i] - y[start]
            if width <= 0:
                break
            if low <= height / width <= high:
                last = i
            low, high = max(low, (height - tolerance) / width), min(high, (height + tolerance) / width)
            if low > high:
                break
        kept.append(last)
    return kept
