"""Feature vectors of a split on the exact grid; each depends on its own example only."""

from __future__ import annotations

from certvote.features.extract import FEATURES, compute, grid_bits

__all__ = ["FEATURES", "compute", "grid_bits"]
