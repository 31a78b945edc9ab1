"""Pixels as features: distances are distances of gray levels."""

from __future__ import annotations

import numpy as np

from certvote.features.pixels import pixels, pixels_bits


def test_pixel_distances_are_gray_level_distances():
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 4, 3), dtype=np.uint8)
    assert pixels_bits((5, 4, 3)) == 8
    assert (pixels(images) * 256 == images.reshape(40, -1)).all()


def test_large_images_are_rounded_to_the_grid_of_their_dimension():
    images = np.random.default_rng(0).integers(0, 256, (2, 210, 210, 3), dtype=np.uint8)
    assert pixels_bits((210, 210, 3)) == 6
    assert np.abs(pixels(images) - images.reshape(2, -1) / 256).max() == 2.0**-7
    assert pixels_bits((256, 256, 1)) == 8
