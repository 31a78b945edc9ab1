"""Normalize one image by its moments and count its gradient directions: the compiled loops of ``gradient``."""

from __future__ import annotations

import math
from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

# No fastmath: sums keep their order, so the bits of an image's vector depend on the image alone.


@njit(nogil=True, cache=True)
@no_type_check
def direction_shares(
    images: np.ndarray,
    first: int,
    last: int,
    side: int,
    deviation: float,
    aspect: int,
    weights: np.ndarray,
    directions: int,
    power: float,
    shares: np.ndarray,
) -> None:
    """Compute the vectors of the images ``first`` to ``last - 1``.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images; the gray level of a pixel is the sum of its channels.
    first, last : int
        Range of images.
    side : int
        Height and width of the normalized image in pixels.
    deviation : float
        Standard deviation of the normalized image's longer axis in pixels.
    aspect : int
        Code of the aspect mapping, see :func:`shorter_share`.
    weights : float64 array, shape (grid, side)
        Weight of each row (and column) of the normalized image at each grid point.
    directions : int
        Number of directions over the full circle.
    power : float
        Exponent of the shares.
    shares : float64 array, shape (last - first, directions * grid * grid)
        Output: each direction's and grid point's share of all gradient magnitudes, to that power.
    """
    grid = weights.shape[0]
    gray = np.empty(images.shape[1:3])
    normalized = np.empty((side, side))
    row_sums = np.empty((directions, grid))
    for i in range(first, last):
        for y in range(gray.shape[0]):
            for x in range(gray.shape[1]):
                level = 0
                for channel in range(images.shape[3]):
                    level += images[i, y, x, channel]
                gray[y, x] = level
        normalize(gray, deviation, aspect, normalized)
        planes = shares[i - first].reshape((directions, grid, grid))
        sample_directions(normalized, weights, row_sums, planes)
        to_shares(shares[i - first], power)


@njit(nogil=True, cache=True)
@no_type_check
def normalize(gray: np.ndarray, deviation: float, aspect: int, normalized: np.ndarray) -> None:
    """Center an image, take out its shear and scale both axes to fixed standard deviations, by its own moments.

    Moments are those of the gray levels spread evenly over their pixels, hence 1/12 beside the variance of the pixels'
    centers: no image with a gray level above 0 has a variance of 0. Outside of the image gray levels are 0.
    """
    height, width = gray.shape
    normalized[:] = 0.0
    mass, mean_y, mean_x = 0.0, 0.0, 0.0
    for y in range(height):
        for x in range(width):
            mass += gray[y, x]
            mean_y += gray[y, x] * y
            mean_x += gray[y, x] * x
    if mass == 0.0:
        return
    mean_y /= mass
    mean_x /= mass
    var_y, var_x, covariance = 0.0, 0.0, 0.0
    for y in range(height):
        for x in range(width):
            dy, dx = y - mean_y, x - mean_x
            var_y += gray[y, x] * dy * dy
            var_x += gray[y, x] * dx * dx
            covariance += gray[y, x] * dy * dx
    var_y = var_y / mass + 1.0 / 12.0
    covariance /= mass
    shear = covariance / var_y
    var_x = var_x / mass + 1.0 / 12.0 - shear * covariance  # at least 1/12, by Cauchy and Schwarz
    sigma_y, sigma_x = math.sqrt(var_y), math.sqrt(var_x)
    share = shorter_share(min(sigma_y, sigma_x) / max(sigma_y, sigma_x), aspect)
    step_y = sigma_y / (deviation if sigma_y >= sigma_x else deviation * share)  # pixels of the image per one of ours
    step_x = sigma_x / (deviation if sigma_x > sigma_y else deviation * share)
    middle = (normalized.shape[0] - 1) / 2
    for row in range(normalized.shape[0]):
        dy = (row - middle) * step_y
        for column in range(normalized.shape[1]):
            x = mean_x + (column - middle) * step_x + shear * dy
            normalized[row, column] = interpolate(gray, mean_y + dy, x)


@njit(nogil=True, cache=True)
@no_type_check
def shorter_share(ratio: float, aspect: int) -> float:
    """Map the ratio of the standard deviations, in (0, 1], to that of the normalized image.

    ``aspect`` 0: 1 (both axes alike); 1: sqrt(sin(π r / 2)); 2: r (as it was).
    """
    if aspect == 0:
        return 1.0
    return ratio if aspect == 2 else math.sqrt(math.sin(math.pi * ratio / 2))


@njit(nogil=True, cache=True)
@no_type_check
def interpolate(gray: np.ndarray, y: float, x: float) -> float:
    """Interpolate the gray level at a point linearly from the four pixels around it, 0 outside of the image."""
    height, width = gray.shape
    if not (-1.0 < y < height and -1.0 < x < width):
        return 0.0
    top, left = math.floor(y), math.floor(x)
    v, u = y - top, x - left
    level = 0.0
    if top >= 0:
        if left >= 0:
            level += (1 - v) * (1 - u) * gray[top, left]
        if left + 1 < width:
            level += (1 - v) * u * gray[top, left + 1]
    if top + 1 < height:
        if left >= 0:
            level += v * (1 - u) * gray[top + 1, left]
        if left + 1 < width:
            level += v * u * gray[top + 1, left + 1]
    return level


@njit(nogil=True, cache=True)
@no_type_check
def sample_directions(
    normalized: np.ndarray,
    weights: np.ndarray,
    row_sums: np.ndarray,
    planes: np.ndarray,
) -> None:
    """Split Sobel gradients onto the two nearest directions and sum them up around every grid point."""
    directions, grid, _ = planes.shape
    side = normalized.shape[0]
    planes[:] = 0.0
    for y in range(side):
        row_sums[:] = 0.0  # of this row, per direction and column of the grid: the weights are products
        for x in range(side):
            gy, gx = sobel(normalized, y, x)
            magnitude = math.sqrt(gy * gy + gx * gx)
            if magnitude == 0.0:
                continue
            angle = math.atan2(gy, gx) / (2 * math.pi) * directions
            if angle < 0:
                angle += directions
            lower = int(angle)
            upper_share = angle - lower
            lower %= directions  # the angle may have been rounded up to the full circle
            upper = (lower + 1) % directions
            for j in range(grid):
                row_sums[lower, j] += magnitude * (1 - upper_share) * weights[j, x]
                row_sums[upper, j] += magnitude * upper_share * weights[j, x]
        for direction in range(directions):
            for i in range(grid):
                for j in range(grid):
                    planes[direction, i, j] += weights[i, y] * row_sums[direction, j]


@njit(nogil=True, cache=True)
@no_type_check
def sobel(image: np.ndarray, y: int, x: int) -> tuple[float, float]:
    """Compute the Sobel gradient (down, right) at a pixel; outside of the image gray levels are 0."""
    gy, gx = 0.0, 0.0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if 0 <= y + dy < image.shape[0] and 0 <= x + dx < image.shape[1]:
                level = image[y + dy, x + dx]
                gy += dy * (2 - abs(dx)) * level
                gx += dx * (2 - abs(dy)) * level
    return gy, gx


@njit(nogil=True, cache=True)
@no_type_check
def to_shares(values: np.ndarray, power: float) -> None:
    """Divide the values by their sum and raise them to a power, in place; zeros stay zeros."""
    total = 0.0
    for i in range(values.size):
        total += values[i]
    if total > 0.0:
        for i in range(values.size):
            values[i] = min(values[i] / total, 1.0) ** power
