"""Handwritten digits that ship with scikit-learn: nothing to download."""

from __future__ import annotations

import numpy as np

from certvote.datasets.subset import check_seed, stratified_indices
from certvote.digests import array_digest
from certvote.types import Split

_N_TEST = 500


def digits(*, seed: int = 0) -> Split:
    """1,797 images of 8×8 pixels, ten digits: 1,297 for training, 500 for testing.

    The published data has no test set: one is drawn stratified, with ``seed``. Its 17 gray levels ``v`` become
    ``round(255 v / 16)``. Raises ``ValueError`` for an unusable seed.
    """
    from sklearn.datasets import load_digits

    check_seed(seed)
    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = bunch.target.astype(np.int64)
    in_test = np.zeros(len(labels), dtype=bool)
    in_test[stratified_indices(labels, _N_TEST, seed)] = True
    parts = images[~in_test], labels[~in_test], images[in_test], labels[in_test]
    names = tuple(str(digit) for digit in range(10))
    return Split("digits", *parts, names, array_digest(*parts))
