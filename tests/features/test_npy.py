"""Embeddings from files: the rows of a split's examples, on a grid that stated options determine, known by content."""

from __future__ import annotations

import numpy as np
import pytest

from certvote import datasets
from certvote.attacks.backdoor import backdoor
from certvote.features.npy import Npy, embeddings, embeddings_bits, sources
from certvote.features.vectors import vectors

DIM = 12


@pytest.fixture(scope="module")
def complete():
    return datasets.digits()


@pytest.fixture
def write(tmp_path, complete):
    """Embeddings of all digits, with the example's number in the training set as a trace."""
    generator = np.random.default_rng(0)
    whole = {
        "train": generator.normal(size=(len(complete.train), DIM)),
        "test": generator.normal(size=(len(complete.test), DIM)),
    }
    whole["test_backdoor"] = whole["test"] + 0.5

    def _write(dtype=np.float32, archive=False, **changed):
        arrays = {name: np.asarray(changed.get(name, x)).astype(dtype) for name, x in whole.items()}
        if archive:
            np.savez(tmp_path / "all.npz", **arrays)
            return arrays, {"train": str(tmp_path / "all.npz")}
        for name, x in arrays.items():
            np.save(tmp_path / f"{name}.npy", x)
        return arrays, {name: str(tmp_path / f"{name}.npy") for name in arrays}

    return _write


def extract(split, **options):
    defaults = {"test": None, "test_backdoor": None, "normalize": "unit", "low": -1.0, "high": 1.0}
    return Npy(**{**defaults, **options}).extract(split)


def subset(**options):
    return datasets.subset(datasets.digits(seed=options.get("seed", 0)), **options)


def unit(x):
    return x.astype(float) / np.linalg.norm(x.astype(float), axis=1)[:, None]


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_rows_of_norm_1_on_the_grid(complete, write, dtype, archive):
    arrays, options = write(dtype, archive)
    features = extract(complete, **options)
    assert features.bits == embeddings_bits(DIM)
    for found, part in ((features.train, "train"), (features.test, "test")):
        assert found.dtype == np.float32
        assert (found * 2.0**features.bits == np.rint(unit(arrays[part]) * 2.0**features.bits)).all()


def test_values_as_they_are_within_the_stated_range(complete, write):
    arrays, options = write()
    features = extract(complete, **options, normalize="none", low=-8, high=8)
    assert (features.train == vectors(arrays["train"], low=-8, high=8)).all()
    assert features.bits == embeddings_bits(DIM, normalize="none", low=-8, high=8)
    with pytest.raises(ValueError, match=r"feature\.train: .*train\.npy: expected numbers in \[-1\.0, 1\.0\] .*, got"):
        extract(complete, **options, normalize="none")


@pytest.mark.parametrize("drawn", [{"n_train": 100}, {"n_test": 30}, {"n_train": 90, "n_test": 20, "seed": 3}])
def test_rows_follow_the_examples_that_are_drawn(write, drawn):
    split = subset(**drawn)
    _, options = write()
    features = extract(split, **options)
    whole = datasets.digits(seed=drawn.get("seed", 0))
    everything = extract(whole, **options)
    for part in ("train", "test"):
        place = {image.tobytes(): i for i, image in enumerate(getattr(whole, part))}
        rows = [place[image.tobytes()] for image in getattr(split, part)]
        if len(place) == len(getattr(whole, part)):  # no two images are equal
            assert (getattr(features, part) == getattr(everything, part)[rows]).all()
        assert len(getattr(features, part)) == len(rows)
    if split.train_rows is not None:
        assert (features.train == everything.train[split.train_rows]).all()


def test_examples_held_out_are_rows_of_the_training_file(write):
    split = subset(holdout=50, n_train=200)
    arrays, options = write()
    features = extract(split, **{**options, "test": None})
    expected = embeddings(arrays["train"])
    assert (features.train == expected[split.train_rows]).all()
    assert (features.test == expected[split.test_rows]).all()
    assert set(sources(split, **options)) == {"feature.train"}


def test_a_part_of_the_rows_is_the_same_as_those_rows_of_all(write):
    arrays, _ = write()
    rows = np.random.default_rng(1).permutation(len(arrays["train"]))
    assert (embeddings(arrays["train"], rows) == embeddings(arrays["train"])[rows]).all()


def test_more_rows_than_are_read_at_once():
    x = np.random.default_rng(0).normal(size=(9000, 3))
    whole = embeddings(x)
    assert (whole[8500:] == embeddings(x[8500:])).all()
    x[8900] = 0
    with pytest.raises(ValueError, match="zeros in row 8900"):
        embeddings(x)


def test_files_are_mapped_not_read(tmp_path, complete, monkeypatch):
    monkeypatch.setattr(np, "load", lambda path, original=np.load, **how: check(original(path, **how), how))

    def check(x, how):
        assert how["mmap_mode"] == "r"
        return x

    for name, n in (("train", len(complete.train)), ("test", len(complete.test))):
        np.save(tmp_path / f"{name}.npy", np.ones((n, 2), np.float32))
    extract(complete, train=str(tmp_path / "train.npy"), test=str(tmp_path / "test.npy"))


@pytest.mark.parametrize("archive", [False, True])
def test_triggered_images_have_embeddings_of_their_own(complete, write, archive):
    arrays, options = write(archive=archive)
    attacked = backdoor(complete, size=2)
    features = extract(attacked, **options)
    assert (features.test == embeddings(arrays["test_backdoor"])).all()
    assert set(sources(attacked, **options)) == {"feature.train", "feature.test_backdoor"}
    assert (extract(complete, **options).test == embeddings(arrays["test"])).all()


def test_triggered_images_without_embeddings_are_refused(complete, write):
    _, options = write()
    attacked = backdoor(complete, size=2)
    with pytest.raises(ValueError, match=r"option feature\.test_backdoor: expected a file .* attack=backdoor"):
        extract(attacked, **{**options, "test_backdoor": None})
    np.savez(options["train"].replace(".npy", ".npz"), train=np.ones((3, 2)), test=np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"option feature\.test_backdoor: .* expected an array test_backdoor, got tr"):
        extract(attacked, train=options["train"].replace(".npy", ".npz"))


def test_sources_are_the_files_content(complete, write, tmp_path):
    arrays, options = write()
    first = sources(complete, **options)
    assert set(first) == {"feature.train", "feature.test"}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "train.npy").rename(tmp_path / "elsewhere" / "x.npy")
    assert sources(complete, **{**options, "train": str(tmp_path / "elsewhere" / "x.npy")}) == first
    write(train=arrays["train"] + 0.01)
    assert sources(complete, **options)["feature.test"] == first["feature.test"]
    assert sources(complete, **options)["feature.train"] != first["feature.train"]
    assert extract(complete, **options).digest != extract(complete, **options, normalize="none", low=-9, high=9).digest


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: x[:-1], r"expected a row for each of the \d+ \w+ examples of the complete data set digits, .* got"),
        (lambda x: x[:, :5], r"expected \d+ numbers per row as in feature\.train, got|expected 5 numbers per row"),
        (lambda x: x[0], r"expected float16, float32 or float64 \[n d\], .* got float32 \[12\]"),
        (lambda x: x[:, :0], r"expected at least one row and one number"),
        (lambda x: np.where(np.arange(len(x)) == 7, np.nan, x.T).T, r"expected finite numbers, got nan at \[7, 0\]"),
        (lambda x: np.where(np.arange(len(x)) == 7, 0, x.T).T, "got zeros in row 7"),
    ],
)
def test_arrays_that_do_not_fit(complete, write, part, wrong, message):
    arrays, _ = write()
    _, options = write(**{part: wrong(arrays[part])})
    with pytest.raises(ValueError, match=f"option feature\\.(train|test).*{message}|{message}"):
        extract(complete, **options)


def test_a_wrong_row_has_its_number_in_the_file(write):
    split = subset(n_train=100)
    arrays, _ = write()
    row = int(split.train_rows[-1])
    arrays["train"][row, 3] = np.inf
    _, options = write(train=arrays["train"])
    with pytest.raises(ValueError, match=rf"got inf at \[{row}, 3\]"):
        extract(split, **options)


@pytest.mark.parametrize("dtype", [np.int64, bool, complex, np.longdouble])
def test_other_types_are_refused(complete, write, dtype):
    _, options = write(dtype)
    with pytest.raises(ValueError, match=r"option feature\.train: expected float16, float32 or float64"):
        extract(complete, **options)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"train": "nothing.npy"}, r"feature\.train: expected an \.npy or \.npz file, got 'nothing.npy'"),
        ({"train": None}, r"feature\.train"),
        ({"test": "nothing.npy"}, r"feature\.test"),
        ({"test": None}, r"feature\.test: expected a file, got none"),
        ({"test": __file__}, r"feature\.test: expected an \.npy"),
        ({"normalize": "max"}, r"feature\.normalize: expected one of unit, none, got 'max'"),
        ({"normalize": "none", "low": 1.0}, r"feature\.low"),
    ],
)
def test_options_that_name_no_file_or_choice(complete, write, changed, named):
    _, options = write()
    with pytest.raises(ValueError, match=f"options? {named}"):
        extract(complete, **{**options, **changed})


@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_damaged_files(complete, tmp_path, content, suffix):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"option feature\.train: .*x\.{suffix}"):
        extract(complete, train=str(path), test=str(path))


def test_pickled_objects_are_never_read(complete, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[{}]], object))
    with pytest.raises(ValueError, match=r"feature\.train: .*Python objects"):
        extract(complete, train=str(tmp_path / "x.npy"), test=str(tmp_path / "x.npy"))


def test_vectors_may_have_embeddings_too(write, complete, tmp_path):
    arrays, options = write()
    np.savez(
        tmp_path / "own.npz",
        x_train=complete.train.reshape(len(complete.train), -1) / 16.0,
        y_train=complete.train_labels,
        x_test=complete.test.reshape(len(complete.test), -1) / 16.0,
        y_test=complete.test_labels,
    )
    split = datasets.subset(datasets.arrays(path=tmp_path / "own.npz"), n_test=40)
    assert (extract(split, **options).test == embeddings(arrays["test"])[split.test_rows]).all()
