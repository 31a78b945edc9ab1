"""Read image data sets in the IDX format of MNIST, and download what is missing."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from certvote.datasets.download import exclusive, put, verified
from certvote.runtime.digests import array_digest
from certvote.types import Split

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class IdxDigests(NamedTuple):
    """Digests of one published file.

    Attributes
    ----------
    archive : str
        ``md5:…`` or ``sha256:…`` of the ``.gz`` that mirrors serve.
    content : str
        SHA-256 of what it holds, "" where it is not known: another compression of it is then not recognized.
    """

    archive: str
    content: str = ""


@dataclass(frozen=True)
class IdxFiles:
    """Say where the four IDX files of a data set are, and what they hold.

    Attributes
    ----------
    name, title : str
        Name of the choice, and name in messages.
    folder : str
        Folder of the files under the data root, as torchvision has it.
    mirrors : sequence of str
        Base addresses.
    digests : mapping
        Of each of :data:`FILES`.
    class_names : tuple of str
        By label.
    """

    name: str
    title: str
    folder: str
    mirrors: Sequence[str]
    digests: Mapping[str, IdxDigests]
    class_names: tuple[str, ...]


def load_idx(
    published: IdxFiles, *, data_root: str | Path, mirrors: Sequence[str] | None = None, progress: bool = True
) -> Split:
    """Read a data set from its IDX files, compressed (``.gz``) or not; missing ones are downloaded.

    Parameters
    ----------
    published : IdxFiles
        The data set.
    data_root : path
        Folder of data sets.
    mirrors : sequence of str or None
        Base addresses in place of the published ones; empty: nothing is downloaded.
    progress : bool
        Whether to show a progress bar while downloading.

    Returns
    -------
    Split
        Images uint8 [n 28 28 1] and labels. A note says so where files are well formed, but not known to be the
        published ones.

    Raises
    ------
    ValueError
        If a file is malformed, does not fit the others or is not the published content; the message names it.
    DownloadError
        If a missing file cannot be had.
    """
    folder = Path(data_root).expanduser() / published.folder
    if any(_find(folder, name) is None for name in FILES):
        usable = published.mirrors if mirrors is None else mirrors
        with exclusive(folder, data_root, usable):
            for name in FILES:
                if _find(folder, name) is None:
                    archive = f"{name}.gz"
                    with verified(
                        archive,
                        mirrors=usable,
                        digest=published.digests[name].archive,
                        folder=folder,
                        data_root=data_root,
                        progress=progress,
                    ) as path:
                        put(path, folder / archive, data_root)
    arrays, known = {}, True
    for name in FILES:
        arrays[name], is_published = _read(folder, name, published)
        known &= is_published
    for images, labels in (FILES[:2], FILES[2:]):
        _check_pair(folder, arrays, images, labels, len(published.class_names))
    parts = (
        arrays[FILES[0]][..., None],
        arrays[FILES[1]].astype(np.int64),
        arrays[FILES[2]][..., None],
        arrays[FILES[3]].astype(np.int64),
    )
    notes = () if known else (f"{published.title} files are not the published bytes",)
    return Split(published.name, *parts, published.class_names, array_digest(*parts), notes)


def read_idx(path: Path) -> UInt8[np.ndarray, "..."]:
    """Read an IDX file (``.gz`` or plain) as the array that its header declares.

    Header: two zero bytes, type 8 (unsigned byte), number of dimensions, then every dimension as a big-endian
    32-bit integer.

    Raises
    ------
    ValueError
        If the file is malformed; the message names it.
    """
    return _parse(path, _unpacked(path, path.read_bytes()))


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def _read(folder: Path, name: str, published: IdxFiles) -> tuple[UInt8[np.ndarray, "..."], bool]:
    """Read one file, and return whether it is known to be the published one."""
    path = _find(folder, name)
    assert path is not None
    packed = path.read_bytes()
    content = _unpacked(path, packed)
    array = _parse(path, content)
    algorithm, _, archive = published.digests[name].archive.partition(":")
    if hashlib.new(algorithm, packed, usedforsecurity=False).hexdigest() == archive:
        return array, True
    expected = published.digests[name].content
    found = hashlib.sha256(content).hexdigest()
    if expected and found != expected:
        raise ValueError(
            f"{path}: expected the published {published.title} content with SHA-256 {expected}, got {found}; "
            "delete the file to have it downloaded again"
        )
    return array, bool(expected)


def _unpacked(path: Path, packed: bytes) -> bytes:
    if path.suffix != ".gz":
        return packed
    try:
        return gzip.decompress(packed)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path}: expected a complete gzip file, got {error}; delete the file to have it downloaded again"
        ) from error


def _parse(path: Path, content: bytes) -> UInt8[np.ndarray, "..."]:
    if len(content) < 4 or content[:3] != b"\0\0\x08" or content[3] not in (1, 2, 3, 4):
        raise ValueError(f"{path}: expected an IDX file of unsigned bytes, got a header {content[:4].hex(' ')!r}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path}: expected an IDX header of {start} bytes, got {len(content)} bytes in all")
    shape = tuple(int(side) for side in np.frombuffer(content, dtype=">u4", count=content[3], offset=4))
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise ValueError(f"{path}: expected {expected} bytes for shape {shape}, got {len(content)}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _check_pair(folder: Path, arrays: Mapping[str, np.ndarray], images: str, labels: str, classes: int) -> None:
    """Check that images and labels belong together."""
    x, y = arrays[images], arrays[labels]
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y) or not len(x):
        raise ValueError(
            f"{folder}: expected images [n h w] in {images} and as many labels in {labels}, got {list(x.shape)} and "
            f"{list(y.shape)}"
        )
    if y.max() >= classes:
        raise ValueError(f"{folder / labels}: expected labels 0 to {classes - 1}, got {y.max()}")
