"""Run an image encoder (a torch network) over images, one image at a time, so that no batch changes a bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.checks import is_integer
from certvote.features.images import checked_images

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image


@dataclass(frozen=True)
class Encoder:
    """Hold a network in evaluation mode, and what its input needs.

    Attributes
    ----------
    network : callable
        Maps a tensor [1 channels height width] to its embedding [1 d].
    prepare : callable
        Maps one image, as PIL has it, to a tensor [channels height width].
    device, dtype : torch.device, torch.dtype
        Where the network is, and the type of its numbers.
    """

    network: Callable[[torch.Tensor], torch.Tensor]
    prepare: Callable[[Image], torch.Tensor]
    device: torch.device
    dtype: torch.dtype


def encode(
    images: UInt8[np.ndarray, "n h w ch"],
    load: Callable[[], Encoder],
    finish: Callable[[np.ndarray, int], Float32[np.ndarray, "b d"]],
    *,
    dim: int,
    what: str,
    blame: str = "feature.weights",
    batch_size: int = 256,
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute the embedding of every image.

    The network sees one image at a time, on a CPU in one thread: in a batch, kernels are chosen by its size, and an
    example's vector would depend on how many others there are. So neither ``batch_size`` nor ``n_jobs`` nor the order
    of the images matters.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, 1 or 3)
        Images, gray or in color.
    load : callable
        Returns the encoder; called after all arguments have been checked, and only if there are images.
    finish : callable
        Maps embeddings, and the number of the first of them, to vectors on the exact grid.
    dim : int
        Dimension of the vectors.
    what : str
        Name of the encoder beside the progress bar.
    blame : str
        Option to name in the error for embeddings that are not finite.
    batch_size : int
        Number of images under way at once: memory depends on it.
    n_jobs : int or None
        Number of threads, each with an image of its own; ``None``: one per core.
    progress : bool
        Whether to show a progress bar on a terminal.

    Raises
    ------
    ValueError
        If images are not gray or in color, an argument is out of range, or an embedding is not finite.
    """
    from tqdm import tqdm

    from certvote.runtime.threads import cores

    images = checked_images(images)
    if images.shape[3] not in (1, 3):
        raise ValueError(f"images: expected 1 channel (gray) or 3 (red, green, blue), got {images.shape[3]}")
    for option, value in (("feature.batch_size", batch_size), ("n_jobs", 1 if n_jobs is None else n_jobs)):
        if not (is_integer(value) and value >= 1):
            raise ValueError(f"option {option}: expected an integer >= 1, got {value!r}")
    features = np.empty((len(images), dim), dtype=np.float32)
    if not len(images):
        return features
    workers = min(n_jobs or cores(), batch_size, len(images))
    with (
        tqdm(total=len(images), desc=what, unit="image", disable=None if progress else True) as bar,
        _threads(load(), workers) as embed,
    ):
        for start in range(0, len(images), batch_size):
            rows = embed(images[start : start + batch_size])
            if not np.isfinite(rows).all():
                row = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
                raise ValueError(f"option {blame}: expected finite embeddings, got others for image {row}")
            features[start : start + len(rows)] = finish(rows, start)
            bar.update(len(rows))
    return features


@contextmanager
def _threads(encoder: Encoder, workers: int) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Start threads and yield a function from images to embeddings; on a CPU the threads run the network as well."""
    import torch

    def prepared(image: np.ndarray) -> torch.Tensor:
        from PIL import Image

        return encoder.prepare(Image.fromarray(image[..., 0] if image.shape[2] == 1 else image))[None]

    def embedded(tensor: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return encoder.network(tensor.to(encoder.device, encoder.dtype)).float()

    def both(image: np.ndarray) -> torch.Tensor:
        return embedded(prepared(image))

    def embed(images: np.ndarray) -> np.ndarray:
        on_cpu = encoder.device.type == "cpu"
        rows = list(pool.map(both, images)) if on_cpu else [embedded(tensor) for tensor in pool.map(prepared, images)]
        whole: np.ndarray = torch.cat(rows).cpu().numpy()
        return whole

    threads = torch.get_num_threads()
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool, exact:
            yield embed
    finally:
        torch.set_num_threads(threads)  # the number that threads of the future start with


def torch_device(name: str) -> Any:
    """Return the torch device that the option ``feature.device`` names: auto, cpu or cuda.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    import torch

    cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if cuda else "cpu"
    if name.startswith("cuda") and not cuda:
        raise ValueError(f"option feature.device: expected auto or cpu, as there is no CUDA device, got {name!r}")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"option feature.device: expected auto, cpu or cuda, got {name!r}") from error
