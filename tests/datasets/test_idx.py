"""MNIST's files: both forms are read, anything else is refused with the file's name."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from certvote import datasets
from certvote.datasets.idx import read_idx

IMAGES = "train-images-idx3-ubyte"


@pytest.fixture
def raw(tmp_path, small_mnist):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in small_mnist.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


def load(raw):
    return datasets.mnist(data_root=raw.parents[1], mirrors=(), progress=False)


def test_images_and_labels_are_the_bytes_of_the_files(raw, small_mnist):
    split = load(raw)
    assert split.train.tobytes() == small_mnist[IMAGES][16:]
    assert split.test_labels.tolist() == list(small_mnist["t10k-labels-idx1-ubyte"][8:])
    assert split.train.shape == (6, 28, 28, 1)
    assert split.notes == ()


def test_uncompressed_files_are_as_good(raw, small_mnist):
    split = load(raw)
    for name, content in small_mnist.items():
        (raw / f"{name}.gz").unlink()
        (raw / name).write_bytes(content)
    assert load(raw).digest == split.digest


def test_other_content_is_not_mnist(raw, small_mnist):
    altered = bytearray(small_mnist[IMAGES])
    altered[-1] ^= 1
    (raw / f"{IMAGES}.gz").write_bytes(gzip.compress(bytes(altered)))
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: expected the published MNIST content"):
        load(raw)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: gzip.compress(whole)[:-20], "complete gzip file"),
        (lambda whole: whole, "complete gzip file"),
        (lambda whole: b"", "header"),
        (lambda whole: gzip.compress(b""), "header"),
        (lambda whole: gzip.compress(b"\0\0\x0d\x03" + whole[4:]), "unsigned bytes"),
        (lambda whole: gzip.compress(whole[:9]), "IDX header of 16 bytes"),
        (lambda whole: gzip.compress(whole[:-1]), r"expected 4720 bytes for shape \(6, 28, 28\), got 4719"),
        (lambda whole: gzip.compress(whole + b"\0"), "got 4721"),
        (lambda whole: gzip.compress(whole[:4] + b"\xff" * 12 + whole[16:]), "for shape"),
    ],
)
def test_a_malformed_file_is_named(raw, small_mnist, damage, message):
    (raw / f"{IMAGES}.gz").write_bytes(damage(small_mnist[IMAGES]))
    with pytest.raises(ValueError, match=message) as failure:
        load(raw)
    assert str(raw / f"{IMAGES}.gz") in str(failure.value)


def test_reading_one_file(raw, small_mnist):
    assert read_idx(raw / "train-labels-idx1-ubyte.gz").tolist() == list(small_mnist["train-labels-idx1-ubyte"][8:])


@pytest.mark.slow
def test_the_real_mnist(data_root):
    split = datasets.mnist(data_root=data_root, mirrors=())
    assert split.train.shape == (60000, 28, 28, 1)
    assert split.test.shape == (10000, 28, 28, 1)
    assert np.bincount(split.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert split.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert split.notes == ()
