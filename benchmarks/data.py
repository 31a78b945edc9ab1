"""The data that benchmarks count neighbors in: real features where the data set is at hand, else random ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from certvote import datasets
from certvote.features.grid import bits_for, snap
from certvote.features.hog import Hog

_FOLDERS = {"mnist": "MNIST", "cifar10": "cifar-10-batches-bin"}
_ROOT = Path(os.environ.get("CERTVOTE_DATA_ROOT", "data"))
_CACHE = Path(os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))


@dataclass(frozen=True)
class Vectors:
    """Training and test vectors on the exact grid, with what is typically asked about them."""

    name: str
    train: np.ndarray
    labels: np.ndarray
    queries: np.ndarray
    k: int
    r: float
    query_labels: np.ndarray | None = None  # of real data

    def first(self, queries: int) -> Vectors:
        """With the first test vectors only."""
        few = None if self.query_labels is None else self.query_labels[:queries]
        return replace(self, queries=self.queries[:queries], query_labels=few)

    def __str__(self) -> str:
        return f"{self.name} ({len(self.train):,} × {len(self.queries):,} × {self.train.shape[1]})"


def mnist() -> Vectors:
    return _hog("mnist", "MNIST-HOG", 81, 60_000, k=5000, r=4.0)


def cifar() -> Vectors:
    return _hog("cifar10", "CIFAR-HOG", 324, 50_000, k=5000, r=20.0)


def clip() -> Vectors:
    """As CLIP's features are: 512 values, norm 1, ten clusters."""
    generator = np.random.default_rng(0)
    centers, labels = generator.standard_normal((10, 512)), generator.integers(0, 10, 60_000)
    x = (0.7 * centers[labels] + generator.standard_normal((60_000, 512))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x = snap(x, bits_for(512, low=-1.0, high=1.0, max_l1=2 * 512**0.5), low=-1.0, high=1.0)
    return Vectors("CLIP-like", x[:50_000], labels[:50_000], x[50_000:], 5000, 20.0)


def _hog(name: str, shown: str, dims: int, n: int, *, k: int, r: float) -> Vectors:
    if not (_ROOT / _FOLDERS[name]).is_dir():
        generator = np.random.default_rng(0)
        x = snap(generator.random((n + 10_000, dims), dtype=np.float32), bits_for(dims))
        return Vectors(f"random in place of {shown}", x[:n], generator.integers(0, 10, n), x[n:], k, dims / 3.5)
    split = {"mnist": datasets.mnist, "cifar10": datasets.cifar10}[name](data_root=_ROOT)
    found = Hog(orientations=9, pixels_per_cell=(8, 8), cells_per_block=(3, 3)).extract(split, cache_root=_CACHE)
    return Vectors(shown, found.train, split.train_labels, found.test, k, r, split.test_labels)
