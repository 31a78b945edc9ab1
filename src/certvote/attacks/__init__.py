"""What the attacker does to the test images: nothing (data poisoning), or a trigger drawn into them (backdoor).

What is done to the training set is not simulated here: certificates bound it (certificates, section 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from certvote.checks import is_integer, items
from certvote.runtime.digests import array_digest
from certvote.types import Split

_POSITIONS = ("top-left", "top-right", "bottom-left", "bottom-right", "center")


def poisoning(split: Split) -> Split:
    """The split as it is: only training examples are the attacker's."""
    return split


def backdoor(
    split: Split,
    *,
    size: int,
    position: str | Sequence[int] = "bottom-right",
    color: int | Sequence[int] = 255,
) -> Split:
    """The split with a filled square of ``size`` pixels drawn into every test image; labels are kept.

    ``position``: a corner, ``center`` (rounded up and left), or row and column of the upper left pixel. ``color``:
    0 to 255 for all channels or for each. Raises ``ValueError`` for a square that is not wholly inside the image,
    a size or color out of range, and for data without images.
    """
    if split.test.ndim != 4:
        raise ValueError(
            f"option attack: attack=backdoor expected images, got a data set of feature vectors ({split.name}); "
            "choose attack=poisoning"
        )
    height, width, channels = split.test.shape[1:]
    if not (is_integer(size) and 1 <= size <= min(height, width)):
        raise ValueError(f"option attack.size: expected 1 to {min(height, width)} pixels, got {size!r}")
    row, column = _upper_left(position, height, width, size)
    levels = _levels(color, channels)
    test = split.test.copy()
    test[:, row : row + size, column : column + size] = levels
    digest = array_digest(split.train, split.train_labels, test, split.test_labels)
    return replace(split, test=test, digest=digest, triggered=True)


ATTACKS: Mapping[str, Callable[..., Split]] = {"poisoning": poisoning, "backdoor": backdoor}


def apply(split: Split, *, name: str, **options: Any) -> Split:
    """The attack called ``name`` with the options of its own function; ``ValueError`` for an unknown name."""
    if name not in ATTACKS:
        raise ValueError(f"option attack: expected one of {', '.join(ATTACKS)}, got {name!r}")
    return ATTACKS[name](split, **options)


def _upper_left(position: str | Sequence[int], height: int, width: int, size: int) -> tuple[int, int]:
    last_row, last_column = height - size, width - size
    named = {
        "top-left": (0, 0),
        "top-right": (0, last_column),
        "bottom-left": (last_row, 0),
        "bottom-right": (last_row, last_column),
        "center": (last_row // 2, last_column // 2),
    }
    if isinstance(position, str):
        if position not in named:
            raise ValueError(
                f"option attack.position: expected one of {', '.join(_POSITIONS)} or [row, column], got {position!r}"
            )
        return named[position]
    place = [int(value) for value in items(position) or () if is_integer(value)]
    if len(place) != 2 or len(position) != 2:
        raise ValueError(f"option attack.position: expected [row, column] or a name, got {position!r}")
    row, column = place
    if not (0 <= row <= last_row and 0 <= column <= last_column):
        raise ValueError(
            f"option attack.position: expected [0…{last_row}, 0…{last_column}] for a square of {size} pixels in an "
            f"image of {height}×{width}, got {place}"
        )
    return row, column


def _levels(color: int | Sequence[int], channels: int) -> np.ndarray:
    given = items(color)
    levels = [color] * channels if given is None else given
    if len(levels) != channels or not all(is_integer(level) and 0 <= level <= 255 for level in levels):
        raise ValueError(
            f"option attack.color: expected an integer 0 to 255, or {channels} of them (one per channel), got {color!r}"
        )
    return np.array(levels, dtype=np.uint8)
