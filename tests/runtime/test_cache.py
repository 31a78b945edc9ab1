"""The disk cache: what it returns is what was computed, whatever happens to the files."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

from certvote.runtime import cache
from certvote.runtime.cache import CacheError, cached


class Compute:
    """A computation that counts how often it is done."""

    def __init__(self, **arrays):
        self.arrays = arrays or {"a": np.arange(500, dtype=np.float32), "b": np.zeros((0, 3), np.uint8)}
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.arrays


def same(found, expected):
    return found.keys() == expected.keys() and all(
        found[name].dtype == array.dtype and np.array_equal(found[name], array) for name, array in expected.items()
    )


def stored(root):
    return [path for path in root.rglob("*") if path.is_file() and path.parent.name != ".locks"]


def test_computed_once_then_read(tmp_path):
    compute = Compute()
    for _ in range(3):
        assert same(cached(tmp_path, "stage", {"content": "x", "options": {"k": [1, 2]}}, compute), compute.arrays)
    assert compute.calls == 1
    (path,) = stored(tmp_path)
    assert path.parent == tmp_path / "stage"


def test_without_a_root_nothing_is_kept():
    compute = Compute()
    cached(None, "stage", {}, compute)
    assert same(cached(None, "stage", {}, compute), compute.arrays)
    assert compute.calls == 2


def test_every_part_of_the_key_counts_and_their_order_does_not(tmp_path):
    compute = Compute()
    parts = {"content": "x", "options": {"k": 1, "r": 2}}
    cached(tmp_path, "stage", parts, compute)
    cached(tmp_path, "stage", {"options": {"r": 2, "k": 1}, "content": "x"}, compute)
    assert compute.calls == 1
    for stage, other in [
        ("other", parts),
        ("stage", {**parts, "content": "y"}),
        ("stage", {**parts, "options": {"k": 1, "r": 3}}),
        ("stage", {**parts, "version": "1"}),
    ]:
        cached(tmp_path, stage, other, compute)
    assert compute.calls == 5


def rewrite(path, change):
    content = bytearray(path.read_bytes())
    path.write_bytes(change(content))


def flip(content):
    content[content.index(np.float32(77).tobytes())] ^= 1
    return content


def without_checksum(path):
    """The same names with other numbers, as a valid archive: only our own digest can tell."""
    with np.load(path) as archive:
        entries = dict(archive)
    entries["a"] = entries["a"] + 1
    np.savez(path, **entries)


def as_npy(path):
    with path.open("wb") as file:
        np.save(file, np.arange(3))


def without_digest(path):
    np.savez(path, a=np.arange(3))


DAMAGES = {
    "truncated": lambda path: rewrite(path, lambda content: content[: len(content) // 2]),
    "short of one byte": lambda path: rewrite(path, lambda content: content[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(b"noise" * 100),
    "a pickle": lambda path: path.write_bytes(b"\x80\x04N."),
    "one bit": lambda path: rewrite(path, flip),
    "other numbers": without_checksum,
    "no archive": as_npy,
    "no digest": without_digest,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_reported_and_rebuilt(tmp_path, damage, caplog):
    compute = Compute()
    cached(tmp_path, "stage", {}, compute)
    (path,) = stored(tmp_path)
    damage(path)
    with caplog.at_level(logging.WARNING):
        assert same(cached(tmp_path, "stage", {}, compute), compute.arrays)
    assert str(path) in caplog.text
    assert "damaged" in caplog.text
    assert compute.calls == 2
    caplog.clear()
    assert same(cached(tmp_path, "stage", {}, compute), compute.arrays)
    assert compute.calls == 2
    assert not caplog.records


def test_the_file_of_another_key_is_not_taken(tmp_path, caplog):
    cached(tmp_path, "stage", {"key": 1}, Compute(a=np.array([1])))
    (first,) = stored(tmp_path)
    cached(tmp_path, "stage", {"key": 2}, Compute(a=np.array([2])))
    (second,) = set(stored(tmp_path)) - {first}
    second.write_bytes(first.read_bytes())
    assert cached(tmp_path, "stage", {"key": 2}, Compute(a=np.array([2])))["a"] == 2
    assert str(second) in caplog.text


def test_a_failed_computation_leaves_nothing_and_frees_the_lock(tmp_path):
    def fail():
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        cached(tmp_path, "stage", {}, fail)
    assert stored(tmp_path) == []
    assert cached(tmp_path, "stage", {}, Compute())["a"].size == 500


def test_a_full_disk_is_a_clear_error_without_leftovers(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(CacheError, match=r"cannot write the cache in .*No space left.*cache_root") as failure:
        cached(tmp_path, "stage", {}, Compute())
    assert failure.value.errno == errno.ENOSPC
    assert str(tmp_path) in str(failure.value)
    assert stored(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cache_root"):
        cached(tmp_path / "file" / "cache", "stage", {}, Compute())


def test_a_killed_writers_leftover_is_removed(tmp_path):
    cached(tmp_path, "stage", {}, Compute())
    (path,) = stored(tmp_path)
    leftover = path.with_name(f".{path.stem}-killed.partial")
    leftover.write_bytes(path.read_bytes()[:99])
    path.unlink()
    cached(tmp_path, "stage", {}, Compute())
    assert stored(tmp_path) == [path]


PROGRAM = """
import pathlib, sys, time, numpy as np
from certvote.runtime.cache import cached
root = pathlib.Path(sys.argv[1])
def compute():
    with (root / "calls").open("a") as file:
        file.write("x")
    time.sleep(0.5)
    return {"a": np.arange(1000)}
assert cached(root / "cache of several", "stage", {}, compute)["a"].sum() == 499500
"""


def test_processes_that_need_the_same_compute_it_once(tmp_path):
    jobs = [subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path]) for _ in range(4)]
    assert [job.wait(timeout=60) for job in jobs] == [0] * 4
    assert (tmp_path / "calls").read_text() == "x"
