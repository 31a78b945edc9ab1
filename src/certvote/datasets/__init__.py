"""Data sets as a ``Split``: embedded digits, MNIST, CIFAR-10, and the user's own arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from certvote.datasets.cifar import cifar10
from certvote.datasets.download import DownloadError
from certvote.datasets.embedded import digits
from certvote.datasets.idx import mnist
from certvote.datasets.npz import arrays
from certvote.datasets.subset import subset
from certvote.types import Split

DATASETS: Mapping[str, Callable[..., Split]] = {"digits": digits, "mnist": mnist, "cifar10": cifar10, "arrays": arrays}
_UNDER_DATA_ROOT = ("mnist", "cifar10")


def load(
    *,
    name: str,
    data_root: str | Path,
    n_train: int | None = None,
    n_test: int | None = None,
    holdout: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Split:
    """The data set called ``name`` with the options of its own function, or the ``subset`` that the others name.

    Raises ``ValueError`` for an unknown name or a subset that is not there.
    """
    if name not in DATASETS:
        raise ValueError(f"option dataset: expected one of {', '.join(DATASETS)}, got {name!r}")
    if name in _UNDER_DATA_ROOT:
        options["data_root"] = data_root
    if name == "digits":
        options["seed"] = seed
    return subset(DATASETS[name](**options), n_train=n_train, n_test=n_test, holdout=holdout, seed=seed)


__all__ = ["DATASETS", "DownloadError", "arrays", "cifar10", "digits", "load", "mnist", "subset"]
