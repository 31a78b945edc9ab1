"""Small stand-ins for MNIST and CIFAR-10, and mirrors of them on loopback."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile

import numpy as np
import pytest

from certvote.datasets import cifar, idx


@pytest.fixture
def no_proxy(monkeypatch):
    """Loopback is reached directly, whatever the machine's settings."""
    monkeypatch.setenv("NO_PROXY", "*")


def to_idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def small_mnist(monkeypatch):
    """Six training and four test images in MNIST's format, declared to be the published ones: file → content."""
    generator = np.random.default_rng(0)
    contents, table = {}, {}
    for name in idx.MNIST_FILES:
        n = 6 if name.startswith("train") else 4
        array = generator.integers(0, 256, (n, 28, 28)) if "images" in name else generator.integers(0, 10, n)
        contents[name] = to_idx(array.astype(np.uint8))
        compressed = gzip.compress(contents[name], mtime=0)
        table[name] = (hashlib.md5(compressed).hexdigest(), hashlib.sha256(contents[name]).hexdigest())
    monkeypatch.setattr(idx, "MNIST_FILES", table)
    return contents


@pytest.fixture
def small_cifar(monkeypatch):
    """Three records per file in CIFAR-10's format, declared to be the published ones: file → content."""
    generator = np.random.default_rng(0)
    contents = {}
    for name in cifar._FILES:
        records = generator.integers(0, 256, (3, cifar._RECORD_BYTES)).astype(np.uint8)
        records[:, 0] %= 10
        contents[name] = records.tobytes()
    monkeypatch.setattr(cifar, "_RECORDS", 3)
    monkeypatch.setattr(cifar, "_FILES", {name: hashlib.md5(content).hexdigest() for name, content in contents.items()})
    return contents


@pytest.fixture
def small_cifar_archive(small_cifar, monkeypatch):
    """The same as the archive that mirrors serve."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in {**small_cifar, "readme.html": b"<p>", "batches.meta.txt": b"airplane\n"}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(cifar, "_ARCHIVE_MD5", hashlib.md5(packed.getvalue()).hexdigest())
    return packed.getvalue()
