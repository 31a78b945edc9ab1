"""MNIST in its published IDX files, checked byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from certvote.datasets.download import exclusive, put, verified
from certvote.runtime.digests import array_digest
from certvote.types import Split

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)

# File: MD5 of the .gz that mirrors serve, SHA-256 of the content (another compression of it is as good).
MNIST_FILES = {
    "train-images-idx3-ubyte": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        "d53e105ee54ea40749a09fcbcd1e9432",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        "9fb629c4189551a2d022fa330f9573f3",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        "ec29112dd5afa0611ce80d1b7f02629c",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def mnist(
    *,
    data_root: str | Path,
    mirrors: Sequence[str] = MNIST_MIRRORS,
    progress: bool = True,
) -> Split:
    """60,000 training and 10,000 test images of 28×28 pixels, ten digits.

    The four IDX files are looked for in ``data_root/MNIST/raw``, compressed (``.gz``) or not; missing ones are
    downloaded from ``mirrors`` (base addresses). Raises ``ValueError`` that names the file if one is malformed or
    not the published content, ``DownloadError`` if a missing one cannot be had.
    """
    folder = Path(data_root).expanduser() / "MNIST" / "raw"
    if any(_find(folder, name) is None for name in MNIST_FILES):
        with exclusive(folder, data_root):
            for name, (md5, _) in MNIST_FILES.items():
                if _find(folder, name) is None:
                    archive = f"{name}.gz"
                    with verified(
                        archive, mirrors=mirrors, md5=md5, folder=folder, data_root=data_root, progress=progress
                    ) as path:
                        put(path, folder / archive, data_root)
    arrays = {name: _read_published(folder, name) for name in MNIST_FILES}
    parts = (
        arrays["train-images-idx3-ubyte"][..., None],
        arrays["train-labels-idx1-ubyte"].astype(np.int64),
        arrays["t10k-images-idx3-ubyte"][..., None],
        arrays["t10k-labels-idx1-ubyte"].astype(np.int64),
    )
    names = tuple(str(digit) for digit in range(10))
    return Split("mnist", *parts, names, array_digest(*parts))


def read_idx(path: Path) -> UInt8[np.ndarray, "..."]:
    """The bytes of an IDX file (``.gz`` or plain) as the array that its header declares.

    Header: two zero bytes, type 8 (unsigned byte), number of dimensions, then every dimension as a big-endian
    32-bit integer. Raises ``ValueError`` that names a malformed file.
    """
    return _parse(path, _content(path))


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def _read_published(folder: Path, name: str) -> UInt8[np.ndarray, "..."]:
    path = _find(folder, name)
    assert path is not None
    content = _content(path)
    array = _parse(path, content)
    digest = hashlib.sha256(content).hexdigest()
    if digest != MNIST_FILES[name][1]:
        raise ValueError(
            f"{path}: expected the published MNIST content with SHA-256 {MNIST_FILES[name][1]}, got {digest}; "
            "delete the file to have it downloaded again"
        )
    return array


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            return file.read()
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
