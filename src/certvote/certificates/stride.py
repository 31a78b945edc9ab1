"""At how many poisoning sizes of a curve the budget certificate searches, unless somebody says."""

from __future__ import annotations

from math import gcd

from jaxtyping import Int64
from numpy import ndarray

SHORT = 101
"""Curves of at most so many sizes are searched at every one,"""

SEARCHES = 20
"""longer ones at about so many, evenly spaced."""


def default_stride(sizes: Int64[ndarray, " s"]) -> int:
    """The stride at which a curve over ``sizes`` is searched: 1, or for 0 … 1000 it is 50."""
    return 1 if sizes.size <= SHORT else max(1, gcd(*sizes.tolist())) * (sizes.size // SEARCHES)
