"""Cost of HOG features: one process, several, and the cache, beside the plain loop over scikit-image's function.

    CERTVOTE_DATA_ROOT=… python benchmarks/features.py [--size quick|standard|full]   MNIST, CIFAR-10, or random images

8,000 images (quick: 1,000) of each; the ratio is against all processes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from joblib import cpu_count
from skimage.feature import hog as skimage_hog

from certvote import datasets
from certvote.features.hog import Hog, hog
from certvote.types import Split
from harness import Bench


def main() -> None:
    root = Path(os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    with Bench("features", about=__doc__) as bench, tempfile.TemporaryDirectory() as cache:
        count = bench.pick(quick=1000, standard=8000, full=8000)
        measure(bench, images_of("mnist", (28, 28, 1), root, count), cache)
        measure(bench, images_of("cifar10", (32, 32, 3), root, count), cache)


def measure(bench: Bench, split: Split, cache: str) -> None:
    images, jobs = split.train, cpu_count()
    gray = images.shape[3] == 1

    def loop() -> None:
        for image in images:
            skimage_hog(image[..., 0] if gray else image, channel_axis=None if gray else -1)

    feature = Hog(orientations=9, pixels_per_cell=(8, 8), cells_per_block=(3, 3))
    feature.extract(split, cache_root=cache, progress=False)
    hog(images[:4000], n_jobs=jobs, progress=False)  # starts the processes
    bench.case(
        f"HOG of {len(images):,} images of {split.name}",
        {
            f"certvote, {jobs} processes": lambda: hog(images, n_jobs=jobs, progress=False),
            "certvote, 1 process": lambda: hog(images, n_jobs=1, progress=False),
            "certvote, read from the cache": lambda: feature.extract(split, cache_root=cache, progress=False),
            "loop over skimage.feature.hog": loop,
        },
        warm_up=False,
    )


def images_of(name: str, shape: tuple[int, int, int], root: Path, count: int) -> Split:
    folder = {"mnist": "MNIST", "cifar10": "cifar-10-batches-bin"}[name]
    if (root / folder).is_dir():
        load = {"mnist": datasets.mnist, "cifar10": datasets.cifar10}[name]
        return datasets.subset(load(data_root=root, mirrors=()), n_train=count, n_test=10)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
    labels = np.zeros(count, np.int64)
    return Split(f"random {shape}", images, labels, images[:10], labels[:10], ("0",), "")


if __name__ == "__main__":
    main()
