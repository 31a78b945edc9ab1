"""Embeddings by the image encoder of a CLIP model, through open_clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.features.base import ImageFeature
from certvote.features.clip_model import PRECISIONS, embedding_dim, load, loaded, sources
from certvote.features.encoding import encode
from certvote.features.norm import unit_bits, unit_features
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.types import Split


@choice("feature", "clip")
class Clip(ImageFeature):
    """Embeddings of norm 1 by a CLIP image encoder, through open_clip (extra: clip)."""

    model: str = option("a model of open_clip, or a .json file with the configuration of one")
    weights: str = option("a tag of open_clip for this model, or a checkpoint file")
    precision: str = option("float32, or bfloat16, float16: less memory, coarser embeddings", one_of=tuple(PRECISIONS))
    device: str = option("auto (cuda where there is a CUDA device), cpu or cuda")
    batch_size: int = option("images under way at once; memory alone depends on it", least=1, matters=False)

    label = Label("CLIP")
    libraries = ("open_clip_torch", "torch", "torchvision", "pillow")

    def bits(self, shape: tuple[int, ...]) -> int:
        return unit_bits(embedding_dim(self.model))

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        return clip(
            examples,
            model=self.model,
            weights=self.weights,
            precision=self.precision,
            device=self.device,
            batch_size=self.batch_size,
            n_jobs=n_jobs,
            progress=progress,
        )

    def sources(self, split: Split) -> dict[str, str]:
        return sources(model=self.model, weights=self.weights)

    def loaded(self) -> dict[str, str]:
        return loaded(model=self.model, weights=self.weights)


def clip(
    images: UInt8[np.ndarray, "n h w ch"],
    *,
    model: str = "ViT-B-32",
    weights: str = "openai",
    precision: str = "float32",
    device: str = "auto",
    batch_size: int = 256,
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute the CLIP embedding of every image, divided by its norm.

    The network sees one image at a time (:func:`certvote.features.encoding.encode`).

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, 1 or 3)
        Images, gray or in color.
    model : str
        A model of open_clip, or a ``.json`` file with the configuration of one.
    weights : str
        A tag of open_clip for this model, or a checkpoint file.
    precision : {"float32", "bfloat16", "float16"}
        Type of the network's numbers.
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
        If a model, weights or a device cannot be had, or an image is neither gray nor in color; the message names the
        option.

    References
    ----------
    A. Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"option feature.precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    return encode(
        images,
        lambda: load(model, weights, precision=precision, device=device),
        unit_features,
        dim=embedding_dim(model),
        what="CLIP",
        blame="feature.precision",
        batch_size=batch_size,
        n_jobs=n_jobs,
        progress=progress,
    )
