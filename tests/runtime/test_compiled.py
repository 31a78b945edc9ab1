"""Compiled code finds a place where neither the package nor the home folder can be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certvote.runtime import compiled


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))


def test_usual_places_are_left_alone():
    compiled.keep_compiled_code()
    assert "NUMBA_CACHE_DIR" not in os.environ


@pytest.mark.parametrize("hostile", [False, True])
def test_the_temporary_folder_takes_it_if_it_is_ours_alone(monkeypatch, tmp_path, caplog, hostile):
    monkeypatch.setattr(compiled, "_can_be_written", lambda folder: False)
    usual = tmp_path / f"certvote-compiled-{os.getuid()}"
    if hostile:
        usual.mkdir(mode=0o777)
        usual.chmod(0o777)
    compiled.keep_compiled_code()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.is_relative_to(tmp_path)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder == usual) != hostile
    assert str(folder) in caplog.text


def test_a_folder_that_is_not_there_can_be_made_where_its_parent_can_be_written(tmp_path):
    assert compiled._can_be_written(tmp_path / "not" / "yet")
    (tmp_path / "file").write_text("")
    assert not compiled._can_be_written(tmp_path / "file" / "below")
