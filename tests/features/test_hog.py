"""HOG features: scikit-image's, snapped to the grid, whatever the processes."""

from __future__ import annotations

import re

import numpy as np
import pytest
import skimage.feature

from certvote import datasets
from certvote.features.hog import Hog, hog, hog_bits, hog_dim

U8 = np.zeros((2, 24, 24, 1), np.uint8)


def images(n=6, shape=(26, 33, 1), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [{}, {"orientations": 5, "pixels_per_cell": (4, 6), "cells_per_block": (1, 2)}],
    ids=["defaults", "other"],
)
def test_hog_is_scikit_images_to_half_a_multiple(channels, options):
    given = images(shape=(26, 33, channels))
    for image, row in zip(given, hog(given, **options), strict=True):
        axis = None if channels == 1 else -1
        expected = skimage.feature.hog(image[..., 0] if channels == 1 else image, channel_axis=axis, **options)
        assert row.shape == expected.shape == (hog_dim(image.shape, **options),)
        bits = hog_bits(image.shape, **options)
        assert (row * 2.0**bits == np.rint(expected * 2.0**bits)).all()


def test_hog_of_a_flat_image_is_zero():
    assert not hog(np.full((1, 24, 24, 1), 200, np.uint8)).any()


def test_hog_does_not_depend_on_processes_or_chunks(monkeypatch):
    given = images(50, (8, 8, 1))
    options = {"pixels_per_cell": (2, 2), "cells_per_block": (2, 2)}
    alone = hog(given, n_jobs=1, **options)
    monkeypatch.setattr("certvote.features.hog._CHUNK", 7)  # 8 chunks, the last of 1 image
    assert (hog(given, n_jobs=1, **options) == alone).all()
    assert (hog(given, n_jobs=2, **options) == alone).all()


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((8, 8, 1), {}, r"feature\.pixels_per_cell: expected images of at least 24×24 .* got 8×8"),
        ((24, 23, 3), {}, "got 24×23"),
        ((24, 24, 1), {"cells_per_block": (4, 1)}, "at least 32×8"),
        ((24, 24, 1), {"pixels_per_cell": (0, 8)}, r"feature\.pixels_per_cell: expected two integers >= 1"),
        ((24, 24, 1), {"cells_per_block": (3,)}, r"feature\.cells_per_block"),
        ((24, 24, 1), {"orientations": 0}, r"feature\.orientations"),
    ],
)
def test_images_and_options_that_hog_refuses(shape, options, message):
    with pytest.raises(ValueError, match=message):
        hog(images(2, shape), **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("n_jobs", value) for value in (0, -1, 1.5, True, "2")],
        *[("orientations", value) for value in (1.5, True, None)],
        *[(side, value) for side in ("pixels_per_cell", "cells_per_block") for value in (8, (1.5, 2), "88", None)],
    ],
)
def test_options_of_hog_are_integers(option, value):
    with pytest.raises(ValueError, match=rf"option (feature\.)?{option}: expected .* got {re.escape(repr(value))}"):
        hog(U8, **{option: value})


DEFAULTS = Hog(orientations=9, pixels_per_cell=(8, 8), cells_per_block=(3, 3))


@pytest.mark.slow
def test_hog_of_mnist(data_root):
    features = DEFAULTS.extract(datasets.subset(datasets.mnist(data_root=data_root), n_train=500, n_test=100))
    assert features.train.shape == (500, 81)
    assert features.bits == 17
    assert features.train.max() < 1


@pytest.mark.slow
def test_hog_of_cifar10(data_root):
    features = DEFAULTS.extract(datasets.subset(datasets.cifar10(data_root=data_root), n_train=200, n_test=50))
    assert features.train.shape == (200, 324)
    assert features.bits == 15
