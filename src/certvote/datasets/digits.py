"""Read the handwritten digits that ship with scikit-learn: nothing to download."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from certvote.datasets.base import Dataset
from certvote.datasets.subset import check_seed, stratified_indices
from certvote.options import Label, choice
from certvote.runtime.digests import array_digest
from certvote.types import Split

_N_TEST = 500


@choice("dataset", "digits")
class Digits(Dataset):
    """1,797 embedded images of 8×8 pixels, ten digits; nothing to download."""

    label = Label("Digits", order=2)
    noun = "images"

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return digits(seed=self.seed)


def digits(*, seed: int = 0) -> Split:
    """Read 1,797 images of 8×8 pixels, ten digits: 1,297 for training, 500 for testing.

    The published data has no test set: one is drawn, stratified. Its 17 gray levels ``v`` become ``round(255 v / 16)``.

    Parameters
    ----------
    seed : int
        Seed of the draw.

    Raises
    ------
    ValueError
        If the seed is not an integer of at least 0.
    """
    check_seed(seed)
    levels, labels = _published()
    images = np.rint(levels * (255 / 16)).astype(np.uint8)[..., None]
    in_test = np.zeros(len(labels), dtype=bool)
    in_test[stratified_indices(labels, _N_TEST, seed)] = True
    parts = images[~in_test], labels[~in_test], images[in_test], labels[in_test]
    names = tuple(str(digit) for digit in range(10))
    return Split("digits", *parts, names, array_digest(*parts))


def _published() -> tuple[Float64[np.ndarray, "n 8 8"], Int64[np.ndarray, " n"]]:
    """Read gray levels and labels from scikit-learn's file; importing it takes longer than a small job."""
    for file in files("scikit-learn") or ():
        if file.name == "digits.csv.gz":
            table = np.loadtxt(file.locate(), delimiter=",")
            return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits  # installed in another way: it knows where its file is

    bunch = load_digits()
    return bunch.images, bunch.target.astype(np.int64)
