"""Read CIFAR-10: small color images of ten objects (Krizhevsky, 2009)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from certvote.datasets.base import Dataset
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.types import Split


@choice("dataset", "cifar10")
class Cifar10(Dataset):
    """50,000 + 10,000 color images of 32×32 pixels, ten objects."""

    label = Label("CIFAR-10", order=1)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        from certvote.datasets.cifar import CIFAR10_MIRRORS, cifar10

        return cifar10(data_root=data_root, mirrors=CIFAR10_MIRRORS if download else ())
