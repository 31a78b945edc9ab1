"""Compute histograms of oriented gradients, as scikit-image does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from certvote.checks import is_integer, items
from certvote.features.base import ImageFeature
from certvote.features.grid import bits_for, snap
from certvote.features.images import checked_images
from certvote.options import Label, choice, option
from certvote.runtime.parents import end_with_parent

_CHUNK = 500  # images per task: 0.1 s and more of work


@choice("feature", "hog")
class Hog(ImageFeature):
    """Histograms of oriented gradients, as scikit-image computes them."""

    orientations: int = option("number of directions", least=1)
    pixels_per_cell: tuple[int, int] = option("height and width of a cell in pixels", least=1)
    cells_per_block: tuple[int, int] = option("height and width of a block in cells", least=1)

    label = Label("HOG")
    libraries = ("scikit-image",)

    def bits(self, shape: tuple[int, ...]) -> int:
        return hog_bits(shape, **self._options())

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        return hog(examples, **self._options(), n_jobs=n_jobs, progress=progress)

    def _options(self) -> dict[str, Any]:
        return {
            "orientations": self.orientations,
            "pixels_per_cell": tuple(self.pixels_per_cell),
            "cells_per_block": tuple(self.cells_per_block),
        }


def hog_dim(
    shape: tuple[int, ...],
    *,
    orientations: int = 9,
    pixels_per_cell: tuple[int, int] = (8, 8),
    cells_per_block: tuple[int, int] = (3, 3),
) -> int:
    """Return the dimension of the vectors of images of one shape.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels.
    orientations, pixels_per_cell, cells_per_block
        As in :func:`hog`.

    Raises
    ------
    ValueError
        If an option is out of range, or the image does not hold one block of cells.
    """
    for name, sides in (("pixels_per_cell", pixels_per_cell), ("cells_per_block", cells_per_block)):
        both = items(sides)
        if both is None or len(both) != 2 or not all(is_integer(side) and side >= 1 for side in both):
            raise ValueError(f"option feature.{name}: expected two integers >= 1, got {sides!r}")
    if not (is_integer(orientations) and orientations >= 1):
        raise ValueError(f"option feature.orientations: expected an integer >= 1, got {orientations!r}")
    blocks = [
        side // cell - block + 1 for side, cell, block in zip(shape, pixels_per_cell, cells_per_block, strict=False)
    ]
    if min(blocks) < 1:
        least = [cell * block for cell, block in zip(pixels_per_cell, cells_per_block, strict=True)]
        raise ValueError(
            f"option feature.pixels_per_cell: expected images of at least {least[0]}×{least[1]} pixels for "
            f"feature.pixels_per_cell={list(pixels_per_cell)} and feature.cells_per_block={list(cells_per_block)}, got "
            f"{shape[0]}×{shape[1]}; choose smaller cells or another feature"
        )
    return blocks[0] * blocks[1] * cells_per_block[0] * cells_per_block[1] * orientations


def hog_bits(shape: tuple[int, ...], **options: Any) -> int:
    """Return the exponent of the grid of images of one shape: values lie in [0, 1]."""
    return bits_for(hog_dim(shape, **options))


def hog(
    images: UInt8[np.ndarray, "n h w ch"],
    *,
    orientations: int = 9,
    pixels_per_cell: tuple[int, int] = (8, 8),
    cells_per_block: tuple[int, int] = (3, 3),
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute ``skimage.feature.hog`` of every image, rounded to the grid.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images; several channels go through scikit-image's ``channel_axis``.
    orientations : int
        Number of directions.
    pixels_per_cell, cells_per_block : tuple of int
        Height and width of a cell in pixels, and of a block in cells.
    n_jobs : int or None
        Number of processes; ``None``: one per core. The numbers do not depend on it.
    progress : bool
        Whether to show a progress bar on a terminal.

    Returns
    -------
    float32 array, shape (n, d)
        Values in [0, 1], multiples of 2^-b with b = 24 − ⌈log2 d⌉.

    Raises
    ------
    ValueError
        If images are not uint8 or too small for the cells, or an option is out of range.

    References
    ----------
    N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """
    from tqdm import tqdm

    images = checked_images(images)
    if n_jobs is not None and not (is_integer(n_jobs) and n_jobs >= 1):
        raise ValueError(f"option n_jobs: expected an integer >= 1, or None for all cores, got {n_jobs!r}")
    shape = images.shape[1:]
    options: dict[str, Any] = {
        "orientations": orientations,
        "pixels_per_cell": pixels_per_cell,
        "cells_per_block": cells_per_block,
    }
    dim, bits = hog_dim(shape, **options), hog_bits(shape, **options)
    options |= {"pixels_per_cell": tuple(pixels_per_cell), "cells_per_block": tuple(cells_per_block)}
    features = np.empty((len(images), dim), dtype=np.float32)
    starts = range(0, len(images), _CHUNK)
    with tqdm(total=len(images), desc="HOG", unit="image", disable=None if progress else True) as bar:
        for start, chunk in zip(starts, _chunks(images, starts, options, n_jobs), strict=True):
            features[start : start + len(chunk)] = snap(chunk, bits)
            bar.update(len(chunk))
    return features


def _chunks(images: np.ndarray, starts: range, options: dict[str, Any], n_jobs: int | None) -> Iterator[np.ndarray]:
    from joblib import Parallel, cpu_count, delayed

    parts = (images[start : start + _CHUNK] for start in starts)
    workers = min(n_jobs or cpu_count(), len(starts) // 4)
    if workers <= 1:  # starting processes takes longer than a few chunks
        yield from (_hog_chunk(part, options) for part in parts)
        return
    parallel = Parallel(n_jobs=workers, backend="loky", return_as="generator", max_nbytes=None)
    yield from parallel(delayed(_hog_chunk)(part, options) for part in parts)


def _hog_chunk(images: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    from skimage.feature import hog as skimage_hog

    end_with_parent()
    if images.shape[3] == 1:
        rows = [skimage_hog(image[..., 0], **options) for image in images]
    else:
        rows = [skimage_hog(image, channel_axis=-1, **options) for image in images]
    return np.stack(rows)
