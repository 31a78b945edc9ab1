"""CLIP embeddings of a small model with fixed weights: a function of the image alone, cached, clear when they fail."""

from __future__ import annotations

import json
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest

import torchvision_ops
from certvote import datasets
from certvote.attacks.backdoor import backdoor
from certvote.features import clip_model, weights
from certvote.features.clip import Clip, clip
from certvote.features.norm import unit_bits, unit_features
from features import tiny_clip


@pytest.fixture(scope="module", autouse=True)
def torchvision():
    torchvision_ops.declare()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> dict[str, str]:
    return tiny_clip.save(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Nothing was downloaded before, and a server that accepts connections but never says a word."""
    from huggingface_hub import constants

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(weights, "_PATIENCE", 0.5)
        yield


def images(n=30, shape=(9, 12, 1), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (9, 50, 3), (64, 40, 1)])
def test_embeddings_of_norm_1_on_the_grid(tiny, shape):
    features = clip(images(5, shape), **tiny)
    bits = unit_bits(tiny_clip.DIM)
    assert features.shape == (5, tiny_clip.DIM)
    assert features.dtype == np.float32
    assert (features * 2.0**bits == np.rint(features * 2.0**bits)).all()
    assert np.abs(np.linalg.norm(features, axis=1) - 1).max() < tiny_clip.DIM * 2.0**-bits
    assert len(np.unique(features, axis=0)) == 5


def test_they_are_open_clips_own(tiny):
    import open_clip
    import torch
    from PIL import Image

    given = images(6, (40, 33, 3))
    model = open_clip.CLIP(**tiny_clip.CONFIG).eval()
    model.load_state_dict(torch.load(tiny["weights"]))
    prepare = open_clip.image_transform(32, is_train=False)
    with torch.inference_mode():
        expected = torch.cat([model.encode_image(prepare(Image.fromarray(image))[None]) for image in given]).numpy()
    bits = unit_bits(tiny_clip.DIM)
    assert np.abs(clip(given, **tiny) - unit_features(expected)).max() <= 2.0**-bits


def test_a_gray_image_is_a_color_image_without_color(tiny):
    gray = images(4)
    assert (clip(gray, **tiny) == clip(gray.repeat(3, axis=3), **tiny)).all()


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_neither_batch_nor_order_nor_threads_nor_company_matter(tiny, precision):
    given = images(40)
    whole = clip(given, **tiny, precision=precision)
    assert len(np.unique(whole, axis=0)) == 40
    for how in ({"batch_size": 1}, {"batch_size": 7, "n_jobs": 2}, {"batch_size": 40, "n_jobs": 5}, {"n_jobs": 1}):
        assert (clip(given, **tiny, precision=precision, **how) == whole).all()
    order = np.random.default_rng(1).permutation(40)
    for chosen in (order, order[:11], order[:1]):
        assert (clip(given[chosen], **tiny, precision=precision, batch_size=8) == whole[chosen]).all()


def test_a_network_as_large_as_real_ones_keeps_to_that(tmp_path):
    wide = {"image_size": 64, "layers": 2, "width": 384, "head_width": 64, "patch_size": 16}  # where batches differ
    options = tiny_clip.save(tmp_path, changes={"embed_dim": 256, "vision_cfg": wide})
    given = images(24, (28, 28, 1))
    whole = clip(given, **options)
    assert (clip(given[::-1], **options, batch_size=5, n_jobs=2)[::-1] == whole).all()
    assert (clip(given[7:8], **options)[0] == whole[7]).all()


def test_precision_is_that_of_the_network(tiny):
    exact, coarse, half = (clip(images(4), **tiny, precision=p) for p in ("float32", "bfloat16", "float16"))
    assert 0 < np.abs(half - exact).max() < np.abs(coarse - exact).max() < 0.05


def test_torch_keeps_its_threads(tiny):
    import torch

    before = torch.get_num_threads()
    clip(images(3), **tiny)
    assert torch.get_num_threads() == before


def test_no_images_give_no_rows(tiny):
    assert clip(images(0), **tiny).shape == (0, tiny_clip.DIM)


# --- the cache -------------------------------------------------------------------------------------------------------


def choice(**changed) -> Clip:
    options = {"model": "ViT-B-32", "weights": "openai", "precision": "float32", "device": "auto", "batch_size": 256}
    return Clip(**{**options, **changed})


def small():
    return datasets.subset(datasets.digits(), n_train=20, n_test=10)


def test_cached_per_part_and_recomputed_for_other_weights(tiny, tmp_path, monkeypatch):
    split = small()
    first = choice(**tiny).extract(split, cache_root=tmp_path)
    assert first.bits == choice(**tiny).bits((8, 8, 1)) == unit_bits(tiny_clip.DIM)
    assert len(list(tmp_path.glob("features-clip/*.npz"))) == 2
    choice(**tiny).extract(backdoor(split, size=2), cache_root=tmp_path)
    assert len(list(tmp_path.glob("features-clip/*.npz"))) == 3
    other = tiny_clip.save(tmp_path, seed=1)
    same = {option: str(shutil.copy(path, tmp_path / f"same{Path(path).suffix}")) for option, path in tiny.items()}
    assert choice(**other).extract(split, cache_root=tmp_path).digest != first.digest

    def must_not_run(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr("certvote.features.clip.load", must_not_run)
    assert choice(**tiny).extract(split, cache_root=tmp_path).digest == first.digest
    assert choice(**tiny, batch_size=3).extract(split, cache_root=tmp_path).digest == first.digest
    assert choice(**same).extract(split, cache_root=tmp_path).digest == first.digest  # content counts, not the path
    for change in ({"precision": "float16"}, {"weights": "openai"}, {"model": "ViT-B-32"}):
        with pytest.raises(AssertionError, match="computed again"):
            choice(**{**tiny, **change}).extract(split, cache_root=tmp_path)


def test_what_was_computed_is_found_where_torch_is_not(tiny, tmp_path, monkeypatch):
    first = choice(**tiny).extract(small(), cache_root=tmp_path)
    monkeypatch.setattr(clip_model, "_imported", lambda: pytest.fail("imported torch"))
    assert choice(**tiny).extract(small(), cache_root=tmp_path).digest == first.digest


def test_sources_are_tags_and_the_content_of_files(tiny, tmp_path):
    split = datasets.digits()
    assert choice().sources(split) == {"feature.model": "ViT-B-32", "feature.weights": "openai"}
    files = choice(**tiny).sources(split)
    assert all(digest.startswith("sha256:") for digest in files.values())
    other = choice(**tiny_clip.save(tmp_path, seed=1)).sources(split)
    assert other["feature.model"] == files["feature.model"]
    assert other["feature.weights"] != files["feature.weights"]


# --- weights by tag --------------------------------------------------------------------------------------------------


@pytest.fixture
def tagged(tiny, monkeypatch):
    """Let open_clip know a tag of the small model, as it knows those of published ones."""
    import open_clip.pretrained

    with clip_model._registered(open_clip, tiny["model"]) as name:
        known = {
            "plain": {"hf_hub": "us/tiny/", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
            "quick": {"hf_hub": "us/tiny/", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "quick_gelu": True},
        }
        monkeypatch.setitem(open_clip.pretrained._PRETRAINED, name, known)
        yield


def downloaded(tmp_path, content: bytes) -> None:
    """The hub's cache, as a download leaves it."""
    folder = tmp_path / "hub" / "models--us--tiny"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
    (folder / "snapshots" / ("0" * 40) / "open_clip_pytorch_model.bin").write_bytes(content)


def test_a_tag_brings_weights_preprocessing_and_activation(tiny, tagged, offline, tmp_path):
    downloaded(tmp_path, Path(tiny["weights"]).read_bytes())
    plain, quick = (clip(images(3), model=tiny["model"], weights=tag) for tag in ("plain", "quick"))
    assert (plain == clip(images(3), **tiny)).all()  # a file has the preprocessing that all tags agree on
    assert np.abs(quick - plain).max() > 1e-4


def test_features_tell_which_file_a_tag_came_as(tiny, tagged, offline, tmp_path):
    downloaded(tmp_path, Path(tiny["weights"]).read_bytes())
    by_tag = choice(model=tiny["model"], weights="plain")
    digest = choice(**tiny).sources(datasets.digits())["feature.weights"]
    for _ in range(2):  # the second from the cache
        assert by_tag.extract(small(), cache_root=tmp_path / "cache").files == {"feature.weights": digest}
    assert choice(**tiny).extract(small(), cache_root=tmp_path / "cache").files == {}


def test_weights_that_cannot_be_downloaded(tiny, tagged, offline):
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"option feature\.weights: the weights 'plain' of .* neither on this machine"):
        clip(images(1), model=tiny["model"], weights="plain")
    assert time.perf_counter() - start < 5


def test_openais_weights_in_a_file_need_the_models_other_name(offline):
    with pytest.raises(
        ValueError, match=r"'openai' of feature\.model=ViT-B-32 .* give the file: feature\.model=ViT-B-"
    ):
        clip(images(1))


def test_who_is_offline_is_not_made_to_wait(offline, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(weights.urllib.request, "urlopen", lambda *_, **__: pytest.fail("asked the network"))
    with pytest.raises(ValueError, match="HF_HUB_OFFLINE is set"):
        clip(images(1))


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "ViT-B32"}, r"feature\.model: .* got 'ViT-B32'; close to it: ViT-B-32"),
        ({"model": "nothing.json"}, r"feature\.model: .* got 'nothing\.json', no file"),
        ({"model": "ViT-S-32", "weights": "openai"}, r"feature\.weights: .* \(it has none\), got 'openai'"),
        ({"model": "ViT-B-32", "weights": "laion"}, r"feature\.weights: .* laion400m_e31, .* got 'laion'"),
        ({"weights": "a/b.pt"}, r"feature\.weights: expected a tag or a file, got 'a/b\.pt', which is no file"),
        ({"weights": "b.safetensors"}, r"feature\.weights: expected a tag or a file"),
        ({"precision": "fp16"}, r"feature\.precision: expected one of float32, bfloat16, float16, got 'fp16'"),
        ({"batch_size": 0}, r"feature\.batch_size: expected an integer >= 1, got 0"),
        ({"batch_size": True}, r"feature\.batch_size"),
        ({"n_jobs": 1.5}, "n_jobs: expected an integer >= 1, got 1.5"),
        ({"device": "tpu"}, r"feature\.device: expected auto, cpu or cuda, got 'tpu'"),
    ],
)
def test_options_that_it_refuses(tiny, changed, message):
    with pytest.raises(ValueError, match=f"option {message}"):
        clip(images(2), **{**tiny, **changed})


def test_a_device_that_is_not_there(tiny):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(
        ValueError, match=r"feature\.device: expected auto or cpu, as there is no CUDA device, got 'cuda'"
    ):
        clip(images(2), **tiny, device="cuda")


@pytest.mark.parametrize("shape", [(8, 8, 2), (8, 8, 4)])
def test_channels_that_are_no_colors(tiny, shape):
    with pytest.raises(ValueError, match=rf"expected 1 channel \(gray\) or 3 .* got {shape[2]}"):
        clip(images(2, shape), **tiny)


@pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_files_that_are_no_checkpoints(tiny, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"option feature\.weights: expected weights that fit .* got '.*{name}'"):
        clip(images(2), **{**tiny, "weights": str(tmp_path / name)})


def test_a_checkpoint_of_another_model(tiny, tmp_path):
    wide = tiny_clip.save(tmp_path, changes={"embed_dim": 20})
    with pytest.raises(ValueError, match=r"option feature\.weights: expected weights that fit") as caught:
        clip(images(2), **{**tiny, "weights": wide["weights"]})
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("content", ["", "[1]", json.dumps({"embed_dim": 3})])
def test_configurations_that_are_none(tiny, tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=r"option feature\.model: expected"):
        clip(images(2), **{**tiny, "model": str(tmp_path / "x.json")})


def test_numbers_too_large_for_the_precision(tmp_path):
    large = tiny_clip.save(tmp_path, scale=1e30)
    with pytest.raises(
        ValueError, match=r"option feature\.precision: expected finite embeddings, got others for image 0"
    ):
        clip(images(2), **large)


def test_no_open_clip(monkeypatch):
    monkeypatch.setattr(clip_model, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="feature=clip needs open_clip, which is not installed"):
        clip(images(2))


def test_a_torchvision_that_does_not_fit(tiny, monkeypatch):
    import builtins

    def importing(name, *args, original=builtins.__import__, **kwargs):
        if name == "open_clip":
            raise RuntimeError("operator torchvision::nms does not exist")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(
        ValueError, match="expected a torchvision that was built for the installed torch, got 'operator"
    ):
        clip(images(2), **tiny)


def test_a_build_for_cuda_finds_what_one_for_cpu_computed(tiny, tmp_path, monkeypatch):
    import importlib.metadata

    for torch in ("2.13.0+cpu", "2.13.0"):
        monkeypatch.setattr(importlib.metadata, "version", lambda name, torch=torch: torch if name == "torch" else "1")
        choice(**tiny).extract(small(), cache_root=tmp_path)
    assert len(list(tmp_path.glob("features-clip/*.npz"))) == 2
