"""Read CIFAR-10: small color images of ten objects (Krizhevsky, 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certvote.datasets.base import Dataset
from certvote.datasets.cifar import MIRRORS, CifarFile, CifarFiles, load_cifar
from certvote.options import Label, choice
from certvote.types import Split

CIFAR10 = CifarFiles(
    name="cifar10",
    title="CIFAR-10",
    archive="cifar-10-binary.tar.gz",
    archive_md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    files={
        "data_batch_1.bin": CifarFile("5dd7e06a14cb22eb9f671a540d1b7c25", 10_000),
        "data_batch_2.bin": CifarFile("5ea93a67294ea407fff1d09f752e9692", 10_000),
        "data_batch_3.bin": CifarFile("942cd6a4bcdd0dd3c604fbe906cb4421", 10_000),
        "data_batch_4.bin": CifarFile("ae636b3ba5c66a11e91e8cb52e771fcb", 10_000),
        "data_batch_5.bin": CifarFile("53f37980c15c3d472c316c40844f3f0d", 10_000),
        "test_batch.bin": CifarFile("803d5f7f4d78ea53de84dbe85f74fb6d", 10_000),
    },
    label_bytes=1,
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)


@choice("dataset", "cifar10")
class Cifar10(Dataset):
    """50,000 + 10,000 color images of 32×32 pixels, ten objects."""

    label = Label("CIFAR-10", order=1)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return cifar10(data_root=data_root, mirrors=MIRRORS if download else ())


def cifar10(*, data_root: str | Path, mirrors: Sequence[str] = MIRRORS, progress: bool = True) -> Split:
    """Read CIFAR-10; parameters and errors as in :func:`certvote.datasets.cifar.load_cifar`."""
    return load_cifar(CIFAR10, data_root=data_root, mirrors=mirrors, progress=progress)
