"""Ask the members of an ensemble: labels, rankings and counts of votes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int32, UInt8, UInt16

from certvote.learners.ballots import label_type
from certvote.runtime.threads import run_in_order

if TYPE_CHECKING:
    from certvote.learners.base import Learner
    from certvote.runtime.progress import Progress


@runtime_checkable
class Ballots(Protocol):
    """Compute the ballots of all members for one array of inputs, some inputs at a time.

    Attributes
    ----------
    rows : int
        Inputs per call, as memory allows.
    workers : int
        Threads that may call it at the same time.
    """

    rows: int
    workers: int

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        """Return the first ``depth`` labels of every member's ranking, for the inputs ``start`` to ``stop``."""
        ...


@runtime_checkable
class Members(Protocol):
    """Hold trained members: what :meth:`certvote.learners.base.Learner.fit` returns."""

    def ready(self, inputs: Any) -> AbstractContextManager[Ballots]:
        """Prepare all members for one array of inputs, as long as the context lasts."""
        ...


@dataclass(frozen=True)
class Ensemble:
    """Ask trained members about inputs.

    Inputs are worked on in chunks; answers do not depend on the chunks.

    Attributes
    ----------
    members : Members
        The trained members.
    learner : Learner
        The learner that trained them.
    shape : tuple of int
        Shape of one input, as in training.
    num_members, num_classes : int
        Number of members, v, and of labels, c.
    """

    members: Members
    learner: Learner
    shape: tuple[int, ...]
    num_members: int
    num_classes: int

    def first_choices(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v"] | UInt16[np.ndarray, "m v"]:
        """Compute the label that each member gives each input.

        Parameters
        ----------
        inputs : float32 array, shape (m, d), or uint8 array, shape (m, h, w, channels)
            Feature vectors or images, as in training.
        progress : callable or None
            Called with the number of inputs done and their total.

        Returns
        -------
        uint8 or uint16 array, shape (m, v)

        Raises
        ------
        ValueError
            If inputs do not have the dtype and the shape of the training examples.
        """
        return self._answers(inputs, 1, progress)[:, :, 0]

    def rankings(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v c"] | UInt16[np.ndarray, "m v c"]:
        """Compute each member's ranking of all labels for each input, the best label first.

        Parameters and errors are those of :meth:`first_choices`; the result has shape (m, v, c).
        """
        return self._answers(inputs, self.num_classes, progress)

    def counts(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> Int32[np.ndarray, "m c"]:
        """Count the members that give each input each label, in memory that does not grow with their number.

        Parameters and errors are those of :meth:`first_choices`; the result has shape (m, c).
        """
        c = self.num_classes
        counts = np.zeros((len(inputs), c), np.int32)
        for start, stop, ballots in self._chunks(inputs, 1, progress):
            cells = ballots[:, :, 0] + c * np.arange(stop - start)[:, None]
            counts[start:stop] = np.bincount(cells.reshape(-1), minlength=c * (stop - start)).reshape(-1, c)
        return counts

    def _answers(self, inputs: Any, depth: int, progress: Progress | None) -> np.ndarray:
        """Collect the first ``depth`` labels of every ranking in one array, shape (m, v, depth)."""
        answers = np.empty((len(inputs), self.num_members, depth), label_type(self.num_classes))
        for start, stop, ballots in self._chunks(inputs, depth, progress):
            answers[start:stop] = ballots
        return answers

    def _chunks(self, inputs: Any, depth: int, progress: Progress | None) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield the ballots of one chunk of the inputs after another: start, stop, array (stop - start, v, depth)."""
        inputs = self.learner.checked_inputs(inputs)
        if inputs.shape[1:] != self.shape:
            raise ValueError(
                f"inputs: expected shape {list(self.shape)} each, as in training, got {list(inputs.shape[1:])}"
            )
        with self.members.ready(inputs) as ballots:

            def task(start: int, stop: int) -> np.ndarray:
                return ballots(start, stop, depth)

            for start, stop, chunk in run_in_order(task, len(inputs), ballots.rows, ballots.workers):
                yield start, stop, chunk
                if progress is not None:
                    progress(stop, len(inputs))
