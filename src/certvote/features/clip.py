"""Embeddings by CLIP's image tower: unit vectors, each computed from its own image in one fixed way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.checks import is_integer
from certvote.features.base import Feature
from certvote.features.clip_model import PRECISIONS, Encoder, embedding_dim, load, sources
from certvote.features.images import checked_images
from certvote.features.norm import unit_bits, unit_features
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import torch

    from certvote.types import Split


@choice("feature", "clip")
class Clip(Feature):
    """Embeddings of norm 1 by a CLIP image encoder, through open_clip (extra: clip)."""

    model: str = option("a model of open_clip, or a .json file with the configuration of one")
    weights: str = option("a tag of open_clip for this model, or a checkpoint file")
    precision: str = option("float32, or bfloat16, float16: less memory, coarser embeddings", one_of=tuple(PRECISIONS))
    device: str = option("auto (cuda where there is a CUDA device), cpu or cuda")
    batch_size: int = option("images under way at once; memory alone depends on it", least=1, matters=False)

    label = Label("CLIP")
    libraries = ("open_clip_torch", "torch", "torchvision", "pillow")

    def bits(self, shape: tuple[int, ...]) -> int:
        return clip_bits(shape, model=self.model)

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


def clip_bits(shape: tuple[int, ...], *, model: str = "ViT-B-32", **options: Any) -> int:
    """The grid of a model's embeddings, which have norm 1; it follows from their dimension alone."""
    return unit_bits(embedding_dim(model))


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
    """The embedding of every image, gray or in color, divided by its norm and snapped to the grid.

    The network sees one image at a time, on a CPU in one thread: in a batch, kernels are chosen by its size, and an
    example's features would depend on how many others there are. So neither ``batch_size`` (images under way at once,
    hence memory) nor ``n_jobs`` (threads, each with an image of its own; ``None``: one per core) nor the order matter.
    Weights are a tag of open_clip or a file. Raises ``ValueError`` that names the option for whatever cannot be used.
    """
    from joblib import cpu_count
    from tqdm import tqdm

    images = checked_images(images)
    if images.shape[3] not in (1, 3):
        raise ValueError(f"images: expected 1 channel (gray) or 3 (red, green, blue), got {images.shape[3]}")
    for option, value in (("feature.batch_size", batch_size), ("n_jobs", 1 if n_jobs is None else n_jobs)):
        if not (is_integer(value) and value >= 1):
            raise ValueError(f"option {option}: expected an integer >= 1, got {value!r}")
    if precision not in PRECISIONS:
        raise ValueError(f"option feature.precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    features = np.empty((len(images), embedding_dim(model)), dtype=np.float32)
    if not len(images):
        return features
    encoder = load(model, weights, precision=precision, device=device)
    workers = min(n_jobs or cpu_count(), batch_size, len(images))
    with (
        tqdm(total=len(images), desc="CLIP", unit="image", disable=None if progress else True) as bar,
        _encoding(encoder, workers) as encode,
    ):
        for start in range(0, len(images), batch_size):
            rows = encode(images[start : start + batch_size])
            if not np.isfinite(rows).all():
                row = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
                raise ValueError(
                    f"option feature.precision: expected finite embeddings, got others for image {row} with {precision}"
                    "; choose float32"
                )
            features[start : start + len(rows)] = unit_features(rows)
            bar.update(len(rows))
    return features


@contextmanager
def _encoding(encoder: Encoder, workers: int) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """A function from images to embeddings. Threads prepare images; on a CPU they run the network as well."""
    import torch

    on_cpu = encoder.device.type == "cpu"

    def prepared(image: np.ndarray) -> torch.Tensor:
        from PIL import Image

        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        tensor: torch.Tensor = encoder.prepare(picture)
        return tensor[None]

    def embedded(tensor: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            found = encoder.network(tensor.to(encoder.device, encoder.dtype))
            embedding: torch.Tensor = found[0] if isinstance(found, tuple) else found
            return embedding.float()

    def one(image: np.ndarray) -> torch.Tensor:
        return embedded(prepared(image))

    def encode(images: np.ndarray) -> np.ndarray:
        rows = list(pool.map(one, images)) if on_cpu else [embedded(tensor) for tensor in pool.map(prepared, images)]
        whole: np.ndarray = torch.cat(rows).cpu().numpy()
        return whole

    threads = torch.get_num_threads()
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool, exact:
            yield encode
    finally:
        torch.set_num_threads(threads)  # the number that threads of the future start with
