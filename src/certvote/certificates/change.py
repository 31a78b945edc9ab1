"""What the attacker may do to the training set: at most ``e`` removals, at most ``e`` additions, or both."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

CHANGES = ("any", "insert", "delete")
"""``any``: at most ``e`` examples removed and at most ``e`` added; ``insert``, ``delete``: only the one of the two."""


def check_change(change: object) -> None:
    """Raise ``ValueError`` unless it is one of ``CHANGES``."""
    if change not in CHANGES:
        raise ValueError(f"expected change as one of {', '.join(CHANGES)}, got {change!r}")


Size = TypeVar("Size", int, np.ndarray)


def allowed(change: str, e: Size) -> tuple[Size, Size]:
    """Most removals ``ρ`` and most additions ``α`` of an attack of size ``e``, or of several sizes."""
    return 0 * e if change == "insert" else e, 0 * e if change == "delete" else e
