"""Let members vote that are functions from inputs to scores: the simplest way to write a learner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8, UInt16

_ROWS = 1024  # inputs per call of a member

Scores = Callable[[np.ndarray], Float[np.ndarray, "m c"]]
"""A trained member: scores of every label for every input; minus infinity for labels that it has seen no example of."""


@dataclass(frozen=True)
class ScoredMembers:
    """Hold members that score labels; each votes for the label with its highest score, of equal ones the larger.

    Attributes
    ----------
    members : sequence of callable
        One function per base classifier, from inputs, shape (m, …), to scores, shape (m, c). A member's scores for an
        input must not depend on the other inputs.
    num_classes : int
        Number of labels, c.
    threads : int
        Threads that ask members at the same time.
    """

    members: Sequence[Scores]
    num_classes: int
    threads: int = 1

    @contextmanager
    def ready(self, inputs: np.ndarray) -> Iterator[_ScoredBallots]:
        """Prepare the members for an array of inputs."""
        yield _ScoredBallots(self, inputs)


class _ScoredBallots:
    """Rank labels by the members' scores, some inputs at a time."""

    rows = _ROWS

    def __init__(self, scored: ScoredMembers, inputs: np.ndarray) -> None:
        self.scored, self.inputs = scored, inputs
        self.workers = scored.threads

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        from certvote.learners.ballots import rank_by_score

        inputs, c = self.inputs[start:stop], self.scored.num_classes
        scores = np.stack([np.asarray(member(inputs), dtype=np.float64) for member in self.scored.members], axis=1)
        if scores.shape[2] != c or np.isnan(scores).any():
            raise ValueError(f"members: expected {c} scores per input, none of them NaN, got shape {scores.shape}")
        return rank_by_score(scores, depth)
