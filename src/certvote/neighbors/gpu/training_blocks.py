"""Lay out the training set in blocks of one label, and load it to a device, whole or part after part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from certvote.neighbors.job import Job

BLOCK = 128  # training examples of a block
_COPY_BYTES = 2**28  # of training examples on their way to the device


@dataclass(frozen=True)
class Part:
    """Hold training examples on the device, dimension by dimension, in blocks of one label."""

    train: torch.Tensor  # f32[d, n]
    label_of: torch.Tensor  # i32[blocks]
    first: int  # column of the first example


class TrainingBlocks:
    """Hold the training set in columns: each label's examples, padded to whole blocks.

    Attributes
    ----------
    source : int64 array, shape (columns,)
        The example of each column, as a number in ``job.columns.order``; -1 in the padding.
    precedence, labels : int32 tensor, shape (columns,)
        Of each column's example, on the device.
    kept : list of Part or None
        All parts, if they stay on the device.
    """

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job, self.device = job, device
        order, starts = job.columns.order, job.columns.starts
        sizes = np.diff(starts)
        blocks = -(-sizes // BLOCK)
        self.label_of = np.repeat(np.arange(len(sizes), dtype=np.int32), blocks)
        self.source = np.full(int(blocks.sum()) * BLOCK, -1, np.int64)
        begins = np.concatenate([[0], np.cumsum(blocks)[:-1]]) * BLOCK
        into = np.repeat(begins - starts[:-1], sizes) + np.arange(len(order))
        self.source[into] = np.arange(len(order))
        precedence = np.zeros(len(self.source), np.int32)
        precedence[into] = job.columns.precedence
        self.precedence = torch.from_numpy(precedence).to(device)
        self.labels = torch.from_numpy(np.repeat(self.label_of, BLOCK)).to(device)
        self.part_columns = len(self.source)
        self.kept: list[Part] | None = None

    def keep_or_stream(self, part_columns: int) -> None:
        """Load everything and keep it if it is one part of at most ``part_columns``, else load parts when asked."""
        self.part_columns = part_columns
        self.kept = list(self.load_parts()) if len(self.source) <= part_columns else None

    def parts(self) -> Iterator[Part]:
        """Iterate over the kept parts, or load them anew."""
        return self.load_parts() if self.kept is None else iter(self.kept)

    def load_parts(self) -> Iterator[Part]:
        """Load one part of the training set after the other to the device."""
        for first in range(0, len(self.source), self.part_columns):
            source = self.source[first : first + self.part_columns]
            blocks = slice(first // BLOCK, (first + len(source)) // BLOCK)
            label_of = torch.from_numpy(self.label_of[blocks]).to(self.device)
            yield Part(self.load_columns(source), label_of, first)

    def load_columns(self, source: np.ndarray) -> torch.Tensor:
        """Load some columns to the device, dimension by dimension, f32[d, columns].

        The padding (-1) is farther away than any example can be.
        """
        d = self.job.train.shape[1]
        train = torch.empty((d, len(source)), dtype=torch.float32, device=self.device)
        step = max(1, _COPY_BYTES // (8 * d))
        for begin in range(0, len(source), step):
            part = source[begin : begin + step]
            real = np.flatnonzero(part >= 0)
            values = np.zeros((len(part), d), np.float32)
            values[:, 0] = 4 * max(1, self.job.grid.max_distance)
            values[real] = self.job.train_steps(self.job.columns.order[part[real]])
            train[:, begin : begin + step] = torch.from_numpy(values).to(self.device).T
        return train
