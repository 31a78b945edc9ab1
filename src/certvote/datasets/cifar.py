"""CIFAR-10 in its published binary version."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from certvote.datasets.download import exclusive, put, verified
from certvote.runtime.digests import array_digest
from certvote.types import Split

CIFAR10_MIRRORS = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_NOTE = "CIFAR-10 files are not the published bytes"

_ARCHIVE = "cifar-10-binary.tar.gz"
_ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_FOLDER = "cifar-10-batches-bin"
# MD5 of the published files: five training batches, then the test batch.
_FILES = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
_RECORDS = 10_000
_RECORD_BYTES = 1 + 3 * 32 * 32


def cifar10(
    *,
    data_root: str | Path,
    mirrors: Sequence[str] = CIFAR10_MIRRORS,
    progress: bool = True,
) -> Split:
    """50,000 training and 10,000 test images of 32×32 pixels in color, ten objects.

    The six binary files are looked for in ``data_root/cifar-10-batches-bin``; missing ones are taken from the
    archive at ``mirrors`` (base addresses). Well-formed files that are not the published bytes are used, with a
    warning in ``notes``. Raises ``ValueError`` that names a malformed file, ``DownloadError`` if the archive
    cannot be had.
    """
    folder = Path(data_root).expanduser() / _FOLDER
    if _missing(folder):
        with exclusive(folder, data_root):
            missing = _missing(folder)
            if missing:
                with verified(
                    _ARCHIVE,
                    mirrors=mirrors,
                    md5=_ARCHIVE_MD5,
                    folder=folder,
                    data_root=data_root,
                    holds="its .bin files",
                    progress=progress,
                ) as archive:
                    _extract(archive, missing, folder, data_root)
    batches, published = [], True
    for name, md5 in _FILES.items():
        content = (folder / name).read_bytes()
        batches.append(_parse(folder / name, content))
        published &= hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
    *training, (test, test_labels) = batches
    train = np.concatenate([images for images, _ in training])
    train_labels = np.concatenate([labels for _, labels in training])
    return Split(
        name="cifar10",
        train=train,
        train_labels=train_labels,
        test=test,
        test_labels=test_labels,
        class_names=CIFAR10_CLASSES,
        digest=array_digest(train, train_labels, test, test_labels),
        notes=() if published else (CIFAR10_NOTE,),
    )


def _missing(folder: Path) -> list[str]:
    return [name for name in _FILES if not (folder / name).is_file()]


def _extract(archive: Path, names: list[str], folder: Path, data_root: str | Path) -> None:
    """Put the members that are missing, and nothing else, in place; files that are there stay as they are."""
    with tarfile.open(archive) as tar:
        for name in names:
            member = tar.extractfile(f"{_FOLDER}/{name}")
            assert member is not None, f"{name} is a regular file in the archive of this checksum"
            partial = archive.with_name(name)
            try:
                with partial.open("wb") as file:
                    shutil.copyfileobj(member, file)
            except OSError as error:
                raise OSError(
                    error.errno, f"cannot write to {folder}: {error.strerror}; set data_root (now {data_root})"
                ) from error
            put(partial, folder / name, data_root)


def _parse(path: Path, content: bytes) -> tuple[UInt8[np.ndarray, "n 32 32 3"], Int64[np.ndarray, " n"]]:
    """Images and labels of one file: records of a label and three planes (red, green, blue) of 32×32 bytes."""
    if len(content) != _RECORDS * _RECORD_BYTES:
        raise ValueError(
            f"{path}: expected {_RECORDS} records of {_RECORD_BYTES} bytes ({_RECORDS * _RECORD_BYTES} bytes), "
            f"got {len(content)} bytes; delete the file to have it downloaded again"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, _RECORD_BYTES)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CIFAR10_CLASSES):
        raise ValueError(f"{path}: expected labels 0 to 9 at every {_RECORD_BYTES}th byte, got {labels.max()}")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels
