"""Embeddings by any image model of timm, whose weights come by tag from a hub or from a local file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.features.base import ImageFeature
from certvote.features.encoding import Encoder, encode, torch_device
from certvote.features.norm import TRANSFORMS, unit_bits
from certvote.features.weights import check_reachable, checkpoint_file, short, with_timeout
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.types import Split


@choice("feature", "timm")
class Timm(ImageFeature):
    """Embeddings by a model of timm (extra: timm)."""

    model: str = option("a model of timm")
    weights: str = option("a tag of timm for this model, or a checkpoint file")
    size: int | None = option("height and width to which images are resized; null: the model's own, with its crop")
    transform: str = option("unit: divided by the norm; root: square roots of shares", one_of=tuple(TRANSFORMS))
    device: str = option("auto (cuda where there is a CUDA device), cpu or cuda")
    batch_size: int = option("images under way at once; memory alone depends on it", least=1, matters=False)

    label = Label("timm")
    libraries = ("timm", "torch", "torchvision", "pillow")

    def bits(self, shape: tuple[int, ...]) -> int:
        return unit_bits(embedding_dim(self.model))

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        return timm_embeddings(
            examples,
            model=self.model,
            weights=self.weights,
            size=self.size,
            transform=self.transform,
            device=self.device,
            batch_size=self.batch_size,
            n_jobs=n_jobs,
            progress=progress,
        )

    def sources(self, split: Split) -> dict[str, str]:
        from certvote.runtime.digests import file_digest

        file = checkpoint_file(self.weights)
        return {"feature.model": self.model, "feature.weights": self.weights if file is None else file_digest(file)}

    def loaded(self) -> dict[str, str]:
        from certvote.runtime.digests import file_digest

        if checkpoint_file(self.weights) is not None:
            return {}
        file = downloaded_before(self.model, self.weights)
        return {} if file is None else {"feature.weights": file_digest(file)}


def timm_embeddings(
    images: UInt8[np.ndarray, "n h w ch"],
    *,
    model: str,
    weights: str,
    size: int | None = None,
    transform: str = "unit",
    device: str = "auto",
    batch_size: int = 256,
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute the embedding of every image by a model of timm: what its classifier would see.

    The network sees one image at a time (:func:`certvote.features.encoding.encode`).

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, 1 or 3)
        Images, gray or in color.
    model : str
        Name of a model of timm, without a tag (``tf_efficientnet_lite0``).
    weights : str
        A tag of timm for this model (``in1k``), or a checkpoint file.
    size : int or None
        Height and width to which images are resized, uncropped; ``None``: the model's own preprocessing.
    transform : {"unit", "root"}
        Embeddings divided by their norm, or, where none is negative, square roots of their shares in the sum.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    batch_size : int
        Number of images under way at once: memory alone depends on it.
    n_jobs : int or None
        Number of threads; ``None``: one per core. The numbers do not depend on it.
    progress : bool
        Whether to show a progress bar on a terminal.

    Returns
    -------
    float32 array, shape (n, d)
        Vectors of Euclidean norm 1 on the exact grid.

    Raises
    ------
    ValueError
        If a model, weights or a device cannot be had, an image is neither gray nor in color, or an embedding has
        negative numbers and ``transform`` is "root"; the message names the option.

    References
    ----------
    R. Wightman, "PyTorch image models", 2019.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"option feature.transform: expected one of {', '.join(TRANSFORMS)}, got {transform!r}")

    def finish(rows: np.ndarray, first: int) -> np.ndarray:
        try:
            return TRANSFORMS[transform](rows, first)
        except ValueError as error:
            raise ValueError(f"option feature.transform: {error} with feature.transform={transform}") from error

    return encode(
        images,
        lambda: load(model, weights, size=size, device=device),
        finish,
        dim=embedding_dim(model),
        what=model,
        batch_size=batch_size,
        n_jobs=n_jobs,
        progress=progress,
    )


@functools.cache
def embedding_dim(model: str) -> int:
    """Return the dimension of a model's embeddings, from its architecture alone.

    Raises
    ------
    ValueError
        If timm cannot be imported, or has no such model.
    """
    torch, timm = _imported()
    if not timm.is_model(model) or "." in model:
        import difflib

        close = difflib.get_close_matches(model.partition(".")[0], timm.list_models(), n=5, cutoff=0.5)
        raise ValueError(
            f"option feature.model: expected the name of a model of timm without a tag, got {model!r}; close to it: "
            f"{', '.join(close) or 'none'}"
        )
    with torch.device("meta"):  # shapes without numbers: nothing is computed
        network = timm.create_model(model, pretrained=False, num_classes=0)
    return int(getattr(network, "head_hidden_size", None) or network.num_features)


def load(model: str, weights: str, *, size: int | None, device: str) -> Encoder:
    """Load a model with its weights, downloaded where they are a tag whose file is not on this machine yet.

    Raises
    ------
    ValueError
        If weights are neither a tag of this model nor a file, cannot be downloaded or do not fit, or there is no such
        device; the message names the option.
    """
    torch, timm = _imported()
    place = torch_device(device)
    file = checkpoint_file(weights)
    if file is None:
        _check_tag(timm, model, weights)
    try:
        network = with_timeout(lambda: _strictly(timm, model, weights, file))
    except Exception as error:  # from a damaged file to a layer of another shape: libraries raise as they like
        raise ValueError(
            f"option feature.weights: expected weights that fit feature.model={model}, got {weights!r}: {short(error)}"
        ) from error
    network.reset_classifier(0)
    config = timm.data.resolve_model_data_config(network)
    if size is not None:
        config |= {"input_size": (3, size, size), "crop_pct": 1.0, "crop_mode": "squash"}
    transform = timm.data.create_transform(**config, is_training=False)
    network = network.eval().requires_grad_(False).to(place)
    return Encoder(network, lambda picture: transform(picture.convert("RGB")), place, torch.float32)


def _strictly(timm: Any, model: str, tag: str, file: Path | None) -> Any:
    """Create a model, every weight of which is loaded.

    Asked for another number of classes than the weights have, timm would leave missing weights at random values without
    an error. So the model gets the classifier of its weights first.
    """
    if file is None:
        return timm.create_model(f"{model}.{tag}", pretrained=True)
    state = timm.models.load_state_dict(str(file))
    classifier = timm.get_pretrained_cfg(model, allow_unregistered=False).classifier
    name = classifier if isinstance(classifier, str) else (classifier or ("",))[0]
    classes = len(state.get(f"{name}.weight", ()))
    published = {"state_dict": state, "num_classes": classes, "label_offset": 0, "custom_load": False}
    return timm.create_model(model, pretrained=True, num_classes=classes, pretrained_cfg_overlay=published)


def downloaded_before(model: str, tag: str) -> Path | None:
    """Return the file of a tag's weights in the hub's cache, ``None`` where it is not there."""
    from huggingface_hub import try_to_load_from_cache

    _, timm = _imported()
    published = timm.get_pretrained_cfg(f"{model}.{tag}")
    if published is not None and published.hf_hub_id:
        for name in ("model.safetensors", "pytorch_model.bin"):
            path = try_to_load_from_cache(published.hf_hub_id, name)
            if isinstance(path, str):
                return Path(path)
    return None


def _check_tag(timm: Any, model: str, tag: str) -> None:
    """Check that a tag of a model exists and that its weights are on this machine or can be downloaded."""
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{model}.*")]
    if tag not in tags:
        raise ValueError(
            f"option feature.weights: expected a checkpoint file or one of the tags of feature.model={model} "
            f"({', '.join(tags) or 'it has none'}), got {tag!r}"
        )
    if downloaded_before(model, tag) is not None:
        return
    published = timm.get_pretrained_cfg(f"{model}.{tag}")
    try:
        check_reachable("" if published.hf_hub_id else published.url)
    except OSError as error:
        raise ValueError(
            f"option feature.weights: the weights {tag!r} of feature.model={model} are neither on this machine nor can "
            f"they be downloaded: {short(error)}; download them elsewhere and give the file: feature.weights=PATH"
        ) from error


def _imported() -> tuple[Any, Any]:
    """Import torch and timm, or raise an error that says what to install."""
    try:
        import timm
        import torch
    except ImportError as error:
        raise ValueError(f"option feature: feature=timm needs packages of the extra timm: {error}") from error
    except RuntimeError as error:
        raise ValueError(
            "option feature: feature=timm expected a torchvision that was built for the installed torch, got "
            f"{short(error)!r}; install both from one source, both for CPU or both for CUDA"
        ) from error
    return torch, timm
