"""The user's own arrays: what is accepted, and that everything else is refused with file and key."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from certvote import datasets
from certvote.datasets.arrays import Arrays

U8 = np.uint8


@pytest.fixture
def write(tmp_path):
    def write(**changed):
        arrays = {
            "x_train": np.zeros((6, 4, 5), U8),
            "y_train": np.array([0, 1, 2, 0, 1, 2]),
            "x_test": np.ones((3, 4, 5), U8),
            "y_test": np.array([0, 1, 1]),
        } | changed
        path = tmp_path / "mine.npz"
        np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
        return path

    return write


def test_gray_images_get_a_channel(write):
    split = datasets.arrays(path=write())
    assert split.train.shape == (6, 4, 5, 1)
    assert split.name == "mine"
    assert split.class_names == ("0", "1", "2")
    assert split.train_labels.dtype == np.int64


def test_any_number_of_channels(write):
    split = datasets.arrays(path=write(x_train=np.zeros((6, 4, 5, 2), U8), x_test=np.zeros((3, 4, 5, 2), U8)))
    assert split.test.shape == (3, 4, 5, 2)


@pytest.mark.parametrize(("given", "kept"), [("f4", "f4"), ("f8", "f8"), ("f2", "f8"), ("i2", "f8"), (">f4", "f4")])
def test_vectors_become_floating_point(write, given, kept):
    x = np.arange(18).reshape(6, 3)
    split = datasets.arrays(path=write(x_train=x.astype(given), x_test=x[:3].astype(given)))
    assert split.train.dtype == np.dtype(kept)
    assert (split.train == x).all()


def test_classes_are_counted_over_both_parts_or_named(write):
    assert datasets.arrays(path=write(y_test=np.array([0, 7, 1], U8))).num_classes == 8
    assert datasets.arrays(path=write(class_names=np.array(["a", "b", "c", "d"]))).class_names == ("a", "b", "c", "d")


def test_a_single_class_and_a_single_test_example(write):
    split = datasets.arrays(
        path=write(y_train=np.zeros(6, int), x_test=np.ones((1, 4, 5), U8), y_test=np.zeros(1, int))
    )
    assert split.num_classes == 1
    assert len(split.test) == 1


def test_subsets(write):
    choice = Arrays(path=str(write()), n_train=3, n_test=None, holdout=None)
    assert len(choice.split(data_root=".").train) == 3


VECTORS = np.zeros((6, 3))
IMAGES = np.zeros((6, 4, 5))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_test": None}, "none called x_test"),
        ({"y_train": None, "y_test": None}, "none called y_train, y_test"),
        ({"x_train": IMAGES}, r"images in x_train as uint8 \(0 to 255\), got float64"),
        ({"x_train": IMAGES.astype(int)}, "x_train as uint8"),
        ({"x_train": np.zeros(6, U8)}, "x_train to be uint8 images"),
        ({"x_train": np.zeros((6, 1, 1, 1, 1), U8)}, "x_train to be uint8 images"),
        ({"x_train": VECTORS.astype(complex)}, "x_train to be uint8 images .* got complex128"),
        ({"x_train": VECTORS.astype(bool)}, "got bool"),
        ({"x_train": VECTORS.astype(str)}, "x_train to be"),
        ({"x_train": np.array([{}] * 6)}, "expected numbers in x_train, got an array of Python objects"),
        ({"y_test": np.array([{}] * 3)}, "expected numbers in y_test"),
        ({"x_train": np.zeros((0, 4, 5), U8)}, "at least one example and one value in x_train"),
        ({"x_test": np.zeros((3, 4, 0), U8)}, "at least one example and one value in x_test"),
        ({"x_test": np.zeros((3, 5, 4), U8)}, r"one type and shape .* uint8 \[4, 5, 1\] and uint8 \[5, 4, 1\]"),
        ({"x_test": np.zeros((3, 20))}, "one type and shape"),
        ({"x_train": np.full((6, 3), np.nan), "x_test": VECTORS}, r"finite numbers in x_train, got nan at \[0, 0\]"),
        ({"x_train": VECTORS, "x_test": np.array([[0.0, 0, np.inf]])}, r"x_test, got inf at \[0, 2\]"),
        pytest.param(
            {"x_train": np.full((6, 3), np.longdouble("1e4000")), "x_test": VECTORS.astype(np.longdouble)},
            r"finite numbers in x_train, got 1e\+4000 at \[0, 0\]",
            marks=[
                pytest.mark.filterwarnings("error"),
                pytest.mark.skipif(
                    np.finfo(np.longdouble).max <= np.finfo(float).max, reason="longdouble is float64 here"
                ),
            ],
        ),
        ({"y_train": np.zeros(6)}, "y_train to be integer labels"),
        ({"y_train": np.zeros(6, bool)}, "y_train to be integer labels"),
        ({"y_train": np.zeros((6, 1), int)}, r"y_train to be integer labels \[n\], got int64 \[6, 1\]"),
        ({"y_train": np.zeros(5, int)}, r"labels in y_train as examples in x_train \(6\), got 5"),
        ({"y_test": np.array([0, -1, 0])}, "in y_test, got -1"),
        ({"y_test": np.array([0, 65536, 0])}, "in y_test, got 65536"),
        ({"y_test": np.array([0, 2**63, 0], np.uint64)}, "in y_test, got 9223372036854775808"),
        ({"class_names": np.array(["a", "b"])}, "class_names to be strings, one per label 0 to 2"),
        ({"class_names": np.array([1, 2, 3])}, "class_names to be strings"),
        ({"class_names": np.array([b"\xff", b"b", b"c"])}, r"class_names as text or UTF-8, got b'\\xff'"),
    ],
)
def test_what_is_refused(write, changed, message):
    path = write(**changed)
    with pytest.raises(ValueError, match=message) as failure:
        datasets.arrays(path=path)
    assert str(path) in str(failure.value)


def test_a_header_that_promises_more_than_memory_holds(write, tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**44, 4)})
    path = write()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "huge.npz", "w") as new:
        for name in old.namelist():
            new.writestr(name, header.getvalue() if name == "x_train.npy" else old.read(name))
    with pytest.raises(ValueError, match=r"huge\.npz: expected an array x_train that fits into memory"):
        datasets.arrays(path=tmp_path / "huge.npz")


def test_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"dataset\.path: expected an \.npz file, got .*none\.npz"):
        datasets.arrays(path=tmp_path / "none.npz")
    with pytest.raises(ValueError, match="not a file"):
        datasets.arrays(path=tmp_path)


@pytest.mark.parametrize("content", [b"", b"x_train", b"PK\x03\x04 not really"])
def test_not_an_npz(tmp_path, content):
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.npz: expected an \.npz file"):
        datasets.arrays(path=tmp_path / "mine.npz")


@pytest.mark.parametrize("key", ["x_train", "y_train", "class_names"])
def test_members_that_are_no_arrays(write, key):
    path = write(**({} if key == "class_names" else {key: None}))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(key, b"1 2 3")
    with pytest.raises(ValueError, match=rf"{key} to be .*got no array"):
        datasets.arrays(path=path)


def test_a_single_npy_is_not_an_npz(tmp_path):
    np.save(tmp_path / "mine.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"mine\.npy"):
        datasets.arrays(path=tmp_path / "mine.npy")


def test_a_damaged_npz(write):
    path = write(x_train=np.full((6, 40, 50), 7, U8), x_test=np.zeros((3, 40, 50), U8))
    content = bytearray(path.read_bytes())
    content[content.index(b"\7\7\7\7") + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"readable array x_train, got a damaged file"):
        datasets.arrays(path=path)
