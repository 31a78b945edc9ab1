"""Read MNIST: handwritten digits (LeCun, Cortes and Burges)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certvote.datasets.base import Dataset
from certvote.datasets.idx import IdxDigests, IdxFiles, load_idx
from certvote.options import Label, choice
from certvote.types import Split

MNIST = IdxFiles(
    name="mnist",
    title="MNIST",
    folder="MNIST/raw",
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"),
    digests={
        "train-images-idx3-ubyte": IdxDigests(
            "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": IdxDigests(
            "md5:d53e105ee54ea40749a09fcbcd1e9432", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": IdxDigests(
            "md5:9fb629c4189551a2d022fa330f9573f3", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": IdxDigests(
            "md5:ec29112dd5afa0611ce80d1b7f02629c", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
    class_names=tuple(str(digit) for digit in range(10)),
)


@choice("dataset", "mnist")
class Mnist(Dataset):
    """60,000 + 10,000 handwritten digits of 28×28 pixels."""

    label = Label("MNIST", order=0)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return mnist(data_root=data_root, mirrors=None if download else ())


def mnist(*, data_root: str | Path, mirrors: Sequence[str] | None = None, progress: bool = True) -> Split:
    """Read MNIST from ``data_root/MNIST/raw``; parameters and errors as in :func:`certvote.datasets.idx.load_idx`."""
    return load_idx(MNIST, data_root=data_root, mirrors=mirrors, progress=progress)
