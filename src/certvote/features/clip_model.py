"""Find and load CLIP models through open_clip, and say what is wrong with a model or its weights."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from certvote.features.encoding import Encoder, torch_device
from certvote.features.weights import check_reachable, checkpoint_file, short, with_timeout
from certvote.runtime.digests import file_digest
from certvote.runtime.temporary import temporary_folder

PRECISIONS = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}  # ours: open_clip's
_PREPROCESSING = ("mode", "mean", "std", "interpolation", "resize_mode", "fill_color")


def embedding_dim(model: str) -> int:
    """Return the dimension of a model's embeddings, from its configuration.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    return int(_config(model)["embed_dim"])


def sources(*, model: str, weights: str, **_: object) -> dict[str, str]:
    """Return what identifies model and weights, by option: names as they are, files by the SHA-256 of their content."""
    named = {"feature.model": _config_file(model), "feature.weights": checkpoint_file(weights)}
    given = {"feature.model": model, "feature.weights": weights}
    return {option: given[option] if path is None else file_digest(path) for option, path in named.items()}


def loaded(*, model: str, weights: str) -> dict[str, str]:
    """Return the SHA-256 of the file that a tag of weights was loaded from, if it is in the hub's cache."""
    if checkpoint_file(weights) is not None:
        return {}
    _, open_clip = _imported()
    with _registered(open_clip, model) as name:
        found = _downloaded_before(open_clip.get_pretrained_cfg(name, weights))
    return {} if found is None else {"feature.weights": file_digest(found)}


def load(model: str, weights: str, *, precision: str, device: str) -> Encoder:
    """Load a model with its weights, downloaded where they are a tag whose file is not on this machine yet.

    Parameters
    ----------
    model, weights, precision, device : str
        The options.

    Raises
    ------
    ValueError
        If there is no such model or device, or the weights are neither a tag of this model nor a file, cannot be
        downloaded or do not fit; the message names the option.
    """
    embedding_dim(model)  # complains before anything is downloaded
    checkpoint = checkpoint_file(weights)
    torch, open_clip = _imported()
    place = torch_device(device)
    with _registered(open_clip, model) as name:
        tags = open_clip.list_pretrained_tags_by_model(name)
        if checkpoint is None:
            published = open_clip.get_pretrained_cfg(name, weights)
            checkpoint = _published(open_clip, model, weights, published, tags)
            activation = bool(published.get("quick_gelu", False))
        else:
            published = _agreed([open_clip.get_pretrained_cfg(name, tag) for tag in tags])
            activation = False  # the model's own
        try:
            with _quiet():
                whole = open_clip.create_model(
                    name,
                    pretrained=str(checkpoint),
                    precision=PRECISIONS[precision],
                    force_quick_gelu=activation,
                    force_preprocess_cfg={key: published[key] for key in _PREPROCESSING if key in published},
                )
        except Exception as error:  # from a damaged file to a layer of another shape: libraries raise as they like
            raise ValueError(
                f"option feature.weights: expected weights that fit feature.model={model}, got {weights!r}: "
                f"{short(error)}"
            ) from error
    from open_clip.transform import PreprocessCfg, image_transform_v2

    prepare = image_transform_v2(PreprocessCfg(**open_clip.get_model_preprocess_cfg(whole)), is_train=False)
    tower = whole.visual.eval().requires_grad_(False).to(place)

    def network(tensor: Any) -> Any:
        found = tower(tensor)
        return found[0] if isinstance(found, tuple) else found  # some return tokens beside the embedding

    return Encoder(network, prepare, place, getattr(torch, precision))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the progress reports that open_clip writes to the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.setLevel(level)


# --- the model -------------------------------------------------------------------------------------------------------


def _config_file(model: str) -> Path | None:
    """Return the configuration file, where the model is given as one."""
    if not model.endswith(".json"):
        return None
    path = Path(model).expanduser()
    if not path.is_file():
        raise ValueError(f"option feature.model: expected the name of a model or a .json file, got {model!r}, no file")
    return path


def _config(model: str) -> Mapping[str, Any]:
    """Read a model's configuration, without the seconds that importing open_clip takes."""
    path = _config_file(model)
    if path is None:
        folder = _package_folder() / "model_configs"
        names = sorted(file.stem for file in folder.glob("*.json"))
        if model not in names:
            close = difflib.get_close_matches(model, names, n=5, cutoff=0.5) or names
            raise ValueError(
                f"option feature.model: expected the name of a model of open_clip or a .json file with the "
                f"configuration of one, got {model!r}; close to it: {', '.join(close)}"
            )
        path = folder / f"{model}.json"
    try:
        config = json.loads(path.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"option feature.model: expected JSON in {path}, got something else: {error}") from error
    required = ("embed_dim", "vision_cfg", "text_cfg")
    if not (isinstance(config, dict) and all(key in config for key in required)):
        raise ValueError(
            f"option feature.model: expected {', '.join(required)} in {path}, as open_clip's own have them"
        )
    return config


@contextmanager
def _registered(open_clip: Any, model: str) -> Iterator[str]:
    """Yield the name under which open_clip knows the model; a file gets one that hides no other."""
    path = _config_file(model)
    if path is None:
        yield model
        return
    with temporary_folder() as folder:
        copy = Path(folder) / f"{path.stem}-{file_digest(path)[7:23]}.json"
        copy.write_bytes(path.read_bytes())
        open_clip.add_model_config(copy)
        yield copy.stem


def _package_folder() -> Path:
    spec = find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise ValueError(
            "option feature: feature=clip needs open_clip, which is not installed; it is in the extra clip"
        )
    return Path(spec.origin).parent


def _imported() -> tuple[Any, Any]:
    """Import torch and open_clip, or raise an error that says what to install."""
    try:
        import open_clip
        import torch
    except ImportError as error:
        raise ValueError(
            f"option feature: feature=clip needs open_clip and torch, which are in the extra clip: {error}"
        ) from error
    except RuntimeError as error:
        raise ValueError(
            "option feature: feature=clip expected a torchvision that was built for the installed torch, got "
            f"{short(error)!r}; install both from one source, both for CPU or both for CUDA"
        ) from error
    return torch, open_clip


# --- the weights -----------------------------------------------------------------------------------------------------


def _published(open_clip: Any, model: str, tag: str, published: Mapping[str, Any], tags: list[str]) -> Path:
    """Return the file of a tag's weights, downloaded if need be."""
    if not published:
        raise ValueError(
            f"option feature.weights: expected a checkpoint file or one of the tags of feature.model={model} "
            f"({', '.join(tags) or 'it has none'}), got {tag!r}"
        )
    try:
        found = _downloaded_before(published)
        if found is None:
            check_reachable("" if published.get("hf_hub") else published["url"])
            found = Path(with_timeout(lambda: open_clip.download_pretrained(dict(published))))
    except Exception as error:  # network, disk, server: libraries raise as they like
        other = f"{model}-quickgelu"  # a file does not say which activation its weights were trained with
        remedy = f"feature.model={other} " if published.get("quick_gelu") and other in open_clip.list_models() else ""
        raise ValueError(
            f"option feature.weights: the weights {tag!r} of feature.model={model} are neither on this machine nor can "
            f"they be downloaded: {short(error)}; download them elsewhere and give the file: {remedy}feature.weights="
            "PATH"
        ) from error
    return found


def _downloaded_before(published: Mapping[str, Any]) -> Path | None:
    """Return the file in the cache of the hub that serves it, or ``None``."""
    from huggingface_hub import try_to_load_from_cache

    repository, _, file = str(published.get("hf_hub", "")).rpartition("/")
    if not repository:
        return None
    both = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    for name in [str(Path(file).with_suffix(".safetensors")), file] if file else both:
        path = try_to_load_from_cache(repository, name)
        if isinstance(path, str):
            return Path(path)
    return None


def _agreed(published: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the preprocessing that all published weights of a model have in common, for weights of one's own."""
    first = published[0] if published else {}
    return {
        key: first[key]
        for key in _PREPROCESSING
        if key in first and all(first[key] == one.get(key) for one in published)
    }
