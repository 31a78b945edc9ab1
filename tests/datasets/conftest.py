"""Small stand-ins for the published data sets, and mirrors of them on loopback."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from certvote.datasets import cifar, idx


@pytest.fixture
def no_proxy(monkeypatch):
    """Reach loopback directly, whatever the machine's settings."""
    monkeypatch.setenv("NO_PROXY", "*")


def to_idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def small_idx(monkeypatch):
    """Return a function that declares six training and four test images to be a published data set: file → content."""

    def declare(module, constant):
        generator = np.random.default_rng(0)
        published = getattr(module, constant)
        contents, digests = {}, {}
        for name in idx.FILES:
            n = 6 if name.startswith("train") else 4
            array = generator.integers(0, 256, (n, 28, 28)) if "images" in name else generator.integers(0, 10, n)
            contents[name] = to_idx(array.astype(np.uint8))
            algorithm = published.digests[name].archive.partition(":")[0]
            archive = hashlib.new(algorithm, gzip.compress(contents[name], mtime=0)).hexdigest()
            known = published.digests[name].content and hashlib.sha256(contents[name]).hexdigest()
            digests[name] = idx.IdxDigests(f"{algorithm}:{archive}", known)
        monkeypatch.setattr(module, constant, replace(published, digests=digests))
        return contents

    return declare


@pytest.fixture
def small_mnist(small_idx):
    """Declare ten images to be MNIST: file → content."""
    return small_idx(sys.modules["certvote.datasets.mnist"], "MNIST")


@pytest.fixture
def small_cifar_files(monkeypatch):
    """Return a function that declares three records per file to be a published data set: file → content."""

    def declare(module, constant):
        generator = np.random.default_rng(0)
        published = getattr(module, constant)
        contents = {}
        for name in published.files:
            records = generator.integers(0, 256, (3, published.record_bytes)).astype(np.uint8)
            records[:, : published.label_bytes] %= 10
            contents[name] = records.tobytes()
        files = {name: cifar.CifarFile(hashlib.md5(content).hexdigest(), 3) for name, content in contents.items()}
        packed = archive(published.folder, contents)
        changed = replace(published, files=files, archive_md5=hashlib.md5(packed).hexdigest())
        monkeypatch.setattr(module, constant, changed)
        return contents

    return declare


@pytest.fixture
def pack():
    """Return a function that packs files as the archive that mirrors serve."""
    return archive


def archive(folder, contents):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in {**contents, "readme.html": b"<p>", "batches.meta.txt": b"airplane\n"}.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def small_cifar(small_cifar_files):
    """Declare 18 images to be CIFAR-10: file → content."""
    return small_cifar_files(sys.modules["certvote.datasets.cifar10"], "CIFAR10")


@pytest.fixture
def small_cifar_archive(small_cifar):
    """Return the same as the archive that mirrors serve."""
    return archive("cifar-10-batches-bin", small_cifar)
