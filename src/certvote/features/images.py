"""The one form in which features take images."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from certvote.checks import plain_array


def checked_images(images: UInt8[np.ndarray, "n h w ch"]) -> UInt8[np.ndarray, "n h w ch"]:
    """The images as an array; ``ValueError`` for a type other than ``uint8``, another number of axes, empty images."""
    images = plain_array("images", images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"images: expected uint8 [n h w channels], got {images.dtype} {list(images.shape)}")
    if 0 in images.shape[1:]:
        raise ValueError(f"images: expected at least one pixel and channel, got shape {list(images.shape)}")
    return images
