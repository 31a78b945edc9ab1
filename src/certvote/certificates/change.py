"""Define what the attacker may do to the training set: at most ``e`` removals, at most ``e`` additions, or both."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

CHANGES = ("any", "insert", "delete")
"""``any``: at most ``e`` examples removed and at most ``e`` added; ``insert``: only added; ``delete``: only removed."""


def check_change(change: object) -> None:
    """Raise ``ValueError`` unless a change is one of ``CHANGES``."""
    if change not in CHANGES:
        raise ValueError(f"expected change as one of {', '.join(CHANGES)}, got {change!r}")


Size = TypeVar("Size", int, np.ndarray)


def allowed(change: str, e: Size) -> tuple[Size, Size]:
    """Return the most removals ``ρ`` and the most additions ``α`` of an attack of size ``e``.

    Parameters
    ----------
    change : str
        One of ``CHANGES``.
    e : int, or int array
        Poisoning size, or several.

    Returns
    -------
    pair of int, or of int array
        ``ρ`` and ``α``.
    """
    return 0 * e if change == "insert" else e, 0 * e if change == "delete" else e
