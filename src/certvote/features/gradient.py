"""Gradient directions of handwriting, after normalization by moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from certvote.checks import is_integer, is_real
from certvote.features.base import ImageFeature
from certvote.features.grid import bits_for, snap
from certvote.features.images import checked_images
from certvote.options import Label, choice, option

ASPECTS = ("equal", "sine", "kept")  # the kernels know them by their place
SIDE = 28  # height and width of the normalized image in pixels
_LEAST = 0.01  # of shares and exponents
_CHUNK = 500  # images per task: about 0.05 s of work


@choice("feature", "gradient")
class Gradient(ImageFeature):
    """Gradient directions of handwriting, after normalization by moments."""

    directions: int = option("number of directions over the full circle", least=2)
    grid: int = option("points per row and column at which directions are sampled", least=1)
    spread: float = option(
        "standard deviation of the longer axis as a share of the normalized image's side", least=_LEAST, most=1
    )
    aspect: str = option("ratio of the shorter axis's standard deviation to it: equal, sine, kept", one_of=ASPECTS)
    power: float = option("exponent of the shares", least=_LEAST, most=1)

    label = Label("gradient directions")
    libraries = ("numba",)

    def bits(self, shape: tuple[int, ...]) -> int:
        return gradient_bits(**self._options())

    def compute(
        self, examples: UInt8[np.ndarray, "n h w ch"], *, n_jobs: int | None, progress: bool
    ) -> Float32[np.ndarray, "n d"]:
        return gradient(examples, **self._options(), n_jobs=n_jobs, progress=progress)

    def _options(self) -> dict[str, Any]:
        names = ("directions", "grid", "spread", "aspect", "power")
        return {name: getattr(self, name) for name in names}


def gradient_dim(*, directions: int = 12, grid: int = 7, **options: Any) -> int:
    """Return the dimension of the vectors.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    _check(directions=directions, grid=grid, **options)
    return directions * grid * grid


def gradient_bits(**options: Any) -> int:
    """Return the exponent of the grid of vectors with the given options: values lie in [0, 1]."""
    return bits_for(gradient_dim(**options))


def gradient(
    images: UInt8[np.ndarray, "n h w ch"],
    *,
    directions: int = 12,
    grid: int = 7,
    spread: float = 0.23,
    aspect: str = "equal",
    power: float = 0.25,
    n_jobs: int | None = None,
    progress: bool = True,
) -> Float32[np.ndarray, "n d"]:
    """Compute how strong an image's edges are per direction and place, after normalizing it by its moments.

    The steps of handwriting recognition (Liu et al. 2003), each a function of one image:

    1. Gray levels are the sums of the channels. Centroid, variances v_y, v_x and covariance c of the gray levels give
       the shear s = c / v_y, and the standard deviations σ_y = √v_y and σ_x = √(v_x − s c) without it.
    2. An affine map takes out the shear, centers the image and scales the axis with the larger σ to ``spread`` times
       the side of a square of 28×28 pixels, the other one to ``aspect``'s share of it. Linear interpolation, 0 outside.
    3. Sobel gradients are split onto the two nearest of ``directions`` over the full circle, in linear shares.
    4. Each direction's magnitudes are summed up with Gaussian weights (σ = √2 · step / π) around the points of a
       ``grid`` × ``grid`` square.
    5. The numbers are divided by their sum and raised to ``power``.

    An image without any gray level above 0 has the zero vector. Images of every size are taken; those much larger than
    28×28 are sampled, not averaged.

    Parameters
    ----------
    images : uint8 array, shape (n, h, w, ch)
        Images, gray or in color.
    directions : int, at least 2
        Number of directions over the full circle.
    grid : int
        Number of points per row and column at which the directions are sampled.
    spread : float in [0.01, 1]
        Standard deviation of the normalized image's longer axis as a share of its side.
    aspect : {"equal", "sine", "kept"}
        Ratio of the shorter axis's standard deviation to the longer one's in the normalized image, where it was r:
        1, sqrt(sin(π r / 2)), or r.
    power : float in [0.01, 1]
        Exponent of the shares: the smaller, the more a distance weighs small shares up (0.5: as Hellinger's does).
    n_jobs : int or None
        Number of threads; ``None``: one per core. The numbers do not depend on it.
    progress : bool
        Whether to show a progress bar on a terminal.

    Returns
    -------
    float32 array, shape (n, directions · grid²)
        Values in [0, 1], multiples of 2^-b with b = 24 − ⌈log2(directions · grid²)⌉.

    Raises
    ------
    ValueError
        If images are not uint8 with four axes, or an option is out of range.

    References
    ----------
    R. G. Casey, "Moment normalization of handprinted characters", IBM Journal of Research and Development, 1970.
    C.-L. Liu, K. Nakashima, H. Sako, H. Fujisawa, "Handwritten digit recognition: benchmarking of state-of-the-art
    techniques", Pattern Recognition, 2003.
    """
    from tqdm import tqdm

    from certvote.features.gradient_kernels import direction_shares
    from certvote.runtime.threads import cores, run_in_order

    images = np.ascontiguousarray(checked_images(images))
    dim = gradient_dim(directions=directions, grid=grid, spread=spread, aspect=aspect, power=power)
    if n_jobs is not None and not (is_integer(n_jobs) and n_jobs >= 1):
        raise ValueError(f"option n_jobs: expected an integer >= 1, or None for all cores, got {n_jobs!r}")
    bits = bits_for(dim)
    weights = sampling_weights(grid)

    def vectors(first: int, last: int) -> np.ndarray:
        shares = np.empty((last - first, dim))
        deviation, code = spread * SIDE, ASPECTS.index(aspect)
        direction_shares(images, first, last, SIDE, deviation, code, weights, directions, float(power), shares)
        return snap(shares, bits)

    features = np.empty((len(images), dim), dtype=np.float32)
    with tqdm(total=len(images), desc="gradients", unit="image", disable=None if progress else True) as bar:
        for first, last, rows in run_in_order(vectors, len(images), _CHUNK, n_jobs or cores()):
            features[first:last] = rows
            bar.update(last - first)
    return features


def sampling_weights(grid: int) -> Float64[np.ndarray, "grid side"]:
    """Return the Gaussian weight of each row of the normalized image at each of the evenly spaced grid points."""
    step = SIDE / grid
    sigma = math.sqrt(2) * step / math.pi
    centers = (np.arange(grid) + 0.5) * step - 0.5
    distances = np.arange(SIDE) - centers[:, None]
    weights: np.ndarray = np.exp(-(distances**2) / (2 * sigma**2))
    return weights


def _check(*, directions: int, grid: int, spread: float = 0.23, aspect: str = "equal", power: float = 0.25) -> None:
    for name, value, least in (("directions", directions, 2), ("grid", grid, 1)):
        if not (is_integer(value) and value >= least):
            raise ValueError(f"option feature.{name}: expected an integer >= {least}, got {value!r}")
    for name, share in (("spread", spread), ("power", power)):
        if not (is_real(share) and _LEAST <= share <= 1):
            raise ValueError(f"option feature.{name}: expected a number from {_LEAST} to 1, got {share!r}")
    if aspect not in ASPECTS:
        raise ValueError(f"option feature.aspect: expected one of {', '.join(ASPECTS)}, got {aspect!r}")
