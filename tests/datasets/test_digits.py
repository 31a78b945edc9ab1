"""The embedded digits."""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_digits

from certvote import datasets
from certvote.datasets.digits import Digits


def test_the_split_is_fixed_stratified_and_complete():
    split = datasets.digits()
    assert split.train.shape == (1297, 8, 8, 1)
    assert split.test.shape == (500, 8, 8, 1)
    assert split.train.dtype == np.uint8
    assert split.num_classes == 10
    assert np.ptp(np.bincount(split.test_labels)) <= 3
    published = load_digits()
    ours = np.concatenate([split.train, split.test])[..., 0].reshape(-1, 64)
    theirs = np.rint(published.images.reshape(-1, 64) * 255 / 16)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs.astype(np.uint8)))
    assert set(np.unique(ours)) >= {0, 128, 255}
    assert datasets.digits().digest == split.digest


def test_labels_stay_with_their_images():
    published = load_digits()
    known = {
        bytes(np.rint(image * 255 / 16).astype(np.uint8)): label
        for image, label in zip(published.images, published.target, strict=True)
    }
    split = datasets.subset(datasets.digits(), n_train=300, n_test=50)
    assert len(split.train) == 300
    for images, labels in ((split.train, split.train_labels), (split.test, split.test_labels)):
        assert [known[bytes(image)] for image in images] == labels.tolist()


def test_another_seed_is_another_split():
    assert datasets.digits(seed=1).digest != datasets.digits().digest


def test_the_choice_takes_the_subset(tmp_path):
    choice = Digits(n_train=20, n_test=None, holdout=None, seed=3)
    expected = datasets.subset(datasets.digits(seed=3), n_train=20, seed=3)
    assert choice.split(data_root=tmp_path).digest == expected.digest


def test_the_file_need_not_be_listed_among_the_installed_ones(monkeypatch):
    digest = datasets.digits().digest
    monkeypatch.setattr(sys.modules["certvote.datasets.digits"], "files", lambda name: None)
    assert datasets.digits().digest == digest
