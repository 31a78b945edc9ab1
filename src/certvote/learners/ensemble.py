"""Collect the answers of an ensemble's members: labels, rankings and counts of votes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int32, UInt8, UInt16

from certvote.learners.ballots import Ballots, Progress, label_type
from certvote.runtime.threads import in_order

if TYPE_CHECKING:
    from certvote.learners.base import Learner


@runtime_checkable
class Members(Protocol):
    """What a learner leaves behind after training."""

    def ready(self, inputs: Any) -> AbstractContextManager[Ballots]:
        """The voters made ready for one array of inputs, as long as the context lasts."""
        ...


@dataclass(frozen=True)
class Ensemble:
    """Trained voters. Answers are put together from chunks of the inputs and do not depend on the chunks."""

    members: Members
    learner: Learner
    shape: tuple[int, ...]
    num_members: int
    num_classes: int

    def first_choices(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v"] | UInt16[np.ndarray, "m v"]:
        """The label that each voter gives each input."""
        return self._kept(inputs, 1, progress)[:, :, 0]

    def rankings(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v c"] | UInt16[np.ndarray, "m v c"]:
        """All labels in each voter's order for each input, the best first."""
        return self._kept(inputs, self.num_classes, progress)

    def counts(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> Int32[np.ndarray, "m c"]:
        """How many voters give each input each label; in memory that does not grow with the number of inputs."""
        c = self.num_classes
        counts = np.zeros((len(inputs), c), np.int32)
        for start, stop, chosen in self._chunks(inputs, 1, progress):
            cells = chosen[:, :, 0] + c * np.arange(stop - start)[:, None]
            counts[start:stop] = np.bincount(cells.reshape(-1), minlength=c * (stop - start)).reshape(-1, c)
        return counts

    def _kept(self, inputs: Any, depth: int, progress: Progress | None) -> np.ndarray:
        kept = np.empty((len(inputs), self.num_members, depth), label_type(self.num_classes))
        for start, stop, chosen in self._chunks(inputs, depth, progress):
            kept[start:stop] = chosen
        return kept

    def _chunks(self, inputs: Any, depth: int, progress: Progress | None) -> Iterator[tuple[int, int, np.ndarray]]:
        inputs = self.learner.checked_inputs(inputs)
        if inputs.shape[1:] != self.shape:
            raise ValueError(
                f"inputs: expected shape {list(self.shape)} each, as in training, got {list(inputs.shape[1:])}"
            )
        with self.members.ready(inputs) as ballots:

            def task(start: int, stop: int) -> np.ndarray:
                return ballots(start, stop, depth)

            for start, stop, chosen in in_order(task, len(inputs), ballots.rows, ballots.workers):
                yield start, stop, chosen
                if progress is not None:
                    progress(stop, len(inputs))
