"""Read CIFAR data sets in their published binary version, and download what is missing."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from certvote.datasets.download import exclusive, put, verified
from certvote.runtime.digests import array_digest
from certvote.types import Split

MIRRORS = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")
_PIXEL_BYTES = 3 * 32 * 32


class CifarFile(NamedTuple):
    """Say what one published file holds."""

    md5: str
    records: int


@dataclass(frozen=True)
class CifarFiles:
    """Say where the binary files of a CIFAR data set are, and what they hold.

    Attributes
    ----------
    name, title : str
        Name of the choice, and name in messages.
    archive, archive_md5 : str
        Name and MD5 of the archive that mirrors serve.
    folder : str
        Folder of the files, in the archive and under the data root.
    files : mapping
        By name: training files in order, then the test file.
    label_bytes : int
        Bytes before the pixels of a record; the last one is the label.
    class_names : tuple of str
        By label.
    """

    name: str
    title: str
    archive: str
    archive_md5: str
    folder: str
    files: Mapping[str, CifarFile]
    label_bytes: int
    class_names: tuple[str, ...]

    @property
    def record_bytes(self) -> int:
        """Bytes per image: labels, then three planes (red, green, blue) of 32×32 bytes."""
        return self.label_bytes + _PIXEL_BYTES

    @property
    def note(self) -> str:
        """The note of a split whose files are well formed, but not the published bytes."""
        return f"{self.title} files are not the published bytes"


def load_cifar(
    published: CifarFiles, *, data_root: str | Path, mirrors: Sequence[str] = MIRRORS, progress: bool = True
) -> Split:
    """Read a data set from its binary files; missing ones are taken from the archive at the mirrors.

    Parameters
    ----------
    published : CifarFiles
        The data set.
    data_root : path
        Folder of data sets.
    mirrors : sequence of str
        Base addresses; empty: nothing is downloaded.
    progress : bool
        Whether to show a progress bar while downloading.

    Returns
    -------
    Split
        Images uint8 [n 32 32 3] and labels. A note says so where well-formed files are not the published bytes.

    Raises
    ------
    ValueError
        If a file is malformed; the message names it.
    DownloadError
        If the archive cannot be had.
    """
    folder = Path(data_root).expanduser() / published.folder
    if _missing(published, folder):
        with exclusive(folder, data_root, mirrors):
            missing = _missing(published, folder)
            if missing:
                with verified(
                    published.archive,
                    mirrors=mirrors,
                    digest=f"md5:{published.archive_md5}",
                    folder=folder,
                    data_root=data_root,
                    holds="its .bin files",
                    progress=progress,
                ) as archive:
                    _extract(archive, missing, folder, data_root)
    batches, known = [], True
    for name, file in published.files.items():
        content = (folder / name).read_bytes()
        batches.append(_parse(folder / name, content, published))
        known &= hashlib.md5(content, usedforsecurity=False).hexdigest() == file.md5
    *training, (test, test_labels) = batches
    train = np.concatenate([images for images, _ in training])
    train_labels = np.concatenate([labels for _, labels in training])
    return Split(
        name=published.name,
        train=train,
        train_labels=train_labels,
        test=test,
        test_labels=test_labels,
        class_names=published.class_names,
        digest=array_digest(train, train_labels, test, test_labels),
        notes=() if known else (published.note,),
    )


def _missing(published: CifarFiles, folder: Path) -> list[str]:
    return [name for name in published.files if not (folder / name).is_file()]


def _extract(archive: Path, names: list[str], folder: Path, data_root: str | Path) -> None:
    """Put the members that are missing, and nothing else, in place; files that are there stay as they are."""
    with tarfile.open(archive) as tar:
        for name in names:
            member = tar.extractfile(f"{folder.name}/{name}")
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


def _parse(
    path: Path, content: bytes, published: CifarFiles
) -> tuple[UInt8[np.ndarray, "n 32 32 3"], Int64[np.ndarray, " n"]]:
    """Split the records of one file into images and labels."""
    n, length, classes = published.files[path.name].records, published.record_bytes, len(published.class_names)
    if len(content) != n * length:
        raise ValueError(
            f"{path}: expected {n} records of {length} bytes ({n * length} bytes), got {len(content)} bytes; "
            "delete the file to have it downloaded again"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, length)
    labels = records[:, published.label_bytes - 1].astype(np.int64)
    if labels.max() >= classes:
        raise ValueError(f"{path}: expected labels 0 to {classes - 1} at every {length}th byte, got {labels.max()}")
    images = records[:, published.label_bytes :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels
