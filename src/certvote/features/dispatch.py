"""From a split to its features: dispatch by name, with the disk cache for what is slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from certvote.cache import cached
from certvote.digests import array_digest
from certvote.features.hog import hog, hog_bits
from certvote.features.pixels import pixels, pixels_bits
from certvote.features.vectors import vectors, vectors_bits
from certvote.types import Features, Split

_Array = np.ndarray
_CACHE_FORMAT = 1  # raise it when an extractor's numbers change


@dataclass(frozen=True)
class Extractor:
    """How to compute a feature. ``run`` maps the examples of one part, each on its own, to rows of float32."""

    run: Callable[..., _Array]
    bits: Callable[..., int]  # of the shape of one example, and the options
    images: bool  # needs images, or else vectors
    library: str | None = None  # distribution whose version the numbers depend on; makes the feature a cached one


def _pixels(images: _Array, *, n_jobs: int | None, progress: bool) -> _Array:
    return pixels(images)


def _vectors(x: _Array, *, n_jobs: int | None, progress: bool, **bounds: float) -> _Array:
    return vectors(x, **bounds)


def _vectors_bits(shape: tuple[int, ...], **bounds: float) -> int:
    return vectors_bits(shape[0], **bounds)


FEATURES: Mapping[str, Extractor] = {
    "pixels": Extractor(_pixels, pixels_bits, images=True),
    "hog": Extractor(hog, hog_bits, images=True, library="scikit-image"),
    "vectors": Extractor(_vectors, _vectors_bits, images=False),
}


def extract(
    split: Split,
    *,
    name: str,
    cache_root: str | Path | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Features:
    """The features called ``name`` of both parts of a split, with the options of its own function.

    Slow ones are kept under ``cache_root`` (``None``: nowhere), training and test part apart: an attack that draws
    into test images recomputes only those. Raises ``ValueError`` for an unknown name, images where vectors are needed
    or the reverse, and examples that the feature refuses; ``CacheError`` for an unusable cache.
    """
    if name not in FEATURES:
        raise ValueError(f"option feature: expected one of {', '.join(FEATURES)}, got {name!r}")
    feature = FEATURES[name]
    if feature.images != (split.train.ndim == 4):
        expected, got = ("images", "feature vectors") if feature.images else ("feature vectors", "images")
        other = "vectors" if feature.images else "pixels or feature=hog"
        raise ValueError(
            f"option feature: feature={name} expected {expected}, got a data set of {got} ({split.name}); "
            f"choose feature={other}"
        )
    bits = grid_bits(split.train.shape[1:], name=name, **options)

    def part(examples: _Array) -> _Array:
        def run() -> dict[str, _Array]:
            return {"features": feature.run(examples, n_jobs=n_jobs, progress=progress, **options)}

        if feature.library is None:
            return run()["features"]
        return cached(cache_root, f"features-{name}", _key(examples, feature, options, bits), run)["features"]

    train, test = part(split.train), part(split.test)
    return Features(train=train, test=test, bits=bits, digest=array_digest(train, test))


def grid_bits(shape: tuple[int, ...], *, name: str, **options: Any) -> int:
    """The exponent of the feature's grid, from the shape of one example and the options alone."""
    return FEATURES[name].bits(shape, **options)


def _key(examples: _Array, feature: Extractor, options: Mapping[str, Any], bits: int) -> dict[str, Any]:
    from importlib.metadata import version

    assert feature.library is not None
    return {
        "content": array_digest(examples),
        "options": dict(options),
        "bits": bits,
        "library": f"{feature.library} {version(feature.library)}",
        "numpy": np.__version__,
        "format": _CACHE_FORMAT,
    }
