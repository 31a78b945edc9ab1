"""Take gray levels or colors as features."""

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
    """Return the exponent of the grid of images of one shape: 8, and less beyond 65,536 values.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels.
    """
    return min(8, bits_for(int(np.prod(shape))))


def pixels(images: UInt8[np.ndarray, "n h w ch"]) -> Float32[np.ndarray, "n d"]:
    """Divide every gray level or color by 256.

    By 256 and not 255, so that every level lies on the grid: distances are sums of differences of gray levels, in
    multiples of 1/256, and ties between them are ties here. Only images of more than 65,536 values are rounded.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images.

    Returns
    -------
    float32 array, shape (n, h · w · ch)
        Values in [0, 1) on the grid of :func:`pixels_bits`.

    Raises
    ------
    ValueError
        If images are not uint8 with four axes: other levels may lie off the grid.
    """
    images = checked_images(images)
    flat = images.reshape(len(images), int(np.prod(images.shape[1:])))
    bits = pixels_bits(images.shape[1:])
    if bits == 8:
        return flat.astype(np.float32) / np.float32(256)
    return snap(flat / 256, bits)
