"""Views of images: rotations equal SciPy's, of each image on its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from certvote.features.views import mirrored, rotated


def images(n=6, shape=(9, 12, 2), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("degrees", [-16, -8, 3.5, 8, 16, 45, 100, 180])
@pytest.mark.parametrize("shape", [(9, 12, 2), (28, 28, 1), (8, 5, 3)])
def test_rotations_are_linear_interpolations(shape, degrees):
    given = images(shape=shape)
    expected = ndimage.rotate(
        given.astype(float), degrees, axes=(1, 2), reshape=False, order=1, mode="grid-constant", prefilter=False
    )
    found = rotated(given, degrees)
    assert found.dtype == np.uint8
    assert found.shape == given.shape
    assert np.abs(found - expected).max() <= 0.5 + 1e-9


def test_positive_angles_are_counterclockwise():
    given = images(shape=(7, 7, 1))
    assert (rotated(given, 90) == np.rot90(given, 1, axes=(1, 2))).all()
    assert (rotated(given, -90) == np.rot90(given, -1, axes=(1, 2))).all()
    assert (rotated(given, 180) == given[:, ::-1, ::-1]).all()


@pytest.mark.parametrize("degrees", [0, 0.0, 360])
def test_a_full_turn_changes_nothing(degrees):
    assert (rotated(images(), degrees) == images()).all()


def test_each_image_is_rotated_on_its_own(monkeypatch):
    given = images(30)
    whole = rotated(given, 11.3)
    order = np.random.default_rng(1).permutation(30)
    for chosen in (order, order[:5], order[:1]):
        assert (rotated(given[chosen], 11.3) == whole[chosen]).all()
    monkeypatch.setattr("certvote.features.views._CHUNK", 7)
    assert (rotated(given, 11.3) == whole).all()
    assert rotated(given[:0], 5).shape == given[:0].shape


def test_mirrored_images_have_their_columns_reversed():
    given = images()
    assert (mirrored(given)[:, :, 0] == given[:, :, -1]).all()
    assert (mirrored(mirrored(given)) == given).all()
    assert mirrored(given).flags.c_contiguous


@pytest.mark.parametrize("degrees", [math.nan, math.inf, "8", None, True])
def test_angles_are_finite_numbers(degrees):
    with pytest.raises(ValueError, match="degrees: expected a finite number, got"):
        rotated(images(), degrees)


@pytest.mark.parametrize("transform", [lambda x: rotated(x, 8), mirrored])
def test_images_are_bytes_with_channels(transform):
    with pytest.raises(ValueError, match="images: expected uint8"):
        transform(np.zeros((2, 5, 5, 1)))
