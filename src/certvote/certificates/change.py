"""Define what the attacker may do to the training set: remove, add, both, or change labels."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

CHANGES = ("any", "insert", "delete", "relabel")
"""``any``: at most ``e`` examples removed and at most ``e`` added; ``insert``: only added; ``delete``: only removed;
``relabel``: the labels of at most ``e`` examples changed, their inputs kept."""


def check_change(change: object) -> None:
    """Raise ``ValueError`` unless a change is one of ``CHANGES``."""
    if change not in CHANGES:
        raise ValueError(f"expected change as one of {', '.join(CHANGES)}, got {change!r}")


def keeps_inputs(change: str) -> bool:
    """Return whether the attacker can change labels only: the same examples vote, or are trained on, as before.

    A relabeled example is one removal and one addition, of different labels. So beside ``Σ R ≤ e`` and ``Σ A ≤ e``,
    no label has more than ``e`` removals and additions together (docs/certificates.md, Lemma 17).
    """
    return change == "relabel"


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
