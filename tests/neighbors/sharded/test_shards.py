"""Training sets in files: what is no shard, and files that are incomplete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from certvote.neighbors.sharded import split_rows, write_shards
from certvote.neighbors.sharded.shards import open_shards


def test_files_that_are_no_shards(tmp_path):
    def saved(name: str, array: np.ndarray) -> Path:
        np.save(tmp_path / name, array)
        return tmp_path / name

    two, three = saved("two.npy", np.zeros((5, 2))), saved("three.npy", np.zeros((5, 3)))
    labels, more = saved("labels.npy", np.zeros(5, int)), saved("more.npy", np.zeros(6, int))
    for files, message in [
        ([(two, more)], r"expected 5 integers in .*more.npy, got int64\[6\]"),
        ([(two, two)], r"expected 5 integers in .*two.npy, got float64\[5, 2\]"),
        ([(labels, labels)], r"expected a matrix of integers or floats .* got int64\[5\]"),
        ([(two, labels), (three, labels)], r"same number of features.*got 2 in .*two.npy, 3 in .*three.npy"),
        ([(two, tmp_path / "none.npy")], r"expected a .npy file that can be mapped, got .*none.npy"),
        ([(two,)], "expected pairs of a features and a labels file"),
        ([], "expected at least one training example, got none"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_shards(files)
    assert open_shards([(two, labels), (str(two), str(labels))]).n == 10


def test_a_shard_has_its_name_when_it_is_complete(tmp_path, crowded, monkeypatch):
    def fail(*_args, **_options):
        raise OSError("disk full")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_shards(split_rows(crowded["train"], crowded["labels"], 100), tmp_path)
    assert list(tmp_path.iterdir()) == []
