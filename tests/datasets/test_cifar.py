"""CIFAR-10's binary files."""

from __future__ import annotations

import numpy as np
import pytest

from certvote import datasets
from certvote.datasets.cifar10 import CIFAR10, Cifar10


@pytest.fixture
def folder(tmp_path, small_cifar):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, content in small_cifar.items():
        (folder / name).write_bytes(content)
    return folder


def load(folder):
    return datasets.cifar10(data_root=folder.parent, mirrors=(), progress=False)


def test_records_are_a_label_and_three_planes(folder, small_cifar):
    split = load(folder)
    record = small_cifar["data_batch_2.bin"][:3073]  # the fourth training example
    assert split.train_labels[3] == record[0]
    assert split.train[3, 0, 5].tolist() == [record[1 + 5], record[1 + 1024 + 5], record[1 + 2048 + 5]]
    assert split.train[3, 2, 0, 0] == record[1 + 64]
    assert split.test_labels.tolist() == [small_cifar["test_batch.bin"][3073 * i] for i in range(3)]
    assert split.class_names[1] == "automobile"
    assert split.notes == ()


def test_other_bytes_are_used_with_a_note(folder, small_cifar):
    digest = load(folder).digest
    altered = bytearray(small_cifar["data_batch_1.bin"])
    altered[-1] ^= 1
    (folder / "data_batch_1.bin").write_bytes(altered)
    split = load(folder)
    assert split.notes == (CIFAR10.note,)
    assert split.digest != digest


def test_the_note_stays_with_a_subset(folder, small_cifar):
    (folder / "data_batch_1.bin").write_bytes(small_cifar["data_batch_2.bin"])
    choice = Cifar10(n_train=5, n_test=None, holdout=None)
    assert choice.split(data_root=folder.parent, download=False).notes == (CIFAR10.note,)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[:-1], "3 records of 3073 bytes"),
        (lambda whole: b"", "got 0 bytes"),
        (lambda whole: whole + whole[:3073], "got 12292 bytes"),
        (lambda whole: b"\x0a" + whole[1:], "labels 0 to 9"),
    ],
)
def test_a_malformed_file_is_named(folder, small_cifar, damage, message):
    (folder / "data_batch_4.bin").write_bytes(damage(small_cifar["data_batch_4.bin"]))
    with pytest.raises(ValueError, match=message) as failure:
        load(folder)
    assert str(folder / "data_batch_4.bin") in str(failure.value)


@pytest.mark.slow
def test_the_real_cifar10(data_root):
    split = datasets.cifar10(data_root=data_root, mirrors=())
    assert split.train.shape == (50000, 32, 32, 3)
    assert split.test.shape == (10000, 32, 32, 3)
    assert np.bincount(split.train_labels).tolist() == [5000] * 10
    assert np.bincount(split.test_labels).tolist() == [1000] * 10
