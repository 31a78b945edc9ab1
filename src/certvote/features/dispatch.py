"""From a split to its features: dispatch by name, with the disk cache for what is slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from certvote.features import clip_model, npy
from certvote.features.clip import clip, clip_bits
from certvote.features.hog import hog, hog_bits
from certvote.features.pixels import pixels, pixels_bits
from certvote.features.vectors import vectors, vectors_bits
from certvote.runtime.cache import cached
from certvote.runtime.digests import array_digest
from certvote.types import Features, Split

_Array = np.ndarray
_CACHE_FORMAT = 1  # raise it when an extractor's numbers change


@dataclass(frozen=True)
class Extractor:
    """How to compute a feature. ``run`` maps the examples of one part, each on its own, to rows of float32."""

    run: Callable[..., _Array]
    bits: Callable[..., int]  # of the shape of one example, and the options
    images: bool  # needs images, or else vectors
    libraries: tuple[str, ...] = ()  # distributions whose versions the numbers depend on; make the feature a cached one
    sources: Callable[..., dict[str, str]] | None = None  # what options name: files by their content
    without_effect: tuple[str, ...] = ()  # options that leave the numbers as they are


def _pixels(images: _Array, *, n_jobs: int | None, progress: bool) -> _Array:
    return pixels(images)


def _vectors(x: _Array, *, n_jobs: int | None, progress: bool, **bounds: float) -> _Array:
    return vectors(x, **bounds)


def _vectors_bits(shape: tuple[int, ...], **bounds: float) -> int:
    return vectors_bits(shape[0], **bounds)


EXTRACTORS: Mapping[str, Extractor] = {
    "pixels": Extractor(_pixels, pixels_bits, images=True),
    "hog": Extractor(hog, hog_bits, images=True, libraries=("scikit-image",)),
    "clip": Extractor(
        clip,
        clip_bits,
        images=True,
        libraries=("open_clip_torch", "torch", "torchvision", "pillow"),
        sources=clip_model.sources,
        without_effect=("batch_size",),
    ),
    "vectors": Extractor(_vectors, _vectors_bits, images=False),
}
FEATURES = (*EXTRACTORS, "npy")  # npy is computed elsewhere and looked up by the examples' place in the data


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
    if name == "npy":
        return npy.lookup(split, **options)
    feature = EXTRACTORS[name]
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

        if not feature.libraries:
            return run()["features"]
        return cached(cache_root, f"features-{name}", _key(examples, feature, options, bits), run)["features"]

    train, test = part(split.train), part(split.test)
    return Features(train=train, test=test, bits=bits, digest=array_digest(train, test))


def grid_bits(shape: tuple[int, ...], *, name: str, **options: Any) -> int:
    """The exponent of the feature's grid, from the shape of one example (or embedding) and the options alone."""
    if name == "npy":
        return npy.embeddings_bits(shape[0], **options)
    return EXTRACTORS[name].bits(shape, **options)


def sources(split: Split, *, name: str, **options: Any) -> dict[str, str]:
    """What the options that name files, models or weights stand for: with the other options and the split it identifies
    the features. A file counts by its content, wherever it lies. Raises ``ValueError`` for a file that is not there.
    """
    if name == "npy":
        return npy.sources(split, **options)
    find = EXTRACTORS[name].sources
    return {} if find is None else find(**options)


def _key(examples: _Array, feature: Extractor, options: Mapping[str, Any], bits: int) -> dict[str, Any]:
    found = {} if feature.sources is None else feature.sources(**options)
    options = {name: value for name, value in options.items() if name not in feature.without_effect}
    return {
        "content": array_digest(examples),
        "options": {name: found.get(f"feature.{name}", value) for name, value in options.items()},
        "bits": bits,
        "library": ", ".join(f"{library} {_version(library)}" for library in feature.libraries),
        "numpy": np.__version__,
        "format": _CACHE_FORMAT,
    }


def _version(library: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library).partition("+")[0]  # builds for CPU and for CUDA find each other's results
    except PackageNotFoundError:
        return "absent"  # the extractor says so better
