"""Pieces and workers are cut to the memory that is free."""

from __future__ import annotations

import pytest

from certvote.neighbors.sharded import Cluster, cluster
from certvote.neighbors.sharded.runners import ThreadRunner


def test_pieces_of_shards_are_cut_to_what_is_free():
    assert ThreadRunner(4).piece_bytes == ThreadRunner(4, budget=2**40).piece_bytes
    small = ThreadRunner(4, budget=40 * 2**20)
    assert (small.threads, small.piece_bytes) == (4, 40 * 2**20 // 32)
    tiny = ThreadRunner(4, budget=2**20)
    assert (tiny.threads, tiny.piece_bytes) == (1, 2**17)


def test_workers_that_do_not_fit_are_not_started(monkeypatch):
    monkeypatch.setattr(cluster, "available", lambda: 10**9)
    with (
        pytest.raises(
            ValueError, match=r"options backend.workers, backend.memory: .* 1,000 MB .* got 9 that take up to"
        ),
        Cluster(workers=9).connect(),
    ):
        pass
