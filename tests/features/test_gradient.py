"""Gradient directions: equal to a slow implementation of the recipe, of one image alone, on the exact grid."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from scipy import ndimage

from certvote import datasets
from certvote.features.gradient import ASPECTS, SIDE, gradient, gradient_bits, gradient_dim

OPTIONS = [
    {},
    {"directions": 16, "grid": 6, "aspect": "sine", "power": 0.5},
    {"directions": 5, "grid": 3, "spread": 0.25, "aspect": "equal", "power": 1.0},
    {"directions": 2, "grid": 1, "aspect": "kept"},
]


def strokes(n: int, shape: tuple[int, ...] = (28, 28, 1), seed: int = 0) -> np.ndarray:
    """Draw images of random blurred strokes on black."""
    generator = np.random.default_rng(seed)
    images = np.zeros((n, *shape))
    for image in images:
        for _ in range(4):
            (y0, x0), (y1, x1) = generator.uniform(0.1, 0.9, (2, 2)) * shape[:2]
            for t in np.linspace(0, 1, 60):
                image[int(y0 + t * (y1 - y0)), int(x0 + t * (x1 - x0))] = generator.uniform(0.5, 1, shape[2])
    blurred = ndimage.gaussian_filter(images, (0, 0.7, 0.7, 0))
    return np.rint(255 * blurred / blurred.max()).astype(np.uint8)


def slow(image: np.ndarray, *, directions=12, grid=7, spread=0.23, aspect="equal", power=0.25) -> np.ndarray:
    """Compute the vector of one image step by step, in the words of the docstring."""
    gray = image.astype(float).sum(axis=2)
    if not gray.any():
        return np.zeros(directions * grid * grid)
    y, x = np.indices(gray.shape)
    mean_y, mean_x = np.average(y, weights=gray), np.average(x, weights=gray)
    v_y = np.average((y - mean_y) ** 2, weights=gray) + 1 / 12
    v_x = np.average((x - mean_x) ** 2, weights=gray) + 1 / 12
    c = np.average((y - mean_y) * (x - mean_x), weights=gray)
    shear = c / v_y
    sigma = np.sqrt([v_y, v_x - shear * c])
    r = sigma.min() / sigma.max()
    share = {"sine": math.sqrt(math.sin(math.pi * r / 2)), "equal": 1.0, "kept": r}[aspect]
    target = np.where(sigma == sigma.max(), 1.0, share) * spread * SIDE
    place = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    dy, dx = place * (sigma / target)[:, None, None]
    where = [mean_y + dy, mean_x + dx + shear * dy]
    normalized = ndimage.map_coordinates(gray, where, order=1, mode="grid-constant", cval=0.0)
    g_y, g_x = (ndimage.sobel(normalized, axis=axis, mode="constant") for axis in (0, 1))
    angles = np.arctan2(g_y, g_x)
    step = SIDE / grid
    centers = (np.arange(grid) + 0.5) * step - 0.5
    gauss = np.exp(-((np.arange(SIDE) - centers[:, None]) ** 2) / (2 * (math.sqrt(2) * step / math.pi) ** 2))
    planes = []
    for direction in range(directions):
        turn = np.abs((angles - 2 * math.pi * direction / directions + math.pi) % (2 * math.pi) - math.pi)
        near = np.maximum(0, 1 - turn * directions / (2 * math.pi))
        planes.append(gauss @ (np.hypot(g_y, g_x) * near) @ gauss.T)
    values = np.ravel(planes)
    return (values / values.sum()) ** power


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 33, 3), (8, 8, 1), (60, 50, 2)])
def test_it_equals_the_slow_implementation(shape, options):
    images = strokes(6, shape)
    found = gradient(images, **options)
    bits = gradient_bits(**options)
    for image, row in zip(images, found, strict=True):
        assert np.abs(row - slow(image, **options)).max() <= 2.0**-bits


@pytest.mark.parametrize("options", OPTIONS)
def test_values_lie_on_the_grid_between_0_and_1(options):
    found = gradient(strokes(20), **options)
    bits = gradient_bits(**options)
    assert found.dtype == np.float32
    assert found.shape == (20, gradient_dim(**options))
    assert 0 <= found.min() < found.max() <= 1
    multiples = found.astype(float) * 2.0**bits
    assert (multiples == np.rint(multiples)).all()
    assert len(np.unique(found, axis=0)) == 20


def test_a_vector_depends_on_its_own_image_alone(monkeypatch):
    images = strokes(40)
    whole = gradient(images)
    order = np.random.default_rng(1).permutation(40)
    for chosen in (order, order[:11], order[:1], np.repeat(order, 3)):
        assert (gradient(images[chosen]) == whole[chosen]).all()
    monkeypatch.setattr("certvote.features.gradient._CHUNK", 7)
    for threads in (1, 3):
        assert (gradient(images, n_jobs=threads) == whole).all()
    assert (gradient(np.asfortranarray(images)) == whole).all()


def test_brightness_and_place_do_not_matter():
    images = strokes(10) // 2
    inner = np.zeros((10, 40, 40, 1), np.uint8)
    inner[:, 9:37, 3:31] = 2 * images
    assert np.abs(gradient(images) - gradient(inner)).max() <= 2.0 ** -gradient_bits()


def test_shear_and_size_matter_little():
    image = strokes(1, (28, 28, 1), seed=3)[0, ..., 0].astype(float)
    shear = [[0.6, 0], [-0.18, 0.6]]
    large = ndimage.affine_transform(image, shear, offset=[-2, 3], output_shape=(50, 60), order=1)
    both = gradient(np.rint(large).astype(np.uint8)[None, ..., None]), gradient(image.astype(np.uint8)[None, ..., None])
    other = gradient(strokes(1, seed=4))
    assert np.abs(both[0] - both[1]).sum() < 0.25 * np.abs(both[0] - other).sum()


def test_channels_are_added_up():
    gray = strokes(5) // 3
    assert (gradient(gray.repeat(3, axis=3)) == gradient(3 * gray)).all()


@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 1, 1), (5, 1, 3)])
def test_black_images_are_zero_and_flat_ones_are_not(shape):
    black = np.zeros((1, *shape), np.uint8)
    assert not gradient(black).any()
    flat = gradient(np.stack([black[0] + 1, black[0] + 200]))
    assert flat[0].any()
    assert np.abs(flat[0] - flat[1]).max() <= 2.0 ** -gradient_bits()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_thin_images_have_a_vector(aspect):
    line = np.zeros((2, 28, 28, 1), np.uint8)
    line[0, 14] = 255
    line[1, :, 14] = 255
    found = gradient(line, aspect=aspect)
    assert np.isfinite(found).all()
    assert found.any(axis=1).all()


def test_no_images_give_no_rows():
    assert gradient(strokes(3)[:0]).shape == (0, 588)


@pytest.mark.parametrize(("options", "bits"), [({}, 14), ({"directions": 16, "grid": 8}, 14), ({"grid": 1}, 20)])
def test_known_grids(options, bits):
    assert gradient_bits(**options) == bits


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("feature.directions", value) for value in (1, 1.5, True, None)],
        *[("feature.grid", value) for value in (0, 2.0, "5")],
        *[(f"feature.{share}", value) for share in ("spread", "power") for value in (0, -0.5, 1.5, math.nan, "1")],
        ("feature.aspect", "round"),
        *[("n_jobs", value) for value in (0, 1.5, True)],
    ],
)
def test_options_out_of_range(option, value):
    name = option.removeprefix("feature.")
    with pytest.raises(ValueError, match=rf"option {option}: expected .* got {re.escape(repr(value))}"):
        gradient(strokes(1), **{name: value})


@pytest.mark.parametrize("images", [np.zeros((2, 5, 5, 1)), np.zeros((2, 5, 5), np.uint8), None])
def test_images_are_bytes_with_channels(images):
    with pytest.raises(ValueError, match="images: expected uint8"):
        gradient(images)


@pytest.mark.slow
def test_mnist_takes_seconds(data_root):
    split = datasets.mnist(data_root=data_root, mirrors=())
    started = time.perf_counter()
    found = gradient(split.train)
    assert time.perf_counter() - started < 60
    assert (gradient(split.train[1234:1235]) == found[1234]).all()
    assert found.any(axis=1).all()
