"""Read the user's own data: an ``.npz`` file of images or feature vectors."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from certvote.datasets.base import Dataset
from certvote.options import Label, choice, option
from certvote.runtime.archives import DamagedArchiveError, damage_as_one_error
from certvote.runtime.digests import array_digest
from certvote.types import Split

_REQUIRED = ("x_train", "y_train", "x_test", "y_test")
_MOST_CLASSES = 1 << 16  # ranked labels are kept in 16 bits


@choice("dataset", "arrays")
class Arrays(Dataset):
    """Your own images or feature vectors: an .npz with x_train, y_train, x_test, y_test."""

    path: str = option("the .npz file", matters=False)

    label = Label("the user's arrays", order=3)

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        return arrays(path=self.path)


def arrays(*, path: str | Path) -> Split:
    """Read the arrays ``x_train``, ``y_train``, ``x_test``, ``y_test`` (and ``class_names``) of an ``.npz`` file.

    ``x``: ``uint8`` images [n h w] or [n h w channels], or feature vectors [n d] of any real type. ``y``: integer
    labels from 0; there are as many classes as ``class_names``, or as the largest label says. Pickled objects are
    never read.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    ValueError
        If the file holds anything else; the message names the file and the array.
    """
    path = Path(path).expanduser()
    found = _read(path)
    x_train, x_test = (_examples(path, key, found[key]) for key in ("x_train", "x_test"))
    if x_train.dtype != x_test.dtype or x_train.shape[1:] != x_test.shape[1:]:
        raise ValueError(
            f"{path}: expected x_train and x_test of one type and shape per example, got {x_train.dtype} "
            f"{list(x_train.shape[1:])} and {x_test.dtype} {list(x_test.shape[1:])}"
        )
    y_train = _labels(path, "y_train", found["y_train"], "x_train", len(x_train))
    y_test = _labels(path, "y_test", found["y_test"], "x_test", len(x_test))
    names = _class_names(path, found.get("class_names"), int(max(y_train.max(), y_test.max())) + 1)
    parts = x_train, y_train, x_test, y_test
    return Split(path.stem, *parts, names, array_digest(*parts))


def _read(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise ValueError(f"option dataset.path: expected an .npz file, got {path}, which is not a file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: expected an .npz file, got something that is not a complete zip archive")
    key = "?"
    try:
        with damage_as_one_error(), np.load(path, allow_pickle=False) as archive:
            missing = [key for key in _REQUIRED if key not in archive]
            if missing:
                raise ValueError(f"expected the arrays {', '.join(_REQUIRED)}, got none called {', '.join(missing)}")
            found: dict[str, object] = {}
            for key in (*_REQUIRED, "class_names"):
                if key in archive:
                    found[key] = archive[key]
            return found
    except MemoryError as error:
        raise ValueError(f"{path}: expected an array {key} that fits into memory, got a larger one: {error}") from error
    except DamagedArchiveError as error:
        raise ValueError(f"{path}: expected a readable array {key}, got a damaged file: {error}") from error
    except ValueError as error:
        if "Object arrays" in str(error):
            raise ValueError(f"{path}: expected numbers in {key}, got an array of Python objects") from error
        raise ValueError(f"{path}: {error}") from error


def _examples(path: Path, key: str, x: object) -> np.ndarray:
    """Convert examples: images to [n h w channels], vectors to floating point numbers [n d]."""
    if not isinstance(x, np.ndarray) or x.ndim not in (2, 3, 4) or x.dtype.kind not in "uif":
        got = f"{x.dtype} {list(x.shape)}" if isinstance(x, np.ndarray) else "no array"
        raise ValueError(f"{path}: expected {key} to be uint8 images [n h w (channels)] or vectors [n d], got {got}")
    if 0 in x.shape:
        raise ValueError(f"{path}: expected at least one example and one value in {key}, got shape {list(x.shape)}")
    if x.ndim > 2:
        if x.dtype != np.uint8:
            raise ValueError(
                f"{path}: expected images in {key} as uint8 (0 to 255), got {x.dtype}; convert them with "
                "np.rint(255 * x).astype(np.uint8) if they lie in [0, 1]"
            )
        return np.ascontiguousarray(x if x.ndim == 4 else x[..., None])
    keep = x.dtype.kind == "f" and x.dtype.itemsize in (4, 8)
    with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinite
        vectors = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("=") if keep else np.float64)
    finite = np.isfinite(vectors)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(f"{path}: expected finite numbers in {key}, got {x[row, column]!s} at [{row}, {column}]")
    return vectors


def _labels(path: Path, key: str, y: object, of: str, n: int) -> np.ndarray:
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "ui" or y.ndim != 1:
        got = f"{y.dtype} {list(y.shape)}" if isinstance(y, np.ndarray) else "no array"
        raise ValueError(f"{path}: expected {key} to be integer labels [n], got {got}")
    if len(y) != n:
        raise ValueError(f"{path}: expected as many labels in {key} as examples in {of} ({n}), got {len(y)}")
    if y.min() < 0 or y.max() >= _MOST_CLASSES:
        wrong = y.min() if y.min() < 0 else y.max()
        raise ValueError(f"{path}: expected labels 0 to {_MOST_CLASSES - 1} in {key}, got {wrong}")
    return y.astype(np.int64)


def _class_names(path: Path, names: object, at_least: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(label) for label in range(at_least))
    if not isinstance(names, np.ndarray) or names.dtype.kind not in "US" or names.ndim != 1 or len(names) < at_least:
        got = f"{names.dtype} {list(names.shape)}" if isinstance(names, np.ndarray) else "no array"
        raise ValueError(f"{path}: expected class_names to be strings, one per label 0 to {at_least - 1}, got {got}")
    if len(names) > _MOST_CLASSES:
        raise ValueError(f"{path}: expected at most {_MOST_CLASSES} class_names, got {len(names)}")
    try:
        return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names.tolist())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected class_names as text or UTF-8, got {error.object!r}") from error
