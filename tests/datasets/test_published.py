"""Data sets in the formats of MNIST and CIFAR: read, downloaded, and recognized as the published ones."""

from __future__ import annotations

import gzip
import importlib
import sys

import numpy as np
import pytest

from certvote import datasets
from certvote.datasets.cifar import CifarFiles
from certvote.datasets.idx import FILES, IdxFiles
from certvote.options.choices import find

pytestmark = pytest.mark.usefixtures("no_proxy")

SETS = {
    "mnist": "MNIST",
    "fashion_mnist": "FASHION_MNIST",
    "kmnist": "KMNIST",
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
}
NEW_IDX = ["fashion_mnist", "kmnist"]


def table(name):
    return getattr(module(name), SETS[name])


def module(name):
    importlib.import_module(f"certvote.datasets.{name}")
    return sys.modules[f"certvote.datasets.{name}"]  # the package's attribute of that name is the function


@pytest.mark.parametrize("name", SETS)
def test_a_table_is_complete(name):
    published = table(name)
    assert published.name == name
    assert len(set(published.class_names)) == (100 if name == "cifar100" else 10)
    assert find("dataset", name).label.name == published.title
    if isinstance(published, IdxFiles):
        assert set(published.digests) == set(FILES)
        lengths = {"md5": 32, "sha256": 64}
        for archive, content in published.digests.values():
            algorithm, _, digest = archive.partition(":")
            assert len(bytes.fromhex(digest)) * 2 == lengths[algorithm]
            assert len(bytes.fromhex(content)) in (0, 32)
        assert all(mirror.startswith("https://") for mirror in published.mirrors[:1])
    else:
        assert isinstance(published, CifarFiles)
        *train, test = published.files.values()
        assert sum(file.records for file in train) == 50_000
        assert test.records == 10_000
        assert len({file.md5 for file in published.files.values()}) == len(published.files)
    assert published.class_names == tuple(sorted(published.class_names)) or "cifar" not in name


def test_no_two_sets_share_a_file():
    digests = [digest for name in ("mnist", *NEW_IDX) for digest, _ in table(name).digests.values()]
    assert len(set(digests)) == 12
    assert len({table(name).folder for name in SETS}) == 5


@pytest.mark.parametrize("name", NEW_IDX)
def test_idx_files_are_downloaded_and_read(name, small_idx, tmp_path, httpserver):
    contents = small_idx(module(name), SETS[name])
    for file, content in contents.items():
        httpserver.expect_request(f"/mirror/{file}.gz").respond_with_data(gzip.compress(content, mtime=0))
    load = getattr(datasets, name)
    split = load(data_root=tmp_path, mirrors=[httpserver.url_for("/mirror")], progress=False)
    assert split.name == name
    assert split.train.tobytes() == contents["train-images-idx3-ubyte"][16:]
    assert split.test_labels.tolist() == list(contents["t10k-labels-idx1-ubyte"][8:])
    assert split.train.shape == (6, 28, 28, 1)
    assert split.class_names == table(name).class_names
    assert split.notes == ()
    assert load(data_root=tmp_path, mirrors=()).digest == split.digest


@pytest.mark.parametrize("name", NEW_IDX)
def test_what_cannot_be_recognized_is_used_with_a_note(name, small_idx, tmp_path):
    contents = small_idx(module(name), SETS[name])
    folder = tmp_path / table(name).folder
    folder.mkdir(parents=True)
    for file, content in contents.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(content, mtime=0))
    assert getattr(datasets, name)(data_root=tmp_path, mirrors=()).notes == ()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(contents["train-images-idx3-ubyte"], mtime=1))
    split = getattr(datasets, name)(data_root=tmp_path, mirrors=())
    assert split.notes == (f"{table(name).title} files are not the published bytes",)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("train-labels-idx1-ubyte", lambda x: x[:7] + b"\x05" + x[8:13], "expected images .* as many labels .* got"),
        (
            "t10k-labels-idx1-ubyte",
            lambda x: x[:-1] + b"\x0a",
            "t10k-labels-idx1-ubyte: expected labels 0 to 9, got 10",
        ),
        (
            "t10k-images-idx3-ubyte",
            lambda x: b"\0\0\x08\x01\0\0\x0c\x40" + x[16:],
            r"expected images \[n h w\] in t10k",
        ),
    ],
)
def test_files_that_do_not_belong_together(small_idx, tmp_path, file, change, message):
    contents = small_idx(module("kmnist"), "KMNIST")
    folder = tmp_path / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(change(content) if name == file else content)
    with pytest.raises(ValueError, match=message):
        datasets.kmnist(data_root=tmp_path, mirrors=())


def test_cifar100_is_downloaded_and_its_label_is_the_fine_one(small_cifar_files, pack, tmp_path, httpserver):
    contents = small_cifar_files(module("cifar100"), "CIFAR100")
    packed = pack("cifar-100-binary", contents)
    httpserver.expect_request("/kriz/cifar-100-binary.tar.gz").respond_with_data(packed)
    split = datasets.cifar100(data_root=tmp_path, mirrors=[httpserver.url_for("/kriz")], progress=False)
    record = contents["train.bin"][3074 : 2 * 3074]
    assert split.train_labels[1] == record[1] != record[0]
    assert split.train[1, 0, 5].tolist() == [record[2 + 5], record[2 + 1024 + 5], record[2 + 2048 + 5]]
    assert split.test.shape == (3, 32, 32, 3)
    assert split.num_classes == 100
    assert split.notes == ()
    (tmp_path / "cifar-100-binary" / "test.bin").write_bytes(contents["train.bin"])
    assert datasets.cifar100(data_root=tmp_path, mirrors=()).notes == (table("cifar100").note,)
    (tmp_path / "cifar-100-binary" / "test.bin").write_bytes(contents["train.bin"][:-1])
    with pytest.raises(ValueError, match=r"test\.bin: expected 3 records of 3074 bytes"):
        datasets.cifar100(data_root=tmp_path, mirrors=())


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_downloaded_where_that_is_not_wanted(name, tmp_path):
    choice = find("dataset", name)(n_train=None, n_test=None, holdout=None)
    with pytest.raises(datasets.DownloadError, match="no mirror is given"):
        choice.split(data_root=tmp_path, download=False)


@pytest.mark.parametrize("name", SETS)
def test_the_function_is_public_after_the_module_was_imported(name):
    module(name)
    assert callable(getattr(datasets, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_real_files(name, data_root):
    split = find("dataset", name)(n_train=None, n_test=None, holdout=None).split(data_root=data_root, download=False)
    assert len(np.unique(split.train_labels)) == split.num_classes
