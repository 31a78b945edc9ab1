"""Cost of HOG features: one process, several, and the cache, beside the plain loop over scikit-image's function.

    CERTVOTE_DATA_ROOT=… python benchmarks/features.py        MNIST and CIFAR-10 where they are, else random images

Prints microseconds per image and what all 70,000 (MNIST) or 60,000 (CIFAR-10) images would take.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from joblib import cpu_count
from skimage.feature import hog as skimage_hog

from certvote import datasets
from certvote.features import extract
from certvote.features.hog import hog
from certvote.types import Split

_SAMPLE = 8_000


def main() -> None:
    root = Path(os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    measure(_split("mnist", (28, 28, 1), root), total=70_000)
    measure(_split("cifar10", (32, 32, 3), root), total=60_000)


def measure(split: Split, *, total: int) -> None:
    images, jobs = split.train, cpu_count()
    gray = images.shape[3] == 1
    print(f"{split.name}: {len(images)} of {total} images")

    def loop() -> None:
        for image in images:
            skimage_hog(image[..., 0] if gray else image, channel_axis=None if gray else -1)

    def report(what: str, run: Callable[[], object]) -> None:
        start = time.perf_counter()
        run()
        each = (time.perf_counter() - start) / len(images)
        print(f"  {what:32} {1e6 * each:8.1f} µs per image {each * total:8.1f} s for all")

    report("loop over skimage.feature.hog", loop)
    report("hog, 1 process", lambda: hog(images, n_jobs=1, progress=False))
    hog(images[:4000], n_jobs=jobs, progress=False)  # starts the processes
    report(f"hog, {jobs} processes", lambda: hog(images, n_jobs=jobs, progress=False))
    with tempfile.TemporaryDirectory() as cache:
        extract(split, name="hog", cache_root=cache, progress=False)
        report("read from the cache", lambda: extract(split, name="hog", cache_root=cache, progress=False))


def _split(name: str, shape: tuple[int, int, int], root: Path) -> Split:
    folder = {"mnist": "MNIST", "cifar10": "cifar-10-batches-bin"}[name]
    if (root / folder).is_dir():
        return datasets.load(name=name, data_root=root, mirrors=(), n_train=_SAMPLE, n_test=10)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (_SAMPLE, *shape), dtype=np.uint8)
    labels = np.zeros(_SAMPLE, np.int64)
    return Split(f"random {shape}", images, labels, images[:10], labels[:10], ("0",), "")


if __name__ == "__main__":
    main()
