"""Read Kuzushiji-MNIST: cursive Japanese characters (Clanuwat et al., 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certvote.datasets.base import Dataset
from certvote.datasets.idx import IdxDigests, IdxFiles, load_idx
from certvote.options import Label, choice
from certvote.types import Split

KMNIST = IdxFiles(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST/raw",
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist"),
    digests={
        "train-images-idx3-ubyte": IdxDigests(
            "sha256:51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"
        ),
        "train-labels-idx1-ubyte": IdxDigests(
            "sha256:e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"
        ),
        "t10k-images-idx3-ubyte": IdxDigests("sha256:edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        "t10k-labels-idx1-ubyte": IdxDigests("sha256:20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    },
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)


@choice("dataset", "kmnist")
class Kmnist(Dataset):
    """60,000 + 10,000 cursive Japanese characters of 28×28 pixels, ten syllables."""

    label = Label("KMNIST", order=5)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return kmnist(data_root=data_root, mirrors=None if download else ())


def kmnist(*, data_root: str | Path, mirrors: Sequence[str] | None = None, progress: bool = True) -> Split:
    """Read KMNIST from ``data_root/KMNIST/raw``; parameters and errors as in :func:`certvote.datasets.idx.load_idx`."""
    return load_idx(KMNIST, data_root=data_root, mirrors=mirrors, progress=progress)
