"""Read CIFAR-100: small color images of a hundred objects (Krizhevsky, 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certvote.datasets.base import Dataset
from certvote.datasets.cifar import MIRRORS, CifarFile, CifarFiles, load_cifar
from certvote.options import Label, choice
from certvote.types import Split

CIFAR100 = CifarFiles(
    name="cifar100",
    title="CIFAR-100",
    archive="cifar-100-binary.tar.gz",
    archive_md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    files={
        "train.bin": CifarFile("6172c7755cfe09b2fe270c85cebc1b15", 50_000),
        "test.bin": CifarFile("4499cfba6c016c1be1438163640a0898", 10_000),
    },
    label_bytes=2,  # the coarse label (of 20), then the fine one
    class_names=(
        *("apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
        *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
        *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
        *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
        *("lamp", "lawn mower", "leopard", "lion", "lizard", "lobster", "man", "maple tree", "motorcycle", "mountain"),
        *("mouse", "mushroom", "oak tree", "orange", "orchid", "otter", "palm tree", "pear", "pickup truck"),
        *("pine tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket"),
        *("rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel"),
        *("streetcar", "sunflower", "sweet pepper", "table", "tank", "telephone", "television", "tiger", "tractor"),
        *("train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow tree", "wolf", "woman", "worm"),
    ),
)


@choice("dataset", "cifar100")
class Cifar100(Dataset):
    """50,000 + 10,000 color images of 32×32 pixels, a hundred objects."""

    label = Label("CIFAR-100", order=6)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return cifar100(data_root=data_root, mirrors=MIRRORS if download else ())


def cifar100(*, data_root: str | Path, mirrors: Sequence[str] = MIRRORS, progress: bool = True) -> Split:
    """Read CIFAR-100, fine labels; parameters and errors as in :func:`certvote.datasets.cifar.load_cifar`."""
    return load_cifar(CIFAR100, data_root=data_root, mirrors=mirrors, progress=progress)
