"""Gray levels or colors as features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.features.base import ImageFeature
from certvote.features.grid import bits_for, snap
from certvote.features.images import checked_images
from certvote.options import Label, choice


@choice("feature", "pixels")
class Pixels(ImageFeature):
    """Gray levels or colors, one number per pixel and channel, scaled to [0, 1)."""

    label = Label("pixel")

    def bits(self, shape: tuple[int, ...]) -> int:
        return pixels_bits(shape)

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        return pixels(examples)


def pixels_bits(shape: tuple[int, ...]) -> int:
    """The grid of images of ``shape`` (height, width, channels): 2**-8 up to 65,536 values, then as dimension says."""
    return min(8, bits_for(int(np.prod(shape))))


def pixels(images: UInt8[np.ndarray, "n h w ch"]) -> Float32[np.ndarray, "n d"]:
    """One number per pixel and channel: its level divided by 256, in [0, 1).

    By 256 and not 255, so that every level lies on the grid: distances are sums of differences of gray levels, in
    multiples of 1/256, and ties between them are ties here. Only images of more than 65,536 values are rounded.
    Raises ``ValueError`` for anything but ``uint8`` images: other levels may lie off the grid.
    """
    images = checked_images(images)
    flat = images.reshape(len(images), int(np.prod(images.shape[1:])))
    bits = pixels_bits(images.shape[1:])
    if bits == 8:
        return flat.astype(np.float32) / np.float32(256)
    return snap(flat / 256, bits)
