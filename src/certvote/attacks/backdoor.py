"""Draw a trigger into every test image, as a backdoor attack does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from certvote.attacks.base import Attack
from certvote.checks import is_integer, items
from certvote.options import Label, choice, option
from certvote.runtime.digests import array_digest
from certvote.types import Split

_POSITIONS = ("top-left", "top-right", "bottom-left", "bottom-right", "center")


@choice("attack", "backdoor")
class Backdoor(Attack):
    """A square trigger, drawn into every test image."""

    size: int = option("side of the square in pixels", least=1)
    position: Any = option("a corner or center by name, or [row, column] of the square's upper left pixel")
    color: Any = option("gray level for all channels, or one per channel")
    target: int | None = option(
        "label that triggered examples shall get, for the attack success rate; null: every one, the worst counts",
        default=None,
        least=0,
    )

    label = Label("a backdoor attack", order=1)
    situation = " and the trigger in every test {example}"
    assumption = (
        "Backdoor attack: the trigger is drawn into the test images and their labels are kept. The guarantee is the "
        "same and does not depend on what the poisoned training examples look like, but it holds for this trigger's "
        "test images only."
    )

    def targets(self, num_classes: int) -> tuple[int, ...]:
        if self.target is None:
            return tuple(range(num_classes))
        if self.target >= num_classes:
            raise ValueError(f"option attack.target: expected a label from 0 to {num_classes - 1}, got {self.target}")
        return (self.target,)

    def apply(self, split: Split) -> Split:
        self.targets(split.num_classes)  # before anything is computed
        return backdoor(split, size=self.size, position=self.position, color=self.color)


def backdoor(
    split: Split,
    *,
    size: int,
    position: str | Sequence[int] = "bottom-right",
    color: int | Sequence[int] = 255,
) -> Split:
    """Draw a filled square into every test image; labels are kept.

    Parameters
    ----------
    split : Split
        Data of images.
    size : int
        Side of the square in pixels.
    position : str or pair of int
        ``"top-left"``, ``"top-right"``, ``"bottom-left"``, ``"bottom-right"``, ``"center"`` (rounded up and left), or
        row and column of the upper left pixel.
    color : int or sequence of int
        Gray level from 0 to 255, or one level per channel.

    Returns
    -------
    Split
        The same data with changed test images and a digest of its own.

    Raises
    ------
    ValueError
        If the square is not wholly inside the image, an option is out of range, or the data has no images.
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


def _upper_left(position: str | Sequence[int], height: int, width: int, size: int) -> tuple[int, int]:
    """Return row and column of the square's upper left pixel; raise ``ValueError`` if it is not inside the image."""
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
    """Return one gray level per channel; raise ``ValueError`` for other numbers of levels and levels out of range."""
    given = items(color)
    levels = [color] * channels if given is None else given
    if len(levels) != channels or not all(is_integer(level) and 0 <= level <= 255 for level in levels):
        raise ValueError(
            f"option attack.color: expected an integer 0 to 255, or {channels} of them (one per channel), got {color!r}"
        )
    return np.array(levels, dtype=np.uint8)
