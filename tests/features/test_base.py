"""Every feature: on its grid, a function of one example alone, cached where it is slow, clear where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from certvote import datasets
from certvote.attacks.backdoor import backdoor
from certvote.features.clip import Clip
from certvote.features.efficientnet import EfficientNet
from certvote.features.gradient import Gradient, gradient
from certvote.features.hog import Hog, hog
from certvote.features.npy import Npy
from certvote.features.pixels import Pixels, pixels
from certvote.features.timm import Timm
from certvote.features.vectors import Vectors, vectors
from certvote.options.choices import choices
from certvote.types import Split

HOG = Hog(orientations=9, pixels_per_cell=(3, 3), cells_per_block=(2, 2))
GRADIENT = Gradient(directions=6, grid=3, spread=0.2, aspect="sine", power=0.5)
CASES = {
    "pixels": ((5, 4, 3), Pixels()),
    "hog": ((9, 12, 1), HOG),
    "hog color": ((9, 12, 3), Hog(orientations=5, pixels_per_cell=(3, 3), cells_per_block=(3, 3))),
    "gradient": ((9, 12, 1), GRADIENT),
    "gradient color": ((20, 7, 3), Gradient(directions=8, grid=4, spread=0.25, aspect="equal", power=0.25)),
    "vectors": ((7,), Vectors(low=-2.0, high=3.0)),
}
ELSEWHERE = {Clip, EfficientNet, Npy, Timm}  # tested in files of their own


def a_split(shape, n=40, m=7, seed=0):
    generator = np.random.default_rng(seed)

    def part(count):
        if len(shape) == 1:
            return generator.uniform(-2, 3, (count, *shape))
        return generator.integers(0, 256, (count, *shape), dtype=np.uint8)

    return Split("own", part(n), np.zeros(n, np.int64), part(m), np.zeros(m, np.int64), ("a",), "")


@pytest.fixture(params=CASES)
def case(request):
    shape, feature = CASES[request.param]
    return a_split(shape), feature


def test_every_feature_is_tested_here_or_in_a_file_of_its_own():
    assert {type(feature) for _, feature in CASES.values()} | ELSEWHERE == set(choices("feature").values())


def test_features_are_on_the_declared_grid(case):
    split, feature = case
    features = feature.extract(split)
    assert features.train.dtype == features.test.dtype == np.float32
    assert len(features.train) == 40
    assert len(features.test) == 7
    assert features.bits == feature.bits(split.train.shape[1:])
    for part in (features.train, features.test):
        multiples = part.astype(float) * 2.0**features.bits
        assert (multiples == np.rint(multiples)).all()
        assert not np.signbit(part[part == 0]).any()
        assert len(np.unique(part)) > 5


def test_a_feature_is_a_function_of_its_own_example(case):
    split, feature = case
    whole = feature.extract(split)
    order = np.random.default_rng(1).permutation(40)
    for chosen in (order, order[:5], order[:1]):
        part = Split("own", split.train[chosen], split.train_labels[chosen], split.test, split.test_labels, ("a",), "")
        features = feature.extract(part)
        assert (features.train == whole.train[chosen]).all()
        assert (features.test == whole.test).all()


def test_the_digest_follows_the_content(case):
    split, feature = case
    other = a_split(split.train.shape[1:], seed=1)
    assert feature.extract(split).digest == feature.extract(split).digest != feature.extract(other).digest


U8 = np.zeros((2, 24, 24, 1), np.uint8)


@pytest.mark.parametrize("feature", [pixels, hog, gradient])
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
    assert gradient(U8[:0]).shape == (0, 588)
    assert vectors(np.zeros((0, 5))).shape == (0, 5)


@pytest.mark.parametrize(
    ("shape", "feature", "message"),
    [
        ((7,), Pixels(), "feature=pixels expected images, got a data set of feature vectors .* feature=vectors"),
        ((7,), HOG, "feature=hog expected images"),
        ((7,), GRADIENT, "feature=gradient expected images"),
        (
            (4, 4, 1),
            CASES["vectors"][1],
            "feature=vectors expected feature vectors, got a data set of images .*=pixels",
        ),
    ],
)
def test_features_that_do_not_fit_the_data(shape, feature, message):
    with pytest.raises(ValueError, match=message):
        feature.extract(a_split(shape))


@pytest.mark.parametrize(
    ("feature", "computed_by", "changed"),
    [
        (
            Hog(orientations=9, pixels_per_cell=(2, 2), cells_per_block=(3, 3)),
            "certvote.features.hog._hog_chunk",
            Hog(orientations=8, pixels_per_cell=(2, 2), cells_per_block=(3, 3)),
        ),
        (
            GRADIENT,
            "certvote.features.gradient.sampling_weights",
            Gradient(directions=6, grid=3, spread=0.2, aspect="sine", power=0.25),
        ),
    ],
    ids=["hog", "gradient"],
)
def test_slow_features_are_cached_per_part(feature, computed_by, changed, tmp_path, monkeypatch):
    split = datasets.subset(datasets.digits(), n_train=30, n_test=10)
    first = feature.extract(split, cache_root=tmp_path)
    assert len(list(tmp_path.glob(f"features-{feature.name}/*.npz"))) == 2
    theirs = feature.extract(backdoor(split, size=2), cache_root=tmp_path)
    assert len(list(tmp_path.glob(f"features-{feature.name}/*.npz"))) == 3
    assert (theirs.train == first.train).all()
    assert (theirs.test != first.test).any()

    def must_not_run(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr(computed_by, must_not_run)
    assert feature.extract(split, cache_root=tmp_path).digest == first.digest
    with pytest.raises(AssertionError, match="computed again"):
        changed.extract(split, cache_root=tmp_path)


def test_pixels_need_no_cache(tmp_path):
    Pixels().extract(a_split((4, 4, 1)), cache_root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_that_came_under_a_name_are_kept_with_the_features_and_never_mixed(tmp_path, monkeypatch):
    split = a_split((9, 12, 1))
    for name in ("one", "two"):
        monkeypatch.setattr(Hog, "loaded", lambda self, name=name: {"feature.weights": name})
        assert HOG.extract(split, cache_root=tmp_path / name).files == {"feature.weights": name}
    assert HOG.extract(split, cache_root=tmp_path / "one").files == {"feature.weights": "one"}
    more = a_split((9, 12, 1), m=8)
    with pytest.raises(ValueError, match=r"option feature\.weights: expected one file .* one and two"):
        HOG.extract(more, cache_root=tmp_path / "one")
