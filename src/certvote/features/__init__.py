"""Feature vectors of a split on the exact grid; each depends on its own example only."""

from __future__ import annotations

from certvote.features.dispatch import FEATURES, extract, grid_bits, sources

__all__ = ["FEATURES", "extract", "grid_bits", "sources"]
