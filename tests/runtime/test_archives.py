"""Whatever is wrong with an archive is one kind of error; whatever is wrong with the disk is another."""

from __future__ import annotations

import errno
import zipfile

import numpy as np
import pytest

from certvote.runtime.archives import DamagedArchiveError, damage_as_one_error


def method_unknown(content: bytearray, entry: int) -> None:
    content[entry + 10] = 99


def encrypted(content: bytearray, entry: int) -> None:
    content[entry + 8] |= 1


def strongly_encrypted(content: bytearray, entry: int) -> None:
    content[entry + 8] |= 64


def before_the_beginning(content: bytearray, entry: int) -> None:
    content[entry + 42 : entry + 46] = b"\xff\xff\xff\x7f"


@pytest.mark.parametrize("change", [method_unknown, encrypted, strongly_encrypted, before_the_beginning])
def test_a_directory_that_was_changed(tmp_path, change):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    content = bytearray(path.read_bytes())
    change(content, content.index(b"PK\1\2"))
    path.write_bytes(content)
    with pytest.raises(DamagedArchiveError), damage_as_one_error(), np.load(path) as archive:
        archive["a"]


@pytest.mark.parametrize("error", [zipfile.BadZipFile("x"), OSError(errno.EINVAL, "Invalid argument"), OverflowError()])
def test_errors_of_the_content(error):
    with pytest.raises(DamagedArchiveError), damage_as_one_error():
        raise error


def test_errors_of_the_disk_stay_what_they_are():
    with pytest.raises(PermissionError), damage_as_one_error():
        raise PermissionError(errno.EACCES, "no")
