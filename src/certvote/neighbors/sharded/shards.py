"""Store a training set in files (shards), and cut it into pieces that fit into memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Integer, Num

from certvote.checks import is_integer


@dataclass(frozen=True)
class Shard:
    """Name two ``.npy`` files with consecutive training examples.

    Attributes
    ----------
    features, labels : Path
        Features, one row per example, and labels.
    stamps : tuple
        Sizes and modification times of both files when they were opened; () if they were not.
    """

    features: Path
    labels: Path
    stamps: tuple[tuple[int, int], ...] = ()

    def mapped(self) -> tuple[Num[np.ndarray, "rows d"], Integer[np.ndarray, " rows"]]:
        """Map both files into memory; raise ``ValueError`` if one has changed since it was opened."""
        found = _mapped(self.features), _mapped(self.labels)
        stamps = _stamps(self.features, self.labels)
        if self.stamps and stamps != self.stamps:
            name = self.features if stamps[0] != self.stamps[0] else self.labels
            raise ValueError(f"shards: expected files that stay as they are, but {name} changed while it was counted")
        return found


@dataclass(frozen=True)
class Piece:
    """Select the rows ``start`` to ``stop`` of a shard.

    Attributes
    ----------
    shard : Shard
        The files.
    start, stop : int
        Rows of these files.
    first : int
        Position of row ``start`` in the training set.
    """

    shard: Shard
    start: int
    stop: int
    first: int

    def read(self) -> tuple[Num[np.ndarray, "rows d"], Int64[np.ndarray, " rows"]]:
        """Map the features and read the labels."""
        features, labels = self.shard.mapped()
        return features[self.start : self.stop], labels[self.start : self.stop].astype(np.int64)


@dataclass(frozen=True)
class ShardedSet:
    """Describe a training set made of shards.

    Attributes
    ----------
    shards : tuple of Shard
        The shards, in the order of the training set.
    rows : tuple of int
        Number of examples in each shard.
    d : int
        Number of features.
    """

    shards: tuple[Shard, ...]
    rows: tuple[int, ...]
    d: int

    @property
    def n(self) -> int:
        """Return the number of training examples."""
        return sum(self.rows)

    def pieces(self, rows: int) -> list[Piece]:
        """Cut the training set into pieces of at most ``rows`` examples."""
        found, first = [], 0
        for shard, total in zip(self.shards, self.rows, strict=True):
            parts = -(-total // rows)
            edges = [total * part // parts for part in range(parts + 1)] if parts else []
            found += [Piece(shard, a, b, first + a) for a, b in pairwise(edges)]
            first += total
        return found

    def sample(self, size: int, run: int = 8) -> tuple[Num[np.ndarray, "s d"], Int64[np.ndarray, " s"]]:
        """Read about ``size`` examples from all over the set, or all if there are no more.

        They are read in short runs of consecutive rows, which disks deliver faster.
        """
        if self.n <= size:
            positions = np.arange(self.n)
        else:
            starts = np.linspace(0, self.n - run, size // run).astype(np.int64)
            positions = np.unique(starts[:, None] + np.arange(run))
        features, labels, first = [], [], 0
        for shard, total in zip(self.shards, self.rows, strict=True):
            mine = positions[(positions >= first) & (positions < first + total)] - first
            all_features, all_labels = shard.mapped()
            features.append(all_features[mine])
            labels.append(all_labels[mine].astype(np.int64))
            first += total
        return np.concatenate(features), np.concatenate(labels)


def open_shards(shards: Sequence[Shard | tuple[str | Path, str | Path]]) -> ShardedSet:
    """Open a training set in files and check their headers.

    Parameters
    ----------
    shards : sequence of Shard or pairs of paths
        Pairs of ``.npy`` files, features and labels.

    Returns
    -------
    ShardedSet
        The training set.

    Raises
    ------
    ValueError
        If a file is not as described; the message names it.
    """
    checked: list[Shard] = []
    rows: list[int] = []
    widths: dict[int, Path] = {}
    for shard in shards:
        pair = (shard.features, shard.labels) if isinstance(shard, Shard) else tuple(shard)
        if len(pair) != 2:
            raise ValueError(f"shards: expected pairs of a features and a labels file, got {shard!r}")
        paths = Path(pair[0]).absolute(), Path(pair[1]).absolute()
        features, labels = map(_mapped, paths)
        mine = Shard(*paths, _stamps(*paths))
        if features.ndim != 2 or features.dtype.kind not in "iuf" or features.dtype.itemsize > 8:
            raise ValueError(
                f"shards: expected a matrix of integers or floats of at most 64 bits in {mine.features}, "
                f"got {features.dtype}{list(features.shape)}"
            )
        if labels.shape != (len(features),) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"shards: expected {len(features)} integers in {mine.labels}, got {labels.dtype}{list(labels.shape)}"
            )
        checked.append(mine)
        rows.append(len(features))
        widths.setdefault(features.shape[1], mine.features)
    if sum(rows) == 0:
        raise ValueError("shards: expected at least one training example, got none")
    if len(widths) != 1 or 0 in widths:
        found = ", ".join(f"{width} in {path}" for width, path in widths.items())
        raise ValueError(f"shards: expected the same number of features, at least one, in every shard, got {found}")
    return ShardedSet(tuple(checked), tuple(rows), next(iter(widths)))


def write_shards(
    blocks: Iterable[tuple[Num[np.ndarray, "rows d"], Integer[np.ndarray, " rows"]]], folder: str | Path
) -> list[Shard]:
    """Write one shard per block of features and labels.

    Parameters
    ----------
    blocks : iterable of pairs of arrays
        Features, shape (rows, d), and labels, shape (rows,).
    folder : path
        Where to; no file there has its name before it is complete.

    Returns
    -------
    list of Shard
        The shards, in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for i, (features, labels) in enumerate(blocks):
        shard = Shard(folder / f"features-{i:05}.npy", folder / f"labels-{i:05}.npy")
        save(shard.features, features)
        save(shard.labels, labels)
        shards.append(shard)
    return shards


def split_rows(
    train: Num[np.ndarray, "n d"], labels: Integer[np.ndarray, " n"], rows: int
) -> Iterable[tuple[Num[np.ndarray, "rows d"], Integer[np.ndarray, " rows"]]]:
    """Split a training set into blocks of at most ``rows`` examples, for `write_shards`.

    Raises
    ------
    ValueError
        If ``rows`` is not an integer of at least 1.
    """
    if not is_integer(rows) or rows < 1:
        raise ValueError(f"rows: expected an integer of at least 1, got {rows!r}")
    return ((train[start : start + rows], labels[start : start + rows]) for start in range(0, len(train), rows))


def save(path: Path, array: np.ndarray) -> None:
    """Write an array to a file that has its name only when it is complete."""
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _mapped(path: Path) -> np.ndarray:
    """Map a ``.npy`` file into memory; raise ``ValueError`` if it is not one."""
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"shards: expected a .npy file that can be mapped, got {path}: {error}") from error


def _stamps(*paths: Path) -> tuple[tuple[int, int], ...]:
    """Return the size and modification time of each file."""
    found = [path.stat() for path in paths]
    return tuple((state.st_size, state.st_mtime_ns) for state in found)
