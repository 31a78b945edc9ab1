"""Read the user's own embeddings of a data set's examples, computed by any encoder, from files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int64

from certvote.features.base import Feature
from certvote.features.grid import bits_for, snap
from certvote.features.norm import unit_bits, unit_features
from certvote.features.vectors import check_bounds
from certvote.options import Label, choice, option
from certvote.runtime.archives import damage_as_one_error
from certvote.runtime.digests import array_digest, file_digest
from certvote.types import Features, Split

NORMALIZATIONS = ("unit", "none")
_ROWS = 4096  # rows at a time: files may be larger than memory


@choice("feature", "npy")
class Npy(Feature):
    """The user's own embeddings of the data set's examples: row i belongs to example i of the complete data set."""

    train: str = option(".npy file of floating point numbers [n d], or an .npz with all arrays", matters=False)
    test: str | None = option(".npy file [m d]; null: the array test of the .npz", matters=False)
    test_backdoor: str | None = option(
        "for attack=backdoor: embeddings of the test images with this very trigger drawn in", matters=False
    )
    normalize: str = option("unit: every row divided by its norm; none: as it is", one_of=NORMALIZATIONS)
    low: float = option("smallest value that an embedding may have, for normalize=none")
    high: float = option("largest value that an embedding may have, for normalize=none")

    label = Label("precomputed")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds(self.low, self.high)

    def bits(self, shape: tuple[int, ...]) -> int:
        return embeddings_bits(shape[0], normalize=self.normalize, low=self.low, high=self.high)

    def sources(self, split: Split) -> dict[str, str]:
        return sources(split, train=self.train, test=self.test, test_backdoor=self.test_backdoor)

    def extract(self, split: Split, **how: object) -> Features:
        return lookup(
            split,
            train=self.train,
            test=self.test,
            test_backdoor=self.test_backdoor,
            normalize=self.normalize,
            low=self.low,
            high=self.high,
        )


def embeddings_bits(dim: int, *, normalize: str = "unit", low: float = -1.0, high: float = 1.0) -> int:
    """Return the exponent of the grid of embeddings of ``dim`` values.

    Parameters
    ----------
    dim : int
        Dimension.
    normalize : {"unit", "none"}
        Whether embeddings have norm 1, or lie in the range that the user states.
    low, high : float
        That range.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    if normalize not in NORMALIZATIONS:
        raise ValueError(f"option feature.normalize: expected one of {', '.join(NORMALIZATIONS)}, got {normalize!r}")
    return unit_bits(dim) if normalize == "unit" else bits_for(dim, low=low, high=high)


def embeddings(
    x: Float[np.ndarray, "n d"],
    rows: Int64[np.ndarray, " m"] | None = None,
    *,
    normalize: str = "unit",
    low: float = -1.0,
    high: float = 1.0,
    source: str = "x",
) -> Float32[np.ndarray, "m d"]:
    """Select rows of embeddings and round them to the grid that options and dimension determine.

    Parameters
    ----------
    x : float array, shape (n, d)
        Embeddings; may be memory-mapped.
    rows : int64 array, shape (m,), or None
        Rows to take; ``None``: all.
    normalize : {"unit", "none"}
        Divide each row by its norm, or take values as they are.
    low, high : float
        Range of values, for ``normalize="none"``.
    source : str
        What to call ``x`` in errors.

    Returns
    -------
    float32 array, shape (m, d)
        Multiples of 2^-b, with b from :func:`embeddings_bits`.

    Raises
    ------
    ValueError
        If a number is not finite or outside the range, or a row has no direction; the message names the row.
    """
    bits = embeddings_bits(x.shape[1], normalize=normalize, low=low, high=high)
    wanted = np.arange(len(x)) if rows is None else rows
    features = np.empty((len(wanted), x.shape[1]), dtype=np.float32)
    for part in _parts(len(wanted)):
        chosen = wanted[part]
        values = x[chosen].astype(np.float32) if x.dtype.itemsize == 2 else x[chosen]
        _check(source, values, chosen, normalize, low, high)
        features[part] = unit_features(values) if normalize == "unit" else snap(values, bits, low=low, high=high)
    return features


def files(
    split: Split, *, train: str | None, test: str | None, test_backdoor: str | None
) -> dict[str, tuple[Path, str]]:
    """Find the files that are read for a split.

    Test images that hold a trigger have embeddings of their own, in ``test_backdoor``.

    Parameters
    ----------
    split : Split
        The data.
    train, test, test_backdoor : str or None
        The options.

    Returns
    -------
    dict
        By option, a file and the name of the array in it (for an ``.npz``).

    Raises
    ------
    ValueError
        If an option names no file; the message names the option.
    """
    where = {"feature.train": _file("feature.train", train, "train")}
    if split.triggered:
        if test_backdoor is None and not _is_archive(train):
            raise ValueError(
                "option feature.test_backdoor: expected a file with the embeddings of the test images with the trigger "
                "drawn in, got none; attack=backdoor changes the images, and the program does not have your encoder "
                "(docs/features.md says how to make them)"
            )
        option, path, array = "feature.test_backdoor", test_backdoor, "test_backdoor"
    elif split.holdout:  # the test examples are training examples
        return where
    else:
        option, path, array = "feature.test", test, "test"
    if path is None and not _is_archive(train):
        raise ValueError(f"option {option}: expected a file, got none (only an .npz as feature.train may hold both)")
    return where | {option: _file(option, train if path is None else path, array)}


def sources(
    split: Split, *, train: str | None, test: str | None = None, test_backdoor: str | None = None, **_: object
) -> dict[str, str]:
    """Compute the SHA-256 of each file that is read for a split, by option; errors as in :func:`files`."""
    found = files(split, train=train, test=test, test_backdoor=test_backdoor)
    digests = {path: file_digest(path) for path in {path for path, _ in found.values()}}
    return {option: digests[path] for option, (path, _) in found.items()}


def lookup(
    split: Split,
    *,
    train: str | None,
    test: str | None = None,
    test_backdoor: str | None = None,
    normalize: str = "unit",
    low: float = -1.0,
    high: float = 1.0,
) -> Features:
    """Look up the embeddings of a split's examples, by their rows in the files of the complete data set.

    Parameters
    ----------
    split : Split
        The data.
    train, test, test_backdoor : str or None
        Files, as :func:`files` reads them.
    normalize, low, high
        As in :func:`embeddings`.

    Raises
    ------
    ValueError
        If a file holds no matrix of floating point numbers, another number of rows than the complete data set has
        examples, or values that :func:`embeddings` refuses; the message names option and file.
    """
    found = files(split, train=train, test=test, test_backdoor=test_backdoor)
    whole = {name: _matrix(name, path, array) for name, (path, array) in found.items()}
    n, m = split.complete or (len(split.train_labels), len(split.test_labels))
    dim = whole["feature.train"].shape[1]
    for name, x in whole.items():
        expected, part = (n, "training") if name == "feature.train" or split.holdout else (m, "test")
        if x.shape[0] != expected:
            raise ValueError(
                f"option {name}: expected a row for each of the {expected} {part} examples of the complete data set "
                f"{split.name}, in its order, got {len(x)} rows in {found[name][0]}"
            )
        if x.shape[1] != dim:
            raise ValueError(
                f"option {name}: expected {dim} numbers per row as in feature.train, got {x.shape[1]} in "
                f"{found[name][0]}"
            )
    rows = []
    for name, chosen in (("feature.train", split.train_rows), ([*whole][-1], split.test_rows)):
        source = f"option {name}: {found[name][0]}"
        rows.append(embeddings(whole[name], chosen, normalize=normalize, low=low, high=high, source=source))
    bits = embeddings_bits(dim, normalize=normalize, low=low, high=high)
    return Features(train=rows[0], test=rows[1], bits=bits, digest=array_digest(*rows))


def _is_archive(path: str | None) -> bool:
    return path is not None and Path(path).suffix == ".npz"


def _file(option: str, path: str | None, array: str) -> tuple[Path, str]:
    found = Path(path or "").expanduser()
    if path is None or found.suffix not in (".npy", ".npz") or not found.is_file():
        raise ValueError(f"option {option}: expected an .npy or .npz file, got {path!r}, which is none")
    return found, array


def _matrix(option: str, path: Path, array: str) -> np.ndarray:
    """Read a file's array, mapped into memory where it is an ``.npy``."""
    try:
        with damage_as_one_error():
            if path.suffix == ".npy":
                x = np.load(path, mmap_mode="r", allow_pickle=False)
            else:
                with np.load(path, allow_pickle=False) as archive:
                    if array not in archive:
                        raise ValueError(f"expected an array {array}, got {', '.join(archive.files) or 'none'}")
                    x = archive[array]
    except (ValueError, MemoryError) as error:
        raise ValueError(f"option {option}: {path}: {error}") from error
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.dtype.kind != "f" or x.dtype.itemsize > 8:
        got = f"{x.dtype} {list(x.shape)}" if isinstance(x, np.ndarray) else "no array"
        raise ValueError(
            f"option {option}: expected float16, float32 or float64 [n d], one row per example, got {got} in {path}"
        )
    if 0 in x.shape:
        raise ValueError(
            f"option {option}: expected at least one row and one number per row, got {list(x.shape)} in {path}"
        )
    return x


def _parts(n: int) -> Iterator[slice]:
    for start in range(0, n, _ROWS):
        yield slice(start, start + _ROWS)


def _check(source: str, values: np.ndarray, rows: np.ndarray, normalize: str, low: float, high: float) -> None:
    """Refuse what the grid cannot take, in the numbers of the file's rows."""
    if normalize == "unit":
        right = np.isfinite(values)
        expected = "finite numbers"
        empty = ~values.any(axis=1)
        if empty.any():
            row = int(rows[np.flatnonzero(empty)[0]])
            raise ValueError(
                f"{source}: expected rows with a direction (feature.normalize=unit), got zeros in row {row}"
            )
    else:
        right = (values >= low) & (values <= high)
        expected = f"numbers in [{low}, {high}] (options feature.low, feature.high)"
    if not right.all():
        row, column = np.argwhere(~right)[0]
        raise ValueError(f"{source}: expected {expected}, got {values[row, column]} at [{int(rows[row])}, {column}]")
