"""Check images before features are computed from them."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from certvote.checks import plain_array


def checked_images(images: UInt8[np.ndarray, "n h w ch"]) -> UInt8[np.ndarray, "n h w ch"]:
    """Return images as an array, or refuse what is none.

    Parameters
    ----------
    images : array-like
        What a user gave as images.

    Returns
    -------
    uint8 array, shape (n, h, w, ch)
        The images.

    Raises
    ------
    ValueError
        If the type is not uint8, the number of axes not 4, or an image has no pixels.
    """
    images = plain_array("images", images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"images: expected uint8 [n h w channels], got {images.dtype} {list(images.shape)}")
    if 0 in images.shape[1:]:
        raise ValueError(f"images: expected at least one pixel and channel, got shape {list(images.shape)}")
    return images
