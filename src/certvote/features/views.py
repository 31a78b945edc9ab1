"""Transform images: the fixed set of views under which a query is compared."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import UInt8

from certvote.checks import is_real
from certvote.features.images import checked_images

_CHUNK = 2048  # images at a time, to keep the float64 copies small


def rotated(images: UInt8[np.ndarray, "n h w ch"], degrees: float) -> UInt8[np.ndarray, "n h w ch"]:
    """Rotate images counterclockwise around their center.

    Gray levels are interpolated linearly from the four pixels around a point, 0 outside of the image, and rounded half
    to even. Each image is transformed on its own; at 0 degrees it stays as it is.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images.
    degrees : float
        Angle; positive is counterclockwise.

    Returns
    -------
    uint8 array, shape (n, h, w, ch)
        Images of the same size.

    Raises
    ------
    ValueError
        If images are not uint8 with four axes, or the angle is not a finite number.
    """
    images = checked_images(images)
    if not (is_real(degrees) and math.isfinite(degrees)):
        raise ValueError(f"degrees: expected a finite number, got {degrees!r}")
    height, width = images.shape[1:3]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    dy = np.arange(height)[:, None] - (height - 1) / 2
    dx = np.arange(width) - (width - 1) / 2
    y = (height - 1) / 2 + cosine * dy + sine * dx  # where the pixel's content comes from; rows count downwards
    x = (width - 1) / 2 - sine * dy + cosine * dx
    top, left = np.floor(y), np.floor(x)
    v, u = (y - top)[..., None], (x - left)[..., None]

    def padded(place: np.ndarray, side: int) -> np.ndarray:  # indices into images with a border of one black pixel
        indices: np.ndarray = np.clip(place, -1, side).astype(np.int64) + 1
        return indices

    rows = padded(top, height), padded(top + 1, height)
    columns = padded(left, width), padded(left + 1, width)
    result = np.empty_like(images)
    for start in range(0, len(images), _CHUNK):
        part = np.pad(images[start : start + _CHUNK], ((0, 0), (1, 1), (1, 1), (0, 0))).astype(np.float64)
        level = (1 - v) * (1 - u) * part[:, rows[0], columns[0]]
        level += (1 - v) * u * part[:, rows[0], columns[1]]
        level += v * (1 - u) * part[:, rows[1], columns[0]]
        level += v * u * part[:, rows[1], columns[1]]
        result[start : start + _CHUNK] = np.rint(level)
    return result


def mirrored(images: UInt8[np.ndarray, "n h w ch"]) -> UInt8[np.ndarray, "n h w ch"]:
    """Swap left and right of images.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images.

    Returns
    -------
    uint8 array, shape (n, h, w, ch)
        Images of the same size, a new contiguous array.

    Raises
    ------
    ValueError
        If images are not uint8 with four axes.
    """
    return np.ascontiguousarray(checked_images(images)[:, :, ::-1])
