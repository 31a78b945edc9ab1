"""Read Fashion-MNIST: photographs of clothes (Xiao, Rasul and Vollgraf, 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certvote.datasets.base import Dataset
from certvote.datasets.idx import IdxDigests, IdxFiles, load_idx
from certvote.options import Label, choice
from certvote.types import Split

FASHION_MNIST = IdxFiles(
    name="fashion_mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST/raw",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    digests={
        "train-images-idx3-ubyte": IdxDigests(
            "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte": IdxDigests(
            "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte": IdxDigests("sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        "t10k-labels-idx1-ubyte": IdxDigests("sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    },
    class_names=(
        *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
)


@choice("dataset", "fashion_mnist")
class FashionMnist(Dataset):
    """60,000 + 10,000 gray photographs of clothes, 28×28 pixels, ten kinds."""

    label = Label("Fashion-MNIST", order=4)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return fashion_mnist(data_root=data_root, mirrors=None if download else ())


def fashion_mnist(*, data_root: str | Path, mirrors: Sequence[str] | None = None, progress: bool = True) -> Split:
    """Read Fashion-MNIST from ``data_root/FashionMNIST/raw``; the rest as in :func:`certvote.datasets.idx.load_idx`."""
    return load_idx(FASHION_MNIST, data_root=data_root, mirrors=mirrors, progress=progress)
