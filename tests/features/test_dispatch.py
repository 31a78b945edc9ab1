"""Features of a split: what each is, that it depends on its own example only, and the cache."""

from __future__ import annotations

import re

import numpy as np
import pytest
import skimage.feature

from certvote import attacks, datasets
from certvote.features import FEATURES, extract, grid_bits
from certvote.features.hog import hog, hog_dim
from certvote.features.pixels import pixels
from certvote.features.vectors import vectors
from certvote.types import Split

CASES = {
    "pixels": ((5, 4, 3), {}),
    "hog": ((9, 12, 1), {"pixels_per_cell": (3, 3), "cells_per_block": (2, 2)}),
    "hog color": ((9, 12, 3), {"pixels_per_cell": (3, 3)}),
    "vectors": ((7,), {"low": -2.0, "high": 3.0}),
}


def a_split(shape, n=40, m=7, seed=0):
    generator = np.random.default_rng(seed)

    def part(count):
        if len(shape) == 1:
            return generator.uniform(-2, 3, (count, *shape))
        return generator.integers(0, 256, (count, *shape), dtype=np.uint8)

    return Split("own", part(n), np.zeros(n, np.int64), part(m), np.zeros(m, np.int64), ("a",), "")


@pytest.fixture(params=CASES)
def case(request):
    shape, options = CASES[request.param]
    return a_split(shape), {"name": request.param.split()[0], **options}


def test_every_feature_is_tested_here_or_in_a_file_of_its_own():
    assert {name.split()[0] for name in CASES} | {"clip", "npy"} == set(FEATURES)


def test_features_are_on_the_declared_grid(case):
    split, options = case
    features = extract(split, **options)
    assert features.train.dtype == features.test.dtype == np.float32
    assert len(features.train) == 40
    assert len(features.test) == 7
    assert features.bits == grid_bits(split.train.shape[1:], **options)
    for part in (features.train, features.test):
        multiples = part.astype(float) * 2.0**features.bits
        assert (multiples == np.rint(multiples)).all()
        assert not np.signbit(part[part == 0]).any()
        assert len(np.unique(part)) > 5


def test_a_feature_is_a_function_of_its_own_example(case):
    split, options = case
    whole = extract(split, **options).train
    order = np.random.default_rng(1).permutation(40)
    for chosen in (order, order[:5], order[:1]):
        part = Split("own", split.train[chosen], split.train_labels[chosen], split.test, split.test_labels, ("a",), "")
        features = extract(part, **options)
        assert (features.train == whole[chosen]).all()
        assert (features.test == extract(split, **options).test).all()


def test_the_digest_follows_the_content(case):
    split, options = case
    other = a_split(split.train.shape[1:], seed=1)
    assert extract(split, **options).digest == extract(split, **options).digest != extract(other, **options).digest


def test_pixel_distances_are_gray_level_distances():
    split = a_split((5, 4, 3))
    features = extract(split, name="pixels")
    assert features.bits == 8
    assert (features.train * 256 == split.train.reshape(40, -1)).all()


def test_large_images_are_rounded_to_the_grid_of_their_dimension():
    images = np.random.default_rng(0).integers(0, 256, (2, 210, 210, 3), dtype=np.uint8)
    assert grid_bits((210, 210, 3), name="pixels") == 6
    assert np.abs(pixels(images) - images.reshape(2, -1) / 256).max() == 2.0**-7
    assert grid_bits((256, 256, 1), name="pixels") == 8


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [{}, {"orientations": 5, "pixels_per_cell": (4, 6), "cells_per_block": (1, 2)}],
    ids=["defaults", "other"],
)
def test_hog_is_scikit_images_to_half_a_multiple(channels, options):
    images = a_split((26, 33, channels), n=6).train
    found = hog(images, **options)
    for image, row in zip(images, found, strict=True):
        axis = None if channels == 1 else -1
        expected = skimage.feature.hog(image[..., 0] if channels == 1 else image, channel_axis=axis, **options)
        assert row.shape == expected.shape == (hog_dim(image.shape, **options),)
        bits = grid_bits(image.shape, name="hog", **options)
        assert (row * 2.0**bits == np.rint(expected * 2.0**bits)).all()


def test_hog_of_a_flat_image_is_zero():
    assert not hog(np.full((1, 24, 24, 1), 200, np.uint8)).any()


def test_hog_does_not_depend_on_processes_or_chunks(monkeypatch):
    images = a_split((8, 8, 1), n=50).train
    options = {"pixels_per_cell": (2, 2), "cells_per_block": (2, 2)}
    alone = hog(images, n_jobs=1, **options)
    monkeypatch.setattr("certvote.features.hog._CHUNK", 7)  # 8 chunks, the last of 1 image
    assert (hog(images, n_jobs=1, **options) == alone).all()
    assert (hog(images, n_jobs=2, **options) == alone).all()


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
        extract(a_split(shape), name="hog", **options)


U8 = np.zeros((2, 24, 24, 1), np.uint8)


@pytest.mark.parametrize("feature", [pixels, hog])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (U8 / 255.0, r"images: expected uint8 \[n h w channels\], got float64 \[2, 24, 24, 1\]"),
        (U8.astype(np.int64) + 5000, "images: expected uint8 .* got int64"),
        (U8.astype(bool), "images: expected uint8 .* got bool"),
        (U8[..., 0], r"images: expected uint8 .* got uint8 \[2, 24, 24\]"),
        (U8[0, 0, 0], r"images: expected uint8 .* got uint8 \[1\]"),
        (None, "images: expected uint8 .* got object"),
        (U8[:, :0], "images: expected at least one pixel"),
        (np.ma.array(U8), "images: expected an array without a mask"),
    ],
)
def test_images_are_bytes_with_channels(feature, images, message):
    with pytest.raises(ValueError, match=message):
        feature(images)


def test_no_examples_give_no_rows():
    assert pixels(U8[:0]).shape == (0, 576)
    assert hog(U8[:0]).shape == (0, 81)
    assert vectors(np.zeros((0, 5))).shape == (0, 5)


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


@pytest.mark.parametrize("x", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((2, 3), complex), [["a"]], None])
def test_vectors_are_a_matrix_of_numbers(x):
    with pytest.raises(ValueError, match=r"x: expected real numbers \[n d\], one row per example, got"):
        vectors(x)


def test_vectors_outside_the_declared_range():
    with pytest.raises(ValueError, match=r"feature\.low, feature\.high: expected feature values in \[-1\.0, 1\.0\]"):
        extract(a_split((7,)), name="vectors")


@pytest.mark.parametrize(
    ("shape", "name", "message"),
    [
        ((7,), "pixels", "feature=pixels expected images, got a data set of feature vectors .* feature=vectors"),
        ((7,), "hog", "feature=hog expected images"),
        ((4, 4, 1), "vectors", "feature=vectors expected feature vectors, got a data set of images .* feature=pixels"),
        ((4, 4, 1), "clop", "feature: expected one of pixels, hog, clip, vectors, npy, got 'clop'"),
    ],
)
def test_features_that_do_not_fit_the_data(shape, name, message):
    with pytest.raises(ValueError, match=message):
        extract(a_split(shape), name=name)


def test_hog_is_cached_per_part(tmp_path, monkeypatch):
    split = datasets.load(name="digits", data_root=".", n_train=30, n_test=10)
    options = {"name": "hog", "cache_root": tmp_path, "pixels_per_cell": (2, 2)}
    first = extract(split, **options)
    assert len(list(tmp_path.glob("features-hog/*.npz"))) == 2
    attacked = attacks.backdoor(split, size=2)
    theirs = extract(attacked, **options)
    assert len(list(tmp_path.glob("features-hog/*.npz"))) == 3
    assert (theirs.train == first.train).all()
    assert (theirs.test != first.test).any()

    def must_not_run(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr("certvote.features.hog._hog_chunk", must_not_run)
    assert extract(split, **options).digest == first.digest
    with pytest.raises(AssertionError, match="computed again"):
        extract(split, **options, orientations=8)


def test_pixels_need_no_cache(tmp_path):
    extract(a_split((4, 4, 1)), name="pixels", cache_root=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_hog_of_mnist(data_root, tmp_path):
    split = datasets.load(name="mnist", data_root=data_root, mirrors=(), n_train=500, n_test=100)
    features = extract(split, name="hog", cache_root=tmp_path)
    assert features.train.shape == (500, 81)
    assert features.bits == 17
    assert features.train.max() < 1


@pytest.mark.slow
def test_hog_of_cifar10(data_root, tmp_path):
    split = datasets.load(name="cifar10", data_root=data_root, mirrors=(), n_train=200, n_test=50)
    features = extract(split, name="hog", cache_root=tmp_path)
    assert features.train.shape == (200, 324)
    assert features.bits == 15
