"""Read MNIST: handwritten digits (LeCun, Cortes and Burges)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from certvote.datasets.base import Dataset
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.types import Split


@choice("dataset", "mnist")
class Mnist(Dataset):
    """60,000 + 10,000 handwritten digits of 28×28 pixels."""

    label = Label("MNIST", order=0)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        from certvote.datasets.idx import MNIST_MIRRORS, mnist

        return mnist(data_root=data_root, mirrors=MNIST_MIRRORS if download else ())
