"""Compute what a network sees of an image: maps of edges and colors, of the image or a distorted copy, in 8 bits.

The first layer of the networks has fixed filters: twenty examples cannot teach a network what an edge is, and every
member would have to learn it anew. Each map is the strength of edges in one direction, pooled over overlapping cells;
all of one image are scaled to the same length. Of color images there is also the mean of each channel in each cell. One
thread makes one image at a time, from that image and its distortion alone.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, UInt8
from numba import njit

DIRECTIONS = 8
_CELLS = 7  # along the shorter side: strokes and parts of objects stay apart, small shifts do not matter
_LARGEST = 255
_GAIN = 1000.0  # of values of a vector of length 1: few exceed 1/4, those are cut
_COLOR_GAIN = 0.5  # of mean channels: usual values as those of edges


def grid_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return rows and columns of the cells of an image, and the side of a cell in pixels.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of the image.
    """
    height, width = shape[:2]
    cell = max(1, min(height, width) // _CELLS)
    return height // cell, width // cell, cell


def depth_of(shape: tuple[int, ...]) -> int:
    """Return the number of maps of an image with this height, width and channels."""
    channels = shape[2]
    return DIRECTIONS + (channels if channels > 1 else 0)


def compute_maps(
    images: UInt8[np.ndarray, "n h w ch"], which: np.ndarray, distortions: Float64[np.ndarray, "k 2 3"] | None
) -> UInt8[np.ndarray, "k rows columns maps"]:
    """Compute the maps of images, each seen through its own distortion.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, channels)
        Images.
    which : int array, shape (k,)
        Rows of the images that are wanted; a row may be named several times.
    distortions : float64 array, shape (k, 2, 3), or None
        Affine maps around the center, from output to input, in pixels; ``None``: the images as they are.

    Returns
    -------
    uint8 array, shape (k, rows + 2, columns + 2, depth)
        Maps, with a border of zeros; sizes as :func:`grid_of` and :func:`depth_of` say.
    """
    rows, columns, cell = grid_of(images.shape[1:])
    padded = np.zeros((len(which), rows + 2, columns + 2, depth_of(images.shape[1:])), np.uint8)
    _fill_maps(images, which, np.empty((0, 2, 3)) if distortions is None else distortions, cell, _FILTERS, padded)
    return padded


_ANGLES = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
_FILTERS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1).astype(np.float32)


@njit(nogil=True, cache=True)
@no_type_check
def _distort(image, matrix, out):
    """Write the image, seen through an affine map around its center; bilinear, pixels of the border are repeated."""
    height, width, channels = image.shape
    middle_y, middle_x = 0.5 * (height - 1), 0.5 * (width - 1)
    for y in range(height):
        for x in range(width):
            dy, dx = y - middle_y, x - middle_x
            at_y = middle_y + matrix[0, 0] * dy + matrix[0, 1] * dx + matrix[0, 2]
            at_x = middle_x + matrix[1, 0] * dy + matrix[1, 1] * dx + matrix[1, 2]
            at_y, at_x = min(max(at_y, 0.0), height - 1.0), min(max(at_x, 0.0), width - 1.0)
            top, left = int(at_y), int(at_x)
            below, right = min(top + 1, height - 1), min(left + 1, width - 1)
            v, u = np.float32(at_y - top), np.float32(at_x - left)
            for k in range(channels):
                upper = (1 - u) * image[top, left, k] + u * image[top, right, k]
                lower = (1 - u) * image[below, left, k] + u * image[below, right, k]
                out[y, x, k] = (1 - v) * upper + v * lower


@njit(nogil=True, cache=True)
@no_type_check
def _pool_gradients(image, cell, filters, cells):
    """Add every pixel's gradient, of the channel where it is strongest, to the nearest cells and directions."""
    height, width, channels = image.shape
    rows, columns, directions = cells.shape
    for y in range(height):
        place_y = (y + 0.5) / cell - 0.5
        row = math.floor(place_y)
        share_y = np.float32(place_y - row)
        for x in range(width):
            gx = gy = strength = np.float32(0)
            for k in range(channels):
                dx = image[y, min(x + 1, width - 1), k] - image[y, max(x - 1, 0), k]
                dy = image[min(y + 1, height - 1), x, k] - image[max(y - 1, 0), x, k]
                if dx * dx + dy * dy > strength:
                    gx, gy, strength = dx, dy, dx * dx + dy * dy
            if strength == 0:
                continue
            length = math.sqrt(strength)
            place_x = (x + 0.5) / cell - 0.5
            column = math.floor(place_x)
            share_x = np.float32(place_x - column)
            for direction in range(directions):
                along = gx * filters[direction, 0] + gy * filters[direction, 1]
                if along <= 0:
                    continue
                value = along * along / length
                for below in range(2):
                    i, weight = row + below, share_y if below else 1 - share_y
                    if 0 <= i < rows:
                        if 0 <= column < columns:
                            cells[i, column, direction] += weight * (1 - share_x) * value
                        if column + 1 < columns:
                            cells[i, column + 1, direction] += weight * share_x * value


@njit(nogil=True, cache=True)
@no_type_check
def _pool_colors(image, cell, colors):
    """Write the mean of each channel in each cell and a margin of half a cell around it."""
    height, width, channels = image.shape
    for i in range(colors.shape[0]):
        top, bottom = max(0, i * cell - cell // 2), min(height, (i + 1) * cell + cell // 2)
        for j in range(colors.shape[1]):
            left, right = max(0, j * cell - cell // 2), min(width, (j + 1) * cell + cell // 2)
            for k in range(channels):
                total = np.float32(0)
                for y in range(top, bottom):
                    for x in range(left, right):
                        total += image[y, x, k]
                colors[i, j, k] = total / ((bottom - top) * (right - left))


@njit(nogil=True, cache=True)
@no_type_check
def _fill_maps(images, which, distortions, cell, filters, padded):
    """Write the maps of each image into ``padded``, shape (k, rows + 2, columns + 2, depth), but not its border."""
    shape = images.shape[1:]
    seen = np.empty(shape, np.float32)
    rows, columns = padded.shape[1] - 2, padded.shape[2] - 2
    directions = filters.shape[0]
    channels = padded.shape[3] - directions
    cells = np.empty((rows, columns, directions), np.float32)
    colors = np.empty((rows, columns, channels), np.float32)
    for k in range(which.size):
        if distortions.shape[0]:
            _distort(images[which[k]], distortions[k], seen)
        else:
            seen[:] = images[which[k]]
        cells[:] = 0
        _pool_gradients(seen, cell, filters, cells)
        total = 0.0  # of the squared strengths: its root is the length of all maps together
        for value in cells.flat:
            total += value
        scale = _GAIN / math.sqrt(total) if total > 0 else 0.0
        for i in range(rows):
            for j in range(columns):
                for direction in range(directions):
                    value = math.sqrt(cells[i, j, direction]) * scale + 0.5
                    padded[k, i + 1, j + 1, direction] = int(min(value, _LARGEST))
        if channels:
            _pool_colors(seen, cell, colors)
            for i in range(rows):
                for j in range(columns):
                    for channel in range(channels):
                        padded[k, i + 1, j + 1, directions + channel] = int(colors[i, j, channel] * _COLOR_GAIN)
