"""Chunks of a training set that is too large to be kept."""

from __future__ import annotations

import numpy as np

from certvote.neighbors.cpu import chunks
from certvote.neighbors.validation import checked_job


def test_the_chunks_are_the_training_set(monkeypatch, free, crowded):
    free(50_000)
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 3200)
    wide = {**crowded, **{name: np.tile(crowded[name], 8) for name in ("train", "queries")}}
    job = checked_job(**wide, ks=[1], rs=[], window=0, num_classes=3, ranking="index")
    parts = chunks.Chunks(job, lambda steps: steps, workers=2, unit=16)
    assert parts.kept is None
    assert len(list(parts)) > 5
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), job.train_steps(job.columns.order))
    assert [first % 16 for first, _ in parts] == [0] * len(list(parts))
